from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort_file import CohortFile
from abr_model.cohort_storage import StoredRecordings
from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.selection import SelectionRules, select, selected

LEFT_BELOW_70 = CohortFilter(classes={"ear": ["left"]}).with_range("intensity_db_nhl", None, 70)


@pytest.fixture(scope="module")
def file(small_cohort, tmp_path_factory):
    path = small_cohort.write(tmp_path_factory.mktemp("cohort") / "clinic.parquet")
    return CohortFile.open(path, read_at_once=0)


@pytest.mark.parametrize(
    "rules", [SelectionRules(), SelectionRules(sampling_rate_hz=8_000, samples=90, fmp_above=None)]
)
@pytest.mark.parametrize("filter", [CohortFilter(), LEFT_BELOW_70])
def test_from_a_file_the_same_is_selected_as_from_memory(file, small_cohort, rules, filter):
    from_file, in_memory = select(file, rules, filter), select(small_cohort, rules, filter)
    assert from_file.cohort.digest() == in_memory.cohort.digest()
    pd.testing.assert_frame_equal(from_file.funnel, in_memory.funnel)


def test_a_filter_comes_first_in_the_funnel_and_is_the_same_as_taking_before(small_cohort):
    rules = SelectionRules()
    at_once = select(small_cohort, rules, LEFT_BELOW_70)
    before = select(small_cohort.take(LEFT_BELOW_70.mask(small_cohort.table)), rules)
    assert at_once.cohort.digest() == before.cohort.digest()
    rows = at_once.funnel
    assert rows["rule"][:3].tolist() == ["all recordings", "left ear", "up to 70 dB nHL"]
    assert rows["kept"][0] == len(small_cohort) and rows["kept"][2] == LEFT_BELOW_70.mask(small_cohort.table).sum()
    assert (rows["kept"].diff().iloc[1:] == -rows["removed"].iloc[1:]).all()


def test_a_filter_that_leaves_nothing_is_named(small_cohort):
    nobody = CohortFilter().with_range("age_years", 109)
    with pytest.raises(InputError, match="“age from 109 years” removed the last"):
        select(small_cohort, SelectionRules(), nobody)


def test_the_funnel_reads_no_trace_and_a_part_reads_its_own(file, small_cohort, monkeypatch):
    read = []
    original = StoredRecordings.waveforms
    monkeypatch.setattr(StoredRecordings, "waveforms", lambda s, rows=None: (read.append(rows), original(s, rows))[1])
    kept, funnel = selected(file, SelectionRules(), LEFT_BELOW_70)
    assert funnel["kept"].iloc[-1] == len(kept)
    assert all(len(rows) == 0 for rows in read)
    part = kept.take([3, 1])
    np.testing.assert_array_equal(read[-1], kept.rows[[3, 1]])
    np.testing.assert_array_equal(
        part.waveforms, select(small_cohort, SelectionRules(), LEFT_BELOW_70).cohort.waveforms[[3, 1]]
    )


def test_selected_in_blocks_is_selected_at_once(file, monkeypatch):
    from abr_model import recordings

    at_once = select(file, SelectionRules()).cohort
    monkeypatch.setattr(recordings, "BLOCK", 50)
    assert select(file, SelectionRules()).cohort.digest() == at_once.digest()


def test_the_end_of_a_recording_is_where_its_response_is_over(small_cohort):
    kept, _ = selected(small_cohort, SelectionRules())
    rows = [0, 5, 7]
    noise = kept.after_response(rows)
    np.testing.assert_array_equal(noise, small_cohort.waveforms[kept.rows[rows], -200:])
    half_rate, _ = selected(small_cohort, SelectionRules(sampling_rate_hz=7_500, samples=100))
    assert half_rate.after_response(rows).shape == (3, 100)


def test_a_recording_shorter_than_twice_the_window_has_no_such_end(small_cohort):
    kept, _ = selected(small_cohort, SelectionRules(samples=240))
    assert kept.after_response([0]) is None
