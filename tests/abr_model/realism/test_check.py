from __future__ import annotations

import numpy as np
import pytest

from abr_model.realism.check import NOT_HERE, TOO_FEW, Check, around, as_frame, tally


def check(measured=1.0, **changes):
    return Check("key", "name", "group", measured, "ms", **changes)


@pytest.mark.parametrize(("measured", "met"), [(0.89, False), (0.9, True), (1.1, True), (1.11, False)])
def test_is_met_inside_of_the_limits_and_at_their_ends(measured, met):
    assert check(measured, **around(1.0, 0.1)).met is met


def test_without_limits_nothing_is_judged():
    assert check().met is None
    assert check().state == "information"


def test_what_cannot_be_measured_or_told_is_not_judged():
    assert check(np.nan, **around(1.0, 0.1)).state == NOT_HERE
    assert check(5.0, **around(1.0, 0.1), untold=TOO_FEW).met is None
    assert check(5.0, **around(1.0, 0.1), untold=TOO_FEW).state == TOO_FEW


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (around(1.0, 0.1), "± 0.1 ms"),
        ({"low": 3.6, "high": 4.5}, "3.6 to 4.5 ms"),
        ({"low": 0.98, "high": np.inf, "published": 1.0}, "at least 0.98 ms"),
        ({"low": -np.inf, "high": 0.02, "published": 0.0}, "at most 0.02 ms"),
        (around(21, 0), "21 ms exactly"),
        ({"low": 35.0, "high": 40.0, "published": 40.0}, "35 to 40 ms"),
        ({}, ""),
    ],
)
def test_says_what_is_allowed(limits, words):
    assert check(**limits).allowed == words


def test_the_tally_adds_up():
    checks = [check(**around(1, 1)), check(9, **around(1, 1)), check(np.nan, **around(1, 1)), check()]
    counted = tally(checks)
    assert (counted.met, counted.not_met, counted.untold, counted.information) == (1, 1, 1, 1)
    assert counted.judged == 2
    assert list(as_frame(checks)["state"]) == ["met", "not met", NOT_HERE, "information"]
