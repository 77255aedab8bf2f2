"""Every baseline generates a valid cohort that follows the conditions; what each promises besides."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from baselines import BASELINES, baseline, nearest_recording, pca_flow, pythae_vae

from abr_model.errors import InputError
from abr_model.preparation import model_inputs
from abr_model.schema import CONDITION_NAMES, LABEL_NAMES, Kind

SHORT = {
    "pca_flow": {"training_steps": 500, "hidden": 64, "blocks": 2},
    "nearest_recording": {},
    "time_vae": {"epochs": 12},
    "pythae_vae": {"epochs": 40, "pool": 4000},
    "pythae_vae_mixture": {"epochs": 40, "pool": 4000, "mixture": 8},
}
TIMES_MS = np.arange(80) / 6.0


@pytest.fixture(scope="module")
def fit_once(easy_parts, easy_preset):
    """From the name of a baseline to its generator and the fractions of its fit that it told; fitted at most once."""

    @cache
    def fit(name):
        torch.set_num_threads(1)
        said: list[float] = []
        return baseline(name)(easy_parts, easy_preset, 0, on_progress=said.append, **SHORT[name]), said

    return fit


@pytest.fixture(scope="module", params=list(BASELINES))
def fitted(request, fit_once):
    """Generator of a baseline, and the fractions of its fit that it told."""
    name = request.param
    if name.startswith("pythae") and not pythae_vae.available():
        pytest.skip("pythae is not installed: pip install -r requirements-benchmarks.txt")
    return fit_once(name)


@pytest.fixture(scope="module")
def generated(fitted, held_out_conditions):
    """What it makes of the held-out conditions with seed 3."""
    return fitted[0](held_out_conditions, 3)


def test_a_short_version_of_every_baseline_is_tested():
    assert set(SHORT) == set(BASELINES)


def test_it_gives_a_recording_for_every_row_of_conditions(generated, held_out_conditions, easy_parts):
    assert generated.kind == Kind.GENERATED
    assert generated.sampling == easy_parts.train.sampling
    assert generated.waveforms.shape == easy_parts.test.waveforms.shape
    pd.testing.assert_frame_equal(
        generated.table[list(CONDITION_NAMES)], held_out_conditions.reset_index(drop=True), check_dtype=False
    )


def test_the_seed_alone_decides(fitted, generated, held_out_conditions):
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    again, other = (fitted[0](held_out_conditions, seed) for seed in (3, 4))
    assert again.digest() == generated.digest()
    assert np.abs(other.waveforms - generated.waveforms).max() > 0.01
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_it_tells_how_far_the_fit_is(fitted):
    said = fitted[1]
    assert said[-1] == pytest.approx(1.0)
    assert said == sorted(said)


def test_traces_follow_level_and_class(generated, easy_parts):
    """Mean trace of each cell of level and class, against the held-out mean of that cell and of cells that differ from
    it in the class alone, or in the level alone."""
    real = easy_parts.test
    cells = real.table.groupby(["hearing_loss", "intensity_db_nhl"]).indices
    ours = np.stack([generated.waveforms[rows].mean(0) for rows in cells.values()]).reshape(2, 3, -1)
    theirs = np.stack([real.waveforms[rows].mean(0) for rows in cells.values()]).reshape(2, 3, -1)

    def distance(a, b):
        return np.sqrt(((a - b) ** 2).mean(2)).mean()

    right = distance(ours, theirs)
    assert right < 0.75 * distance(ours, theirs[::-1])
    assert right < 0.75 * distance(ours, np.roll(theirs, 1, axis=1))


def test_an_unknown_baseline_is_refused():
    with pytest.raises(InputError, match="no such baseline"):
        baseline("gan")


# --- principal components and flow ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def from_flow(fit_once, held_out_conditions):
    return fit_once("pca_flow")[0](held_out_conditions, 3)


def test_noise_beyond_the_components_has_the_size_of_the_recordings(from_flow, easy_parts):
    network = pca_flow.PrincipalComponents(model_inputs(easy_parts.train, easy_parts.scaling).waveform, 20)

    def left(cohort):
        inputs = model_inputs(cohort, easy_parts.scaling)
        return (inputs.waveform - network.decode(network.encode(inputs).mean, None).waveform).square().mean(1).sqrt()

    real, ours = left(easy_parts.test), left(from_flow)
    assert ours.mean().item() == pytest.approx(real.mean().item(), rel=0.05)
    assert ours.std().item() == pytest.approx(real.std().item(), rel=0.35)


def test_labels_are_where_the_trace_has_its_bump(from_flow):
    table = from_flow.table
    loud = (table["intensity_db_nhl"] == 80) & (table["hearing_loss"] == "normal")
    peak = TIMES_MS[from_flow.waveforms[loud.to_numpy()].argmax(1)]
    error = (table.loc[loud, "latency_V_ms"] - peak).dropna()
    assert error.abs().median() < 0.15
    assert table["latency_I_ms"].isna().all()  # never marked in training


def test_a_wave_is_marked_as_often_as_in_the_recordings(from_flow, easy_parts):
    marked = from_flow.table["latency_V_ms"].notna()
    real = easy_parts.test.table["latency_V_ms"].notna()
    quiet = (from_flow.table["intensity_db_nhl"] == 20).to_numpy()
    for rows in (quiet, ~quiet):
        assert marked[rows].mean() == pytest.approx(real[rows].mean(), abs=0.12)
    assert (marked == from_flow.table["amplitude_V_uv"].notna()).all()


def test_noise_bands_end_where_the_components_begin():
    assert pca_flow.noise_bands(200, 32) == (0, 7, 17, 30, 47, 71, 109, 168, 200)


# --- nearest recording ---------------------------------------------------------------------------------------------


def test_without_noise_it_hands_out_recordings_of_that_condition(easy_parts, easy_preset, held_out_conditions):
    ours = nearest_recording.fit(easy_parts, easy_preset, 0, neighbours=40, noise=0.0)(held_out_conditions, 3)
    known = {trace.tobytes(): row for row, trace in enumerate(easy_parts.train.waveforms)}
    rows = [known[trace.tobytes()] for trace in ours.waveforms]
    source = easy_parts.train.table.iloc[rows].reset_index(drop=True)
    names = [*CONDITION_NAMES, *LABEL_NAMES]  # every combination of conditions is there more often than that
    pd.testing.assert_frame_equal(ours.table[names], source[names])
    assert len(set(rows)) > 0.5 * len(rows)


def test_noise_has_the_size_that_is_said(easy_parts, easy_preset, held_out_conditions):
    bare, noisy = (
        nearest_recording.fit(easy_parts, easy_preset, 0, noise=noise)(held_out_conditions, 3) for noise in (0.0, 0.5)
    )
    added_nv = 1000 * np.sqrt(((noisy.waveforms - bare.waveforms) ** 2).mean())
    assert added_nv == pytest.approx(noisy.provenance.details["noise_sd_nv"], rel=0.05)
    assert added_nv > 30


def test_a_class_that_was_never_recorded_is_refused(easy_parts, easy_preset, held_out_conditions):
    generate = nearest_recording.fit(easy_parts, easy_preset, 0)
    with pytest.raises(InputError, match="total"):
        generate(held_out_conditions.assign(hearing_loss="total"), 0)


# --- pythae --------------------------------------------------------------------------------------------------------


def test_without_its_library_it_says_what_to_install(monkeypatch, easy_parts, easy_preset):
    monkeypatch.setattr(pythae_vae, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"requirements-benchmarks\.txt"):
        pythae_vae.fit(easy_parts, easy_preset, 0)
