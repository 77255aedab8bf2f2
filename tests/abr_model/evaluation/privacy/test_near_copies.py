"""Copies are found, whatever was done to them; recordings of new patients are not taken for copies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.evaluation.privacy.near_copies import CopyFinder, near_copies
from abr_model.evaluation.privacy.neighbours import PatientNeighbours
from abr_model.provenance import Provenance, Sampling


def recordings_of(patients: int, seed: int, each: int = 10, samples: int = 60) -> Cohort:
    """A smooth response of each patient's own, a level of each recording's own, noise."""
    rng = np.random.default_rng(seed)
    responses = np.cumsum(rng.standard_normal((patients, samples)), axis=1)
    levels = rng.uniform(0.3, 1.0, (patients, each, 1))
    traces = levels * responses[:, None] + 1.5 * rng.standard_normal((patients, each, samples))
    names = np.repeat([f"s{seed}-{k}" for k in range(patients)], each)
    table = pd.DataFrame({"recording_id": [f"{n}-{k}" for k, n in enumerate(names)], "patient_id": names})
    source = Provenance(kind="simulated", source="constructed")
    return Cohort(traces.reshape(-1, samples), table, Sampling(rate_hz=10000, start_ms=0), source)


@pytest.fixture(scope="module")
def train() -> Cohort:
    return recordings_of(80, seed=0)


@pytest.fixture(scope="module")
def finder(train) -> CopyFinder:
    return CopyFinder(train)


def test_copies_are_found_and_traced_to_their_recording(train, finder):
    rows = np.random.default_rng(1).permutation(len(train))[:200]
    found = finder.find(train.waveforms[rows])
    assert found.mask.all()
    assert (found.nearest == rows).all()
    np.testing.assert_allclose(found.ratio, 0, atol=1e-3)
    np.testing.assert_allclose(found.correlation, 1, atol=1e-5)


@pytest.mark.parametrize("change", ["louder", "shifted up", "a little noise", "upside"])
def test_a_changed_copy_is_still_one(train, finder, change):
    traces = train.waveforms[::7]
    noise = np.random.default_rng(2).standard_normal(traces.shape)
    changed = {
        "louder": 3.0 * traces,
        "shifted up": traces + 5.0,
        "a little noise": traces + 0.1 * traces.std(1, keepdims=True) * noise,
        "upside": -traces,
    }[change]
    found = finder.find(changed)
    if change == "upside":  # the same curve turned over is another recording
        assert found.mask.mean() < 0.05
    else:
        assert found.mask.mean() > 0.95


def test_new_patients_are_not_copies(finder):
    assert finder.find(recordings_of(150, seed=3).waveforms).mask.mean() < 0.01


def test_a_smooth_trace_near_to_everyone_is_nobodys(train, finder):
    # Nearer to all recordings than they are to one another: a distance alone would take it for a copy of each.
    mean = np.repeat(train.waveforms.mean(0, keepdims=True), 20, axis=0)
    assert not finder.find(mean).mask.any()


def test_a_recording_there_under_two_names_is_still_a_copy(train):
    twice = np.concatenate([train.waveforms, train.waveforms])
    table = pd.concat([train.table, train.table.assign(
        patient_id="again " + train.table["patient_id"], recording_id="again " + train.table["recording_id"],
    )])  # fmt: skip
    doubled = Cohort(twice, table, train.sampling, train.provenance)
    assert CopyFinder(doubled).find(train.waveforms[:50]).mask.all()


def test_a_block_at_a_time_gives_the_same(train, finder, monkeypatch):
    generated = recordings_of(5, seed=4)
    generated = Cohort(
        np.concatenate([generated.waveforms, train.waveforms[:3]]),
        pd.concat([generated.table, train.table.iloc[:3]]),
        train.sampling,
        train.provenance,
    )
    whole = finder.find(generated.waveforms)
    monkeypatch.setattr("abr_model.evaluation.privacy.near_copies.BLOCK", 7)
    monkeypatch.setattr("abr_model.evaluation.privacy.neighbours.MOST_AT_ONCE", 16)
    done = []
    parts = near_copies(generated, train, on_progress=done.append)
    assert parts.mask.tolist() == whole.mask.tolist() == [False] * 50 + [True] * 3
    np.testing.assert_array_equal(parts.nearest, whole.nearest)
    np.testing.assert_allclose(parts.ratio, whole.ratio, rtol=1e-6, atol=1e-6)
    assert len(done) == 8
    assert done[-1] == 1
    np.testing.assert_array_equal(near_copies(generated.waveforms, train).mask, parts.mask)


def test_nothing_generated_gives_nothing(train):
    found = near_copies(np.zeros((0, train.samples)), train)
    assert len(found.mask) == 0
    assert np.isnan(found.share)


def test_a_flat_trace_is_told(finder):
    assert np.isfinite(finder.find(np.zeros((1, 60))).ratio).all()


def test_what_cannot_be_compared_is_refused(train):
    with pytest.raises(InputError, match="3 patients"):
        CopyFinder(train.take(np.arange(20)))
    with pytest.raises(InputError, match="60 samples"):
        near_copies(np.zeros((2, 61)), train)
    other = Cohort(train.waveforms, train.table, Sampling(rate_hz=20000, start_ms=0), train.provenance)
    with pytest.raises(InputError, match="sampling"):
        near_copies(other, train)


def test_nearest_of_two_patients_as_by_hand():
    rng = np.random.default_rng(5)
    # One patient with very many recordings close together: the second patient is beyond the first look.
    points = np.concatenate([0.01 * rng.standard_normal((300, 3)), rng.standard_normal((40, 3))])
    patients = np.array(["many"] * 300 + [f"p{k % 8}" for k in range(40)])
    queries = np.concatenate([0.01 * rng.standard_normal((5, 3)), rng.standard_normal((30, 3))])
    neighbours = PatientNeighbours(points, patients)
    without = rng.integers(-1, 9, len(queries))
    position, distance = neighbours.two(queries, without)
    for query, row, far, left_out in zip(queries, position, distance, without, strict=True):
        every = np.linalg.norm(points - query, axis=1)
        every[neighbours.patients == left_out] = np.inf
        nearest = every.argmin()
        others = np.where(neighbours.patients == neighbours.patients[nearest], np.inf, every)
        assert row.tolist() == [nearest, others.argmin()]
        np.testing.assert_allclose(far, [every[nearest], others.min()], atol=1e-7)
