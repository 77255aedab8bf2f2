"""Generated, real and other held-out traces, as many of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.evaluation.comparison import Comparison

FEWEST_PATIENTS = 3
MOST = 5_000
"""Traces of each set at most: distances between all pairs are held in memory."""


@dataclass(frozen=True)
class Side:
    """Traces [N, T] in µV, and the patient [N] of each."""

    traces: np.ndarray
    patients: np.ndarray


@dataclass(frozen=True)
class TwoSided:
    """Three sets of n traces; ``other`` is None where there are too few other patients for a limit.

    ``untold`` says why nothing can be measured; then the sets are as they are.
    """

    generated: Side
    real: Side
    other: Side | None
    rate_hz: float
    untold: str = ""


def two_sided(comparison: Comparison, fewest: int) -> TwoSided:
    """As many traces of each as there are of the smallest set, at most :data:`MOST`, at random.

    Generated and real ones stay row for row.

    Parameters
    ----------
    fewest
        Traces that a set must hold.
    """
    real, other = comparison.real, comparison.other
    rng = np.random.default_rng([comparison.seed, 964])
    has_other = len(other) >= fewest and other.patients >= FEWEST_PATIENTS
    n = min(len(real), MOST, *([len(other)] if has_other else []))
    rows, other_rows = (np.sort(rng.permutation(len(c))[:n]) for c in (real, other))
    patients = comparison.patients.astype(str)[rows]
    untold = ""
    if n < fewest or len(np.unique(patients)) < FEWEST_PATIENTS:
        untold = (
            f"{n} held-out recordings of {len(np.unique(patients))} patients are too few "
            f"(at least {fewest} of {FEWEST_PATIENTS})"
        )
    return TwoSided(
        generated=Side(comparison.generated.waveforms[rows], patients),
        real=Side(real.waveforms[rows], patients),
        other=Side(other.waveforms[other_rows], other.table["patient_id"].to_numpy().astype(str)[other_rows])
        if has_other
        else None,
        rate_hz=real.sampling.rate_hz,
        untold=untold,
    )
