"""Area under the ROC curve, again and again over resampled rows."""

from __future__ import annotations

import numpy as np


class RankedScores:
    """AUC of scores that are ranked once, so that each of hundreds of resamplings costs a count and a sum.

    Parameters
    ----------
    scores
        [n], higher speaks for positive. Equal scores count half.
    positive
        [n] bool.
    """

    def __init__(self, scores: np.ndarray, positive: np.ndarray):
        ranked, self.rank = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
        self.ranks = len(ranked)
        self.positive = np.asarray(positive, dtype=bool)

    def __call__(self, rows: np.ndarray | slice = slice(None)) -> float:
        """AUC of these row positions [m], some perhaps more than once; NaN where one of the two sides is empty."""
        rank, positive = self.rank[rows], self.positive[rows]
        yes = np.bincount(rank[positive], minlength=self.ranks).astype(np.float64)
        no = np.bincount(rank[~positive], minlength=self.ranks).astype(np.float64)
        pairs = yes.sum() * no.sum()
        if pairs == 0:
            return float("nan")
        return float((yes * (np.cumsum(no) - 0.5 * no)).sum() / pairs)
