"""A designed experiment on a generator: the same ears at every level, age and rate, waves picked on their responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.age import WEEKS_PER_YEAR
from abr_model.cohort import Sampling
from abr_model.evaluation.conditions.cell_waves import SMALLEST_WAVE_UV
from abr_model.generation.conditions import conditions_table
from abr_model.generation.generate import block_generator, decode, draw
from abr_model.realism.experiment import AGES_YEARS, LEVELS, designed_responses
from abr_model.schema import AGE, INTENSITY, RATE, RESIDUAL_NOISE, WAVES, amplitude_column, latency_column
from abr_model.sources.simulator import DEFAULT
from abr_model.waves import TROUGH_WITHIN_MS, pick_wave

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

EARS = 200
"""Generated ears; each is tested at every condition."""
MEAN_WITHIN_MS = {"I": 0.6, "III": 0.7, "V": 1.0}
"""Of the mean response of a condition, a wave's peak is looked for this far from where published formulas put it."""
EAR_WITHIN_MS = {"I": 0.5, "III": 0.6, "V": 0.8}
"""Of a single ear, this far from the peak of the mean."""


def designed_generated(
    model: TrainedModel, rates: tuple[float, ...], seed: int, groups: tuple[str, ...] = tuple(AGES_YEARS),
    ears: int = EARS, on_progress: Callable[[float], None] | None = None,
) -> tuple[pd.DataFrame, np.ndarray]:  # fmt: skip
    """Generated responses of normal ears without residual noise, and their conditions.

    Parameters
    ----------
    model
        A trained model.
    rates
        Stimulus rates per second.
    seed
        Every age has its own ears; an ear has the same random numbers at every level and rate.
    groups
        Ages, by their names in :data:`abr_model.realism.experiment.AGES_YEARS`.
    ears
        Of each age.

    Returns
    -------
    table, waveforms
        Columns of a cohort's table (``patient_id`` names the ear), [n, T] µV.
    """
    tables, waveforms, done = [], [], 0
    grid = [(level, rate) for rate in rates for level in LEVELS]
    for block, (group, age) in enumerate(AGES_YEARS.items()):
        if group not in groups:
            continue
        names = [f"{group} {k}" for k in range(ears)]
        for level, rate in grid:
            conditions = conditions_table(age, level, rate, "normal", n=ears)
            generator = block_generator(seed, block)  # begun anew: the same ears at one condition after another
            decoded = decode(model, draw(model, conditions, generator), conditions, generator, with_noise=False)
            tables.append(conditions.assign(patient_id=names, ear="not said", sex=None))
            waveforms.append(decoded.response)
            done += 1
            if on_progress:
                on_progress(done / (len(groups) * len(grid)))
    return pd.concat(tables, ignore_index=True), np.concatenate(waveforms)


def designed_true(rates: tuple[float, ...], seed: int, sampling: Sampling, samples: int) -> tuple:
    """The same of the simulator's ears: table, waveforms over the time of ``samples`` of ``sampling``, their sampling.

    Their table has no labels either: waves are picked on the traces in the same way.
    """
    own = Sampling(rate_hz=DEFAULT.rate_hz, start_ms=0.0)
    last = round(float(sampling.time_ms(samples)[-1]) * own.rate_hz / 1000)
    rng = np.random.default_rng([seed, 21])
    table, waveforms = designed_responses(rng, EARS // 2, rates, samples=last + 1)  # two ears a patient
    unlabelled = table.drop(columns=[c for w in WAVES for c in (latency_column(w), amplitude_column(w))])
    return unlabelled, waveforms, own


def with_picked_waves(table: pd.DataFrame, waveforms: np.ndarray, sampling: Sampling) -> pd.DataFrame:
    """``table`` with latency (ms) and amplitude (µV, peak to trough) of the waves that its responses show.

    The peak of each condition's mean response is looked for where published formulas expect it, and that of each ear
    near the mean's. A wave of less than 0.04 µV is none (clear response, physiology notes 7).
    """
    found = table.assign(**{RESIDUAL_NOISE.name: np.nan, "sweeps_accepted": np.nan})
    latency = {w: np.full(len(table), np.nan) for w in WAVES}
    amplitude = {w: np.full(len(table), np.nan) for w in WAVES}
    names = [AGE.name, INTENSITY.name, RATE.name]
    for (age, level, rate), rows in table.groupby(names).indices.items():
        expected = expected_latencies(age, level, rate)
        mean = waveforms[rows].mean(axis=0, keepdims=True)
        for wave in WAVES:
            at, _ = pick_wave(mean, sampling, expected[wave], MEAN_WITHIN_MS[wave])
            around = at[0] if np.isfinite(at[0]) else expected[wave]
            latency[wave][rows], amplitude[wave][rows] = pick_wave(
                waveforms[rows], sampling, around, EAR_WITHIN_MS[wave],
                trough_within_ms=TROUGH_WITHIN_MS[wave], choose="nearest",
            )  # fmt: skip
    for wave in WAVES:
        there = amplitude[wave] >= SMALLEST_WAVE_UV
        found[latency_column(wave)] = np.where(there, latency[wave], np.nan)
        found[amplitude_column(wave)] = np.where(there, amplitude[wave], np.nan)
    return found


def expected_latencies(age_years: float, level_db_nhl: float, rate_per_s: float) -> dict[str, float]:
    """Latencies in ms of waves I, III, V of a normal ear by published formulas: where to look, not what is right.

    V: Gorga 1989 (n = 535); I: fit to Hood 1998, below 45 dB moving as V does; III between them; rate: Don 1977, Kelly
    1996 (physiology notes 1 and 3).
    """
    conceptional = age_years * WEEKS_PER_YEAR + 40.0

    def fifth(level: float) -> float:
        return 4.89 + 4.46 * np.exp(-0.0318 * conceptional) + 5.31 * np.exp(-0.0264 * level)

    loud = max(level_db_nhl, 45.0)
    v = fifth(level_db_nhl)
    i = 1.31 + 8.97 * np.exp(-loud / 24.0) + v - fifth(loud)
    decades = np.log10(rate_per_s / 11.1)
    return {"I": i + 0.17 * decades, "III": i + 0.54 * (v - i) + 0.34 * decades, "V": v + 0.55 * decades}
