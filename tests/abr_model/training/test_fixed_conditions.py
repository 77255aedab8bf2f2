from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.runs.previews import SMALLEST_GROUP
from abr_model.schema import COLUMN_NAMES
from abr_model.training.fixed_conditions import DRAWS, fixed_conditions


def cohort(*groups: tuple, recordings_per_patient: int = 2) -> Cohort:
    """Recordings of ``(n, level, age, hearing)``: flat traces at the level's height, wave V at 10 ms − level / 20."""
    parts = []
    for number, (n, level, age, hearing) in enumerate(groups):
        parts.append(
            pd.DataFrame(
                {
                    "patient_id": [f"p{number}-{i // recordings_per_patient}" for i in range(n)],
                    "age_years": age,
                    "intensity_db_nhl": float(level),
                    "stimulus_rate_per_s": 33.1,
                    "hearing_loss": hearing,
                    "latency_V_ms": 10 - level / 20 + np.linspace(-0.1, 0.1, n),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table["recording_id"] = [f"r{i}" for i in range(len(table))]
    table = table.reindex(columns=COLUMN_NAMES)
    waveforms = np.tile(table[["intensity_db_nhl"]].to_numpy(), 30) / 100 + np.arange(len(table))[:, None] * 1e-4
    return Cohort(waveforms, table, Sampling(rate_hz=15000, start_ms=0.0), Provenance(kind="simulated", source="made"))


CLINIC = cohort(
    (40, 80, 30.0, "normal"),
    (24, 60, 30.0, "normal"),
    (30, 20, 30.0, "normal"),
    (25, 80, 0.05, "normal"),
    (12, 80, 3.0, "normal"),
    (4, 10, 30.0, "normal"),
    (26, 80, 30.0, "conductive"),
    (9, 80, 30.0, "sensorineural"),
)


def test_a_level_an_age_and_a_hearing_loss_besides_the_most_frequent_condition():
    chosen = fixed_conditions(CLINIC).held_out.conditions
    assert [(c.intensity_db_nhl, c.ages, c.hearing_loss, c.n) for c in chosen] == [
        (80.0, "18–45 years", "normal", 40),
        (20.0, "18–45 years", "normal", 30),
        (80.0, "under 1 month", "normal", 25),
        (80.0, "18–45 years", "conductive", 26),
    ]
    assert [c.differs_in for c in chosen] == ["", "intensity_db_nhl", "age_years", "hearing_loss"]
    assert chosen[0].patients == 20
    assert chosen[0].words == "80 dB nHL, normal hearing, 18–45 years, 33.1 /s"


def test_means_and_sd_are_those_of_the_group():
    held_out = fixed_conditions(CLINIC).held_out
    at_80 = CLINIC.waveforms[:40].astype(float)
    np.testing.assert_allclose(held_out.mean[0], at_80.mean(0))
    np.testing.assert_allclose(held_out.sd[0], at_80.std(0, ddof=1))


def test_latency_by_level_leaves_small_groups_out():
    held_out = fixed_conditions(CLINIC).held_out
    assert held_out.series == "normal hearing, 18–45 years, 33.1 /s"
    assert list(held_out.levels) == [20, 60, 80]
    assert list(held_out.marked) == [30, 24, 40]
    np.testing.assert_allclose(held_out.latency_ms[:, 1], [9, 7, 6])
    np.testing.assert_allclose(held_out.latency_ms[:, 0], np.array([9, 7, 6]) - 0.05, atol=1e-9)


def test_what_is_generated_has_the_conditions_of_the_held_out_recordings():
    fixed = fixed_conditions(CLINIC)
    table = fixed.table(CLINIC)
    assert len(table) == (4 + 3) * DRAWS
    groups = table.groupby(np.arange(len(table)) // DRAWS)
    assert groups["intensity_db_nhl"].unique().str[0].tolist() == [80, 20, 80, 80, 20, 60, 80]
    assert groups["hearing_loss"].nunique().eq(1).all()
    assert set(fixed.rows[0]) == set(range(40)), "each of a group that is smaller than the draws"


@pytest.mark.parametrize("n", [SMALLEST_GROUP - 1, SMALLEST_GROUP])
def test_no_group_below_the_smallest_is_shown(n):
    held_out = fixed_conditions(cohort((n, 80, 30.0, "normal"), recordings_per_patient=1)).held_out
    assert len(held_out.conditions) == len(held_out.levels) == (n >= SMALLEST_GROUP)
    assert held_out.mean.shape == (n >= SMALLEST_GROUP, 30)


def test_ages_are_put_together_where_recordings_are_few():
    ages = np.linspace(0.0, 1.9, 8)
    chosen = fixed_conditions(cohort(*((3, 80, age, "normal") for age in ages))).held_out.conditions
    assert [(c.ages, c.n, c.patients) for c in chosen] == [("under 2 years", 24, 16)]


def test_a_rare_hearing_loss_is_put_together_over_all_ages():
    rare = [(2, 80, age, "neuropathy") for age in (0.02, 0.2, 3.0, 5.0)]
    chosen = fixed_conditions(cohort((40, 80, 30.0, "normal"), (30, 60, 30.0, "normal"), *rare)).held_out.conditions
    assert ("neuropathy", "all ages", 8) in [(c.hearing_loss, c.ages, c.n) for c in chosen]


def test_levels_that_are_rounded_are_said_to_be():
    levels = [(3, level, 30.0, "normal") for level in range(70, 90)]
    chosen = fixed_conditions(cohort(*levels, recordings_per_patient=1)).held_out.conditions
    assert chosen[0].level.startswith("about ")


def test_a_recording_of_unknown_hearing_belongs_to_no_group():
    table = CLINIC.table.copy()
    table.loc[:9, "hearing_loss"] = None
    partly = Cohort(CLINIC.waveforms, table, CLINIC.sampling, CLINIC.provenance)
    assert fixed_conditions(partly).held_out.conditions[0].n == 30
