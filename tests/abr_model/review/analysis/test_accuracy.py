from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from abr_model.review.analysis.accuracy import accuracy, against_chance, clopper_pearson, wilson

# Newcombe (1998), Two-sided confidence intervals for the single proportion, table I
NEWCOMBE_1998 = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("right", "n", "score", "exact"), NEWCOMBE_1998)
def test_intervals_of_a_proportion_are_the_published_ones(right, n, score, exact):
    assert wilson(right, n) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(right, n) == pytest.approx(exact, abs=5e-5)


def test_chance_is_tested_exactly():
    assert against_chance(9, 10) == pytest.approx(2 * binom.cdf(1, 10, 0.5))


def answers(correct: np.ndarray, generated: np.ndarray) -> pd.DataFrame:
    """[reviewers, items] right or not."""
    reviewers, items = correct.shape
    return pd.DataFrame(
        {
            "reviewer": np.repeat([f"r{k}" for k in range(reviewers)], items),
            "item": np.tile(np.arange(items), reviewers),
            "repeat": 0,
            "generated": np.tile(generated, reviewers),
            "correct": correct.ravel(),
        }
    )


def test_saying_always_the_same_is_chance_whatever_the_shares():
    generated = np.arange(40) < 10
    found = accuracy(answers(np.tile(~generated, (2, 1)), generated))
    assert found.value == 0.5
    assert found.interval[0] < 0.5 < found.interval[1]


def test_reviewers_who_answer_alike_count_as_one():
    generated = np.arange(60) % 2 == 0
    rng = np.random.default_rng(0)
    one = rng.random(60) < 0.6
    alone = accuracy(answers(one[None], generated))
    copied = accuracy(answers(np.tile(one, (4, 1)), generated))
    independent = accuracy(answers(rng.random((4, 60)) < 0.6, generated))
    assert copied.value == pytest.approx(alone.value)
    assert copied.n == 240
    assert copied.effective == pytest.approx(alone.effective, rel=0.02)
    assert independent.effective > 2.5 * copied.effective
    assert (copied.of, independent.of) == ("these reviewers", "these reviewers")


def test_many_reviewers_who_differ_widen_the_interval():
    generated = np.arange(80) % 2 == 0
    rng = np.random.default_rng(1)
    skill = np.array([0.5, 0.95, 0.5, 0.95, 0.5, 0.95])
    right = rng.random((6, 80)) < skill[:, None]
    found = accuracy(answers(right, generated))
    assert found.of == "reviewers like these"
    assert found.effective < 40


def test_all_right_still_has_an_interval():
    generated = np.arange(20) % 2 == 0
    found = accuracy(answers(np.ones((3, 20), dtype=bool), generated))
    assert found.value == 1.0
    assert found.interval == pytest.approx(clopper_pearson(20, 20))


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Items of different difficulty, three reviewers: 95 % intervals hold the truth in about 95 % of studies."""
    rng = np.random.default_rng(2)
    generated = np.arange(60) % 2 == 0
    held = 0
    for _ in range(300):
        easy = rng.beta(3, 2, 60)  # mean 0.6
        found = accuracy(answers(rng.random((3, 60)) < easy, generated))
        held += found.interval[0] <= 0.6 <= found.interval[1]
    assert held / 300 > 0.925


def test_one_kind_alone_says_nothing():
    assert accuracy(answers(np.ones((1, 5), dtype=bool), np.ones(5, dtype=bool))) is None
