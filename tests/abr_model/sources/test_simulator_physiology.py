"""The simulated responses against the pass bands of the physiology notes, section 10, measured on the clean trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.cohort import Sampling
from abr_model.schema import WAVES
from abr_model.sources.simulator import DEFAULT, simulate
from abr_model.sources.simulator.patients import CONDUCTIVE, NEUROPATHY, NORMAL, SENSORINEURAL, draw_patient
from abr_model.sources.simulator.response import respond
from abr_model.sources.simulator.series import CONDENSATION, RAREFACTION, Series
from abr_model.waves import TROUGH_WITHIN_MS, pick_wave

SAMPLING = Sampling(rate_hz=DEFAULT.rate_hz, start_ms=0.0)
PATIENTS = 200


def patient_of(index, hearing_loss):
    rng = np.random.default_rng([11, index])
    while True:
        patient = draw_patient(rng, DEFAULT)
        if patient.hearing_loss[0] == hearing_loss:
            return patient


def series_of(levels, rates, polarity=0):
    n = len(levels)
    same = np.zeros(n, dtype=int)
    return Series(same, same, np.asarray(levels), np.asarray(rates), same + polarity, same, same * 1.0, same * 1.0)


def measure(levels, *, rates=11.1, age=30.0, female=None, hearing_loss=NORMAL):
    """Latency and amplitude [patients, recordings, 3] picked on the clean traces of the right ears."""
    levels, rates = np.broadcast_arrays(np.atleast_1d(levels), np.atleast_1d(rates))
    latency = np.full((PATIENTS, len(levels), 3), np.nan)
    amplitude = latency.copy()
    for index in range(PATIENTS):
        sex = index % 2 == 0 if female is None else female
        patient = replace(patient_of(index, hearing_loss), ages=np.array([age]), female=sex)
        response = respond(np.random.default_rng([12, index]), patient, series_of(levels, rates), DEFAULT)
        for k, wave in enumerate(WAVES):
            expected = np.where(response.amplitude_uv[:, k] > 0.01, response.latency_ms[:, k], np.nan)
            latency[index, :, k], amplitude[index, :, k] = pick_wave(
                response.waveform_uv,
                SAMPLING,
                expected,
                DEFAULT.marking.within[k],
                trough_within_ms=TROUGH_WITHIN_MS[wave],
            )
    return latency, amplitude


@pytest.fixture(scope="module")
def adults():
    return measure([80, 60, 40, 20])


@pytest.fixture(scope="module")
def newborns():
    return measure([80, 60, 40, 20], age=0.01)


def test_wave_v_grows_later_along_a_curve(adults):
    v = np.nanmean(adults[0][..., 2], axis=0)
    slopes = np.diff(v) / 2  # ms per 10 dB
    assert 0.15 < slopes[0] < 0.28
    assert 0.30 < slopes[1] < 0.50
    assert 0.40 < slopes[2] < 0.75
    steps = np.diff(adults[0][..., 2], axis=1)
    complete = np.isfinite(steps).all(axis=1)
    assert (steps[complete] > 0).all(axis=1).mean() >= 0.95
    assert v[0] == pytest.approx(5.53, abs=0.1)  # Gorga 1989 at 80 dB


def test_interpeak_intervals(adults, newborns):
    (i, iii, v), newborn = adults[0][:, 0].T, newborns[0][:, 0]
    assert ((i < iii) & (iii < v)).all()
    assert ((iii - i > 1.5) & (iii - i < 2.5)).mean() >= 0.98
    assert ((v - iii > 1.5) & (v - iii < 2.5)).mean() >= 0.95
    assert 3.6 < (v - i).mean() < 4.5
    assert 0.12 < (v - i).std() < 0.25
    assert abs(np.nanmean(newborn[:, 2] - newborn[:, 0]) - 4.97) < 0.43
    assert 1.0 < np.nanmean(newborn[:, 2] - v) < 1.4
    assert 0.3 < np.corrcoef(i, v)[0, 1] < 0.95  # offsets of a patient add up along the pathway


def test_amplitudes(adults):
    amplitude = adults[1]
    assert 1.2 < np.median(amplitude[:, 0, 2] / amplitude[:, 0, 0]) < 2.5
    spread = np.std(amplitude[:, 0, 2]) / np.mean(amplitude[:, 0, 2])
    assert 0.25 < spread < 0.45
    assert (np.diff(np.nanmean(amplitude, axis=0), axis=0) < 0).all()  # smaller at every lower level


def test_detectability_falls_from_v_over_iii_to_i(adults):
    present = np.isfinite(adults[0]).mean(axis=0)
    assert (present[:, 2] >= present[:, 1]).all()
    assert (present[:, 1] >= present[:, 0]).all()
    assert present[3, 2] > present[3, 1] > present[3, 0]


def test_rate_sex_and_age():
    slow_fast = np.nanmean(measure([60, 60], rates=[10.0, 100.0])[0], axis=0)
    shift = slow_fast[1] - slow_fast[0]
    assert 0.35 < shift[2] < 0.65
    assert 0 < shift[0] < shift[1] < shift[2]
    women, men = measure(80, female=True), measure(80, female=False)
    difference = np.mean(women[0][:, 0, 2] - men[0][:, 0, 2])
    assert -0.30 < difference < -0.10
    assert 1.1 < np.mean(women[1][:, 0, 2]) / np.mean(men[1][:, 0, 2]) < 1.4
    old = measure(80, age=55.0)[0][:, 0] - measure(80, age=25.0)[0][:, 0]
    assert np.mean(old[:, 2]) == pytest.approx(0.2, abs=0.05)


def test_conductive_loss_shifts_the_curve_and_sensorineural_loss_recruits():
    level = 90
    conductive, sensory = measure(level, hearing_loss=CONDUCTIVE), measure(level, hearing_loss=SENSORINEURAL)
    normal = measure(level)
    lateness = [np.nanmean(x[0][:, 0, 2]) - normal[0][:, 0, 2].mean() for x in (conductive, sensory)]
    assert lateness[0] > 0.4
    assert 0.0 < lateness[1] < 0.5 * lateness[0]
    present = np.isfinite(sensory[0][:, 0]).mean(axis=0)
    assert present[0] < present[1] < present[2] < 1.0


def test_neuropathy_has_a_microphonic_that_turns_with_the_polarity_and_cancels():
    patient = patient_of(0, NEUROPATHY)
    traces = [
        respond(np.random.default_rng(1), patient, series_of([90], [33.1], polarity), DEFAULT).waveform_uv[0]
        for polarity in (0, RAREFACTION, CONDENSATION)
    ]
    alternating, rarefaction, condensation = (trace[5:45] for trace in traces)  # 0.3 to 3 ms
    np.testing.assert_allclose(rarefaction - alternating, alternating - condensation, atol=1e-6)
    assert (rarefaction - condensation).std() > 0.1
    assert alternating.std() < 0.1 * rarefaction.std()


def test_patient_offsets_stay_over_levels_runs_and_rates():
    cohort = simulate(patients=150, seed=2, residual_noise=False)
    table = cohort.table[(cohort.table["hearing_loss"] == "normal") & cohort.table["age_years"].notna()]
    latency, _ = pick_wave(
        cohort.waveforms[table.index.to_numpy()], SAMPLING, table["latency_V_ms"].to_numpy(), DEFAULT.marking.within[2]
    )
    groups = table.assign(clean=latency).dropna(subset=["clean"])
    keys = ["patient_id", "ear", "age_years", "intensity_db_nhl", "stimulus_rate_per_s"]
    runs = groups.groupby(keys)["clean"].agg(["std", "count"])
    within = runs["std"][runs["count"] >= 2].median()
    between = groups.groupby("intensity_db_nhl")["clean"].std().median()
    assert 0.01 < within < 0.10
    assert between > 4 * within
