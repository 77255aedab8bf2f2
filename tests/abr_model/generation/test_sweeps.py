from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.generation.response import level_series
from abr_model.generation.sweeps import at_sweeps, usual_sweeps


def test_noise_falls_with_the_square_root_of_the_sweeps(default_model, condition):
    learned = level_series(default_model, condition, (40, 80), draws=8, seed=0)
    quiet = at_sweeps(learned, sweeps=8000, learned=2000)
    np.testing.assert_array_equal(quiet.responses, learned.responses)
    noise, before = quiet.recordings - quiet.responses, learned.recordings - learned.responses
    assert np.abs(before).max() > 0.01
    np.testing.assert_allclose(noise, before / 2, atol=1e-6)


def test_the_same_number_changes_nothing(default_model, condition):
    learned = level_series(default_model, condition, (80,), draws=4, seed=0)
    np.testing.assert_allclose(at_sweeps(learned, 2000, 2000).recordings, learned.recordings, atol=1e-6)


@pytest.mark.parametrize("sweeps", [0, -5, float("nan")])
def test_a_number_of_sweeps_that_cannot_be(default_model, condition, sweeps):
    with pytest.raises(InputError, match="number of sweeps"):
        at_sweeps(level_series(default_model, condition, (80,), draws=2, seed=0), sweeps, 2000)


def test_usual_sweeps_are_the_median_of_those_that_say_it():
    table = pd.DataFrame({"sweeps_accepted": [1000, 2000, 6000, np.nan, 0]})
    assert usual_sweeps(table) == 2000
    assert usual_sweeps(table.iloc[2:]) is None
