"""The section on distributions: near its limit for the same law, far from it for another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.likeness.distributions import distributions_section
from abr_model.evaluation.section_json import section_as_plain, section_from_plain


def scores_of(section) -> dict:
    return {score.key: score for score in section.scores}


def test_the_same_law_is_as_near_as_real_is_to_real(constructed):
    seen: list[float] = []
    section = distributions_section(constructed(), seen.append)
    found = scores_of(section)
    for key in ("precision", "recall", "coverage"):
        assert found[key].allowed[0] == pytest.approx(0.92 * found[key].limit)
        assert found[key].met, key
    assert found["frechet_distance"].value < 2 * found["frechet_distance"].limit
    assert found["mmd_p_value"].value > 0.01
    assert found["predictive_score"].value == pytest.approx(1, abs=0.02)
    assert found["spectrum_distance"].value < 2 * found["spectrum_distance"].limit
    assert seen == sorted(seen) and seen[-1] == 1.0
    for score in section.scores:
        assert score.note and score.n > 0
        if score.key != "mmd_p_value":
            assert score.interval[0] <= score.value <= score.interval[1], score.key
            assert np.isfinite(score.limit) and score.limit_interval is not None, score.key


def test_traces_without_the_noise_are_precise_but_do_not_cover(constructed):
    found = scores_of(
        distributions_section(constructed(lambda traces: traces.mean(0) + 0.1 * (traces - traces.mean(0))))
    )
    assert found["precision"].value > 0.95
    assert found["recall"].met is False and found["recall"].value < 0.1
    assert found["density"].value > 2 * found["density"].limit
    assert found["mmd_p_value"].value < 0.01
    assert found["frechet_distance"].value > 10 * found["frechet_distance"].limit


def test_a_shift_and_a_spread_are_given_in_nanovolts(constructed):
    comparison = constructed()
    moved = replace(comparison.real, waveforms=2 * comparison.real.waveforms + np.float32(0.5))
    found = scores_of(distributions_section(replace(comparison, generated=moved, other=comparison.real)))
    mean = comparison.real.waveforms.astype(float).mean(0)
    sd = comparison.real.waveforms.astype(float).std(0)
    assert found["mean_difference_by_time"].value == pytest.approx(1000 * np.sqrt(((mean + 0.5) ** 2).mean()), rel=1e-4)
    assert found["sd_difference_by_time"].value == pytest.approx(1000 * np.sqrt((sd**2).mean()), rel=1e-4)
    assert found["autocorrelation_distance"].value == pytest.approx(0, abs=1e-5)  # neither size nor offset changes it


def test_a_louder_band_is_given_in_decibels(constructed):
    comparison = constructed()
    louder = replace(comparison.real, waveforms=np.float32(2) * comparison.real.waveforms)
    section = distributions_section(replace(comparison, generated=louder))
    assert scores_of(section)["spectrum_distance"].value == pytest.approx(20 * np.log10(2), abs=0.01)
    bands = section.tables["by_band"]
    np.testing.assert_allclose(bands["generated_minus_real_db"], 20 * np.log10(2), atol=0.01)
    assert bands["other_minus_real_db"].abs().max() < 3


def test_few_recordings_are_told_or_said_to_be_too_few(with_few_patients):
    two = distributions_section(with_few_patients(2))
    assert all(np.isnan(s.value) and "too few" in s.untold for s in two.scores)
    four = distributions_section(with_few_patients(4))
    assert all(np.isfinite(s.value) for s in four.scores)


def test_without_other_patients_there_is_a_value_but_no_limit(constructed):
    comparison = constructed()
    section = distributions_section(replace(comparison, other=comparison.other.take(np.arange(2))))
    precision = scores_of(section)["precision"]
    assert np.isfinite(precision.value) and np.isnan(precision.limit) and precision.met is None
    assert "other_power_db" not in section.tables["by_frequency"]


def test_it_is_the_same_again_and_survives_json(constructed):
    comparison = constructed()
    first, second = distributions_section(comparison), distributions_section(comparison)
    assert [s.value for s in first.scores] == [s.value for s in second.scores]
    back = section_from_plain(section_as_plain(first))
    assert [s.key for s in back.scores] == [s.key for s in first.scores]
    assert list(back.tables) == ["by_time", "by_frequency", "by_band", "by_lag"]
