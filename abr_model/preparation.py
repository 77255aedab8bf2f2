"""From a cohort to what a network sees: selection with a funnel, split by patient, tensors.

:class:`Scaling` (units to the network's numbers) belongs here too and has its own file.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.scaling import Scaling
from abr_model.schema import AMPLITUDES, CONDITIONS, FMP, LATENCIES, POLARITY

if TYPE_CHECKING:
    import torch

    from abr_model.configuration import PreparationConfig

__all__ = (
    "ModelInputs",
    "Scaling",
    "Selection",
    "SelectionRules",
    "Split",
    "model_inputs",
    "select",
    "split_by_patient",
    "split_by_recording_leaky",
)

# --- selection -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SelectionRules:
    """Which recordings a model may learn from.

    Parameters
    ----------
    fmp_above
        Keep recordings whose Fmp (quality of the average, an F ratio) is above this; None keeps all.
    polarity
        Keep recordings of this stimulus polarity; None keeps all.
    conditions_present
        Keep recordings whose age, intensity, stimulus rate and hearing loss are all known.
    samples
        Length of the window that the network sees, counted from the first sample at or after 0 ms.
    sampling_rate_hz
        Recordings of another sampling rate are brought to this one before they are windowed, so that the same samples
        are the same milliseconds whatever the device; None keeps them as recorded.
    """

    fmp_above: float | None = 1.0
    polarity: str | None = "alternating"
    conditions_present: bool = True
    samples: int = 200
    sampling_rate_hz: float | None = 15000.0

    @classmethod
    def of(cls, preparation: PreparationConfig, **changes) -> SelectionRules:
        """The rules of a preset; ``changes`` replaces some (``conditions_present=False`` for a comparison)."""
        asked = {f.name: getattr(preparation, f.name) for f in fields(cls) if f.name != "conditions_present"}
        return cls(**(asked | changes))

    def __post_init__(self):
        if self.polarity is not None and self.polarity not in POLARITY.classes:
            raise InputError("there is no such stimulus polarity", value=self.polarity, allowed=POLARITY.allowed)
        if self.samples < 1:
            raise InputError("the window must hold samples", value=self.samples, allowed="1 or more")
        if self.fmp_above is not None and not np.isfinite(self.fmp_above):
            raise InputError("the Fmp threshold must be a number", value=self.fmp_above, allowed=FMP.allowed)
        rate = self.sampling_rate_hz
        if rate is not None and not (np.isfinite(rate) and rate > 0):
            raise InputError("the sampling rate must be a number above 0", value=rate, allowed="Hz, or none")


@dataclass(frozen=True)
class Selection:
    """What was kept, and how: ``funnel`` has the columns ``rule``, ``removed``, ``kept``; first row all recordings."""

    cohort: Cohort
    funnel: pd.DataFrame


def select(cohort: Cohort, rules: SelectionRules) -> Selection:
    """The recordings that fulfil ``rules``, at their sampling rate, windowed to their samples from 0 ms.

    A wave that is marked outside of the window cannot be seen on the trace: its latency and amplitude count as not
    marked in the selected cohort. The funnel says how many, and whether recordings were resampled.

    Raises
    ------
    InputError
        No recording is left (names the rule that removed the last ones and gives the whole funnel; the DataFrame is
        the error's attribute ``funnel``), or the recordings are shorter than the window.
    """
    kept = np.ones(len(cohort), dtype=bool)
    rows = [("all recordings", 0, len(cohort))]
    for words, fulfilled in _rules_in_words(cohort.table, rules):
        left = kept & fulfilled
        rows.append((words, int(kept.sum() - left.sum()), int(left.sum())))
        kept = left
    funnel = pd.DataFrame(rows, columns=["rule", "removed", "kept"])
    if not kept.any():
        raise _nothing_left(funnel)
    selected = cohort.take(kept)
    before = selected.sampling.rate_hz
    if rules.sampling_rate_hz is not None:
        selected = selected.resampled(rules.sampling_rate_hz)
    after = selected.sampling.rate_hz
    if after != before:
        funnel.loc[len(funnel)] = (f"resampled from {before:,.0f} to {after:,.0f} Hz", 0, len(selected))
    selected, hidden = _seen_labels(_window(selected, rules.samples))
    end = selected.time_ms[-1]
    window = f"first {rules.samples} samples ({selected.sampling.start_ms:.1f} to {end:.1f} ms)"
    funnel.loc[len(funnel)] = (window, 0, len(selected))
    if hidden:
        waves = f"{hidden:,} wave{'s' if hidden > 1 else ''} marked outside of it left out"
        funnel.loc[len(funnel)] = (waves, 0, len(selected))
    return Selection(selected, funnel)


def _rules_in_words(table: pd.DataFrame, rules: SelectionRules):
    """Each rule as a clinician reads it, with the rows [N] that fulfil it."""
    if rules.conditions_present:
        for condition in CONDITIONS:
            yield f"{condition.in_sentence} known", table[condition.name].notna().to_numpy()
    if rules.polarity is not None:
        yield f"{rules.polarity} stimulus polarity", (table[POLARITY.name] == rules.polarity).to_numpy(dtype=bool)
    if rules.fmp_above is not None:
        yield "Fmp measured", table[FMP.name].notna().to_numpy()
        yield f"Fmp above {rules.fmp_above:g}", (table[FMP.name] > rules.fmp_above).to_numpy(dtype=bool)


def _nothing_left(funnel: pd.DataFrame) -> InputError:
    steps = " → ".join(f"{row.rule}: {row.kept}" for row in funnel.itertuples())
    last = funnel.loc[(funnel["removed"] > 0) & (funnel["kept"] == 0)]
    if len(last):
        blame = f"the rule “{last['rule'].iloc[0]}” removed the last {last['removed'].iloc[0]}"
    else:
        blame = "the cohort is empty"
    error = InputError(f"no recording is left after selection: {blame} ({steps})")
    error.funnel = funnel
    return error


def _window(cohort: Cohort, samples: int) -> Cohort:
    at_or_after_zero = np.flatnonzero(cohort.time_ms >= -1e-9)
    start = cohort.time_ms[at_or_after_zero[0]] if len(at_or_after_zero) else 0.0
    return cohort.windowed(float(start), samples)


def _seen_labels(cohort: Cohort) -> tuple[Cohort, int]:
    """The cohort without the labels of waves outside of its time axis, and how many waves that are."""
    time_ms, table = cohort.time_ms, cohort.table.copy()
    slack = 0.5 * (time_ms[-1] - time_ms[0]) / max(len(time_ms) - 1, 1)  # a mark belongs to its nearest sample
    hidden = 0
    for latency, amplitude in zip(LATENCIES, AMPLITUDES, strict=True):
        marked = table[latency.name]
        outside = (marked < time_ms[0] - slack) | (marked > time_ms[-1] + slack)
        table.loc[outside, [latency.name, amplitude.name]] = np.nan
        hidden += int(outside.sum())
    return (replace(cohort, table=table), hidden) if hidden else (cohort, 0)


# --- split -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """Integer positions [n] of the recordings of each part, ascending, and how they were divided."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    kind: str

    @property
    def sizes(self) -> dict[str, int]:
        """Recordings per part."""
        return {"train": len(self.train), "validation": len(self.validation), "test": len(self.test)}


def split_by_patient(cohort: Cohort, seed: int, fractions=(0.70, 0.15, 0.15)) -> Split:
    """Training, validation and test part such that no patient is in two of them.

    Patients are shuffled (by id, so the order of rows does not matter) and dealt out until each part holds about its
    fraction of the *recordings*; each part gets at least one patient.

    Raises
    ------
    InputError
        Fewer than three patients, or fractions that are not three positive numbers with sum 1.
    """
    fractions = _checked_fractions(fractions)
    patients = np.sort(cohort.table["patient_id"].unique().astype(str))
    if len(patients) < 3:
        raise InputError(
            "too few patients to keep training, validation and test apart",
            value=len(patients),
            allowed="3 patients or more after selection",
        )
    order = np.random.default_rng(seed).permutation(patients)
    position = {patient: i for i, patient in enumerate(order)}
    rank = cohort.table["patient_id"].map(position).to_numpy(dtype=np.int64)
    dealt = np.cumsum(np.bincount(rank, minlength=len(order)))
    # The cut nearest to the wished number of recordings, leaving at least one patient to every part.
    first = int(np.argmin(np.abs(dealt - fractions[0] * len(cohort)))) + 1
    first = min(first, len(order) - 2)
    second = int(np.argmin(np.abs(dealt - (fractions[0] + fractions[1]) * len(cohort)))) + 1
    second = min(max(second, first + 1), len(order) - 1)
    return Split(
        np.flatnonzero(rank < first),
        np.flatnonzero((rank >= first) & (rank < second)),
        np.flatnonzero(rank >= second),
        kind="patient",
    )


def split_by_recording_leaky(cohort: Cohort, seed: int, fractions=(0.70, 0.15, 0.15)) -> Split:
    """The original's split by recording, for comparison only: recordings of one patient land in all three parts.

    Figures measured on its held-out part are too good, because the patient was seen in training.

    Raises
    ------
    InputError
        Fewer than three recordings, or bad fractions.
    """
    fractions = _checked_fractions(fractions)
    if len(cohort) < 3:
        raise InputError("too few recordings to split", value=len(cohort), allowed="3 recordings or more")
    order = np.random.default_rng(seed).permutation(len(cohort))
    first = min(max(round(fractions[0] * len(order)), 1), len(order) - 2)
    second = min(max(round((fractions[0] + fractions[1]) * len(order)), first + 1), len(order) - 1)
    parts = (np.sort(part) for part in np.split(order, [first, second]))
    return Split(*parts, kind="recording (leaky)")


def _checked_fractions(fractions) -> tuple[float, float, float]:
    fractions = tuple(float(f) for f in fractions)
    if len(fractions) != 3 or min(fractions) <= 0 or not np.isclose(sum(fractions), 1):
        raise InputError("fractions of a split", value=fractions, allowed="three positive numbers with sum 1")
    return fractions


# --- model inputs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelInputs:
    """The five input streams of the network (``original.md``, five input streams), float32 tensors, batch first.

    ``waveform`` [N, T]; ``static`` [N, 4] (scaled age, intensity, rate; class index); ``latency`` and ``amplitude``
    [N, 3] of waves I, III, V; ``mask`` [N, 6], 1 where the label is present (latencies, then amplitudes).
    """

    waveform: torch.Tensor
    static: torch.Tensor
    latency: torch.Tensor
    amplitude: torch.Tensor
    mask: torch.Tensor

    def __len__(self) -> int:
        return len(self.waveform)

    def __getitem__(self, rows) -> ModelInputs:
        """The rows, by slice, mask or positions; a single number keeps the batch axis."""
        if isinstance(rows, int):
            rows = [rows]
        return ModelInputs(*(getattr(self, f.name)[rows] for f in fields(self)))

    def to(self, device) -> ModelInputs:
        """The same inputs on another device."""
        return ModelInputs(*(getattr(self, f.name).to(device) for f in fields(self)))


def model_inputs(cohort: Cohort, scaling: Scaling) -> ModelInputs:
    """The recordings as the network sees them.

    Raises
    ------
    InputError
        A missing condition, or recordings of another length than the scaling's.
    """
    import torch

    latency, amplitude, mask = scaling.labels(cohort.table)
    arrays = (scaling.waveform_from_uv(cohort.waveforms), scaling.static(cohort.table), latency, amplitude, mask)
    return ModelInputs(*(torch.from_numpy(np.ascontiguousarray(a)) for a in arrays))
