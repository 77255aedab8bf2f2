"""What an ear's response looks like: mean, spread and waves over many draws, and along the level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.generation.conditions import check_condition, check_seed, conditions_table
from abr_model.generation.generate import Draws, block_generator, decode, draw
from abr_model.schema import INTENSITY, WAVES

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


@dataclass(frozen=True)
class Response:
    """Draws of one condition and their summary.

    ``time_ms`` [T]; ``mean`` and ``sd`` [T] across the responses, µV; ``responses`` and ``recordings`` [D, T] single
    draws without and with residual noise, µV; ``has_noise`` says whether the two differ; ``waves`` has one row per
    wave I, III, V with the medians ``latency_ms`` and ``amplitude_uv`` and ``marked``, the mean probability that the
    wave is marked (NaN where the model does not predict it); ``i_v_ms`` and ``v_i_ratio`` are the medians of the
    interval from I to V and of the amplitude ratio V/I, of draws that have both.
    """

    condition: dict
    time_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    responses: np.ndarray
    recordings: np.ndarray
    has_noise: bool
    waves: pd.DataFrame
    i_v_ms: float
    v_i_ratio: float


@dataclass(frozen=True)
class LevelSeries:
    """Draws along the level, the same ears at each, and their summary.

    ``levels`` [L] dB nHL; ``mean`` and ``sd`` [L, T] across the responses, µV; ``latency_ms``, ``amplitude_uv`` and
    ``marked`` [L, 3] of waves I, III, V, ``responses`` and ``recordings`` [L, D, T], ``i_v_ms`` and ``v_i_ratio`` [L]
    as in :class:`Response`; ``condition`` is that of every level but for the level itself.
    """

    condition: dict
    levels: np.ndarray
    time_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    responses: np.ndarray
    recordings: np.ndarray
    has_noise: bool
    latency_ms: np.ndarray
    amplitude_uv: np.ndarray
    marked: np.ndarray
    i_v_ms: np.ndarray
    v_i_ratio: np.ndarray

    def at(self, level_db_nhl: float) -> Response:
        """The response at one of ``levels``; ``KeyError`` at any other."""
        found = np.flatnonzero(self.levels == level_db_nhl)
        if not len(found):
            raise KeyError(level_db_nhl)
        i = int(found[0])
        waves = {"latency_ms": self.latency_ms[i], "amplitude_uv": self.amplitude_uv[i], "marked": self.marked[i]}
        return Response(
            condition=self.condition | {INTENSITY.name: float(level_db_nhl)},
            time_ms=self.time_ms,
            mean=self.mean[i],
            sd=self.sd[i],
            responses=self.responses[i],
            recordings=self.recordings[i],
            has_noise=self.has_noise,
            waves=pd.DataFrame(waves, index=pd.Index(WAVES, name="wave")),
            i_v_ms=float(self.i_v_ms[i]),
            v_i_ratio=float(self.v_i_ratio[i]),
        )

    def every(self, step_db: float, level_db_nhl: float) -> LevelSeries:
        """Those of the levels that are a multiple of ``step_db`` away from ``level_db_nhl``."""
        rows = np.isclose((self.levels - level_db_nhl) % step_db, 0)
        shared = ("condition", "time_ms", "has_noise")
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in shared})


def response_summary(model: TrainedModel, condition: Mapping, draws: int, seed: int) -> Response:
    """Mean, spread, single draws and waves at one condition; one batched call.

    The same seed gives the same random numbers at every condition, so a moving slider shows the effect of the
    condition and not of chance.

    Raises
    ------
    InputError
        A condition or seed that is not allowed.
    """
    condition = check_condition(condition)
    level = condition[INTENSITY.name]
    return level_series(model, condition, (level,), draws, seed).at(level)


def level_series(
    model: TrainedModel, condition: Mapping, levels: Sequence[float], draws: int, seed: int
) -> LevelSeries:
    """Draws and their summary at each of ``levels`` (dB nHL), all else as in ``condition``; one batched call.

    Every level gets the same random numbers: the same ears, measured at each level.

    Raises
    ------
    InputError
        A condition, level or seed that is not allowed.
    """
    condition = check_condition(condition)
    levels = np.asarray(levels, dtype=float)
    table = conditions_table(**(condition | {INTENSITY.name: levels.tolist()}), n=draws)
    generator = block_generator(check_seed(seed), 0)
    decoded = decode(model, draw(model, table, generator, ears=draws), table, generator, ears=draws)
    latency, amplitude, marked = _wave_medians(decoded, len(levels), draws)
    i_v_ms, v_i_ratio = _first_to_fifth(decoded, len(levels), draws)
    responses = decoded.response.reshape(len(levels), draws, -1)
    return LevelSeries(
        condition=condition,
        levels=levels,
        time_ms=model.sampling.time_ms(model.network.samples),
        mean=responses.mean(axis=1),
        sd=responses.std(axis=1),
        responses=responses,
        recordings=decoded.recording.reshape(responses.shape),
        has_noise=decoded.recording is not decoded.response,
        latency_ms=latency,
        amplitude_uv=amplitude,
        marked=marked,
        i_v_ms=i_v_ms,
        v_i_ratio=v_i_ratio,
    )


def _wave_medians(decoded: Draws, groups: int, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[G, 3] median latency, median amplitude and mean probability of being marked, per group of ``draws`` rows.

    A draw counts with the weight of its wave being marked: the latency of a peak that nobody would mark is no latency.
    """
    shape = (groups, draws, len(WAVES))
    latency, amplitude = decoded.latency_ms.reshape(shape), decoded.amplitude_uv.reshape(shape)
    if decoded.marked is None:
        weight = np.ones(shape)
        marked = np.full((groups, len(WAVES)), np.nan)
    else:
        weight = decoded.marked[:, : len(WAVES)].reshape(shape)
        marked = weight.mean(axis=1)
    return _weighted_median(latency, weight), _weighted_median(amplitude, weight), marked


def _first_to_fifth(decoded: Draws, groups: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """[G] median interval I–V and median amplitude ratio V/I; a draw counts as far as both waves are marked."""
    first, fifth = WAVES.index("I"), WAVES.index("V")
    weight = (
        np.ones(len(decoded.latency_ms))
        if decoded.marked is None
        else decoded.marked[:, first] * decoded.marked[:, fifth]
    )
    interval = decoded.latency_ms[:, fifth] - decoded.latency_ms[:, first]
    small = decoded.amplitude_uv[:, first]
    ratio = np.divide(decoded.amplitude_uv[:, fifth], small, out=np.full(len(small), np.nan), where=small > 0)
    both = np.column_stack([interval, ratio]).reshape(groups, draws, 2)
    median = _weighted_median(both, np.broadcast_to(weight.reshape(groups, draws, 1), both.shape))
    return median[:, 0], median[:, 1]


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Median over axis 1 of [G, D, K], each value counting with its weight; NaN where there is no value."""
    weights = np.where(np.isfinite(values), weights, 0.0)
    order = np.argsort(values, axis=1)  # NaN last, with weight 0
    sorted_values = np.take_along_axis(values, order, axis=1)
    share = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    first = np.argmax(share >= share[:, -1:] / 2, axis=1)
    median = np.take_along_axis(sorted_values, first[:, None], axis=1)[:, 0]
    return np.where(share[:, -1] > 0, median, np.nan)
