from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.generation.response import Response, ResponseSeries
from abr_model.norms import GORGA_1989
from abr_model.schema import WAVES
from dashboard.charts.generation import half_range, seldom_marked
from dashboard.charts.level_series import latency_intensity_figure, level_series_figure

TIME = np.arange(200) / 15.0
LATENCIES = np.array([1.6, 3.7, 5.5])


def bump(latency: float, height: float) -> np.ndarray:
    return height * np.exp(-(((TIME - latency) / 0.3) ** 2))


@pytest.fixture
def response():
    generator = np.random.default_rng(0)
    mean = sum(bump(latency, 0.3) for latency in LATENCIES)
    responses = mean + 0.02 * generator.standard_normal((64, 1))
    recordings = responses + 0.05 * generator.standard_normal((64, 200))
    waves = {"latency_ms": LATENCIES, "amplitude_uv": [0.3, 0.3, 0.5], "marked": [0.02, 0.3, 0.95]}
    return Response(
        condition={
            "age_years": 30.0,
            "intensity_db_nhl": 80.0,
            "stimulus_rate_per_s": 33.1,
            "hearing_loss": "normal",
        },
        time_ms=TIME,
        mean=mean,
        sd=np.full(200, 0.02),
        responses=responses,
        recordings=recordings,
        has_noise=True,
        waves=pd.DataFrame(waves, index=pd.Index(WAVES, name="wave")),
        i_iii_ms=2.1,
        iii_v_ms=1.8,
        i_v_ms=3.9,
        v_i_ratio=1.7,
    )


@pytest.fixture
def series():
    levels = np.arange(10.0, 100.0, 10)
    v = 5.3 + 3 * np.exp(-levels / 40)
    latency = np.column_stack([np.full(9, 1.6), np.full(9, 3.7), v])
    mean = np.stack([bump(t, 0.005 * level) for t, level in zip(v, levels, strict=True)])
    marked = np.column_stack([np.full((9, 2), 0.3), np.where(levels < 30, 0.2, 0.9)])
    return ResponseSeries(
        axis="intensity_db_nhl",
        condition={},
        values=levels,
        time_ms=TIME,
        mean=mean,
        sd=np.full_like(mean, 0.02),
        responses=mean[:, None],
        recordings=mean[:, None],
        has_noise=False,
        latency_ms=latency,
        amplitude_uv=np.full((9, 3), 0.3),
        marked=marked,
        i_iii_ms=np.full(9, 2.1),
        iii_v_ms=np.full(9, 1.8),
        i_v_ms=np.full(9, 3.9),
        v_i_ratio=np.full(9, 1.7),
    )


def cohort_of(kind: str, n: int, source: str = "a clinic") -> Cohort:
    waveforms = np.random.default_rng(1).standard_normal((n, 250)).astype(np.float32) * 0.1
    table = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(n)],
            "patient_id": "p",
            "intensity_db_nhl": 60.0,
            "latency_V_ms": np.where(np.arange(n) % 2, 6.0, np.nan),
        }
    )
    return Cohort(waveforms, table, Sampling(rate_hz=20000, start_ms=-1), Provenance(kind=kind, source=source))


def named(figure, text: str):
    found = [trace for trace in figure.data if text in (trace.name or "")]
    assert len(found) == 1, [trace.name for trace in figure.data]
    return found[0]


def test_waves_that_are_seldom_marked_are_named(response):
    assert seldom_marked(response) == ["III"]  # I, marked in 2 %, is not drawn at all
    response.waves["marked"] = np.nan
    assert seldom_marked(response) == []


def test_the_axis_holds_what_is_drawn_and_is_coarse():
    assert half_range(np.array([0.42]), 0.05, np.empty(0)) == pytest.approx(0.6)
    assert half_range(np.array([0.43]), 0.05, np.empty(0)) == pytest.approx(0.6)
    assert half_range(np.array([0.01]), 0.0, np.full((2, 50), 0.9)) == pytest.approx(1.0)
    assert half_range(np.array([0.0]), 0.0, np.empty(0)) == pytest.approx(0.3)
    assert half_range(np.array([-20.0]), 0.0, np.empty(0)) >= 20


def test_the_level_series_is_stacked_loudest_on_top_with_one_gain(series):
    figure = level_series_figure(series, 60.0, "light")
    ticks, texts = figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext
    assert texts[0] == "90"
    assert texts[-1] == "10"
    assert "<b>60</b>" in texts
    assert (np.diff(ticks) < 0).all()
    assert np.ptp(np.diff(ticks)) < 1e-9
    others, current = (t for t in figure.data if t.name == "mean response")
    assert current.line.width > others.line.width
    baseline = ticks[texts.index("<b>60</b>")]
    np.testing.assert_allclose(np.array(current.y[:200], dtype=float) - baseline, series.mean[5], atol=2e-4)
    v = named(figure, "wave V")
    assert list(v.customdata) == [90, 80, 70, 60, 50, 40, 30]  # seldom marked at 10 and 20 dB: no dot
    np.testing.assert_allclose(v.x, series.latency_ms[2:, 2][::-1])


def test_traces_without_a_response_are_not_blown_up(series):
    flat = replace(series, mean=series.mean * 0.001)
    ticks = level_series_figure(flat, 60.0, "light").layout.yaxis.tickvals
    assert ticks[0] - ticks[1] >= 0.1 - 1e-9


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_latency_by_level(series, response, theme):
    cohort = cohort_of("simulated", 10)
    figure = latency_intensity_figure(series, response, cohort, theme)
    band = named(figure, "Gorga 1989")
    mean, sd = GORGA_1989.band("V", 20.0, 30.0)
    assert min(band.x) == 20
    assert max(band.x) == 80
    assert max(band.y) == pytest.approx(mean + 2 * sd, abs=0.001)
    points = named(figure, "simulated (")
    assert len(points.x) == 5
    assert "n = 5" in points.name
    assert set(points.y) == {6.0}
    ring = named(figure, "this level")
    assert (ring.x[0], ring.y[0]) == (80.0, 5.5)
    sure, seldom = named(figure, "generated"), named(figure, "seldom marked")
    assert np.isnan(np.array(sure.y[:2], dtype=float)).all()  # 10 and 20 dB are seldom marked
    np.testing.assert_allclose(sure.y[2:], series.latency_ms[2:, 2], atol=1e-3)
    assert seldom.line.dash == "dot"
    assert np.isfinite(np.array(seldom.y[:3], dtype=float)).all()  # joins the sure stretch
    texts = [a.text for a in figure.layout.annotations]
    assert texts == ["ms", "dB nHL"]


def test_the_band_moves_with_age(series, response):
    infant = response.condition | {"age_years": 0.25}
    young = latency_intensity_figure(
        series, Response(**(vars(response) | {"condition": infant})), cohort_of("simulated", 2), "light"
    )
    adult = latency_intensity_figure(series, response, cohort_of("simulated", 2), "light")
    assert max(named(young, "Gorga").y) - max(named(adult, "Gorga").y) == pytest.approx(0.83, abs=0.02)


def test_many_points_are_thinned_and_it_is_said(series, response):
    figure = latency_intensity_figure(series, response, cohort_of("simulated", 3000), "light")
    points = named(figure, "simulated (")
    assert len(points.x) == 600
    assert "600 of n = 1,500" in points.name


def test_the_cohort_has_a_function_of_its_own(series, response):
    """The median of marked waves at each level; too few make none."""
    cohort = cohort_of("simulated", 12)
    table = cohort.table.assign(
        intensity_db_nhl=[30.0] * 5 + [60.0] * 5 + [70.0] * 2, latency_V_ms=[7, 8, 9, np.nan, 20, *5 * [6.5], 5, 5]
    )
    figure = latency_intensity_figure(series, response, replace(cohort, table=table), "light")
    median = named(figure, "median")
    assert list(median.x) == [30, 60]
    assert list(median.y) == [8.5, 6.5]


def test_another_norm_or_none(series, response):
    from abr_model.norms import published_norms

    prosser = next(norm for norm in published_norms() if "Prosser" in norm.name)
    cohort = cohort_of("simulated", 10)
    assert named(latency_intensity_figure(series, response, cohort, "light", norm=prosser), "Prosser")
    names = [t.name for t in latency_intensity_figure(series, response, cohort, "light", norm=None).data]
    assert not any("SD" in (name or "") for name in names)


def test_a_stray_mark_does_not_flatten_the_function(series, response):
    cohort = cohort_of("simulated", 400)
    latencies = cohort.table["latency_V_ms"].copy()
    latencies.iloc[1] = 24.0
    figure = latency_intensity_figure(
        series, response, replace(cohort, table=cohort.table.assign(latency_V_ms=latencies)), "light"
    )
    low, high = figure.layout.yaxis.range
    assert high < 10
    assert low < np.nanmin(series.latency_ms[:, 2])
    assert high > np.nanmax(series.latency_ms[:, 2])
