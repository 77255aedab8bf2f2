from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.errors import InputError
from abr_model.generation.nearest import near_at_any_level, nearest_recordings


def cohort_of(rows: list[tuple]) -> Cohort:
    """Recordings with (age, level, rate, class); None is missing."""
    table = pd.DataFrame(rows, columns=["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"])
    table.insert(0, "recording_id", [f"r{i}" for i in range(len(rows))])
    table.insert(1, "patient_id", "p")
    sampling, provenance = Sampling(rate_hz=15000, start_ms=0), Provenance(kind="simulated", source="test")
    return Cohort(np.zeros((len(rows), 10)), table, sampling, provenance)


def test_nearest_first_and_never_another_class(condition):
    cohort = cohort_of(
        [
            (0.25, 60, 33.1, "normal"),  # four steps of level
            (0.25, 80, 33.1, "total"),  # another class
            (0.25, 80, 33.1, "normal"),  # the same
            (0.25, 75, 33.1, "normal"),  # one step
            (None, 80, 33.1, "normal"),  # age missing
        ]
    )
    nearest = nearest_recordings(cohort, condition, 10)
    assert nearest.rows.tolist() == [2, 3, 0]
    np.testing.assert_allclose(nearest.distance, [0, 1, 4], atol=1e-9)
    assert nearest.near_rows.tolist() == [2, 3]
    assert nearest.near == 2
    assert nearest_recordings(cohort, condition, 1).rows.tolist() == [2]


def test_age_counts_from_conception_by_ratio(condition):
    """Three months more are far for a newborn and nothing for an adult."""
    cohort = cohort_of([(0.0, 80, 33.1, "normal"), (0.25, 80, 33.1, "normal"), (30.0, 80, 33.1, "normal")])
    newborn = nearest_recordings(cohort, condition | {"age_years": 0.0}, 3)
    assert newborn.near_rows.tolist() == [0]
    assert newborn.distance[1] > 2
    adult = nearest_recordings(cohort, condition | {"age_years": 30.25}, 3)
    assert adult.near_rows.tolist() == [2]
    assert adult.distance[0] < 0.1


def test_a_rate_is_near_within_a_factor_of_one_and_a_half(condition):
    rates = [33.1 / 1.5, 33.1 * 1.5, 33.1 / 1.51, 33.1 * 1.51]
    cohort = cohort_of([(0.25, 80, rate, "normal") for rate in rates])
    assert sorted(nearest_recordings(cohort, condition, 4).near_rows.tolist()) == [0, 1]


def test_differences_add_up(condition):
    cohort = cohort_of([(0.25, 75, 33.1 * 1.5, "normal")])
    assert nearest_recordings(cohort, condition, 1).distance[0] == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize(
    ("rows", "description"),
    [
        ([(0.25, 80, 33.1, "normal")], "1 recording, same conditions"),
        ([(0.25, 75, 33.1, "normal"), (0.25, 83, 33.1, "normal")], "2 recordings, within 5 dB"),
        ([(0.5, 80, 27.1, "normal")], "1 recording, within 3 months, 6 /s"),
        ([(2.5, 80, 33.1, "normal")], "1 recording, within 3 years"),
        ([(0.25, 80, 33.1, "total")], "no recording with normal hearing in this cohort"),
    ],
)
def test_how_near_is_said(condition, rows, description):
    assert nearest_recordings(cohort_of(rows), condition, 7).description == description


def test_recordings_too_far_away_are_left_out(condition):
    cohort = cohort_of([(0.25, 60, 33.1, "normal"), (0.25, 50, 33.1, "normal")])
    assert nearest_recordings(cohort, condition, 2, within=4.5).rows.tolist() == [0]
    nothing = nearest_recordings(cohort, condition, 2, within=3)
    assert len(nothing.rows) == 0
    assert nothing.description == "no recording with normal hearing near these conditions"


def test_conditions_that_a_cohort_lacks_are_left_out_and_named(condition):
    """An import without ages and hearing classes is compared by level and rate."""
    cohort = cohort_of([(None, 60, 33.1, None), (None, 80, 33.1, None)])
    nearest = nearest_recordings(cohort, condition, 1)
    assert nearest.rows.tolist() == [1]
    assert nearest.matched == ("intensity_db_nhl", "stimulus_rate_per_s")
    assert nearest.description == "1 recording, same conditions; age and hearing loss are not recorded in this cohort"


def test_a_latency_intensity_function_takes_every_level(condition):
    cohort = cohort_of(
        [
            (0.25, 80, 33.1, "normal"),
            (0.25, 20, 33.1, "normal"),
            (30, 50, 33.1, "normal"),
            (0.25, None, 33.1, "normal"),
            (0.25, 50, 33.1, "total"),
        ]
    )
    assert near_at_any_level(cohort, condition).tolist() == [1, 0]


def test_bad_input_is_refused(condition):
    cohort = cohort_of([(0.25, 80, 33.1, "normal")])
    with pytest.raises(InputError):
        nearest_recordings(cohort, condition, 0)
    with pytest.raises(InputError):
        nearest_recordings(cohort, condition | {"intensity_db_nhl": 300}, 1)


def test_an_empty_selection_of_a_simulated_clinic_does_not_break(small_cohort, condition):
    nearest = nearest_recordings(small_cohort.take([]), condition, 5)
    assert (len(nearest.rows), nearest.near) == (0, 0)
