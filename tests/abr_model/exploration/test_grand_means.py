from __future__ import annotations

import numpy as np
import pytest

from abr_model.exploration.grand_means import grand_means
from abr_model.exploration.grouping import by_hearing, by_level


def test_means_and_spread_are_those_of_each_group_whatever_the_blocks(small_cohort):
    groups = by_level(small_cohort.table).occurring()
    whole = grand_means(small_cohort.blocks(), groups.codes, groups.labels, groups.title)
    parts = grand_means(small_cohort.blocks(size=77), groups.codes, groups.labels, groups.title)
    for means in (whole, parts):
        for i in range(len(groups)):
            traces = small_cohort.waveforms[groups.codes == i].astype(np.float64)
            assert means.counts[i] == len(traces)
            np.testing.assert_allclose(means.mean[i], traces.mean(axis=0), atol=1e-6)
            if len(traces) > 1:
                np.testing.assert_allclose(means.sd[i], traces.std(axis=0, ddof=1), atol=1e-5)


def test_an_offset_of_the_recorder_does_not_eat_the_digits_of_the_spread(small_cohort):
    from dataclasses import replace

    shifted = replace(small_cohort, waveforms=small_cohort.waveforms + np.float32(50.0), _checked=True)
    codes = np.zeros(len(shifted), dtype=int)
    means = grand_means(shifted.blocks(), codes, ("all",), "")
    np.testing.assert_allclose(means.sd[0], shifted.waveforms.astype(np.float64).std(axis=0, ddof=1), rtol=1e-3)


def test_a_single_recording_has_no_spread_and_ungrouped_ones_are_left_out(small_cohort):
    codes = np.full(len(small_cohort), -1)
    codes[5] = 0
    means = grand_means(small_cohort.blocks(codes >= 0), codes, ("one",), "")
    assert means.counts.tolist() == [1]
    assert means.mean[0] == pytest.approx(small_cohort.waveforms[5], abs=1e-6)
    assert np.isnan(means.sd).all()


def test_says_what_the_recordings_are(small_cohort):
    groups = by_hearing(small_cohort.table).occurring()
    means = grand_means(small_cohort.blocks(groups.codes >= 0), groups.codes, groups.labels, groups.title)
    assert means.kind == small_cohort.kind
    assert means.title == "Hearing loss"
    assert means.time_ms == pytest.approx(small_cohort.time_ms)
