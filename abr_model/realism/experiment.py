"""A small designed clinic: what the simulator's ears truly answer, where a clinic's recordings cannot tell.

A clinic marks noisy traces, tests nobody at 100 /s and records until the noise is low enough. Here every patient is
tested at every level and at both rates, the labels are the true latencies and amplitudes (a wave that is not there
has none), and each number of sweeps is given to every patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from abr_model.realism.check import Check
from abr_model.realism.physiology import FAST, SLOW, TRUE_RESPONSES, check_physiology
from abr_model.schema import WAVES, amplitude_column, latency_column
from abr_model.sources.simulator import DEFAULT, Parameters
from abr_model.sources.simulator.noise import average_noise
from abr_model.sources.simulator.patients import NORMAL, Patient, draw_patient
from abr_model.sources.simulator.response import respond
from abr_model.sources.simulator.series import ALTERNATING, Series

AGES_YEARS = {"newborn": 0.02, "infant": 0.5, "child": 8.0, "adult": 30.0}
LEVELS = (90, 80, 70, 60, 50, 40, 30, 20)
SWEEPS = (500, 1000, 2000, 4000, 8000)
PATIENTS = 500


def designed_clinic(patients: int = PATIENTS, seed: int = 0, parameters: Parameters = DEFAULT) -> pd.DataFrame:
    """True responses of normal ears: ``patients`` of each age, half of them women, at every level and at two rates.

    Returns
    -------
    DataFrame
        The columns of a cohort's table that :func:`abr_model.realism.physiology.check_physiology` reads. Latencies in
        ms, amplitudes in µV, missing where there is no wave; residual noise in nV for :data:`SWEEPS` sweeps in rows
        without a level.
    """
    rng = np.random.default_rng([seed, 20])
    table, _ = designed_responses(rng, patients, (SLOW, FAST), parameters, samples=0)
    table = pd.concat([table, _averages(rng, patients, parameters)], ignore_index=True)
    table["hearing_loss"] = "normal"
    return table


def designed_responses(
    rng: np.random.Generator,
    patients: int,
    rates: Sequence[float],
    parameters: Parameters = DEFAULT,
    samples: int | None = None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Responses of ``patients`` of each of :data:`AGES_YEARS`, both ears, at :data:`LEVELS` and ``rates`` (per second).

    Returns
    -------
    table, waveforms
        As :func:`designed_clinic`, without rows of residual noise; [n, T] µV without noise, the first ``samples`` of
        them.
    """
    design = [(ear, level, rate) for ear in (0, 1) for level in LEVELS for rate in rates]
    ear, level, rate = (np.array(column) for column in zip(*design, strict=True))
    series = _series(ear, level, rate)
    latencies, amplitudes, waveforms, who = [], [], [], []
    for group, age in AGES_YEARS.items():
        for index in range(patients):
            patient = replace(_normal(rng, parameters), ages=np.array([age]), female=index % 2 == 0)
            response = respond(rng, patient, series, parameters)
            latencies.append(response.latency_ms)
            amplitudes.append(response.amplitude_uv)
            waveforms.append(response.waveform_uv[:, :samples].copy())
            who.append((f"{group} {index}", "female" if patient.female else "male", age))
    names, sexes, ages = (np.repeat(np.array(column, dtype=object), len(design)) for column in zip(*who, strict=True))
    columns = {
        "patient_id": names,
        "ear": np.tile(np.where(ear == 0, "right", "left").astype(object), len(who)),
        "sex": sexes,
        "age_years": ages.astype(float),
        "intensity_db_nhl": np.tile(level.astype(float), len(who)),
        "stimulus_rate_per_s": np.tile(rate, len(who)),
    }
    latency, amplitude = np.concatenate(latencies), np.concatenate(amplitudes)
    for k, wave in enumerate(WAVES):
        there = amplitude[:, k] > 0
        columns[latency_column(wave)] = np.where(there, latency[:, k], np.nan)
        columns[amplitude_column(wave)] = np.where(there, amplitude[:, k], np.nan)
    return pd.DataFrame(columns).assign(hearing_loss="normal"), np.concatenate(waveforms)


def _normal(rng: np.random.Generator, parameters: Parameters) -> Patient:
    """A patient with two normal ears."""
    while True:
        patient = draw_patient(rng, parameters)
        if (patient.hearing_loss == NORMAL).all():
            return patient


def _series(ear: np.ndarray, level: np.ndarray, rate: np.ndarray) -> Series:
    n = len(level)
    return Series(
        visit=np.zeros(n, dtype=int),
        ear=ear,
        level=level,
        rate=rate,
        polarity=np.full(n, ALTERNATING),
        most_sweeps=np.full(n, SWEEPS[-1]),
        noise_target_nv=np.full(n, 1.0),
        fmp_target=np.full(n, np.inf),
    )


def _averages(rng: np.random.Generator, patients: int, parameters: Parameters) -> pd.DataFrame:
    """Residual noise of averages of the same patient's EEG over set numbers of sweeps."""
    blocks = parameters.noise.blocks
    sweeps = np.tile(SWEEPS, patients)
    eeg = np.repeat(np.exp(rng.normal(np.log(parameters.noise.eeg[0]), parameters.noise.eeg[1], patients)), len(SWEEPS))
    shape = (len(sweeps), blocks)
    averaged = average_noise(
        rng, np.broadcast_to(eeg[:, None], shape), np.broadcast_to(sweeps[:, None] / blocks, shape), parameters
    )
    return pd.DataFrame(
        {
            "patient_id": [f"noise {k}" for k in np.repeat(np.arange(patients), len(SWEEPS))],
            "age_years": AGES_YEARS["adult"],
            "sweeps_accepted": sweeps.astype(float),
            "residual_noise_nv": 1000 * averaged.residual_noise_uv,
        }
    )


def true_physiology(patients: int = PATIENTS, seed: int = 0, parameters: Parameters = DEFAULT) -> list[Check]:
    """The pass bands on the true responses of a designed clinic."""
    return check_physiology(designed_clinic(patients, seed, parameters), TRUE_RESPONSES, "true", sweeps_set=True)
