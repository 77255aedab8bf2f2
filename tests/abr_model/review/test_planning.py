from __future__ import annotations

import pytest
from scipy.stats import binom

from abr_model.review.planning import plan


def test_so_many_items_have_the_power_that_is_promised():
    n = plan(1, 0.1).for_equivalence
    # the 90 % interval (normal, at one half) lies within 0.5 ± 0.1
    reach = 0.1 - 1.645 * 0.5 / n**0.5
    low, high = n * (0.5 - reach), n * (0.5 + reach)
    assert binom.cdf(high, n, 0.5) - binom.cdf(low - 1e-9, n, 0.5) == pytest.approx(0.8, abs=0.03)
    n = plan(1, 0.1).for_difference
    critical = binom.ppf(0.975, n, 0.5)
    assert binom.sf(critical, n, 0.6) == pytest.approx(0.8, abs=0.04)


def test_a_published_sample_size():
    """One proportion 0.6 against 0.5, 5 % two-sided, 80 % power: 194 (e.g. Chow, Shao & Wang)."""
    assert plan(1, 0.1).for_difference == 194


def test_more_reviewers_need_fewer_items_but_not_in_proportion():
    one, three = plan(1, 0.1), plan(3, 0.1)
    assert one.for_equivalence / 3 < three.for_equivalence < one.for_equivalence
    assert plan(3, 0.1, alike=1.0).for_equivalence == one.for_equivalence
    assert "3 reviewers" in three.words
