"""What an ear's response looks like: mean, spread and waves over many draws, and along one of the conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.generation.conditions import check_condition, check_seed, conditions_table
from abr_model.generation.generate import Draws, block_generator, decode, draw
from abr_model.schema import INTENSITY, WAVES

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


INTERVALS = ("i_iii_ms", "iii_v_ms", "i_v_ms", "v_i_ratio")
"""Interpeak intervals and the amplitude ratio V/I, as fields of a response."""


@dataclass(frozen=True)
class Response:
    """Draws of one condition and their summary.

    ``time_ms`` [T]; ``mean`` and ``sd`` [T] across the responses, µV; ``responses`` and ``recordings`` [D, T] single
    draws without and with residual noise, µV; ``has_noise`` says whether the two differ; ``waves`` has one row per
    wave I, III, V with the medians ``latency_ms`` and ``amplitude_uv`` and ``marked``, the mean probability that the
    wave is marked (NaN where the model does not predict it); ``i_iii_ms``, ``iii_v_ms``, ``i_v_ms`` and ``v_i_ratio``
    are the medians of the interpeak intervals and of the amplitude ratio V/I, of draws that have both waves.
    """

    condition: dict
    time_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    responses: np.ndarray
    recordings: np.ndarray
    has_noise: bool
    waves: pd.DataFrame
    i_iii_ms: float
    iii_v_ms: float
    i_v_ms: float
    v_i_ratio: float


_OF_PLACES = ("values", "mean", "sd", "responses", "recordings", "latency_ms", "amplitude_uv", "marked", *INTERVALS)
"""Fields of a series that have a row for each of its values."""


@dataclass(frozen=True)
class ResponseSeries:
    """Draws along one condition, the same ears at each of its values, and their summary.

    ``axis`` names the condition, ``values`` [L] are its values (numbers, or classes of hearing loss) in the order asked
    for; ``condition`` is that of every value but for the axis itself. ``mean`` and ``sd`` [L, T] across the responses,
    µV; ``latency_ms``, ``amplitude_uv`` and ``marked`` [L, 3] of waves I, III, V, ``responses`` and ``recordings``
    [L, D, T], intervals and ``v_i_ratio`` [L] as in :class:`Response`.
    """

    axis: str
    condition: dict
    values: np.ndarray
    time_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    responses: np.ndarray
    recordings: np.ndarray
    has_noise: bool
    latency_ms: np.ndarray
    amplitude_uv: np.ndarray
    marked: np.ndarray
    i_iii_ms: np.ndarray
    iii_v_ms: np.ndarray
    i_v_ms: np.ndarray
    v_i_ratio: np.ndarray

    @property
    def levels(self) -> np.ndarray:
        """The values of a series along the level, dB nHL; ``ValueError`` of another one."""
        if self.axis != INTENSITY.name:
            raise ValueError(f"this is a series along {self.axis}")
        return self.values

    def at(self, value) -> Response:
        """The response at one of ``values``; ``KeyError`` at any other."""
        found = np.flatnonzero(self.values == value)
        if not len(found):
            raise KeyError(value)
        i = int(found[0])
        waves = {"latency_ms": self.latency_ms[i], "amplitude_uv": self.amplitude_uv[i], "marked": self.marked[i]}
        return Response(
            condition=self.condition | {self.axis: self.values.tolist()[i]},
            time_ms=self.time_ms,
            mean=self.mean[i],
            sd=self.sd[i],
            responses=self.responses[i],
            recordings=self.recordings[i],
            has_noise=self.has_noise,
            waves=pd.DataFrame(waves, index=pd.Index(WAVES, name="wave")),
            **{name: float(getattr(self, name)[i]) for name in INTERVALS},
        )

    def every(self, step_db: float, level_db_nhl: float) -> ResponseSeries:
        """Of a series along the level: the levels that are a multiple of ``step_db`` away from ``level_db_nhl``."""
        rows = np.isclose((self.levels - level_db_nhl) % step_db, 0)
        return replace(self, **{name: getattr(self, name)[rows] for name in _OF_PLACES})


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
) -> ResponseSeries:
    """:func:`response_series` along the level, dB nHL."""
    return response_series(model, condition, INTENSITY.name, levels, draws, seed)


def response_series(
    model: TrainedModel, condition: Mapping, axis: str, values: Sequence, draws: int, seed: int
) -> ResponseSeries:
    """Draws and their summary at each of ``values`` of the condition ``axis``, all else as given; one batched call.

    Every value gets the same random numbers: the same ears, seen at each.

    Raises
    ------
    InputError
        A condition, value or seed that is not allowed.
    """
    condition = check_condition(condition)
    table = conditions_table(**(condition | {axis: list(values)}), n=draws)
    values = table[axis].to_numpy()[::draws]
    generator = block_generator(check_seed(seed), 0)
    decoded = decode(model, draw(model, table, generator, ears=draws), table, generator, ears=draws)
    latency, amplitude, marked = _wave_medians(decoded, len(values), draws)
    responses = decoded.response.reshape(len(values), draws, -1)
    return ResponseSeries(
        axis=axis,
        condition=condition,
        values=values,
        time_ms=model.sampling.time_ms(model.network.samples),
        mean=responses.mean(axis=1),
        sd=responses.std(axis=1),
        responses=responses,
        recordings=decoded.recording.reshape(responses.shape),
        has_noise=decoded.recording is not decoded.response,
        latency_ms=latency,
        amplitude_uv=amplitude,
        marked=marked,
        **dict(zip(INTERVALS, _intervals(decoded, len(values), draws).T, strict=True)),
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


def _intervals(decoded: Draws, groups: int, draws: int) -> np.ndarray:
    """[G, 4] medians of :data:`INTERVALS`; a draw counts as far as both of its waves are marked."""
    i, iii, v = range(len(WAVES))
    latency, amplitude = decoded.latency_ms, decoded.amplitude_uv
    small = amplitude[:, i]
    ratio = np.divide(amplitude[:, v], small, out=np.full(len(small), np.nan), where=small > 0)
    pairs = ((i, iii), (iii, v), (i, v), (i, v))
    values = np.column_stack([*(latency[:, late] - latency[:, early] for early, late in pairs[:3]), ratio])
    marked = np.ones((len(values), len(WAVES))) if decoded.marked is None else decoded.marked
    weights = np.column_stack([marked[:, early] * marked[:, late] for early, late in pairs])
    return _weighted_median(values.reshape(groups, draws, -1), weights.reshape(groups, draws, -1))


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Median over axis 1 of [G, D, K], each value counting with its weight; NaN where there is no value."""
    weights = np.where(np.isfinite(values), weights, 0.0)
    order = np.argsort(values, axis=1)  # NaN last, with weight 0
    sorted_values = np.take_along_axis(values, order, axis=1)
    share = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    first = np.argmax(share >= share[:, -1:] / 2, axis=1)
    median = np.take_along_axis(sorted_values, first[:, None], axis=1)[:, 0]
    return np.where(share[:, -1] > 0, median, np.nan)
