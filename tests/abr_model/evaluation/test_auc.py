"""AUC from ranks, against scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from abr_model.evaluation.auc import RankedScores


def test_any_rows_with_ties_as_scikit_learn():
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 30, 400) / 7, rng.random(400) < 0.3
    auc = RankedScores(scores, positive)
    assert np.isclose(auc(), roc_auc_score(positive, scores))
    rows = rng.integers(0, 400, 300)
    assert np.isclose(auc(rows), roc_auc_score(positive[rows], scores[rows]))


def test_one_side_alone_cannot_be_told():
    assert np.isnan(RankedScores([1.0, 2.0], [True, True])())
