"""Pass bands on cohorts whose physiology is set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.evaluation.conditions.band_table import band_table, counting, share_interval, share_met
from abr_model.evaluation.conditions.physiology import each_its_own_ear, physiology_section
from abr_model.realism.check import Check


def check(key: str, measured: float, low: float = 0.0, high: float = 1.0, untold: str = "", error=0.01) -> Check:
    return Check(key, key, "group", measured, "ms", low=low, high=high, n=50, error=error, untold=untold)


def test_a_faithful_generator_meets_what_the_held_out_recordings_meet(comparison, score):
    section = physiology_section(comparison(patients=80))
    met = score(section, "pass_bands_met")
    assert met.value == 100 and met.met and met.n >= 5 and met.of == "pass bands"
    table = section.tables["bands"].set_index("band")
    slope = table.loc["Wave V later, 60 → 40 dB, 1 to 17 years"]
    assert slope["held_out"] == pytest.approx(0.35, abs=0.05) and slope["counts"]
    assert slope["generated_state"] == slope["other_state"] == "met"


def test_a_generator_without_an_effect_of_the_level_misses_bands(comparison, score):
    section = physiology_section(comparison(patients=80, level_effect=0.2))
    met = score(section, "pass_bands_met")
    assert met.value < 90 and met.met is False and met.limit == 100
    table = section.tables["bands"].set_index("band")
    assert table.loc["Wave V later, 60 → 40 dB, 1 to 17 years", "generated_state"] == "not met"


def test_few_recordings_are_told_and_nothing_breaks(comparison, score):
    met = score(physiology_section(comparison(patients=1)), "pass_bands_met")
    assert np.isnan(met.value) and met.untold and met.met is None


def test_only_bands_that_both_can_tell_and_the_held_out_meet_count():
    held_out = [check("a", 0.5), check("b", 0.5), check("c", 1.5), check("d", 0.5), check("e", 0.5, untold="too few")]
    generated = [check("a", 0.4), check("b", 1.7), check("c", 0.5), check("d", 0.5, untold="too few"), check("e", 0.5)]
    table = band_table(held_out, {"generated": generated})
    counts = counting(table, "generated")
    assert counts.tolist() == [True, True, False, False, False]
    assert share_met(table, "generated", counts) == 50
    assert share_interval(table, "generated", counts, seed=0) == (50, 50)
    outside = counting(table, "generated", np.array([False, True, True, True, True]))
    assert share_met(table, "generated", outside) == 0


def test_a_number_near_a_limit_widens_the_interval():
    table = band_table([check("a", 0.5)], {"generated": [check("a", 0.99, error=0.05)]})
    assert share_interval(table, "generated", np.array([True]), seed=0) == (0, 100)
    without = band_table([check("a", 0.5)], {"generated": [check("a", 0.99, error=None)]})
    assert share_interval(without, "generated", np.array([True]), seed=0) == (100, 100)


def test_ears_are_unpaired_and_have_no_sex():
    table = pd.DataFrame({"recording_id": ["a", "b"], "patient_id": ["p", "p"], "sex": ["male", "female"]})
    found = each_its_own_ear(table)
    assert found["patient_id"].tolist() == ["a", "b"] and found["sex"].isna().all()
    assert table["patient_id"].tolist() == ["p", "p"]
