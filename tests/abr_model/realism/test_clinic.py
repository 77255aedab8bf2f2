from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.cohort_file import CohortFile
from abr_model.realism import as_frame, compare
from abr_model.realism.check import NOT_HERE, SELECTED_ONLY
from abr_model.schema import Kind


def by_key(checks):
    keys = [c.key for c in checks]
    assert len(keys) == len(set(keys))
    return {c.key: c for c in checks}


def test_counts_what_selection_keeps(made_up):
    found = by_key(compare(made_up()))
    assert found["kept"].measured == pytest.approx(40)
    assert found["kept"].met  # 41.2 ± 2
    assert found["kept_above_2"].measured == pytest.approx(20)
    assert not found["kept_above_2"].met  # 27.4 ± 2
    assert found["fmp_median"].measured == pytest.approx(0.5)


def test_unknown_age_and_other_polarities_are_not_kept(made_up):
    index = np.arange(100)
    age = np.where(index < 5, np.nan, 0.9)
    polarity = np.where((index >= 10) & (index < 13), "rarefaction", "alternating")
    found = by_key(compare(made_up(age_years=age, stimulus_polarity=polarity)))
    assert found["kept"].measured == pytest.approx(32)
    assert found["kept_above_2"].measured == pytest.approx(17)  # the published count does not ask for the age
    assert found["age_missing"].measured == pytest.approx(5)


def test_marked_waves_of_all_of_a_class_and_of_the_kept(made_up):
    hearing = np.where(np.arange(100) < 50, "normal", "conductive")
    found = by_key(compare(made_up(hearing_loss=hearing)))
    assert found["marked_V"].measured == pytest.approx(60)
    assert found["marked_I"].measured == pytest.approx(0)
    assert found["marked_V_normal"].measured == pytest.approx(100)
    assert found["marked_V_conductive"].measured == pytest.approx(20)
    assert found["marked_V_conductive"].n == 50
    # 2 of 10 patients have all their recordings marked.
    assert found["marked_V_conductive"].error == pytest.approx(100 * np.sqrt(0.2 * 0.8 / 10), rel=0.3)
    assert found["marked_V_total"].state == NOT_HERE
    assert found["marked_V_kept"].measured == pytest.approx(100)


def test_labels_are_those_of_the_kept_recordings_even_beyond_the_window(made_up):
    latency = np.full(100, 9.0)
    latency[:40] = np.where(np.arange(40) % 2, 6.0, 8.0)
    latency[0] = 16.0  # the network's window ends at 13.3 ms
    found = by_key(compare(made_up(latency_V_ms=latency)))
    assert found["latency_V_mean"].measured == pytest.approx(latency[:40].mean())
    assert found["latency_V_sd"].measured == pytest.approx(latency[:40].std())
    assert found["latency_V_mean"].n == 40
    assert found["marked_V_kept"].measured == pytest.approx(100)
    assert found["seen_V"].measured == pytest.approx(97.5)
    assert found["all_latency_V_mean"].measured == pytest.approx(latency.mean())


def test_the_published_trace_is_met_by_itself_and_not_by_a_shifted_one(made_up):
    cohort = made_up()
    found = by_key(compare(cohort))
    for key, best in (("mean_r", 1), ("mean_rmse", 0), ("sd_r", 1), ("sd_rmse", 0)):
        assert found[f"trace_{key}"].measured == pytest.approx(best, abs=1e-5)
        assert found[f"trace_{key}"].met
    shifted = by_key(compare(replace(cohort, waveforms=cohort.waveforms + np.float32(0.025))))
    assert shifted["trace_mean_rmse"].measured == pytest.approx(0.025, abs=1e-5)
    assert not shifted["trace_mean_rmse"].met
    assert shifted["trace_mean_r"].met
    late = by_key(compare(replace(cohort, waveforms=np.roll(cohort.waveforms, 30, axis=1))))
    assert not late["trace_mean_r"].met


def test_a_file_read_in_parts_gives_the_same_rows(made_up, tmp_path, monkeypatch):
    cohort = made_up()
    file = CohortFile.open(cohort.write(tmp_path / "made-up.parquet"), read_at_once=0)
    assert not file.in_memory
    parts_of_7 = [np.arange(k, min(k + 7, 100)) for k in range(0, 100, 7)]
    monkeypatch.setattr(type(file), "blocks", lambda self: ((rows, self.take(rows)) for rows in parts_of_7))
    whole = as_frame(compare(cohort)).set_index("key")["measured"]
    parts = by_key(compare(file))
    for key in ("trace_mean_rmse", "trace_sd_rmse", "samples_sd", "latency_V_mean"):
        assert parts[key].measured == pytest.approx(whole[key], abs=1e-6), key
    assert parts["kept"].measured == pytest.approx(40)


def test_a_cohort_without_fmp_is_compared_with_what_selection_keeps(made_up):
    found = by_key(compare(made_up(kind=Kind.GENERATED, fmp=np.nan, stimulus_polarity=None, ear=None, sex=None)))
    assert found["kept"].state == NOT_HERE
    assert found["marked_V"].state == SELECTED_ONLY
    assert found["intensity_db_nhl_mean"].state == SELECTED_ONLY
    assert found["marked_V_kept"].measured == pytest.approx(60)
    assert found["marked_V_kept"].met is False
    assert found["trace_mean_r"].n == 100
    assert found["alternating"].state == NOT_HERE


def test_recordings_that_do_not_cover_the_window_have_no_trace_rows(made_up):
    cohort = made_up()
    found = by_key(compare(replace(cohort, waveforms=cohort.waveforms[:, :150])))
    assert found["trace_mean_r"].state == NOT_HERE
    assert found["seen_V"].state == NOT_HERE
    assert found["samples_sd"].state == NOT_HERE
    assert found["kept"].measured == pytest.approx(40)


def test_without_labels_no_wave_counts_as_unmarked(made_up):
    found = by_key(compare(made_up(latency_V_ms=np.nan, amplitude_V_uv=np.nan)))
    assert found["marked_V"].state == NOT_HERE
    assert found["latency_V_mean"].state == NOT_HERE
    assert found["negative_V"].state == NOT_HERE


def test_every_row_says_where_its_number_comes_from(made_up):
    for check in compare(made_up()):
        assert check.source, check.key
        assert np.isfinite(check.published) or check.key == "seen_V"
