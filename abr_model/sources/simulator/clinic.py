"""The whole clinic: patients one after the other, each with a random stream of their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.errors import InputError
from abr_model.schema import HEARING_LOSS_CODES, WAVES, Kind, amplitude_column, latency_column, response_column
from abr_model.sources.simulator.marking import mark_waves
from abr_model.sources.simulator.noise import average_noise, fmp
from abr_model.sources.simulator.parameters import DEFAULT, Parameters
from abr_model.sources.simulator.patients import WEEKS_PER_YEAR, Patient, draw_patient
from abr_model.sources.simulator.response import respond
from abr_model.sources.simulator.series import Series, draw_series
from abr_model.sources.simulator.sweeps import draw_sweeps

MOST_PATIENTS = 1_000_000
POLARITIES = np.array(["alternating", "rarefaction", "condensation"])
EARS = np.array(["right", "left"])


def simulate(
    patients: int = 2043,
    seed: int = 0,
    *,
    parameters: Parameters = DEFAULT,
    residual_noise: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> Cohort:
    """A cohort of a simulated clinic.

    Each patient has random streams of their own, so the same seed gives the same recordings whatever the number of
    patients: a clinic of 60 is the first 60 patients of a clinic of 2,043.

    Parameters
    ----------
    patients
        How many; the default makes about 55,000 recordings (about 27 a patient, as in the original clinic).
    seed
        Not negative. Same seed and parameters: same digest.
    parameters
        Every number of the model, see :mod:`abr_model.sources.simulator.parameters`.
    residual_noise
        False gives the same recordings (same rows, same labels) with the response alone in the waveforms: the truth
        that a recording hides.
    on_progress
        Called with patients done and patients in all, now and then.

    Returns
    -------
    Cohort
        Kind "simulated"; waveforms [N, 467] µV at 15,000 Hz from 0 ms.

    Raises
    ------
    InputError
        ``patients`` below 1 or above a million, a negative seed.
    """
    for name, number, low, high in (("patients", patients, 1, MOST_PATIENTS), ("seed", seed, 0, 2**63 - 1)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not low <= number <= high:
            raise InputError(f"{name} is out of range", value=number, allowed=f"a whole number from {low} to {high}")
    waveforms, tables = [], []
    for index in range(patients):
        trace, table = _record_patient(index, int(seed), parameters, residual_noise)
        waveforms.append(trace)
        tables.append(table)
        if on_progress and (index % 16 == 15 or index == patients - 1):
            on_progress(index + 1, patients)
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    return Cohort(
        np.concatenate(waveforms),
        pd.DataFrame(columns),
        Sampling(rate_hz=parameters.rate_hz, start_ms=0.0),
        Provenance(
            kind=Kind.SIMULATED,
            source="simulated clinic",
            details={
                "patients": int(patients),
                "seed": int(seed),
                "parameters_sha256": parameters.sha256(),
                "residual_noise": residual_noise,
            },
        ),
    )


def _record_patient(
    index: int, seed: int, parameters: Parameters, residual_noise: bool
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All recordings of one patient: waveforms [n, T] and the columns of their table.

    Who the patient is, how they are tested, how they respond, their noise and their marks have separate streams: a
    change of one part of the model leaves the others as they were.
    """
    who, testing, responding, resting, sweeping, marking = (
        np.random.Generator(np.random.SFC64(s)) for s in np.random.SeedSequence([seed, index]).spawn(6)
    )
    patient = draw_patient(who, parameters)
    series = draw_series(testing, patient, parameters)
    response = respond(responding, patient, series, parameters)
    sweeps = draw_sweeps(resting, patient, series, response.waveform_uv, parameters)
    averaged = average_noise(sweeping, sweeps.block_sd_uv, sweeps.block_sweeps, parameters)
    recorded = response.waveform_uv + averaged.noise_uv
    quality = fmp(recorded, averaged.residual_noise_uv, parameters)
    marks = mark_waves(marking, series, response, recorded, averaged.residual_noise_uv, quality, parameters)
    table = _table(index, patient, series, parameters)
    table |= {
        "sweeps_accepted": sweeps.accepted,
        "sweeps_rejected": sweeps.rejected,
        "fmp": quality,
        "residual_noise_nv": averaged.residual_noise_uv * 1000,
    }
    for column, values in (
        (latency_column, marks.latency_ms),
        (amplitude_column, marks.amplitude_uv),
        (response_column, marks.judged),
    ):
        table |= {column(wave): values[:, k] for k, wave in enumerate(WAVES)}
    return (recorded if residual_noise else response.waveform_uv), table


def _table(index: int, patient: Patient, series: Series, parameters: Parameters) -> dict[str, np.ndarray]:
    n = len(series)
    patient_id = f"simulated-{index + 1:05d}"
    age = patient.ages[series.visit]
    return {
        "recording_id": np.array([f"{patient_id}-{k + 1:03d}" for k in range(n)], dtype=object),
        "patient_id": np.full(n, patient_id, dtype=object),
        "ear": EARS[series.ear].astype(object),
        "sex": np.full(n, "female" if patient.female else "male", dtype=object),
        # To the week: most of what age does to wave V happens before the second birthday.
        "age_years": np.round(age * WEEKS_PER_YEAR) / WEEKS_PER_YEAR if patient.age_known else np.full(n, np.nan),
        "intensity_db_nhl": series.level.astype(np.float64),
        "stimulus_rate_per_s": series.rate.astype(np.float64),
        "hearing_loss": np.array(HEARING_LOSS_CODES, dtype=object)[patient.hearing_loss[series.ear]],
        "stimulus_type": np.full(n, "click", dtype=object),
        "stimulus_polarity": POLARITIES[series.polarity].astype(object),
    }
