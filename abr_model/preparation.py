"""From a cohort to what a network sees: split by patient, tensors.

Selection and :class:`Scaling` (units to the network's numbers) belong here too and have their own files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.scaling import Scaling
from abr_model.selection import Selection, SelectionRules, rules_in_words, select

if TYPE_CHECKING:
    import torch

__all__ = (
    "ModelInputs",
    "Scaling",
    "Selection",
    "SelectionRules",
    "Split",
    "model_inputs",
    "rules_in_words",
    "select",
    "split_by_patient",
    "split_by_recording_leaky",
)

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
