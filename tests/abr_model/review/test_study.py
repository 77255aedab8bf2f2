from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from abr_model.cohort import Cohort, Provenance
from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.preparation import split_by_patient
from abr_model.review.blinded import TRACES_FILE
from abr_model.review.config import reviewer_code
from abr_model.review.study import SEALED, Study, list_studies
from abr_model.schema import CONDITION_NAMES
from abr_model.selection import SelectionRules, selected


def sealed_cohorts(study: Study) -> tuple[Cohort, Cohort]:
    return tuple(Cohort.read(study.folder / SEALED / f"{name}.parquet") for name in ("recorded", "generated"))


def test_a_study_is_found_again(make_study, tmp_path):
    study = make_study(label=" first \n try ", mark=("V", "I"), reviewers=("R1", "r2", "r1"))
    assert Study.open(tmp_path / "data", study.id).config == study.config
    assert [one.id for one in list_studies(tmp_path / "data")] == [study.id]
    assert study.config.label == "first try"
    assert study.config.mark == ("I", "V")
    assert study.config.reviewers == ("r1", "r2")
    with pytest.raises(InputError, match="no such reviewer"):
        study.order("r3")
    for wrong in ("../x", "nothing"):
        with pytest.raises(InputError):
            Study.open(tmp_path / "data", wrong)


def test_the_same_seed_gives_the_same_items_and_another_one_others(make_study, kinds):
    one, same, other = make_study(seed=3), make_study(seed=3), make_study(seed=4)
    assert np.array_equal(one.items.traces, same.items.traces)
    assert one.items.items == same.items.items
    assert kinds(one) == kinds(same)
    assert one.order("r1") == same.order("r1")
    assert not np.array_equal(one.items.traces, other.items.traces)


def test_half_of_the_items_are_generated_for_the_conditions_of_recordings_they_replace(make_study, kinds, small_cohort):
    study = make_study(items=30)
    recorded, generated = sealed_cohorts(study)
    assert sum(kinds(study)) == len(generated) == 15
    assert len(recorded) == 15
    of_clinic = {tuple(row) for row in small_cohort.table[list(CONDITION_NAMES)].itertuples(index=False)}
    asked = [tuple(row) for row in generated.table[list(CONDITION_NAMES)].itertuples(index=False)]
    assert set(asked) <= of_clinic
    assert recorded.kind == "simulated"
    assert generated.kind == "generated"
    patients = recorded.table["patient_id"]
    assert patients.nunique() == len(patients), "of no patient a second recording while there are others"


def test_conditions_are_balanced_between_the_kinds(make_study, kinds):
    """Whoever guesses by level alone is right half of the time, in a small study too."""
    differences = []
    for seed in range(3):
        recorded, generated = sealed_cohorts(make_study(items=30, seed=seed, repeats=0))
        levels = [cohort.table["intensity_db_nhl"].mean() for cohort in (recorded, generated)]
        differences.append(levels[1] - levels[0])
    assert np.abs(differences).mean() < 5


def test_only_patients_that_the_model_has_not_seen_where_it_was_trained_on_the_cohort(
    tmp_path, small_cohort, shipped_model
):
    trained_here = replace(
        shipped_model, provenance=shipped_model.provenance.model_copy(update={"cohort_digest": small_cohort.digest()})
    )
    study = Study.create(tmp_path, small_cohort, trained_here, items=6)
    preparation = shipped_model.preset.preparation
    kept, _ = selected(small_cohort, SelectionRules.of(preparation))
    split = split_by_patient(kept, preparation.seed, preparation.fractions)
    held_out = set(kept.table["patient_id"].iloc[split.test])
    assert set(sealed_cohorts(study)[0].table["patient_id"]) <= held_out
    assert study.config.held_out
    with pytest.raises(InputError, match="too few recordings of patients that the model has not seen"):
        Study.create(tmp_path, small_cohort, trained_here, items=2000)


def test_a_study_of_another_cohort_does_not_claim_that_its_patients_are_unseen(make_study):
    assert not make_study().config.held_out


def test_a_filter_holds(make_study):
    study = make_study(filter=CohortFilter().with_range("intensity_db_nhl", 60, 80), items=8)
    for cohort in sealed_cohorts(study):
        assert cohort.table["intensity_db_nhl"].between(60, 80).all()


def test_level_series_are_of_one_ear_loudest_first(make_study, kinds):
    study = make_study(display="series", items=8, repeats=0)
    items = study.items
    for item in range(8):
        levels = [float(words.split()[0]) for words in items.items[item]["levels"]]
        assert len(levels) >= 3
        assert levels == sorted(levels, reverse=True)
        assert items.trace_count(item) == len(levels)
    recorded, generated = sealed_cohorts(study)
    for _, ear in recorded.table.groupby("patient_id"):
        assert ear["ear"].nunique() == ear["stimulus_rate_per_s"].nunique() == 1
    # one ear's traces carry noise of their own: it would give a generated series away if it came back
    for _, ear in generated.table.groupby("patient_id"):
        traces = generated.waveforms[ear.index]
        assert np.unique(np.corrcoef(np.diff(traces, 5)).round(3)).size > 1
        assert np.corrcoef(np.diff(traces, 5))[0, 1] < 0.9


def test_a_generated_cohort_holds_nothing_recorded(tmp_path, small_cohort, shipped_model):
    made = replace(small_cohort, provenance=Provenance(kind="generated", source="a model"))
    with pytest.raises(InputError, match="nothing recorded"):
        Study.create(tmp_path, made, shipped_model, items=8)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"items": 3}, "items"),
        ({"items": 9999}, "items"),
        ({"repeats": 5}, "a third"),
        ({"margin": 0.5}, "margin"),
        ({"mark": ("II",)}, "mark"),
        ({"reviewers": ("Dr. Meyer!",)}, "code name"),
        ({"storage": "postgresql://me:secret@host/db"}, "password"),
    ],
)
def test_what_is_not_allowed(make_study, tmp_path, asked, words):
    with pytest.raises(InputError, match=words):
        make_study(**asked)
    assert list_studies(tmp_path / "data") == []


def test_code_names_have_one_form():
    assert reviewer_code(" R-1 ") == "r-1"
    for wrong in ("", "a b", "x" * 25, "-a"):
        with pytest.raises(InputError):
            reviewer_code(wrong)


def test_a_damaged_study_says_so(make_study):
    study = make_study()
    (study.folder / TRACES_FILE).write_bytes(b"broken")
    with pytest.raises(InputError, match="items of the study cannot be read"):
        _ = study.items
    (study.folder / "study.json").write_text(json.dumps({"items": 5}))
    with pytest.raises(InputError):
        _ = study.config
