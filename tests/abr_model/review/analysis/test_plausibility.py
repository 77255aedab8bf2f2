from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.review.analysis.plausibility import compare_ratings, plausibility


def test_the_effect_is_what_counting_all_pairs_gives():
    rng = np.random.default_rng(0)
    generated, recorded = rng.integers(1, 6, 30).astype(float), rng.integers(2, 6, 40).astype(float)
    found = compare_ratings(generated, recorded)
    pairs = generated[:, None] - recorded
    assert found.superiority == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert found.delta == pytest.approx((pairs > 0).mean() - (pairs < 0).mean())


def test_the_published_example_of_mann_and_whitneys_test():
    """Two groups of five and four, all of one below the other but one pair: U = 17, exact two-sided p = 0.111."""
    found = compare_ratings(np.array([19.0, 22, 16, 29, 24]), np.array([20.0, 11, 17, 12]))
    assert found.superiority * 20 == 17
    assert found.p == pytest.approx(0.1111, abs=5e-4)


def test_an_item_counts_once_however_many_rate_it():
    table = pd.DataFrame(
        {
            "item": [0, 0, 0, 1, 1, 1],
            "repeat": 0,
            "generated": [True] * 3 + [False] * 3,
            "plausibility": [5.0, 4, 3, 1, np.nan, 3],
        }
    )
    found = plausibility(table)
    assert (found.generated_n, found.recorded_n) == (1, 1)
    assert (found.generated_mean, found.recorded_mean) == (4.0, 2.0)
    assert plausibility(table[table["generated"]]) is None
