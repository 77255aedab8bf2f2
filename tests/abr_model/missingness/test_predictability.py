from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.missingness import KNOWN_BEFORE, predictability


def test_missing_by_lot_cannot_be_told(made):
    lots = [np.random.default_rng(seed).random(len(made)) < 0.3 for seed in range(6)]
    found = [predictability(made.assign(latency_I_ms=np.where(lot, np.nan, 1.6)), "latency_I_ms") for lot in lots]
    assert np.mean([f.auc for f in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([f.linear_auc for f in found]) == pytest.approx(0.5, abs=0.03)
    assert sum(f.low < 0.5 < f.high for f in found) >= 5
    assert found[0].missing_share == pytest.approx(lots[0].mean())


def test_what_depends_on_the_level_is_told_from_it(made):
    found = predictability(made, "latency_III_ms")
    assert found.auc > 0.99 and found.linear_auc > 0.99
    first = found.importance.iloc[0]
    assert first["variable"] == "intensity_db_nhl" and first["low"] > 0.3
    assert found.importance["drop"].iloc[1:].abs().max() < 0.05


def test_a_dependence_that_bends_is_seen_by_boosting_alone(made):
    found = predictability(made, "latency_V_ms")
    assert found.auc > 0.99
    assert found.linear_auc < 0.7 and found.linear_high < found.low


def test_no_patient_is_in_both_parts_of_a_fold(made):
    """Whether III's amplitude is missing goes by patient alone, and the age gives the patient away."""
    found = predictability(made, "amplitude_III_uv", ["age_years", "intensity_db_nhl"])
    assert found.auc < 0.8  # 1.0 where patients leak


def test_variables_that_never_change_are_passed_over(made):
    found = predictability(made, "latency_III_ms")
    assert set(found.variables) == set(KNOWN_BEFORE) - {"stimulus_rate_per_s", "stimulus_polarity"}


def test_missing_values_of_the_variables_are_no_obstacle(made):
    table = made.copy()
    table.loc[::3, "age_years"] = np.nan
    table.loc[::4, "hearing_loss"] = None
    assert predictability(table, "latency_III_ms").auc > 0.99


def test_large_cohorts_are_judged_by_whole_patients(made):
    found = predictability(made, "latency_III_ms", most_recordings=700)
    assert found.recordings == 700 and found.patients == 35 and found.of_recordings == len(made)


def test_the_same_seed_gives_the_same_answer_and_progress_ends_at_1(made):
    done = []
    one = predictability(made, "latency_I_ms", seed=3, progress=done.append)
    two = predictability(made, "latency_I_ms", seed=3)
    assert (one.auc, one.linear_auc) == (two.auc, two.linear_auc)
    assert done == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert one.low <= one.auc <= one.high and len(one.fold_auc) == 5


@pytest.mark.parametrize(
    ("label", "variables", "words"),
    [
        ("amplitude_V_uv", KNOWN_BEFORE, "known too rarely"),
        ("age_years", ("intensity_db_nhl",), "missing too rarely"),
        ("latency_I_ms", ("stimulus_rate_per_s",), "none of the variables varies"),
        ("latency_I_ms", ("latency_I_ms",), "from itself"),
        ("size", KNOWN_BEFORE, "'size'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(made, label, variables, words):
    with pytest.raises(InputError, match=words):
        predictability(made, label, variables)


def test_a_few_patients_are_not_enough(made):
    with pytest.raises(InputError, match="too rarely"):
        predictability(made[made["patient_id"] < "p008"], "latency_III_ms")
