"""The ear under other conditions, between two, and as a cohort."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
import torch

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.generation.ears.as_cohort import ears_as_cohort
from abr_model.generation.ears.ear import infer_ear
from abr_model.generation.ears.elsewhere import along_arc, blend, ear_level_series, ear_responses
from abr_model.generation.ears.known_changes import change_notes
from abr_model.generation.export import export, export_bytes
from abr_model.generation.inference import reconstruct
from abr_model.schema import CONDITION_NAMES, Kind

LEVELS = (20.0, 40.0, 60.0, 80.0)


@pytest.fixture(scope="module")
def ear(model, link, one_ear):
    return infer_ear(model, one_ear.take([0]), link)


@pytest.fixture(scope="module")
def other(model, link, clinic, one_ear):
    own = one_ear.table["patient_id"].iloc[0]
    row = np.flatnonzero((clinic.table["patient_id"] != own) & (clinic.table["hearing_loss"] == "normal"))[0]
    return infer_ear(model, clinic.take([row]), link)


def test_at_its_own_conditions_it_is_the_reconstruction(model, ear):
    own = ear_responses(model, ear, pd.DataFrame([ear.condition]))
    np.testing.assert_allclose(own.mean, reconstruct(model, ear.recordings), atol=1e-5)
    assert own.own.tolist() == [1.0]


def test_elsewhere_it_depends_on_the_ear_and_on_the_condition(model, ear, other):
    here = ear_level_series(model, ear, ear.condition, LEVELS)
    assert np.ptp(here.mean, axis=0).max() > 1e-3, "levels differ"
    theirs = ear_level_series(model, other, ear.condition, LEVELS)
    assert np.abs(here.mean - theirs.mean).max() > 1e-4, "ears differ"


def test_near_the_recording_it_runs_into_the_reconstruction(model, ear):
    level = ear.condition["intensity_db_nhl"]
    near = ear_level_series(model, ear, ear.condition, (level - 0.01,))
    assert np.abs(near.mean[0] - ear.estimate_uv[0]).max() < 1e-3
    assert near.own[0] == pytest.approx(1, abs=1e-4)
    far = ear_level_series(model, ear, ear.condition, (level - 40,))
    assert far.own[0] < 1e-6


def test_a_condition_does_not_depend_on_those_beside_it(model, ear):
    together = ear_level_series(model, ear, ear.condition, LEVELS, seed=4)
    for row, level in enumerate(LEVELS):
        alone = ear_level_series(model, ear, ear.condition, (level,), seed=4)
        for name in ("mean", "sd", "draws", "latency_ms", "latency_low", "amplitude_high", "marked"):
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(together, name)[row], atol=2e-5, err_msg=name)


def test_the_band_holds_its_draws(model, ear):
    found = ear_level_series(model, ear, ear.condition, LEVELS, draws=40)
    assert found.draws.shape == (4, 40, model.network.samples)
    inside = np.abs(found.draws - found.mean[:, None]) <= 2 * found.sd[:, None] + 1e-9
    assert inside.mean() > 0.9
    known = np.isfinite(found.latency_low)
    assert (found.latency_low[known] <= found.latency_high[known]).all()


def test_more_recordings_of_the_ear_change_what_it_is_elsewhere(model, link, one_ear, ear):
    of_all = infer_ear(model, one_ear, link)
    condition = ear.condition | {"intensity_db_nhl": 100.0 if ear.condition["intensity_db_nhl"] < 60 else 0.0}
    one, many = (ear_responses(model, e, pd.DataFrame([condition])).mean for e in (ear, of_all))
    assert np.abs(one - many).max() > 1e-5


def test_what_cannot_be_told_is_refused(model, one_ear, ear):
    without = infer_ear(model, one_ear.take([0]), None)
    assert ear_responses(model, without, pd.DataFrame([without.condition])).mean.shape[0] == 1
    with pytest.raises(InputError, match="not learned"):
        ear_level_series(model, without, without.condition, (without.condition["intensity_db_nhl"] + 5,))
    lost = ear.condition | {"hearing_loss": "total" if ear.condition["hearing_loss"] != "total" else "normal"}
    with pytest.raises(InputError, match="no training ear changed its hearing"):
        ear_responses(model, ear, pd.DataFrame([lost]))
    with pytest.raises(InputError):
        ear_level_series(model, ear, ear.condition, (400.0,))
    with pytest.raises(InputError, match="draws"):
        ear_level_series(model, ear, ear.condition, LEVELS, draws=1)


def test_a_blend_begins_with_the_one_and_ends_with_the_other(model, ear, other):
    found = blend(model, ear, other, [0.0, 0.5, 1.0])
    np.testing.assert_allclose(found.mean[0], ear.estimate_uv[0], atol=1e-5)
    np.testing.assert_allclose(found.mean[2], other.estimate_uv[0], atol=1e-5)
    for name in CONDITION_NAMES:
        assert found.conditions[name].iloc[0] == ear.condition[name]
        assert found.conditions[name].iloc[2] == other.condition[name]
    between = sorted([ear.condition["age_years"], other.condition["age_years"]])
    assert between[0] <= found.conditions["age_years"].iloc[1] <= between[1]


def test_an_arc_keeps_the_size_and_turns_evenly():
    first, second = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    half = along_arc(first, second, torch.tensor([[0.5]]))
    np.testing.assert_allclose(half, [[np.sqrt(2), np.sqrt(2)]], rtol=1e-5)
    for share, end in ((0.0, first), (1.0, second)):
        assert torch.equal(along_arc(first, second, torch.tensor([[share]])), end)
    for other in (-first, first, torch.zeros(1, 2)):
        straight = along_arc(first, other, torch.tensor([[0.25]]))
        np.testing.assert_allclose(straight, 0.75 * first + 0.25 * other, atol=1e-6)


def test_a_blend_under_one_condition_ends_with_the_second_ear_there(model, ear, other):
    held = ear.condition | {"intensity_db_nhl": 50.0, "hearing_loss": other.condition["hearing_loss"]}
    if ear.condition["hearing_loss"] != other.condition["hearing_loss"]:
        pytest.skip("the ears of this clinic have different hearing")
    found = blend(model, ear, other, [0.0, 1.0], held)
    for row, e in enumerate((ear, other)):
        np.testing.assert_allclose(found.mean[row], ear_responses(model, e, pd.DataFrame([held])).mean[0], atol=1e-5)
    with pytest.raises(InputError, match="share"):
        blend(model, ear, other, [0.5, 1.2])


def test_it_becomes_a_generated_cohort_without_a_pseudonym(model, ear, one_ear, tmp_path):
    found = ear_level_series(model, ear, ear.condition, LEVELS)
    cohort = ears_as_cohort(model, found, [ear], seed=0)
    assert cohort.kind is Kind.GENERATED
    np.testing.assert_allclose(cohort.waveforms, found.mean, atol=1e-6)
    text = json.dumps(cohort.provenance.model_dump(mode="json")) + cohort.table.to_csv()
    assert one_ear.table["patient_id"].iloc[0] not in text
    assert one_ear.table["recording_id"].iloc[0] not in text
    about = cohort.provenance.details["inferred_from"][0]
    assert about["traces_sha256"] == ear.digest
    assert "inferred" in cohort.provenance.source and "simulated" in cohort.provenance.source

    export(cohort, tmp_path / "ear.parquet")
    again = Cohort.read(tmp_path / "ear.parquet")
    assert again.provenance.details["caution"].startswith("A model's inference")
    table = pd.read_csv(io.BytesIO(export_bytes(cohort, "csv")))
    assert table["intensity_db_nhl"].tolist() == list(LEVELS)
    assert table["notice"].str.contains("research use only").all()
    assert table["source"].str.contains("inferred").all()


def test_hardly_marked_waves_get_no_label(model, ear):
    found = ear_level_series(model, ear, ear.condition, LEVELS)
    found.marked[:] = np.array([0.2, 0.9, np.nan])
    table = ears_as_cohort(model, found, [ear]).table
    assert table["latency_I_ms"].isna().all()
    assert table["latency_III_ms"].notna().any()
    assert table["latency_V_ms"].notna().any(), "a model that does not predict marks says where its waves are"


def test_changes_that_no_ear_went_through_are_named(ear):
    assert change_notes(ear, ear.condition) == []
    later = ear.condition | {"age_years": ear.condition["age_years"] + 40}
    (note,) = change_notes(ear, later)
    assert note.startswith("Age") and ("farther than" in note or "no training ear" in note or "only" in note)
