from __future__ import annotations

import numpy as np
import pytest

from abr_model.review.analysis.agreement import cohen_kappa, fleiss_kappa, fleiss_kappa_of_counts, krippendorff_alpha

NAN = np.nan
KRIPPENDORFF_2011 = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
"""Four observers, twelve units, missing values (Computing Krippendorff's alpha-reliability, 2011)."""
FOURTEEN_RATERS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)
"""The worked example of Fleiss' κ: ten subjects, fourteen raters, five categories."""


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_published_example(level, published):
    assert krippendorff_alpha(KRIPPENDORFF_2011, level) == pytest.approx(published, abs=5e-4)


def test_alpha_of_two_observers_and_binary_data_is_that_of_the_published_example():
    one = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    other = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha(np.array([one, other]), "nominal") == pytest.approx(0.095, abs=5e-4)


def test_alpha_says_nothing_where_nothing_can_be_said():
    assert np.isnan(krippendorff_alpha(np.full((2, 3), 1.0), "nominal"))
    assert np.isnan(krippendorff_alpha(np.array([[1, NAN], [NAN, 2]]), "nominal"))
    assert krippendorff_alpha(np.array([[1.0, 2, 3], [1, 2, 3]]), "ordinal") == 1.0


def test_fleiss_kappa_is_that_of_the_worked_example():
    assert fleiss_kappa_of_counts(FOURTEEN_RATERS) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_counts_items_that_everyone_answered():
    calls = np.array([[0, 1, 1, 0, NAN], [0, 1, 0, 0, 1], [0, 1, 1, 1, 1]])
    assert fleiss_kappa(calls) == pytest.approx(fleiss_kappa(calls[:, :4]))
    assert np.isnan(fleiss_kappa(calls[:1]))


def test_cohen_kappa_is_that_of_the_worked_example():
    """50 proposals, 20 yes/yes, 15 no/no, 5 yes/no, 10 no/yes: κ = 0.4."""
    one = np.repeat([1, 1, 0, 0], [20, 5, 10, 15])
    other = np.repeat([1, 0, 1, 0], [20, 5, 10, 15])
    assert cohen_kappa(one, other) == pytest.approx(0.4)
    with_a_gap = np.append(other.astype(float), NAN)
    assert cohen_kappa(np.append(one, 1), with_a_gap) == pytest.approx(0.4)
    assert np.isnan(cohen_kappa(np.ones(3), np.ones(3)))
