from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from abr_model.review.analysis.detection import rating_auc, roc_points, sensitivity

HANLEY_MCNEIL_1982 = {"normal": [33, 6, 6, 11, 2], "abnormal": [3, 2, 2, 11, 33]}
"""109 CT images rated 1 to 5: area under the ROC 0.893."""


def test_the_area_of_ratings_is_that_of_the_published_example():
    counts = HANLEY_MCNEIL_1982
    ratings = np.concatenate([np.repeat(np.arange(1, 6), counts[name]) for name in counts])
    abnormal = np.repeat([False, True], [58, 51])
    assert rating_auc(ratings, abnormal) == pytest.approx(0.893, abs=5e-4)
    points = roc_points(ratings, abnormal, steps=5)
    x, y = zip(*points, strict=True)
    assert np.trapezoid(y, x) == pytest.approx(rating_auc(ratings, abnormal)), "the trapezoids under the points"


def test_d_prime_is_log_linear():
    """Hautus (1995): half an answer more of each sort; a perfect reviewer of 25 + 25 items."""
    perfect = sensitivity(25, 25, 0, 25)
    assert perfect.d_prime == pytest.approx(2 * norm.ppf(25.5 / 26))
    assert perfect.criterion == pytest.approx(0)
    assert np.isfinite(perfect.interval).all()


def test_d_prime_of_many_answers_is_that_of_the_textbook():
    """Stanislaw & Todorov (1999): hits 0.8, false alarms 0.4 give d′ 1.095 and c −0.294."""
    many = sensitivity(80_000, 100_000, 40_000, 100_000)
    assert many.d_prime == pytest.approx(1.095, abs=1e-3)
    assert many.criterion == pytest.approx(-0.294, abs=1e-3)


def test_the_interval_of_d_prime_covers_the_truth():
    rng = np.random.default_rng(0)
    true, n, held = 1.0, 60, 0
    for _ in range(400):
        hits = int((rng.standard_normal(n) + true / 2 > 0).sum())
        false = int((rng.standard_normal(n) - true / 2 > 0).sum())
        low, high = sensitivity(hits, n, false, n).interval
        held += low <= true <= high
    assert 0.92 < held / 400 < 0.99


def test_leaning_moves_the_criterion_and_not_d_prime():
    shy = sensitivity(10, 50, 2, 50)
    bold = sensitivity(48, 50, 40, 50)
    assert shy.criterion > 0 > bold.criterion
    assert shy.d_prime == pytest.approx(bold.d_prime)
