"""How units become the network's numbers and back. Learned from the training part alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.schema import AGE, AMPLITUDES, HEARING_LOSS, HEARING_LOSS_CODES, INTENSITY, LATENCIES, RATE

AGE_OFFSET_YEARS = 0.1
"""Added before the logarithm of an age: a newborn (0 years) stays finite. It is about five weeks, short against the
two years in which latencies mature (physiology notes) and without effect on adults."""

ROUNDING = 1e-9
"""An SD below this share of the mean's size is a rounding error, not variation."""

NUMERIC_CONDITIONS = (AGE, INTENSITY, RATE)


class Scaling(BaseModel):
    """How units become the network's numbers and back; JSON, fitted on the training part alone.

    Each number is (value − mean) / SD. Ages are first taken to the logarithm of (years + 0.1) when ``age`` is
    ``"log"``. Waveforms have one mean and SD per sample (``"per_sample"``, the original's) or one of each for all
    samples (``"global"``, keeps the shape of a trace). Waves never marked in training have no mean: their label is
    missing on the way in and NaN on the way out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    age: Literal["linear", "log"]
    waveform: Literal["per_sample", "global"]
    samples: int = Field(ge=1)
    condition_mean: tuple[float, float, float] = Field(description="age (years or log), intensity dB nHL, rate /s")
    condition_sd: tuple[float, float, float]
    waveform_mean_uv: tuple[float, ...] = Field(description="[samples] or [1], µV")
    waveform_sd_uv: tuple[float, ...]
    label_mean: tuple[float | None, ...] = Field(min_length=6, max_length=6, description="latency ms, amplitude µV")
    label_sd: tuple[float | None, ...] = Field(min_length=6, max_length=6)

    @classmethod
    def fit(cls, cohort: Cohort, age: str = "log", waveform: str = "global") -> Scaling:
        """Means and SDs of ``cohort``, which must be the training part; labels over the present ones.

        Raises
        ------
        InputError
            A missing condition, only flat recordings, or a way of scaling that does not exist.
        """
        numbers = _numeric_conditions(cohort.table, age)
        traces = cohort.waveforms.astype(np.float64)
        if waveform == "global":
            mean, sd = traces.mean(keepdims=True)[0], np.array([traces.std()])
        else:
            mean, sd = traces.mean(axis=0), traces.std(axis=0)
        if traces.std() <= ROUNDING * np.abs(traces).max():
            raise InputError("all recordings are flat: there is nothing to learn", allowed="recordings in µV")
        # What never varies says nothing, and its SD is 0 or a rounding error: never to be divided by.
        sd = _usable_sd(sd, mean, otherwise=traces.std())
        condition_mean = numbers.mean(axis=0)
        condition_sd = _usable_sd(numbers.std(axis=0), condition_mean)
        labels = cohort.table[[c.name for c in (*LATENCIES, *AMPLITUDES)]]
        label_mean = labels.mean().to_numpy()
        label_sd = _usable_sd(labels.std(ddof=0).to_numpy(), label_mean)
        try:
            return cls(
                age=age,
                waveform=waveform,
                samples=cohort.samples,
                condition_mean=tuple(condition_mean),
                condition_sd=tuple(condition_sd),
                waveform_mean_uv=tuple(mean),
                waveform_sd_uv=tuple(sd),
                label_mean=tuple(None if np.isnan(m) else m for m in label_mean),
                label_sd=tuple(None if np.isnan(s) else s for s in label_sd),
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(f"scaling of {first['loc'][0]}: {first['msg']}", value=first["input"]) from error

    def waveform_to_uv(self, scaled) -> np.ndarray:
        """Network's numbers [..., T] (array or tensor) in µV, float32."""
        return (_array(scaled) * np.asarray(self.waveform_sd_uv) + np.asarray(self.waveform_mean_uv)).astype(np.float32)

    def waveform_from_uv(self, waveforms) -> np.ndarray:
        """Waveforms [..., T] in µV as network's numbers, float32."""
        waveforms = _array(waveforms)
        if waveforms.shape[-1] != self.samples:
            raise InputError("length of the recordings", value=waveforms.shape[-1], allowed=f"{self.samples} samples")
        return ((waveforms - np.asarray(self.waveform_mean_uv)) / np.asarray(self.waveform_sd_uv)).astype(np.float32)

    def noise_from_uv(self, noise) -> np.ndarray:
        """Residual noise [..., T] in µV, whose mean is 0, as network's numbers, float32."""
        return (_array(noise) / np.asarray(self.waveform_sd_uv)).astype(np.float32)

    def static(self, table: pd.DataFrame) -> np.ndarray:
        """[N, 4] float32: scaled age, intensity and rate, then the hearing-loss class index 0…4.

        Raises
        ------
        InputError
            A condition is missing or the hearing-loss class does not exist; names row and column.
        """
        numbers = (_numeric_conditions(table, self.age) - self.condition_mean) / np.asarray(self.condition_sd)
        classes = pd.Index(HEARING_LOSS_CODES).get_indexer(table[HEARING_LOSS.name])
        unknown = np.flatnonzero(classes < 0)
        if len(unknown):
            raise InputError(
                "the hearing loss is missing or unknown",
                row=int(unknown[0]) + 1,
                column=HEARING_LOSS.name,
                value=str(table[HEARING_LOSS.name].iloc[unknown[0]]),
                allowed=HEARING_LOSS.allowed,
            )
        return np.column_stack([numbers, classes]).astype(np.float32)

    def labels(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scaled latency [N, 3], amplitude [N, 3] and mask [N, 6] (1 = present), float32; missing is 0 with mask 0."""
        values = table[[c.name for c in (*LATENCIES, *AMPLITUDES)]].to_numpy(dtype=np.float64)
        scaled = (values - _numbers(self.label_mean)) / _numbers(self.label_sd)
        mask = np.isfinite(scaled)
        scaled = np.where(mask, scaled, 0.0).astype(np.float32)
        return scaled[:, :3], scaled[:, 3:], mask.astype(np.float32)

    def labels_to_units(self, latency, amplitude) -> tuple[np.ndarray, np.ndarray]:
        """Latencies [N, 3] in ms and amplitudes [N, 3] in µV, float64; NaN for a wave never marked in training."""
        mean, sd = _numbers(self.label_mean), _numbers(self.label_sd)
        return _array(latency) * sd[:3] + mean[:3], _array(amplitude) * sd[3:] + mean[3:]


def _numeric_conditions(table: pd.DataFrame, age: str) -> np.ndarray:
    """[N, 3] age (years, or its logarithm), intensity, rate."""
    numbers = table[[c.name for c in NUMERIC_CONDITIONS]].to_numpy(dtype=np.float64, copy=True)
    missing = np.argwhere(~np.isfinite(numbers))
    if len(missing):
        row, column = missing[0]
        condition = NUMERIC_CONDITIONS[column]
        raise InputError(
            f"{condition.in_sentence} is missing",
            row=int(row) + 1,
            column=condition.name,
            allowed=f"{condition.allowed}; or select recordings whose conditions are known",
        )
    if age == "log":
        numbers[:, 0] = np.log(numbers[:, 0] + AGE_OFFSET_YEARS)
    return numbers


def _usable_sd(sd: np.ndarray, mean: np.ndarray, otherwise: float = 1.0) -> np.ndarray:
    """``sd`` (NaN stays NaN), ``otherwise`` where it is no more than a rounding error."""
    return np.where(sd <= ROUNDING * np.maximum(np.abs(mean), 1e-6), otherwise, sd)


def _numbers(values) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _array(values) -> np.ndarray:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)
