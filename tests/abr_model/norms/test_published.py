from __future__ import annotations

import numpy as np
import pytest

from abr_model.norms import GORGA_1989, published_norms

HOOD = next(n for n in published_norms() if n.name == "Hood 1998")
PROSSER = next(n for n in published_norms() if n.name.startswith("Prosser"))


@pytest.mark.parametrize(("level", "latency"), [(80, 5.53), (70, 5.73), (60, 5.98), (40, 6.74), (20, 8.02)])
def test_gorga_in_adults_as_tabulated_in_the_physiology_notes(level, latency):
    mean, _ = GORGA_1989.band("V", level, 30)
    assert mean == pytest.approx(latency, abs=0.006)


@pytest.mark.parametrize(("months", "delay"), [(0, 1.25), (1, 1.09), (3, 0.83), (6, 0.55), (12, 0.24), (24, 0.05)])
def test_gorgas_age_term_as_tabulated_in_the_physiology_notes(months, delay):
    infant, _ = GORGA_1989.band("V", 80, months / 12)
    adult, _ = GORGA_1989.band("V", 80, 30)
    assert infant - adult == pytest.approx(delay, abs=0.011)


def test_gorgas_spread_and_limits():
    mean, sd = GORGA_1989.band("V", [10, 20, 40, 60, 80, 90], 30)
    np.testing.assert_allclose(sd[1:5], [0.54, 0.39, 0.31, 0.28], atol=0.006)
    assert np.isnan([mean[0], mean[-1], sd[0], sd[-1]]).all()
    assert np.isnan(GORGA_1989.band("I", 60, 30)[0]), "a norm of wave V says nothing of wave I"


@pytest.mark.parametrize(("level", "latency"), [(80, 5.71), (70, 5.90), (60, 6.16), (40, 6.98), (20, 8.12)])
def test_prosser_and_arslan_as_tabulated_in_the_physiology_notes(level, latency):
    mean, sd = PROSSER.band("V", level)
    assert mean == pytest.approx(latency, abs=0.006)
    assert sd == pytest.approx(0.24)


def test_hood_as_tabulated_in_the_physiology_notes():
    mean, sd = HOOD.band("V", [20, 80, 90])
    np.testing.assert_allclose(mean, [7.52, 5.47, 5.37])
    np.testing.assert_allclose(sd, [0.63, 0.12, 0.12])
    assert HOOD.band("I", 80)[0] == pytest.approx(1.62)
    assert HOOD.band("I-V", 60)[0] == pytest.approx(3.75)
    assert list(HOOD.tabulated("I")) == [40, 50, 60, 70, 80, 90], "wave I was absent at 20 and 30 dB"
    assert np.isnan(HOOD.band("I", 30)[0]) and np.isnan(HOOD.band("V", 95)[0])
    assert HOOD.counts("V")[0] == 7
    assert "disagree" in HOOD.note


def test_between_two_levels_a_table_is_interpolated():
    assert HOOD.band("V", 75)[0] == pytest.approx((5.64 + 5.47) / 2)


def test_every_label_names_source_transducer_rate_and_population():
    for norm in published_norms():
        for part in (norm.name, "click", "rate", norm.population):
            assert part in norm.label
        assert norm.transducer or "transducer not stated" in norm.label


def test_the_table_of_a_norm_gives_back_its_band():
    table = GORGA_1989.table(0.5)
    at60 = table[table["level_db_nhl"] == 60].iloc[0]
    mean, sd = GORGA_1989.band("V", 60, 0.5)
    assert (at60["mean_ms"], at60["sd_ms"]) == (pytest.approx(mean, abs=5e-4), pytest.approx(sd, abs=5e-4))
    assert set(table["norm"]) == {GORGA_1989.label}
