from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.missingness import cliffs_delta, cramers_v, differences, effect_size


def own(number: int, start: int = 0) -> np.ndarray:
    return np.arange(start, start + number)


def test_delta_is_the_share_of_pairs_won_minus_the_share_lost():
    chance = np.random.default_rng(2)
    a, b = chance.integers(0, 10, 37).astype(float), chance.integers(2, 14, 51).astype(float)
    by_hand = np.sign(a[:, None] - b[None, :]).mean()
    assert cliffs_delta(a, b, own(37), own(51, 37))[0] == pytest.approx(by_hand, abs=1e-12)


def test_delta_at_its_ends_has_no_interval():
    low, high = np.arange(5.0), np.arange(10.0, 15)
    assert cliffs_delta(high, low, own(5), own(5, 5))[0] == 1
    delta, *interval = cliffs_delta(low, high, own(5), own(5, 5))
    assert delta == -1 and np.isnan(interval).all()
    same = cliffs_delta(np.ones(4), np.ones(6), own(4), own(6, 4))
    assert same[0] == pytest.approx(0)


def test_copies_of_a_patients_recordings_leave_the_interval_as_it_is():
    chance = np.random.default_rng(3)
    a, b = chance.normal(0.5, 1, 40), chance.normal(0, 1, 60)
    once = cliffs_delta(a, b, own(40), own(60, 40))
    often = cliffs_delta(np.repeat(a, 30), np.repeat(b, 30), np.repeat(own(40), 30), np.repeat(own(60, 40), 30))
    assert often == pytest.approx(once)
    careless = cliffs_delta(np.repeat(a, 30), np.repeat(b, 30), own(1200), own(1800, 1200))
    assert careless[2] - careless[1] < 0.4 * (once[2] - once[1])


def test_the_interval_agrees_with_a_bootstrap_of_patients():
    chance = np.random.default_rng(4)
    patients, each = 80, 6
    patient = np.repeat(np.arange(patients), each)
    value = np.repeat(chance.normal(size=patients), each) + chance.normal(size=patients * each)
    lacks = chance.random(patients * each) < 1 / (1 + np.exp(-value))
    delta, low, high = cliffs_delta(value[lacks], value[~lacks], patient[lacks], patient[~lacks])
    again = []
    for _ in range(400):
        rows = np.concatenate([np.arange(p * each, (p + 1) * each) for p in chance.integers(0, patients, patients)])
        v, out = value[rows], lacks[rows]
        again.append(cliffs_delta(v[out], v[~out], own(out.sum()), own((~out).sum()))[0])
    assert low < delta < high
    assert (low, high) == pytest.approx(tuple(np.quantile(again, [0.025, 0.975])), abs=0.035)


def test_v_of_tables_with_a_known_answer():
    assert cramers_v(np.array([[500, 0], [0, 500]])) == pytest.approx(1, abs=1e-3)
    assert cramers_v(np.array([[30, 60], [10, 20]])) == 0  # the same shares: nothing, and never less than nothing
    counts = np.array([[20, 5], [10, 25]])
    chi2 = 60 * (20 * 25 - 5 * 10) ** 2 / (25 * 35 * 30 * 30)
    phi2 = chi2 / 60 - 1 / 59
    assert cramers_v(counts) == pytest.approx(np.sqrt(phi2 / (1 - 1 / 59)))
    assert cramers_v(np.array([[4, 6], [0, 0]])) == 0  # one class only


def test_sizes_have_names():
    assert [effect_size(e, "δ") for e in (0.0, -0.146, 0.147, 0.4, -0.9)] == [
        "negligible",
        "negligible",
        "small",
        "medium",
        "large",
    ]
    assert [effect_size(e, "V") for e in (0.05, 0.2, 0.4, 0.6)] == ["negligible", "small", "medium", "large"]


def test_what_a_label_depends_on_comes_first(made):
    found = differences(made, "latency_III_ms")
    first = found.table.iloc[0]
    assert (first["variable"], first["measure"], first["strength"]) == ("intensity_db_nhl", "δ", "large")
    assert first["effect"] == -1 and (first["missing_median"], first["present_median"]) == (20, 70)
    assert found.missing + found.present == len(made)
    others = found.table.set_index("variable")
    assert (
        others.loc["ear", "strength"] == "negligible"
        and others.loc["age_years", "low"] < 0 < others.loc["age_years", "high"]
    )


def test_classes_say_which_share_differs_most(made):
    table = made.copy()
    table.loc[table["hearing_loss"] == "sensorineural", "latency_I_ms"] = np.nan
    row = differences(table, "latency_I_ms").table.set_index("variable").loc["hearing_loss"]
    assert row["measure"] == "V" and row["strength"] == "large" and row["low"] < row["effect"] < row["high"]
    assert row["category"] == "normal" and row["missing_share"] < row["present_share"] == 1


def test_labels_missing_by_lot_differ_in_nothing(made):
    found = differences(made, "latency_I_ms")
    assert set(found.table["strength"]) == {"negligible"}


def test_what_is_not_compared_is_said(made):
    table = made.assign(fmp=np.where(np.arange(len(made)) < 5, 1.0, np.nan))
    found = differences(table, "latency_I_ms")
    assert "known value" in found.left_out["fmp"] and "fmp" not in set(found.table["variable"])
    assert "amplitude_I_uv" in found.left_out  # never known
    assert "latency_I_ms" not in set(found.table["variable"]) | set(found.left_out)


def test_a_value_that_goes_missing_with_the_label_is_passed_over(made):
    table = made.assign(amplitude_I_uv=made["latency_I_ms"] / 5)
    found = differences(table, "latency_I_ms")
    assert "amplitude_I_uv" not in set(found.table["variable"]) | set(found.left_out)


def test_a_label_known_always_or_never_is_refused(made):
    with pytest.raises(InputError, match="in no recording"):
        differences(made, "intensity_db_nhl")
    with pytest.raises(InputError, match="in all recordings"):
        differences(made, "amplitude_V_uv")
    with pytest.raises(InputError, match="'size'"):
        differences(made, "size")


def test_the_same_seed_gives_the_same_interval(made):
    one, two = (differences(made, "latency_V_ms", seed=7).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
