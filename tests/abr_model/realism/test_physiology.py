from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.realism.check import NOT_HERE, TOO_FEW, TOO_UNCERTAIN
from abr_model.realism.ears import normal_ears, wave_v_function
from abr_model.realism.experiment import designed_clinic, true_physiology
from abr_model.realism.physiology import check_physiology

LEVELS = (80.0, 60.0, 40.0, 20.0)
V_AT = {80.0: 5.6, 60.0: 6.0, 40.0: 6.8, 20.0: 8.0}  # 0.2, 0.4, 0.6 ms per 10 dB


def ears(patients: int = 40, **changes) -> pd.DataFrame:
    """Adults and newborns whose waves obey every band exactly: V as above, women 0.2 ms earlier, newborns 1.2 ms later,
    0.5 ms later at 100 /s; I–III 2.0 ms (newborn 2.6), V/I 1.5."""
    rng = np.random.default_rng(0)
    rows = []
    for age in (30.0, 0.01):
        for index in range(patients):
            female, offset = index % 2 == 0, rng.normal(0, 0.05)
            factor = np.exp(rng.normal(0, 0.3))
            for level in LEVELS:
                for rate in (10.0, 100.0):
                    v = V_AT[level] + offset + 1.2 * (age < 1) + 0.5 * (rate > 50) - 0.2 * female * (age > 1)
                    i = V_AT[level] - 3.9 - rng.normal(0, 0.18) + (0.1 if age < 1 else -0.1 * female)
                    rows.append(
                        {
                            "patient_id": f"{age}-{index}",
                            "ear": "right",
                            "sex": "female" if female else "male",
                            "age_years": age,
                            "intensity_db_nhl": level,
                            "stimulus_rate_per_s": rate,
                            "hearing_loss": "normal",
                            "latency_I_ms": i if level > 50 else np.nan,
                            "latency_III_ms": (i + v) / 2 if level > 30 else np.nan,
                            "latency_V_ms": v,
                            "amplitude_I_uv": 0.2 * factor if level > 50 else np.nan,
                            "amplitude_III_uv": 0.25 * factor if level > 30 else np.nan,
                            "amplitude_V_uv": 0.3 * factor,
                        }
                    )
    table = pd.DataFrame(rows)
    sweeps = np.tile([1000.0, 4000.0], len(table) // 2)
    return table.assign(sweeps_accepted=sweeps, residual_noise_nv=2000 / np.sqrt(sweeps)).assign(**changes)


def found(table: pd.DataFrame, **how) -> dict:
    checks = check_physiology(table, prefix="here", **how)
    keys = [c.key for c in checks]
    assert len(keys) == len(set(keys))
    return {c.key.removeprefix("here_"): c for c in checks}


@pytest.fixture(scope="module")
def true():
    return found(ears(), sweeps_set=True)


@pytest.mark.parametrize(
    ("key", "measured"),
    [
        ("v_slope_80_60_adults", 0.2),
        ("v_slope_60_40_adults", 0.4),
        ("v_slope_40_20_newborn", 0.6),
        ("v_monotony_adults", 100),
        ("order", 100),
        ("newborn_delay", 1.3),  # 1.2 to men, 1.4 to women
        ("rate_adults", 0.5),
        ("sex_adults", -0.2),
        ("v_to_i_adults", 1.5),
        ("v_spread_adults_80", 0.3),
        ("i_v_newborn_newborn", 5.0),
        ("i_v_adults", 3.85),
        ("noise_slope", -0.5),
        ("detectability_80", 0),
    ],
)
def test_measures_what_was_put_in(true, key, measured):
    assert true[key].measured == pytest.approx(measured, abs=0.06 + 0.001 * abs(measured))


def test_ears_that_obey_physiology_fail_nothing(true):
    assert [c.name for c in true.values() if c.met is False] == []
    assert sum(c.met is True for c in true.values()) >= 20


V = "latency_V_ms"


@pytest.mark.parametrize(
    ("key", "broken"),
    [
        ("v_slope_80_60_adults", lambda t: {V: t[V].where(t.intensity_db_nhl < 80, t[V] - 1)}),
        ("v_slope_60_40_adults", lambda t: {V: t[V].where(t.intensity_db_nhl > 50, t[V] + 1)}),
        ("v_slope_40_20_newborn", lambda t: {V: t[V].where(t.intensity_db_nhl > 30, t[V] - 1)}),
        ("v_monotony_adults", lambda t: {V: t[V].where(t.intensity_db_nhl > 30, t[V] - 1.5)}),
        ("order", lambda t: {V: t[V].where(t.index > 0, 3.0)}),
        ("newborn_delay", lambda t: {V: t[V].where(t.age_years > 1, t[V] - 1)}),
        ("rate_adults", lambda t: {V: t[V].where(t.stimulus_rate_per_s < 50, t[V] + 0.5)}),
        ("sex_adults", lambda t: {V: t[V] + 0.2 * (t.sex == "female")}),
        ("i_v_adults", lambda t: {"latency_I_ms": t.latency_I_ms + 0.6}),
        ("i_v_sd_adults", lambda t: {"latency_I_ms": t.latency_I_ms + 0.6 * (t.index // 16 % 3)}),
        ("i_v_newborn_newborn", lambda t: {V: t[V] - 1.0}),
        ("v_to_i_adults", lambda t: {"amplitude_V_uv": t.amplitude_V_uv / 2}),
        ("v_spread_adults_80", lambda t: {"amplitude_V_uv": 0.3 + 0.1 * (t.amplitude_V_uv - 0.3)}),
        ("detectability_60", lambda t: {"latency_III_ms": t.latency_III_ms.where(t.intensity_db_nhl != 60)}),
        ("noise_slope", lambda t: {"residual_noise_nv": 40.0}),
    ],
)
def test_ears_that_break_a_band_are_found_out(key, broken):
    table = ears()
    check = found(table.assign(**broken(table)), sweeps_set=True)[key]
    assert check.met is False, (check.measured, check.state)


def test_other_ears_than_normal_ones_do_not_count():
    assert found(ears(hearing_loss="conductive"))["v_slope_80_60_adults"].state == NOT_HERE


def test_few_ears_are_too_few_and_few_scattered_ones_too_uncertain():
    assert found(ears(patients=9))["v_slope_80_60_adults"].state == TOO_FEW
    table = ears(patients=12)
    scattered = table.latency_V_ms + np.random.default_rng(1).normal(0, 0.3, len(table))
    assert found(table.assign(latency_V_ms=scattered))["v_slope_80_60_adults"].state == TOO_UNCERTAIN


def test_a_small_cell_that_is_surely_outside_is_not_met():
    table = ears(patients=12)
    assert (
        found(table.assign(latency_V_ms=table.latency_V_ms.where(table.intensity_db_nhl < 80, 4.0)))[
            "v_slope_80_60_adults"
        ].met
        is False
    )


def test_a_clinic_does_not_tell_the_slope_of_the_noise():
    assert found(ears())["noise_slope"].met is None


def test_recordings_of_different_ears_are_compared_by_level():
    table = ears(patients=60)
    table = table[table.stimulus_rate_per_s == 10].assign(patient_id=lambda t: np.arange(len(t)).astype(str))
    check = found(table)["v_slope_80_60_adults"]
    assert check.measured == pytest.approx(0.2, abs=0.02)
    assert check.n == 60
    assert "different ears" in check.note


def test_repeats_of_an_ear_are_averaged():
    once = ears(patients=10)
    twice = pd.concat([once, once.assign(latency_V_ms=once.latency_V_ms + 0.2)], ignore_index=True)
    assert len(normal_ears(twice)) == len(normal_ears(once))
    moved = normal_ears(twice)["latency_V"] - normal_ears(once)["latency_V"]
    assert moved.to_numpy() == pytest.approx(0.1)
    assert (normal_ears(twice)["repeats"] == 2).all()


def test_latency_intensity_function_needs_ten_ears():
    assert list(wave_v_function(normal_ears(ears(patients=4)))["level"]) == [20, 40, 60, 80]  # 16 ears a level
    assert not len(wave_v_function(normal_ears(ears(patients=2))))


def test_the_designed_clinic_has_every_level_rate_and_sex():
    table = designed_clinic(patients=4)
    responses = table[table.intensity_db_nhl.notna()]
    assert len(responses) == 4 * 4 * 2 * 8 * 2
    assert set(responses.stimulus_rate_per_s) == {10.0, 100.0}
    assert set(responses.sex) == {"female", "male"}
    absent = responses.latency_I_ms.isna()
    assert absent.any()
    assert (responses.amplitude_I_uv.isna() == absent).all()
    assert designed_clinic(patients=4).equals(table)


def test_true_responses_of_the_simulator_keep_to_every_band():
    checks = true_physiology()
    assert [(c.name, c.measured, c.allowed) for c in checks if c.met is False] == []
    assert [c.name for c in checks if c.untold] == []
    assert sum(c.met is True for c in checks) >= 35
