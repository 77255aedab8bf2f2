"""What a selection by Fmp keeps, and what it does to everything else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.exploration.distributions import Binned, binned
from abr_model.exploration.grouping import by_hearing
from abr_model.schema import AGE, CONDITIONS, HEARING_LOSS, INTENSITY, LATENCIES, RATE, WAVES, latency_column
from abr_model.selection import SelectionRules, rules_in_words

MARGINALS = (AGE.name, INTENSITY.name, RATE.name, HEARING_LOSS.name, LATENCIES[WAVES.index("V")].name)


def kept_by(table: pd.DataFrame, rules: SelectionRules) -> tuple[np.ndarray, pd.DataFrame]:
    """Which recordings fulfil the rules, from their table alone.

    Returns
    -------
    kept
        [N] bool.
    funnel
        ``rule``, ``removed``, ``kept``; first row all recordings. The traces' window is no rule here.
    """
    kept = np.ones(len(table), dtype=bool)
    rows = [("all recordings", 0, len(table))]
    for words, fulfilled in rules_in_words(table, rules):
        left = kept & fulfilled
        rows.append((words, int(kept.sum() - left.sum()), int(left.sum())))
        kept = left
    funnel = pd.DataFrame(rows, columns=["rule", "removed", "kept"])
    return kept, _without_idle(funnel)


def _without_idle(funnel: pd.DataFrame) -> pd.DataFrame:
    """Without the rules that something is known where it always is: steps that remove nothing are hard to read."""
    known = [*(f"{c.in_sentence} known" for c in CONDITIONS), "Fmp measured"]
    idle = funnel["rule"].isin(known) & (funnel["removed"] == 0)
    return funnel[~idle].reset_index(drop=True)


def marginals(table: pd.DataFrame) -> list[Binned]:
    """Age, level, rate, hearing and wave V latency in bins, whatever the selection: worked out once."""
    return [binned(table, column) for column in MARGINALS]


def marked_shares(table: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """[3] share of the recordings at ``rows`` [N] bool with wave I, III, V marked; NaN without recordings."""
    if not rows.any():
        return np.full(len(WAVES), np.nan)
    return np.array([np.isfinite(table[latency_column(w)].to_numpy(dtype=float)[rows]).mean() for w in WAVES])


def gained_by_class(table: pd.DataFrame, before: np.ndarray, after: np.ndarray) -> pd.DataFrame:
    """``hearing``, ``before``, ``after``, ``change``: recordings of each hearing-loss class in two selections [N] bool,
    those of unknown hearing, and all."""
    hearing = by_hearing(table)
    codes = np.where(hearing.codes < 0, len(hearing), hearing.codes)
    names = [*hearing.labels, "Not known"]
    counts = [np.bincount(codes[kept], minlength=len(names)) for kept in (before, after)]
    frame = pd.DataFrame({"hearing": names, "before": counts[0], "after": counts[1]})
    frame = frame[np.bincount(codes, minlength=len(names)) > 0]
    frame.loc[len(names)] = ("All", int(before.sum()), int(after.sum()))
    return frame.assign(change=frame["after"] - frame["before"]).reset_index(drop=True)
