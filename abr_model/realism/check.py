"""One row of the comparison: a number with where it comes from, the same number of a cohort, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

NOT_HERE = "not in this cohort"
TOO_FEW = "too few"
SELECTED_ONLY = "not the whole clinic"
TOO_UNCERTAIN = "too uncertain"
INFORMATION = "information"
FEWEST = 10
"""A cell with fewer ears or recordings says nothing."""


@dataclass(frozen=True)
class Check:
    """A published number or a pass band, and what a cohort shows.

    Parameters
    ----------
    key
        Short name that stays the same, for code and for :mod:`abr_model.realism.conflicts`.
    name, group
        What is compared, in words, and under which heading.
    measured
        The number in the cohort; NaN where it cannot be told.
    unit
        ``"ms"``, ``"µV"``, ``"%"`` …, empty for a count or a ratio.
    published
        The published number; NaN where there is only a pass band.
    low, high
        What is allowed of ``measured``, in its unit, ends included; None: reported, not judged.
    n
        Recordings, ears or patients behind ``measured``; ``of`` says which.
    error
        Standard error of ``measured`` over patients, where it was worked out.
    note, source
        What to know when reading the row; where the published number or the pass band comes from.
    untold
        Why the row is not judged although it has limits: not in this cohort, too few, too uncertain, not the whole
        clinic (a cohort without Fmp is compared with what selection keeps, and the number is of all recordings).
    """

    key: str
    name: str
    group: str
    measured: float
    unit: str = ""
    published: float = float("nan")
    low: float | None = None
    high: float | None = None
    n: int = 0
    of: str = "recordings"
    error: float | None = None
    note: str = ""
    source: str = ""
    untold: str = ""

    @property
    def required(self) -> bool:
        """Whether there are limits."""
        return self.low is not None

    @property
    def met(self) -> bool | None:
        """Whether the cohort is within the limits; None where that is not asked or cannot be told."""
        if not self.required or self.untold or not np.isfinite(self.measured):
            return None
        return bool(self.low <= self.measured <= self.high)

    @property
    def state(self) -> str:
        """``"met"``, ``"not met"``, ``"information"``, or why it cannot be told."""
        if self.met is not None:
            return "met" if self.met else "not met"
        if self.untold:
            return self.untold
        return INFORMATION if np.isfinite(self.measured) else NOT_HERE

    @property
    def allowed(self) -> str:
        """The limits in words: ``"± 2 %"`` around the published number, else ``"3.6 to 4.5 ms"``."""
        if not self.required:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        if np.isclose(self.low, self.high, rtol=1e-6, atol=1e-6):
            return f"{self.published if np.isfinite(self.published) else self.low:.3g}{unit} exactly"
        if np.isinf(self.high):
            return f"at least {self.low:.3g}{unit}"
        if np.isinf(self.low):
            return f"at most {self.high:.3g}{unit}"
        below, above = self.published - self.low, self.high - self.published
        if np.isfinite(below) and np.isfinite(above) and np.isclose(below, above):
            return f"± {above:.2g}{' points' if self.unit == '%' else unit}"
        return f"{self.low:.3g} to {self.high:.3g}{unit}"


def around(published: float, deviation: float) -> dict:
    """Arguments of a :class:`Check` for "the published number ± a deviation"."""
    slack = 1e-9 * max(abs(published), 1.0)
    return {"published": published, "low": published - deviation - slack, "high": published + deviation + slack}


def percent(flags) -> float:
    """Share of ``flags`` that are true, in percent; NaN of none."""
    return float(100 * np.mean(flags)) if len(flags) else float("nan")


@dataclass(frozen=True)
class Tally:
    """How many checks are met, not met, and not judged."""

    met: int
    not_met: int
    untold: int
    information: int

    @property
    def judged(self) -> int:
        """Checks that are met or not met."""
        return self.met + self.not_met


def tally(checks: Iterable[Check]) -> Tally:
    """Count the checks by their outcome."""
    checks = list(checks)
    met, judged = sum(c.met is True for c in checks), sum(c.met is not None for c in checks)
    limited = sum(c.required for c in checks)
    return Tally(met, judged - met, limited - judged, len(checks) - limited)


def as_frame(checks: Iterable[Check]) -> pd.DataFrame:
    """One row a check: its fields, and ``allowed``, ``met`` and ``state``."""
    rows = [asdict(c) | {"allowed": c.allowed, "met": c.met, "state": c.state} for c in checks]
    columns = [
        "key", "group", "name", "published", "measured", "unit", "allowed", "met", "state", "n", "of", "error",
        "low", "high", "note", "source",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
