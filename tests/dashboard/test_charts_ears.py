"""Figures of an inferred ear, by what is in them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from abr_model.generation.ears.elsewhere import EarResponses
from abr_model.generation.imputed_labels import Imputation
from abr_model.schema import CONDITION_NAMES, Kind
from dashboard.charts.ears.elsewhere import (
    blend_figure,
    ear_latency_figure,
    ear_series_figure,
    elsewhere_figure,
)
from dashboard.charts.ears.estimate import BAND, estimate_figure, residual_figure
from dashboard.style import TRACE_STYLES

LEVELS = np.array([20.0, 40.0, 60.0])


@pytest.fixture
def responses() -> EarResponses:
    time_ms = np.arange(60) / 5
    mean = np.sin(time_ms)[None] * np.array([[0.1], [0.2], [0.3]])
    conditions = pd.DataFrame(
        {"age_years": 5.0, "intensity_db_nhl": LEVELS, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}
    )[list(CONDITION_NAMES)]
    latency = np.array([[np.nan, 5.0, 8.0], [2.0, 4.4, 7.0], [1.8, 4.0, 6.0]])
    marked = np.array([[0.0, 0.3, 0.9], [0.01, 0.6, 0.9], [0.7, 0.9, 1.0]])
    return EarResponses(
        conditions, time_ms, mean, np.full_like(mean, 0.01), mean[:, None].repeat(2, 1), latency, latency / 20, marked,
        latency - 0.2, latency + 0.3, latency / 30, latency / 15, np.array([0.0, 0.5, 1.0]),
    )  # fmt: skip


@pytest.fixture
def recorded(small_cohort):
    rows = np.flatnonzero(small_cohort.table["latency_V_ms"].notna())[:3]
    cohort = small_cohort.take(rows)
    cohort.table["intensity_db_nhl"] = [40.0, 60.0, 60.0]
    return cohort


@pytest.fixture
def ear(responses):
    given = np.array([[False, False, True, False, False, True]])
    median = np.array([[1.8, np.nan, 6.1, 0.1, np.nan, 0.4]])
    labels = Imputation(
        given, median, median, median - 0.25, median + 0.25, np.full((1, 6), 0.8), 0.9, ("calibrated",) * 6, ""
    )
    waveforms = responses.mean[2:] + 0.02
    recordings = SimpleNamespace(waveforms=waveforms, kind=Kind.CLINICAL, time_ms=responses.time_ms)
    return SimpleNamespace(recordings=recordings, estimate_uv=responses.mean[2:], labels=labels)


def named(figure, words: str):
    found = [trace for trace in figure.data if words in (trace.name or "")]
    assert found, [trace.name for trace in figure.data]
    return found[0]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_estimate_lies_over_the_recording_with_given_and_imputed_waves(ear, responses, theme):
    figure = estimate_figure(ear, responses.rows(np.array([2])), theme)
    clinical = named(figure, "the recording")
    assert clinical.line.dash == TRACE_STYLES[Kind.CLINICAL].dash
    np.testing.assert_allclose(clinical.y, ear.recordings.waveforms[0])
    np.testing.assert_allclose(named(figure, "response estimate").y, ear.estimate_uv[0])
    band = named(figure, "90 % band")
    np.testing.assert_allclose(band.y[:60], responses.mean[2] + BAND * 0.01)

    v, first = named(figure, "wave V"), named(figure, "wave I,")
    assert "as marked" in v.name and v.text == ("V",) and v.error_x.array is None
    assert "imputed" in first.name and first.text == ("(I)",)
    assert first.marker.color != first.marker.line.color, "an open mark"
    assert first.error_x.array[0] == pytest.approx(0.25)
    assert "1.55 and 2.05 ms" in first.hovertemplate
    assert not [t for t in figure.data if "wave III" in (t.name or "")], "what is not known is not drawn"


def test_what_is_left_is_recording_minus_estimate(ear):
    figure = residual_figure(ear, "light")
    np.testing.assert_allclose(figure.data[0].y, 0.02, atol=1e-9)


def test_elsewhere_this_ear_the_usual_one_and_recordings_are_told_apart(responses, recorded):
    usual = responses.mean[1] * 0.5
    figure = elsewhere_figure(responses, 1, usual, recorded.take([0]), "light")
    np.testing.assert_allclose(named(figure, "this ear (generated)").y, responses.mean[1])
    np.testing.assert_allclose(named(figure, "usual ear").y, usual)
    assert "1 recording of this ear" in named(figure, "recording").name
    assert len({(t.line.color, t.line.dash) for t in figure.data if t.mode == "lines" and t.fill is None}) == 3
    waves = named(figure, "waves")
    assert waves.text == ("III", "V"), "a wave that is hardly ever marked is not drawn"
    assert len(elsewhere_figure(responses, 0, None, None, "light").data) == 3


def test_a_seldom_marked_wave_stands_in_brackets(responses):
    assert named(elsewhere_figure(responses, 0, None, None, "light"), "waves").text == ("(III)", "V")


def test_the_series_has_the_loudest_on_top_and_its_recordings_over_it(responses, recorded):
    figure = ear_series_figure(responses, 40.0, recorded, "light")
    assert figure.layout.yaxis.ticktext == ("60", "<b>40</b>", "20")
    assert list(figure.layout.yaxis.tickvals) == sorted(figure.layout.yaxis.tickvals, reverse=True)
    own = named(figure, "recordings of this ear")
    assert np.isnan(np.asarray(own.y, dtype=float)).sum() == 3, "three recordings, each with a gap after it"
    assert np.nanmax(np.asarray(own.x, dtype=float)) <= responses.time_ms[-1] + 1e-6


def test_the_latency_function_has_bars_and_marks(responses, recorded):
    figure = ear_latency_figure(responses, np.array([8.2, 7.3, 6.5]), recorded, "light")
    mine = named(figure, "this ear")
    np.testing.assert_allclose(np.asarray(mine.y, dtype=float), [8, 7, 6])
    np.testing.assert_allclose(mine.error_y.array, 0.3)
    np.testing.assert_allclose(mine.error_y.arrayminus, 0.2)
    assert len(named(figure, "marked").x) == 3


def test_a_blend_lies_over_both_ends(responses):
    figure = blend_figure(responses, 1, "dark")
    np.testing.assert_allclose(named(figure, "first ear").y, responses.mean[0])
    np.testing.assert_allclose(named(figure, "second ear").y, responses.mean[-1])
    np.testing.assert_allclose(named(figure, "between").y, responses.mean[1])
