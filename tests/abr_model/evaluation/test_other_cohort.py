from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.evaluation.evaluate import evaluate
from abr_model.evaluation.report.report import report_html
from abr_model.evaluation.scorecard import NO_TRAINING, Scorecard
from abr_model.evaluation.sections import SECTIONS
from abr_model.model import TrainedModel
from abr_model.provenance import Provenance
from abr_model.schema import Kind
from abr_model.sources.simulator import simulate
from abr_model.training_cohort import is_training_cohort


@pytest.fixture(scope="module")
def model(finished_run):
    return TrainedModel.load(finished_run.model_folder)


@pytest.fixture(scope="module")
def other_clinic():
    return simulate(patients=30, seed=9)


def test_all_patients_of_another_cohort_are_held_out(model, other_clinic, quick_sections):
    scorecard = evaluate(other_clinic, model, other_cohort=True)
    left_out = {entry.key for entry in SECTIONS if entry.needs_training}
    assert scorecard.left_out == dict.fromkeys(left_out, NO_TRAINING) == {
        "designed": NO_TRAINING, "likelihood": NO_TRAINING, "privacy": NO_TRAINING,
    }  # fmt: skip
    subject = scorecard.subject
    assert subject.is_other_cohort and subject.learned_from == model.provenance.cohort
    assert subject.cohort == other_clinic.provenance.title and subject.cohort_digest == other_clinic.digest()
    assert sum(scorecard.patients.values()) <= 30 and min(scorecard.patients.values()) >= 4
    again = Scorecard.from_json(scorecard.to_json())
    assert again.subject == subject
    page = report_html(scorecard)
    assert "Another cohort than the one it learned from" in page and "new to the model too" in page


def test_an_ordinary_scorecard_is_written_as_before(model, cohort_file, quick_sections):
    from abr_model.cohort_file import CohortFile

    scorecard = evaluate(CohortFile.open(cohort_file), model, sections=["cells"])
    assert "learned_from" not in scorecard.to_json()
    with pytest.raises(InputError, match="another cohort"):
        scorecard.subject.check_comparable(
            evaluate(simulate(30, 9), model, sections=["cells"], other_cohort=True).subject
        )


def test_what_the_model_has_seen_is_no_other_cohort(model, small_cohort):
    with pytest.raises(InputError, match="learned from this cohort"):
        evaluate(small_cohort, model, other_cohort=True)
    details = {"part_of": {"digest": model.provenance.cohort_digest}}
    part = replace(
        small_cohort.take(range(300)), provenance=Provenance(kind=Kind.SIMULATED, source="a part", details=details)
    )
    with pytest.raises(InputError, match="learned from this cohort"):
        evaluate(part, model, other_cohort=True)
    with pytest.raises(InputError, match="same seed simulates the same patients"):
        evaluate(simulate(patients=12, seed=1), model, other_cohort=True)
    generated = replace(small_cohort.take(range(300)), provenance=Provenance(kind=Kind.GENERATED, source="a model"))
    with pytest.raises(InputError, match="generated recordings are no held-out patients"):
        evaluate(generated, model, other_cohort=True)


def test_a_quality_that_nobody_stated_removes_nobody(model, other_clinic, quick_sections):
    table = other_clinic.table.assign(fmp=np.nan, stimulus_polarity=None)
    unstated = replace(other_clinic, table=table, provenance=Provenance(kind=Kind.CLINICAL, source="a clinic"))
    scorecard = evaluate(unstated, model, sections=["cells"], other_cohort=True)
    assert scorecard.subject.preparation["fmp_above"] is None
    assert scorecard.subject.preparation["polarity"] is None
    assert sum(scorecard.recordings.values()) == len(other_clinic)


def test_the_same_simulation_made_on_another_processor(model, small_cohort, quick_sections):
    rounded = replace(small_cohort, waveforms=np.nextafter(small_cohort.waveforms, np.float32(np.inf)))
    assert rounded.digest() != model.provenance.cohort_digest
    assert is_training_cohort(model.provenance, rounded.digest(), rounded)
    scorecard = evaluate(rounded, model, sections=["cells"])
    assert scorecard.subject.cohort_digest == model.provenance.cohort_digest
    assert scorecard.recordings["real"] == model.provenance.recordings["test"]
    with pytest.raises(InputError, match="learned from this cohort"):
        evaluate(rounded, model, other_cohort=True)


def test_a_simulator_that_has_changed_since_is_noticed(model, small_cohort, quick_sections):
    quieter = replace(small_cohort, table=small_cohort.table.assign(fmp=small_cohort.table["fmp"] * 0.5))
    with pytest.raises(InputError, match="the simulator has changed since"):
        evaluate(quieter, model, sections=["cells"])
    assert not quick_sections


def test_the_same_simulation_from_two_processors_stands_side_by_side(model, cohort_file, quick_sections):
    from abr_model.cohort_file import CohortFile

    subject = evaluate(CohortFile.open(cohort_file), model, sections=["cells"]).subject
    subject.check_comparable(subject.model_copy(update={"cohort_digest": "0" * 64}))
    with pytest.raises(InputError, match="another cohort"):
        subject.check_comparable(subject.model_copy(update={"cohort": "Simulated clinic · 40 patients · seed 2"}))
    clinical = subject.model_copy(update={"kind": Kind.CLINICAL})
    with pytest.raises(InputError, match="another cohort"):
        clinical.check_comparable(clinical.model_copy(update={"cohort_digest": "0" * 64}))
