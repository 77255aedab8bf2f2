"""The same ear under other conditions, and ears between two: codes there, decoded in one batch.

At the recording's own conditions the code is that of the recording itself. Away from them it is what the link of ears
makes of it, and what the recording says beyond the link fades with the distance: exp(−d²/2), d in steps of 5 dB, 10 %
of age or a factor of 1.5 in rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from abr_model.ears.codes import latent_of
from abr_model.errors import InputError
from abr_model.generation.conditions import check_condition, check_conditions, check_seed
from abr_model.generation.ears.ear import Ear
from abr_model.generation.generate import possible_labels
from abr_model.generation.nearest import steps_between
from abr_model.label_prediction import BLOCK
from abr_model.recordings import positions
from abr_model.scaling import AGE_OFFSET_YEARS
from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, INTENSITY, RATE, WAVES

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

DRAWS = 24
LOW, HIGH = 5, 95
"""Percentiles of the draws between which 90 % of them lie."""
SMALLEST_SIZE, SMALLEST_ANGLE = 1e-3, 0.02
"""Of codes between which there is an arc; radians."""


@dataclass(frozen=True)
class EarResponses:
    """Responses of an inferred ear under C conditions.

    Parameters
    ----------
    conditions
        C rows, columns :data:`CONDITION_NAMES`.
    time_ms
        [T].
    mean
        [C, T] µV, decoded at the mean code.
    sd
        [C, T] µV, how unsure that is: spread of the draws about it, widened to the errors on held-out recordings.
    draws
        [C, D, T] µV, decoded at draws of the code; the same random numbers at each condition.
    latency_ms, amplitude_uv, marked
        [C, 3] of waves I, III, V at the mean code: NaN where the model cannot tell; probability of being marked, NaN
        where the model does not predict it.
    latency_low, latency_high, amplitude_low, amplitude_high
        [C, 3] between which 90 % of the draws lie, widened likewise.
    own
        [C] 1 at the conditions of a recording of the ear, falling to 0 away from them.
    """

    conditions: pd.DataFrame
    time_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    draws: np.ndarray
    latency_ms: np.ndarray
    amplitude_uv: np.ndarray
    marked: np.ndarray
    latency_low: np.ndarray
    latency_high: np.ndarray
    amplitude_low: np.ndarray
    amplitude_high: np.ndarray
    own: np.ndarray

    def __len__(self) -> int:
        return len(self.conditions)

    def rows(self, kept: np.ndarray) -> EarResponses:
        """Those at some of the conditions: a mask or positions."""
        shared = {"time_ms": self.time_ms, "conditions": self.conditions.iloc[positions(kept)].reset_index(drop=True)}
        others = {f.name: getattr(self, f.name)[kept] for f in fields(self) if f.name not in shared}
        return EarResponses(**shared, **others)


def ear_responses(
    model: TrainedModel, ear: Ear, conditions: pd.DataFrame, draws: int = DRAWS, seed: int = 0
) -> EarResponses:
    """The ear under each of C conditions (columns :data:`CONDITION_NAMES`), in one batch.

    Raises
    ------
    InputError
        Conditions, a seed or a number of draws that are not allowed; other conditions than the recording's where the
        model has no link of ears; another hearing loss where no training ear changed its own.
    """
    conditions = check_conditions(conditions)
    mean, sd, own = codes_at(model, ear, conditions)
    return _decoded(model, conditions, mean, sd, own, _widening(ear, own), draws, seed)


def ear_level_series(
    model: TrainedModel, ear: Ear, condition: Mapping, levels: Sequence[float], draws: int = DRAWS, seed: int = 0
) -> EarResponses:
    """The ear at each of ``levels`` (dB nHL), all else as in ``condition``.

    Raises
    ------
    InputError
        As :func:`ear_responses`.
    """
    row = check_condition(condition)
    table = pd.DataFrame([row] * len(levels)).assign(**{INTENSITY.name: [float(v) for v in levels]})
    return ear_responses(model, ear, table, draws, seed)


def blend(
    model: TrainedModel,
    first: Ear,
    second: Ear,
    shares: Sequence[float],
    condition: Mapping | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> EarResponses:
    """Ears between two: at share 0 the first, at 1 the second, on an arc between their codes.

    A code's size says how unusual an ear is. On a straight line it shrinks half way, and with it the response (to 0.87
    of the mean of both ends, measured; 0.96 on the arc): an ear more usual than either is not one between them.

    Parameters
    ----------
    shares
        Of the second ear, each 0 to 1.
    condition
        Under which all of them are decoded. None: conditions go from the first recording's to the second's, evenly as
        the network sees them (age by its logarithm where the model does so); the hearing loss changes half way.

    Raises
    ------
    InputError
        As :func:`ear_responses`, or a share outside of 0 to 1.
    """
    shares = np.asarray(shares, dtype=float)
    if not len(shares) or not ((shares >= 0) & (shares <= 1)).all():
        raise InputError("the share of the second ear is not allowed", value=shares.tolist(), allowed="0 to 1")
    if condition is None:
        conditions = _between(model, first.condition, second.condition, shares)
    else:
        conditions = pd.DataFrame([check_condition(condition)] * len(shares))
    conditions = check_conditions(conditions)
    free = condition is None  # half way along, one of the two has another ear's hearing loss, and nobody asked for it
    (mean_a, sd_a, own_a), (mean_b, sd_b, own_b) = (
        codes_at(model, ear, conditions, any_hearing=free) for ear in (first, second)
    )
    t = torch.as_tensor(shares, dtype=torch.float32).unsqueeze(1)
    mean = along_arc(mean_a, mean_b, t)
    sd = torch.sqrt(((1 - t) * sd_a) ** 2 + (t * sd_b) ** 2)
    own = (1 - shares) * own_a + shares * own_b
    widening = (1 - shares) * _widening(first, own_a) + shares * _widening(second, own_b)
    return _decoded(model, conditions, mean, sd, own, widening, draws, seed)


def along_arc(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Codes [C, L] between two: the direction turns evenly, the size goes evenly. ``share`` [C, 1] of the second.

    A straight line where there is no arc: next to the usual ear (size 0), in one direction, or in opposite ones.
    """
    sizes = [code.norm(dim=1, keepdim=True) for code in (first, second)]
    a, b = (code / size.clamp_min(SMALLEST_SIZE) for code, size in zip((first, second), sizes, strict=True))
    angle = torch.arccos((a * b).sum(1, keepdim=True).clamp(-1, 1))
    turned = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
    arc = turned * ((1 - share) * sizes[0] + share * sizes[1])
    straight = (1 - share) * first + share * second
    none = (torch.minimum(*sizes) < SMALLEST_SIZE) | (angle < SMALLEST_ANGLE) | (angle > torch.pi - SMALLEST_ANGLE)
    exact = torch.where(share == 0, first, torch.where(share == 1, second, arc))
    return torch.where(none, straight, exact)


def codes_at(
    model: TrainedModel, ear: Ear, conditions: pd.DataFrame, any_hearing: bool = False
) -> tuple[Tensor, Tensor, np.ndarray]:
    """Mean and SD [C, L] of the ear's code under C conditions, and how near [C] a recording of it is.

    Raises
    ------
    InputError
        As :func:`ear_responses`; another hearing loss passes with ``any_hearing``.
    """
    static = torch.from_numpy(model.scaling.static(conditions))
    near = _nearness(ear, conditions)  # [C, R]
    row, own = near.argmax(1), near.max(1)
    mean, sd = ear.codes.mean[row], ear.codes.sd[row]
    if (own == 1).all():
        return mean, sd, own
    if ear.link is None:
        raise InputError(
            "this model has not learned how recordings of one ear go together: it cannot tell other conditions",
            allowed="the conditions of the recording",
        )
    known = ear.link.description.changes[HEARING_LOSS.name].ears
    other = (conditions[HEARING_LOSS.name] != ear.condition[HEARING_LOSS.name]).to_numpy()
    if other.any() and not known and not any_hearing:
        raise InputError(
            "no training ear changed its hearing: the model cannot tell this ear with another hearing loss",
            column=HEARING_LOSS.name,
            value=str(conditions[HEARING_LOSS.name].to_numpy()[other][0]),
            allowed=ear.condition[HEARING_LOSS.name],
        )
    there, spread = ear.link.predict(ear.codes, static)
    of_recordings, _ = ear.link.predict(ear.codes, ear.codes.static)
    share = torch.as_tensor(own, dtype=torch.float32).unsqueeze(1)
    # There + share·(own − link at own): exact at the recording's conditions, the link's far from them.
    mean = torch.where(share == 1, mean, there + share * (mean - of_recordings[row]))
    sd = torch.where(share == 1, sd, torch.sqrt((1 - share**2) * spread**2 + share**2 * sd**2))
    return mean, sd, own


def _nearness(ear: Ear, conditions: pd.DataFrame) -> np.ndarray:
    table = ear.recordings.table
    rows = [steps_between(table, row, CONDITION_NAMES) for row in conditions.to_dict("records")]
    distance = np.sqrt((np.stack(rows) ** 2).sum(2))
    near = np.exp(-0.5 * distance**2)
    return np.where(distance < 1e-6, 1.0, np.minimum(near, 1 - 1e-9))


def _widening(ear: Ear, own: np.ndarray) -> np.ndarray:
    at_own, elsewhere = ear.link.description.widening if ear.link is not None else (1.0, 1.0)
    return elsewhere + own * (at_own - elsewhere)


def _between(model: TrainedModel, first: Mapping, second: Mapping, shares: np.ndarray) -> pd.DataFrame:
    log_age = model.scaling.age == "log"
    table = {}
    for column in (AGE, INTENSITY, RATE):
        a, b = first[column.name], second[column.name]
        if column is AGE and log_age:
            values = (a + AGE_OFFSET_YEARS) ** (1 - shares) * (b + AGE_OFFSET_YEARS) ** shares - AGE_OFFSET_YEARS
        else:
            values = (1 - shares) * a + shares * b
        table[column.name] = np.where(shares == 0, a, np.where(shares == 1, b, np.clip(values, min(a, b), max(a, b))))
    table[HEARING_LOSS.name] = np.where(shares < 0.5, first[HEARING_LOSS.name], second[HEARING_LOSS.name])
    return pd.DataFrame(table)[list(CONDITION_NAMES)]


@torch.no_grad()
def _decoded(model, conditions, mean: Tensor, sd: Tensor, own, widening, draws: int, seed: int) -> EarResponses:
    if not 2 <= draws <= 1000:
        raise InputError("the number of draws", value=draws, allowed="2 to 1,000")
    half = torch.randn((draws + 1) // 2, mean.shape[1], generator=torch.Generator().manual_seed(check_seed(seed)))
    numbers = torch.cat([torch.zeros(1, mean.shape[1]), torch.cat([half, -half])[:draws]])  # first the mean itself
    count = len(conditions)
    codes = (mean.unsqueeze(1) + numbers * sd.unsqueeze(1)).flatten(0, 1)
    static = torch.from_numpy(model.scaling.static(conditions)).repeat_interleave(draws + 1, 0)
    waveform, latency, amplitude, marked = _decode(model, codes, static)
    shape = (count, draws + 1)
    waveform, latency, amplitude = (x.reshape(*shape, -1) for x in (waveform, latency, amplitude))
    spread = np.sqrt(((waveform[:, 1:] - waveform[:, :1]) ** 2).mean(1)) * np.asarray(widening)[:, None]
    low, high = ([_range_end(values, at, widening) for values in (latency, amplitude)] for at in (LOW, HIGH))
    return EarResponses(
        conditions=conditions,
        time_ms=model.sampling.time_ms(model.network.samples),
        mean=waveform[:, 0],
        sd=spread,
        draws=waveform[:, 1:],
        latency_ms=latency[:, 0],
        amplitude_uv=amplitude[:, 0],
        marked=np.full((count, len(WAVES)), np.nan)
        if marked is None
        else marked.reshape(*shape, -1)[:, 1:, : len(WAVES)].mean(1),
        latency_low=low[0],
        latency_high=high[0],
        amplitude_low=low[1],
        amplitude_high=high[1],
        own=own,
    )


def _decode(model: TrainedModel, codes: Tensor, static: Tensor):
    """Responses [B, T] µV, latencies and amplitudes [B, 3] in units, probabilities [B, 6] or None; block by block."""
    found = []
    latest = model.sampling.time_ms(model.network.samples)[-1]
    for start in range(0, len(codes), BLOCK):
        rows = slice(start, start + BLOCK)
        z = latent_of(model.network, codes[rows], static[rows])
        decoded = model.network.decode(z, static[rows].to(z))
        labels = model.scaling.labels_to_units(decoded.latency, decoded.amplitude)
        marked = None if decoded.marked is None else torch.sigmoid(decoded.marked).cpu().numpy()
        found.append((model.scaling.waveform_to_uv(decoded.waveform), *possible_labels(*labels, latest), marked))
    parts = list(zip(*found, strict=True))
    return *(np.concatenate(part) for part in parts[:3]), None if parts[3][0] is None else np.concatenate(parts[3])


def _range_end(values: np.ndarray, at: float, widening) -> np.ndarray:
    """[C, 3] percentile of the draws, as far from the mean code's value as the band is widened; NaN where no draw has
    a value. ``values`` [C, 1 + D, 3] begin with the mean code's."""
    draws = values[:, 1:]
    empty = ~np.isfinite(draws).any(1)
    end = np.nanpercentile(np.where(empty[:, None], 0.0, draws), at, axis=1)
    centre = np.where(np.isfinite(values[:, 0]), values[:, 0], end)
    return np.where(empty, np.nan, np.maximum(centre + np.asarray(widening)[:, None] * (end - centre), 0.0))
