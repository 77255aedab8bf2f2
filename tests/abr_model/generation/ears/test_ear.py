"""Inferring an ear: from what a recording holds, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from abr_model.errors import InputError
from abr_model.generation.ears.ear import infer_ear, missing_conditions
from abr_model.generation.inference import posterior, reconstruct
from abr_model.schema import LABEL_NAMES


def _with(cohort, **columns):
    return replace(cohort, table=cohort.table.assign(**columns))


def test_the_estimate_is_the_reconstruction_and_the_code_the_posterior(model, link, one_ear):
    ear = infer_ear(model, one_ear.take([0]), link)
    np.testing.assert_allclose(ear.estimate_uv, reconstruct(model, one_ear.take([0])), atol=1e-5)
    np.testing.assert_allclose(ear.codes.kl.numpy(), posterior(model, one_ear.take([0])).kl, atol=1e-3)
    left = ear.recordings.waveforms - ear.estimate_uv
    np.testing.assert_allclose(ear.left_uv, np.sqrt((left**2).mean(1)), rtol=1e-5)
    assert ear.correlation[0] == pytest.approx(np.corrcoef(ear.recordings.waveforms[0], ear.estimate_uv[0])[0, 1])


def test_only_labels_that_exist_are_used(model, link, one_ear):
    bare = _with(one_ear.take([0]), **dict.fromkeys(LABEL_NAMES, np.nan))
    with_v = _with(bare, latency_V_ms=6.1)
    without, given = infer_ear(model, bare, link), infer_ear(model, with_v, link)
    assert not torch.allclose(without.codes.mean, given.codes.mean), "a mark says something about the ear"
    assert without.labels_given == []
    assert given.labels_given == ["latency_V_ms"]
    assert given.labels.median[0, 2] == pytest.approx(6.1), "a given label stays as it is"
    # what the scaling puts in the place of a missing label does not reach the network
    from abr_model.preparation import model_inputs

    inputs = model_inputs(without.recordings, model.scaling)
    filled = replace(inputs, latency=inputs.latency + 7.0, amplitude=inputs.amplitude * np.nan)
    with torch.no_grad():
        first, second = model.network.encode(inputs), model.network.encode(filled)
    assert torch.equal(first.mean, second.mean)


def test_what_a_recording_lacks_has_to_be_stated(model, link, one_ear):
    nameless = _with(one_ear.take([0]), age_years=np.nan, hearing_loss=None)
    assert missing_conditions(nameless.table.iloc[0]) == ["age_years", "hearing_loss"]
    with pytest.raises(InputError, match="has to be stated") as error:
        infer_ear(model, nameless, link, {"hearing_loss": "normal"})
    assert error.value.column == "age_years"
    with pytest.raises(InputError, match="out of range"):
        infer_ear(model, nameless, link, {"hearing_loss": "normal", "age_years": -3})
    ear = infer_ear(model, nameless, link, {"hearing_loss": "normal", "age_years": 30.0})
    assert ear.stated == ("age_years", "hearing_loss")
    assert ear.condition["age_years"] == 30.0


def test_what_a_recording_says_is_not_replaced(model, link, one_ear):
    own = one_ear.table["intensity_db_nhl"].iloc[0]
    ear = infer_ear(model, one_ear.take([0]), link, {"intensity_db_nhl": own + 5})
    assert ear.condition["intensity_db_nhl"] == own
    assert ear.stated == ()


def test_recordings_of_two_ears_are_refused(model, link, clinic):
    with pytest.raises(InputError, match="different ears"):
        infer_ear(model, clinic, link)
    with pytest.raises(InputError, match="no recording"):
        infer_ear(model, clinic.take([]), link)


def test_of_many_recordings_the_nearest_in_level_are_used(model, link, one_ear):
    again = np.tile(np.arange(len(one_ear)), 9)[:12]
    ear = infer_ear(model, one_ear.take(np.r_[0, again]), link)
    assert len(ear.recordings) == 8
    np.testing.assert_allclose(
        ear.recordings.waveforms[0], infer_ear(model, one_ear.take([0]), link).recordings.waveforms[0]
    )


def test_without_a_link_there_is_an_ear_but_no_verdict(model, one_ear):
    ear = infer_ear(model, one_ear.take([0]), None)
    assert ear.familiarity is None
    assert ear.estimate_uv.shape == (1, model.network.samples)


def test_a_trace_of_another_world_is_unlike(model, link, one_ear):
    usual = infer_ear(model, one_ear.take([0]), link)
    strange = replace(one_ear.take([0]), waveforms=-6 * one_ear.take([0]).waveforms)
    odd = infer_ear(model, strange, link)
    assert odd.familiarity.left_over > 2 * usual.familiarity.left_over
    assert odd.familiarity.degree == "unlike"
    assert "caution" in odd.familiarity.sentence
