from __future__ import annotations

import numpy as np
import pytest

from abr_model.generation.norms import gorga_1989_wave_v


@pytest.mark.parametrize(("level", "latency"), [(80, 5.53), (70, 5.73), (60, 5.98), (40, 6.74), (20, 8.02)])
def test_adults_as_tabulated_in_the_physiology_notes(level, latency):
    mean, _ = gorga_1989_wave_v(level, 30)
    assert mean == pytest.approx(latency, abs=0.006)


@pytest.mark.parametrize(("months", "delay"), [(0, 1.25), (1, 1.09), (3, 0.83), (6, 0.55), (12, 0.24), (24, 0.05)])
def test_age_term_as_tabulated_in_the_physiology_notes(months, delay):
    infant, _ = gorga_1989_wave_v(80, months / 12)
    adult, _ = gorga_1989_wave_v(80, 30)
    assert infant - adult == pytest.approx(delay, abs=0.011)


def test_spread_and_limits():
    mean, sd = gorga_1989_wave_v([10, 20, 40, 60, 80, 90], 30)
    np.testing.assert_allclose(sd[1:5], [0.54, 0.39, 0.31, 0.28], atol=0.006)
    assert np.isnan([mean[0], mean[-1], sd[0], sd[-1]]).all()
