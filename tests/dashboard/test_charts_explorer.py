"""Figures of the Data page's views, by content."""

from __future__ import annotations

import numpy as np
import pytest

from abr_model.exploration.distributions import binned
from abr_model.exploration.grouping import by_hearing, by_level
from abr_model.exploration.latency_intensity import latency_by_level, single_points
from abr_model.exploration.quality import fmp_by_level, noise_against_sweeps
from abr_model.exploration.selection import kept_by, marginals, marked_shares
from abr_model.norms import GORGA_1989, INTERVALS, published_norms
from abr_model.schema import WAVES, Kind
from abr_model.selection import SelectionRules
from dashboard.charts import quality
from dashboard.charts.distributions import distributions_by_class
from dashboard.charts.latency_intensity import latency_intensity
from dashboard.charts.selection import marginals_chart
from dashboard.charts.stacked_means import stacked_means
from dashboard.style import TRACE_STYLES

SIMULATED = TRACE_STYLES[Kind.SIMULATED]
HOOD = next(n for n in published_norms() if n.name == "Hood 1998")


def named(figure, start: str):
    return next(t for t in figure.data if t.name.startswith(start))


def function(cohort, norm=None, age=None, measures=WAVES, theme="light"):
    levels = by_level(cohort.table)
    statistics = latency_by_level(cohort.table, levels, measures)
    points = single_points(cohort.table, levels, measures)
    return statistics, latency_intensity(statistics, points, cohort.kind, theme, norm=norm, age_years=age)


# --- stacked means ---------------------------------------------------------------------------------------------------


def test_means_are_stacked_first_on_top_with_their_band():
    time = np.arange(20) / 5.0
    mean = np.vstack([np.sin(time), np.cos(time)])
    sd = np.vstack([np.full(20, 0.2), np.full(20, np.nan)])
    figure = stacked_means(["a  (n = 5)", "b  (n = 1)"], mean, sd, time, Kind.SIMULATED, "light", title="Ear")
    assert figure.layout.yaxis.ticktext == ("a  (n = 5)", "b  (n = 1)")
    top, bottom = figure.layout.yaxis.tickvals
    assert top > bottom
    line = named(figure, SIMULATED.label)
    np.testing.assert_allclose(line.y[:20], mean[0] + top, atol=1e-6)
    band = named(figure, "± 1 SD")
    np.testing.assert_allclose(band.y[:20], mean[0] + 0.2 + top, atol=1e-6)
    np.testing.assert_allclose(band.y[20:40], (mean[0] - 0.2 + top)[::-1], atol=1e-6)
    assert np.nanmax(np.abs(band.y[41:61] - line.y[21:41])) < 1e-6, "one recording has no spread"


# --- latency-intensity -----------------------------------------------------------------------------------------------


def test_mean_spread_and_n_of_each_wave_and_level(small_cohort):
    statistics, figure = function(small_cohort)
    for wave in WAVES:
        own = statistics[(statistics["wave"] == wave) & (statistics["n"] > 0)]
        line = named(figure, f"{SIMULATED.label} {wave}")
        np.testing.assert_allclose(line.y, own["mean_ms"], atol=0.001)
        np.testing.assert_allclose(line.error_y.array, own["sd_ms"].fillna(0), atol=0.001)
        assert line.text[-1].strip() == wave
        written = named(figure, f"n {wave}").text
        of_wave = statistics[statistics["wave"] == wave]
        assert [bool(t) for t in written] == (of_wave["n"] > 0).tolist()
        small = of_wave["n"].between(1, 999).to_numpy()
        assert [t for t, s in zip(written, small, strict=True) if s] == [str(n) for n in of_wave["n"][small]]


def test_the_band_is_that_of_the_norm_at_the_age(small_cohort):
    _, figure = function(small_cohort, GORGA_1989, 0.25)
    band = named(figure, "norm V")
    mean, sd = GORGA_1989.band("V", 20.0, 0.25)
    assert band.y[0] == pytest.approx(mean - 2 * sd, abs=0.002)
    assert band.y[-1] == pytest.approx(mean + 2 * sd, abs=0.002)
    assert not [t for t in figure.data if t.name.startswith("norm I")], "Gorga says nothing of waves I and III"


def test_a_norm_of_all_waves_has_a_band_for_each_and_for_intervals(small_cohort):
    _, figure = function(small_cohort, HOOD, 25.0)
    assert {t.name for t in figure.data if t.name.endswith("± 2 SD")} == {f"norm {w}: mean ± 2 SD" for w in WAVES}
    _, figure = function(small_cohort, HOOD, 25.0, measures=INTERVALS)
    assert named(figure, "norm I–V")
    assert "Interval" in figure.layout.yaxis.title.text


def test_without_a_norm_there_is_no_band(small_cohort):
    _, figure = function(small_cohort)
    assert not [t for t in figure.data if t.name.startswith("norm")]


# --- distributions ---------------------------------------------------------------------------------------------------


def test_shares_are_within_each_class_and_all_recordings_stand_first(small_cohort):
    table = small_cohort.table
    classes = by_hearing(table).occurring()
    columns = [binned(table, "latency_V_ms"), binned(table, "ear")]
    figure = distributions_by_class(columns, classes, small_cohort.kind, "light")
    assert [t.name for t in figure.data] == ["All recordings", *classes.labels] * 2
    for trace in figure.data:
        assert sum(trace.y) == pytest.approx(1, abs=0.001) or not any(trace.y)
    normal = table[table["hearing_loss"] == "normal"]
    right = figure.data[len(classes) + 1 + 1].y[0]
    assert right == pytest.approx((normal["ear"] == "right").sum() / normal["ear"].notna().sum(), abs=1e-4)
    words = " ".join(note.text for note in figure.layout.annotations)
    assert f"n = {(table['hearing_loss'] == 'normal').sum():,}" in words
    assert "Wave V latency (ms)" in words


def test_a_class_without_a_known_value_is_said_to_be_unknown(small_cohort):
    table = small_cohort.table.copy()
    table.loc[table["hearing_loss"] != "normal", "fmp"] = np.nan
    classes = by_hearing(table).occurring()
    figure = distributions_by_class([binned(table, "fmp")], classes, small_cohort.kind, "dark")
    unknown = [note for note in figure.layout.annotations if note.text == "not known"]
    assert len(unknown) == len(classes) - 1


# --- quality ---------------------------------------------------------------------------------------------------------


def test_quality_has_a_log_axis_for_fmp_and_counts_for_all(small_cohort):
    columns = [binned(small_cohort.table, c) for c in ("fmp", "residual_noise_nv", "sweeps_accepted")]
    figure = quality.quality_distributions(columns, small_cohort.kind, "light")
    assert [sum(t.y) for t in figure.data] == [small_cohort.table[c.column].notna().sum() for c in columns]
    assert "1" in figure.layout.xaxis.ticktext, "decades of Fmp"


def test_fmp_by_level_is_the_median_on_a_log_axis(small_cohort):
    rows = fmp_by_level(small_cohort.table, by_level(small_cohort.table))
    figure = quality.fmp_by_level(rows, small_cohort.kind, "light")
    np.testing.assert_allclose(named(figure, SIMULATED.label).y, rows["median"], atol=0.001)
    assert figure.layout.yaxis.type == "log"


def test_noise_has_the_expected_line_beside_it(small_cohort):
    noise = noise_against_sweeps(small_cohort.table)
    figure = quality.noise_against_sweeps(noise, small_cohort.kind, "light")
    line = named(figure, "expected")
    slope = np.diff(np.log(np.array(line.y, float)))[0] / np.diff(np.log(np.array(line.x, float)))[0]
    assert slope == pytest.approx(-0.5)
    assert len(named(figure, "measured").x) == len(noise.bins)


# --- selection -------------------------------------------------------------------------------------------------------


def test_marginals_before_and_after_are_shares_of_either_selection(small_cohort):
    table = small_cohort.table
    before = np.ones(len(table), bool)
    after, _ = kept_by(table, SelectionRules(fmp_above=2.0))
    bins = marginals(table)
    marked = marked_shares(table, before), marked_shares(table, after)
    figure = marginals_chart(bins, before, after, marked, ("all", "kept"), "light")
    assert [t.name for t in figure.data] == ["all", "kept"] * 6
    age = np.array(figure.data[1].y)
    np.testing.assert_allclose(age, bins[0].counts(after) / bins[0].counts(after).sum(), atol=1e-4)
    np.testing.assert_allclose(figure.data[-1].y, marked[1], atol=1e-4)
    assert [t.showlegend for t in figure.data] == [True, True, *[False] * 10]


def test_a_selection_of_nothing_is_drawn(small_cohort):
    table = small_cohort.table
    nothing = np.zeros(len(table), bool)
    marked = marked_shares(table, ~nothing), marked_shares(table, nothing)
    figure = marginals_chart(marginals(table), ~nothing, nothing, marked, ("all", "kept"), "dark")
    assert not any(np.any(t.y) for t in figure.data if t.name == "kept")
