"""All sections as they are, on small cohorts and a model that has learned little: nothing may break on either."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.evaluate import evaluate
from abr_model.evaluation.report.report import report_html
from abr_model.evaluation.scorecard import Scorecard
from abr_model.evaluation.sections import SECTIONS
from abr_model.model import TrainedModel
from abr_model.schema import AMPLITUDES, LATENCIES, Kind


def clinical_with_gaps(cohort):
    """Clinical recordings of normal hearing: one patient in five has marked latencies, nobody an amplitude."""
    table = cohort.table.copy()
    table["hearing_loss"] = "normal"
    unmarked = ~table["patient_id"].isin(table["patient_id"].unique()[::5])
    table.loc[unmarked, [column.name for column in LATENCIES]] = np.nan
    table[[column.name for column in AMPLITUDES]] = np.nan
    made = cohort.provenance.model_copy(update={"kind": Kind.CLINICAL, "details": {}})
    return replace(cohort, table=table, provenance=made, _checked=False)


@pytest.fixture(scope="module", params=["simulated", "clinical with gaps"])
def scorecard(request, small_cohort, finished_run):
    model = TrainedModel.load(finished_run.model_folder)
    if request.param == "simulated":
        return evaluate(small_cohort, model)
    cohort = clinical_with_gaps(small_cohort)
    known = model.provenance.model_copy(update={"cohort_digest": cohort.digest(), "kind": Kind.CLINICAL})
    return evaluate(cohort, replace(model, provenance=known))


def test_every_section_is_there(scorecard):
    assert [section.key for section in scorecard.sections] == [entry.key for entry in SECTIONS]
    assert scorecard.left_out == {}
    assert all(section.scores and section.title for section in scorecard.sections)


def test_a_key_means_one_number(scorecard):
    twice = [key for key, times in Counter(score.key for score in scorecard.scores).items() if times > 1]
    assert not twice


def test_a_number_that_cannot_be_told_says_why(scorecard):
    for score in scorecard.scores:
        assert score.is_told or score.untold, score.key
        if score.interval is not None and score.is_told:
            low, high = score.interval
            assert low <= high, score.key


def test_the_true_response_is_known_of_simulated_recordings_alone(scorecard):
    told = scorecard.score("reconstruction_clean_correlation_mean").is_told
    assert told == (scorecard.subject.kind == Kind.SIMULATED)


def test_it_can_be_kept_and_read(scorecard):
    again = Scorecard.from_json(scorecard.to_json())
    assert again.to_json() == scorecard.to_json()
    html = report_html(scorecard)
    assert report_html(again) == html
    assert all(f'id="{entry.key}"' in html for entry in SECTIONS)
    assert f"{scorecard.subject.kind} cohort" in html


def test_it_names_no_patient_and_no_recording(scorecard, small_cohort):
    text = scorecard.to_json() + report_html(scorecard)
    named = {name for column in ("patient_id", "recording_id") for name in small_cohort.table[column].unique()}
    assert not [name for name in named if name in text]
