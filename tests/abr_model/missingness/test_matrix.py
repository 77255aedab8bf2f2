from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.missingness import missing_matrix


def test_each_bin_has_the_share_of_its_recordings(table):
    matrix = missing_matrix(table, ["latency_I_ms", "latency_V_ms"], bins=2)
    assert matrix.recordings.tolist() == [4, 4]
    assert matrix.share.tolist() == [[0.75, 0.0], [0.75, 0.0]]
    assert matrix.complete.tolist() == [0.25, 0.25]
    assert matrix.first == [None, None]


def test_sorted_by_level_a_bin_says_which_levels_it_holds(made):
    matrix = missing_matrix(made, ["latency_III_ms"], "intensity_db_nhl", bins=40)
    assert matrix.recordings.sum() == len(made) and len(matrix.recordings) == 40
    assert list(matrix.first) == sorted(matrix.first)
    for share, first, last in zip(matrix.share[:, 0], matrix.first, matrix.last, strict=True):
        assert first <= last
        assert share == 1 if last < 50 else share == 0 if first >= 50 else 0 < share < 1


def test_recordings_without_the_sorting_value_have_bins_of_their_own(table):
    matrix = missing_matrix(table, ["latency_I_ms"], "age_years", bins=4)
    assert matrix.first[-1] is None and matrix.recordings[-1] == 1
    assert matrix.first[0] == 0 and matrix.last[-2] == 6
    assert matrix.recordings.sum() == 8


def test_classes_are_sorted_as_in_the_schema(table):
    matrix = missing_matrix(table, ["latency_I_ms"], "hearing_loss", bins=8)
    assert matrix.first == ["normal"] * 4 + ["total"] * 2 + [None] * 2


def test_no_more_bins_than_recordings_and_none_for_none(table):
    assert len(missing_matrix(table, bins=500).recordings) == 8
    assert missing_matrix(table.iloc[:0]).share.shape == (0, 10)
    unknown = missing_matrix(table, ["latency_I_ms"], "fmp")
    assert unknown.recordings.sum() == 8 and set(unknown.first) == {None}


def test_means_of_bins_are_the_rates(made):
    matrix = missing_matrix(made, ["latency_I_ms"], "age_years", bins=37)
    assert np.average(matrix.share[:, 0], weights=matrix.recordings) == pytest.approx(
        made["latency_I_ms"].isna().mean()
    )


def test_an_unknown_column_is_named(table):
    with pytest.raises(InputError, match="'size'"):
        missing_matrix(table, sort_by="size")
