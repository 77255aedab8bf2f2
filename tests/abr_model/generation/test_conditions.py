from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.generation.conditions import age_in_words, check_condition, check_seed, conditions_table, in_words
from abr_model.schema import CONDITION_NAMES


def test_one_condition_is_repeated():
    table = conditions_table(30, 80, 33.1, "normal", n=3)
    assert tuple(table.columns) == CONDITION_NAMES
    assert len(table) == 3
    assert table.drop_duplicates().to_dict("records") == [
        {"age_years": 30, "intensity_db_nhl": 80, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}
    ]


def test_sequences_and_single_values_go_together_and_repeat_in_order():
    table = conditions_table(0, np.array([20, 40]), 33.1, ["normal", "total"], n=2)
    assert table["intensity_db_nhl"].tolist() == [20, 20, 40, 40]
    assert table["hearing_loss"].tolist() == ["normal", "normal", "total", "total"]


@pytest.mark.parametrize(
    ("given", "column", "value"),
    [
        ((30, 300, 33.1, "normal"), "intensity_db_nhl", 300),
        ((-1, 80, 33.1, "normal"), "age_years", -1),
        ((30, 80, 0, "normal"), "stimulus_rate_per_s", 0),
        ((30, 80, 33.1, "deaf"), "hearing_loss", "deaf"),
        ((30, "loud", 33.1, "normal"), "intensity_db_nhl", "loud"),
        ((30, float("inf"), 33.1, "normal"), "intensity_db_nhl", float("inf")),
    ],
)
def test_a_bad_value_is_named(given, column, value):
    with pytest.raises(InputError) as refused:
        conditions_table(*given)
    assert (refused.value.column, refused.value.value, refused.value.row) == (column, value, 1)
    assert refused.value.allowed


@pytest.mark.parametrize(("column", "missing"), [("age_years", np.nan), ("age_years", None), ("hearing_loss", None)])
def test_a_missing_condition_is_refused_not_taken_for_zero(condition, column, missing):
    with pytest.raises(InputError, match="is missing"):
        check_condition(condition | {column: missing})


def test_the_row_of_a_bad_value_is_named():
    with pytest.raises(InputError) as refused:
        conditions_table([1, 2, 3], [80, 70, 400], 33.1, "normal")
    assert refused.value.row == 3


def test_sequences_of_different_length_are_refused():
    with pytest.raises(InputError, match="different lengths"):
        conditions_table([1, 2], [80, 70, 60], 33.1, "normal")


@pytest.mark.parametrize("n", [0, -5, 1.5, True, 10**9])
def test_a_bad_number_of_recordings_is_refused(n):
    with pytest.raises(InputError, match="number of recordings"):
        conditions_table(30, 80, 33.1, "normal", n=n)


def test_an_unknown_condition_is_refused(condition):
    with pytest.raises(InputError, match="no such condition"):
        check_condition(condition | {"fmp": 3})


@pytest.mark.parametrize("seed", [-1, 1.5, "7", None, True, 2**63])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(InputError, match="seed"):
        check_seed(seed)


@pytest.mark.parametrize(
    ("years", "words"),
    [
        (0, "newborn"),
        (2 / 52.18, "2 weeks"),
        (1 / 12, "1 month"),
        (0.25, "3 months"),
        (1.0, "12 months"),
        (1.5, "18 months"),
        (2.0, "2 years"),
        (3.5, "3.5 years"),
        (61.7, "62 years"),
    ],
)
def test_ages_in_words(years, words):
    assert age_in_words(years) == words


def test_conditions_in_words():
    assert in_words("intensity_db_nhl", 80.0) == "80 dB nHL"
    assert in_words("stimulus_rate_per_s", 33.1) == "33.1 /s"
    assert in_words("hearing_loss", "neuropathy") == "Auditory neuropathy"


def test_what_is_kept_of_a_condition_is_not_the_callers_to_change(condition):
    checked = check_condition(condition)
    before = dict(checked)
    checked["age_years"] = 99.0
    assert check_condition(condition) == before
    with pytest.raises(InputError, match="out of range"):
        check_condition(condition | {"age_years": -1})
    assert check_condition(dict(reversed(condition.items()))) == before
