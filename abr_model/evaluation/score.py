"""One number of an evaluation, with what stands beside it: its interval, real against real, and what it must reach."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

Interval = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """A measured number.

    Parameters
    ----------
    key
        Short name that stays the same: ``"two_sample_auc_boosting"``.
    name
        What is measured, in words.
    value
        NaN where it cannot be told; ``untold`` then says why.
    unit
        ``"ms"``, ``"µV"``, ``"%"``, ``"nats"``; empty for a ratio.
    interval
        95 % interval from resampling patients (:mod:`abr_model.evaluation.bootstrap`); None where there is none.
    limit, limit_interval
        The same number with other held-out recordings in the place of the generated ones (real against real), or of the
        true response: what a perfect model would reach, but for chance. NaN where there is no such thing.
    allowed
        Smallest and largest value that is good enough; None: not asked on that side.
    better
        ``"lower"``, ``"higher"`` or ``"near limit"``: which way is good.
    n, of
        How many, and of what: recordings, patients, cells.
    note, source
        What to know when reading it; the paper or the document that it comes from.
    """

    key: str
    name: str
    value: float
    unit: str = ""
    interval: Interval | None = None
    limit: float = float("nan")
    limit_interval: Interval | None = None
    allowed: tuple[float | None, float | None] = (None, None)
    better: str = "lower"
    n: int = 0
    of: str = "recordings"
    note: str = ""
    source: str = ""
    untold: str = ""

    @property
    def is_told(self) -> bool:
        """Whether there is a value."""
        return bool(np.isfinite(self.value))

    @property
    def is_asked(self) -> bool:
        """Whether something is asked of the value."""
        return self.allowed != (None, None)

    @property
    def met(self) -> bool | None:
        """Whether the value is allowed; None where nothing is asked or it cannot be told."""
        low, high = self.allowed
        if not self.is_asked or not self.is_told:
            return None
        return bool((low is None or self.value >= low) and (high is None or self.value <= high))


@dataclass(frozen=True)
class Section:
    """The scores of one question, and the tables behind them.

    ``tables`` hold what a page draws (a row a cell, a fold, a latent dimension …), by a short name; columns carry their
    units in their names. ``key`` and ``title`` name the question.
    """

    key: str
    title: str
    scores: list[Score]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
