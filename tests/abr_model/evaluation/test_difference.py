from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.difference import Difference, differences
from abr_model.evaluation.score import Score
from abr_model.evaluation.scorecard import Beside


def test_interval_of_two_normal_estimates_is_the_textbook_one():
    one = Difference(Score("a", "A", 2.0, interval=(2.0 - 3.0, 2.0 + 3.0)), 8.0, (8.0 - 4.0, 8.0 + 4.0))
    assert one.value == 6.0
    assert one.interval == pytest.approx((6.0 - 5.0, 6.0 + 5.0))  # 3² + 4² = 5²
    assert one.differs


def test_a_lopsided_interval_keeps_its_side():
    one = Difference(Score("a", "A", 0.0, interval=(-1.0, 0.0)), 0.5, (0.5, 0.5))
    assert one.interval == pytest.approx((0.5, 1.5))
    other = Difference(Score("a", "A", 0.0, interval=(0.0, 1.0)), 0.5, (0.5, 0.5))
    assert other.interval == pytest.approx((-0.5, 0.5)) and not other.differs


def test_covers_the_true_difference_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        a, b = rng.normal(0, 1, 40), rng.normal(0.4, 2, 40)
        ends = [
            (x.mean() - 1.96 * x.std(ddof=1) / np.sqrt(40), x.mean() + 1.96 * x.std(ddof=1) / np.sqrt(40))
            for x in (a, b)
        ]
        low, high = Difference(Score("a", "A", a.mean(), interval=ends[0]), b.mean(), ends[1]).interval
        covered += low <= 0.4 <= high
    assert 0.91 <= covered / 400 <= 0.98


@pytest.mark.parametrize(
    ("better", "limit", "other", "expected"),
    [
        ("lower", np.nan, 1.0, True),
        ("lower", np.nan, 3.0, False),
        ("higher", np.nan, 3.0, True),
        ("near limit", 5.0, 4.0, True),
        ("near limit", 2.1, 4.0, False),
        ("near limit", np.nan, 4.0, None),
        ("lower", np.nan, 2.0, None),
    ],
)
def test_which_is_better(better, limit, other, expected):
    assert Difference(Score("a", "A", 2.0, limit=limit, better=better), other, None).other_is_better is expected


def test_what_differs_comes_first_and_what_one_cannot_tell_is_left_out(scorecard):
    auc = scorecard.score("auc")
    other = Beside(
        subject=scorecard.subject,
        values={"auc": auc.value + 0.3, "latency": 0.125, "membership": 0.5, "distance": None},
        intervals={"auc": (auc.interval[0] + 0.3, auc.interval[1] + 0.3)},
    )
    found = differences(scorecard, other)
    assert [one.score.key for one in found] == ["auc", "latency"]  # membership cannot be told here, distance there
    assert found[0].differs and found[1].differs is None
    same = Beside.of(replace(scorecard))
    assert not any(one.differs for one in differences(scorecard, same))
