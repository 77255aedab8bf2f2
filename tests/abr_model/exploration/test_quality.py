from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.exploration.grouping import by_level
from abr_model.exploration.quality import fmp_by_level, noise_against_sweeps
from abr_model.table import conform_table


def table(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return conform_table(pd.DataFrame({"recording_id": [f"r{i}" for i in range(n)], "patient_id": "p", **columns}))


def noisy(slope: float, n: int = 4000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sweeps = np.round(10 ** rng.uniform(2.7, 3.9, n))
    noise = 2000 * sweeps**slope * np.exp(rng.normal(0, 0.1, n))
    return table(sweeps_accepted=sweeps, residual_noise_nv=noise)


@pytest.mark.parametrize("slope", [-0.5, -0.2])
def test_the_slope_of_noise_over_sweeps_is_found(slope):
    found = noise_against_sweeps(noisy(slope))
    assert found.slope == pytest.approx(slope, abs=0.02)
    assert found.n == 4000
    assert found.bins["n"].sum() <= 4000


def test_noise_that_falls_with_the_root_lies_on_the_expected_line():
    found = noise_against_sweeps(noisy(-0.5))
    assert found.single_sweep_uv == pytest.approx(2.0, rel=0.02)
    np.testing.assert_allclose(found.expected_nv(found.bins["sweeps"]), found.bins["median"], rtol=0.05)


def test_the_same_number_of_sweeps_everywhere_has_no_slope():
    found = noise_against_sweeps(table(sweeps_accepted=[2000.0] * 20, residual_noise_nv=np.linspace(20, 40, 20)))
    assert np.isnan(found.slope)
    assert found.bins["n"].tolist() == [20]


def test_unknown_sweeps_or_noise_are_left_out():
    found = noise_against_sweeps(table(sweeps_accepted=[np.nan, 0.0], residual_noise_nv=[20.0, 20.0]))
    assert found.n == 0 and found.bins.empty


def test_fmp_by_level():
    frame = table(fmp=[1.0, 3.0, 2.0, np.nan], intensity_db_nhl=[80.0, 80.0, 40.0, 40.0])
    rows = fmp_by_level(frame, by_level(frame)).set_index("level_db_nhl")
    assert rows["median"].tolist() == [2, 2]
    assert rows["n"].tolist() == [1, 2]
