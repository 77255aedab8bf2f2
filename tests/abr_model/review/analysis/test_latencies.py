from __future__ import annotations

import numpy as np
import pytest

from abr_model.review.analysis.latencies import bland_altman, error_of_one

WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI_WRIGHT = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
"""Peak expiratory flow of 17 people, first measurement of each meter, l/min (Bland & Altman 1986)."""


def test_limits_of_agreement_are_the_published_ones():
    limits = bland_altman(WRIGHT, MINI_WRIGHT)
    assert limits.n == 17
    assert limits.bias == pytest.approx(-2.1, abs=0.05)
    assert limits.sd == pytest.approx(38.8, abs=0.05)
    # the paper takes 2 SD (−79.7, 75.5) where this takes 1.96
    assert (limits.bias - 2 * limits.sd, limits.bias + 2 * limits.sd) == pytest.approx((-79.7, 75.5), abs=0.15)
    assert limits.bias_interval == pytest.approx((-22.0, 17.8), abs=0.15)
    half = (limits.upper_interval[1] - limits.upper_interval[0]) / 2
    assert half == pytest.approx((110.1 - 40.9) / 2, abs=0.15), "the paper's interval of a limit"


def test_pairs_with_a_missing_mark_are_left_out():
    assert bland_altman([*WRIGHT, np.nan, 3], [*MINI_WRIGHT, 400, np.nan]) == bland_altman(WRIGHT, MINI_WRIGHT)
    assert bland_altman([1, 2, np.nan], [1, 2, 3]) is None


def test_the_error_of_one_marking_is_dahlbergs():
    rng = np.random.default_rng(0)
    true = rng.normal(5.7, 0.5, 4000)
    twice = true[:, None] + rng.normal(0, 0.08, (4000, 2))
    assert error_of_one(*twice.T) == pytest.approx(0.08, rel=0.05)
    assert np.isnan(error_of_one([], []))
