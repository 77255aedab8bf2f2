from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.evaluation.likeness.feature_pictures import marked_spans
from abr_model.evaluation.overlay import OVERLAID, overlay
from abr_model.evaluation.score import Score
from abr_model.evaluation.scorecard import Beside, Scorecard
from abr_model.evaluation.subject import Subject
from abr_model.schema import LABEL_NAMES, LABELS, Kind
from dashboard.charts.evaluation.cells import CELL_FIGURES, SINGLE, cell_key, cell_map, cell_name, cell_traces, number
from dashboard.charts.evaluation.overlays import overlays
from dashboard.charts.evaluation.reconstruction import reconstruction_figure
from dashboard.charts.evaluation.score_rows import Domain, score_key, score_rows
from dashboard.charts.evaluation.telling import (
    feature_distribution,
    feature_in_spectrum,
    feature_on_trace,
    telling_bars,
)
from dashboard.style import TRACE_STYLES

THEMES = ("light", "dark")
MET = Score(
    "auc", "Two-sample AUC", 0.57, interval=(0.55, 0.59), limit=0.5, limit_interval=(0.48, 0.52), allowed=(None, 0.6)
)
MISSED = Score("latency", "Wave V latency error", 0.125, "ms", allowed=(None, 0.1))
UNTOLD = Score("membership", "Membership AUC", float("nan"), allowed=(None, 0.55), untold="too few")
UNASKED = Score("distance", "Fréchet distance", 0.04, limit=0.01)


@pytest.fixture(scope="module")
def shipped(project_root) -> Scorecard:
    return Scorecard.read(project_root / "data" / "pretrained" / "default")


@pytest.fixture(scope="module")
def beside() -> list[Beside]:
    def one(name: str, **values) -> Beside:
        subject = Subject(
            name=name, preset="default", kind="simulated", cohort="a clinic", cohort_digest="ab", split="patient"
        )
        return Beside(subject=subject, values=values, intervals={})

    return [one("pca_flow", auc=0.63, latency=0.09), one("time_vae", auc=1.0)]


def by_name(figure) -> dict:
    return {trace.name: trace for trace in figure.data if trace.name}


# --- scorecard --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_met_and_not_met_differ_by_shape_and_word(theme):
    figure = score_rows([MISSED, MET, UNTOLD, UNASKED], [], Kind.SIMULATED, theme)
    marks = by_name(figure)
    assert marks["generated, met"].marker.symbol == "circle"
    assert marks["generated, not met"].marker.symbol == "x"
    assert list(marks["generated, not met"].customdata) == ["latency"]
    assert list(marks["generated, nothing asked"].customdata) == ["distance"]
    words = [note.text for note in figure.layout.annotations]
    assert "<b>not met</b>" in words and "met" in words and "cannot be told" in words
    assert "≤ 0.600" in words and "0.125 ms" in words


def test_a_mark_lies_inside_the_shaded_range_where_it_is_met():
    for score, inside in ((MET, True), (MISSED, False)):
        figure = score_rows([score], [], Kind.SIMULATED, "light")
        (band,) = (shape for shape in figure.layout.shapes if shape.type == "rect")
        mark = next(t for t in figure.data if t.name and t.name.startswith("generated"))
        assert (band.x0 <= mark.x[0] <= band.x1) is inside


def test_real_against_real_is_a_line_at_its_place():
    figure = score_rows([MET], [], Kind.CLINICAL, "light")
    line = by_name(figure)["real against real"]
    assert list(line.x) == pytest.approx([Domain.of(MET).place(0.5)] * 2)
    assert line.line.dash == TRACE_STYLES[Kind.CLINICAL].dash


def test_baselines_are_marks_of_their_own_and_point_outwards_when_far_off(beside):
    figure = score_rows([MET, MISSED], beside, Kind.SIMULATED, "light")
    pca, vae = by_name(figure)["pca flow"], by_name(figure)["time vae"]
    assert list(pca.text) == ["pca flow: 0.630", "pca flow: 0.090 ms"]
    assert pca.marker.symbol[0] != vae.marker.symbol[0]
    assert vae.marker.symbol[0] == "triangle-right" and vae.x[0] == 1.0  # AUC 1.0 is off this axis
    key = score_key(beside, Kind.SIMULATED, "light")
    assert "pca flow" in key and "real against real (simulated)" in key and "generated, not met" in key


def test_the_key_escapes_names(beside):
    subject = beside[0].subject.model_copy(update={"name": "<script>x</script>"})
    assert "<script>" not in score_key([beside[0].model_copy(update={"subject": subject})], Kind.SIMULATED, "dark")


# --- what gives it away -----------------------------------------------------------------------------------------------


def test_bars_in_words_the_chosen_one_stands_out(shipped):
    features = shipped.section("two_sample").tables["telling_features"].head(5)
    figure = telling_bars(features, features["feature"][1], "light")
    (bars,) = figure.data
    assert list(bars.customdata) == list(features["feature"])
    assert np.allclose(bars.x, features["auc_lost_without"].clip(lower=0))
    assert len(set(bars.marker.color)) == 2 and bars.marker.color[1] != bars.marker.color[0]
    assert "log power" not in " ".join(figure.layout.yaxis.ticktext)


def test_a_component_marks_where_it_weighs(shipped):
    time = np.linspace(0, 10, 101)
    weights = pd.DataFrame({"time_ms": time, "component 4": np.exp(-0.5 * ((time - 6) / 0.4) ** 2)})
    ((low, high),) = marked_spans("component 4", weights, None, time)
    assert low == pytest.approx(5.55, abs=0.1) and high == pytest.approx(6.45, abs=0.1)
    assert marked_spans("kurtosis along the trace", weights, None, time) == []
    assert marked_spans("last sample", None, None, time)[0][1] == 10.0
    bins = pd.DataFrame({"low": [1.0, 5.0], "high": [2.0, 6.0], "generated_percent": [80, 5], "real_percent": [70, 5]})
    assert marked_spans("time of the largest value", None, bins, time) == [(1.0, 2.0)]


@pytest.mark.parametrize("theme", THEMES)
def test_the_difference_of_the_means_is_in_nanovolts(shipped, theme):
    by_time = shipped.section("distributions").tables["by_time"]
    figure = feature_on_trace(by_time, [(5.5, 6.5)], Kind.SIMULATED, theme)
    lines = by_name(figure)
    expected = 1000 * (by_time["generated_mean_uv"] - by_time["real_mean_uv"])
    assert np.allclose(lines["mean generated − held-out"].y, expected)
    assert lines["generated"].line.dash != lines["held-out (simulated)"].line.dash
    (shape,) = figure.layout.shapes
    assert (shape.x0, shape.x1) == (5.5, 6.5)


def test_a_band_is_shaded_in_the_spectrum_and_values_are_laid_over_one_another(shipped):
    by_frequency = shipped.section("distributions").tables["by_frequency"]
    figure = feature_in_spectrum(by_frequency, "log power 450–600 Hz", Kind.SIMULATED, "light")
    (shape,) = figure.layout.shapes
    assert (shape.x0, shape.x1) == (450.0, 600.0) and figure.layout.xaxis.type == "log"
    tables = shipped.section("two_sample").tables
    first = tables["telling_features"]["feature"][0]
    bins = tables["feature_histograms"]
    bins = bins[bins["feature"] == first]
    values = feature_distribution(bins, first, Kind.SIMULATED, "light")
    assert max(by_name(values)["generated"].y) == pytest.approx(bins["generated_percent"].max())


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", CELL_FIGURES, ids=lambda of: of.column)
def test_every_cell_can_be_opened(shipped, of):
    cells = shipped.section("cells").tables["cells"]
    chosen = cell_key(cells.iloc[3])
    figure = cell_map(cells, of, chosen, "light")
    heat, marks = figure.data
    assert sorted(marks.customdata) == sorted(cell_key(cell) for cell in cells.to_dict("records"))
    assert np.isfinite(np.asarray(heat.z, dtype=float)).sum() == len(cells)
    place = list(marks.customdata).index(chosen)
    (frame,) = figure.layout.shapes
    assert frame.x0 < marks.x[place] < frame.x1 and frame.y0 < marks.y[place] < frame.y1
    shown = figure.layout.annotations[place].text
    assert shown == number(float(cells[of.column].iloc[3]), of)


def test_numbers_of_cells():
    latency = CELL_FIGURES[0]
    assert number(-0.001, latency) == "+0.00" and number(-0.12, latency) == "−0.12" and number(np.nan, latency) == "–"
    assert (
        cell_name({"level_db_nhl": 80.0, "age_band": "adults", "hearing_loss": "normal"}) == "80 dB nHL, adults, normal"
    )


def test_traces_of_a_cell():
    rng = np.random.default_rng(0)
    real, generated, time = rng.normal(size=(40, 50)), rng.normal(size=(40, 50)), np.linspace(0, 10, 50)
    mean = cell_traces(real, generated, time, Kind.SIMULATED, "light", wave_v_ms=6.0)
    assert np.allclose(by_name(mean)["generated"].y, generated.mean(0))
    assert mean.layout.shapes[0].x0 == 6.0
    single = cell_traces(real, generated, time, Kind.SIMULATED, "light", show="traces")
    assert len(single.data) == 2 * SINGLE
    assert {trace.xaxis for trace in single.data if trace.name == "generated"} == {"x2"}
    other = cell_traces(real, generated, time, Kind.SIMULATED, "light", show="traces", seed=1)
    assert not np.allclose(single.data[0].y, other.data[0].y)


# --- distributions and reconstruction ---------------------------------------------------------------------------------


def test_a_panel_a_quantity_with_its_distances():
    rng = np.random.default_rng(0)
    over = overlay(OVERLAID[2], rng.normal(6, 0.3, 200), rng.normal(6.3, 0.3, 200), rng.normal(6, 0.3, 200))
    figure = overlays([(OVERLAID[2], over), (OVERLAID[0], None)], Kind.SIMULATED, "light")
    words = " ".join(note.text for note in figure.layout.annotations)
    assert "Wave V latency" in words and f"KS {over.ks:.2f}" in words and "too few values" in words
    assert len(figure.data) == 2 and sum(trace.showlegend for trace in figure.data) == 2


def labels(**values) -> pd.DataFrame:
    rows = pd.DataFrame(
        {"label": list(LABEL_NAMES), "name": [c.label for c in LABELS], "unit": [c.unit for c in LABELS]}
    )
    for column in ("mark", "imputed", "low", "high"):
        rows[column] = np.nan
    rows["hidden"], rows["inside"] = False, None
    rows = rows.set_index("label")
    for name, cells in values.items():
        for column, value in cells.items():
            rows.loc[name, column] = value
    return rows.reset_index()


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_what_was_filled_in(theme):
    time = np.linspace(0, 13, 100)
    recorded, response = np.sin(time), 0.9 * np.sin(time)
    known = labels(
        latency_V_ms={"mark": 6.0, "imputed": 6.2, "low": 5.8, "high": 6.6, "hidden": True},
        latency_I_ms={"imputed": 1.6, "low": 1.2, "high": 2.0},
    )
    figure = reconstruction_figure(time, recorded, response, None, known, Kind.SIMULATED, theme)
    lines = by_name(figure)
    assert np.allclose(lines["residual"].y, 1000 * (recorded - response))
    assert "true response" not in lines
    assert list(lines["marked"].x) == [6.0] and list(lines["marked"].text) == ["V"]
    filled = [t for t in figure.data if t.name == "filled in, 90 % interval"]
    assert [(t.x[0], t.text[0]) for t in filled] == [(1.6, "(I)"), (6.2, "V")]
    spans = [tuple(t.x) for t in figure.data if t.mode == "lines" and len(t.x) == 2]
    assert (5.8, 6.6) in spans
    clean = reconstruction_figure(time, recorded, response, recorded * 0.95, known, Kind.SIMULATED, theme)
    assert "true response" in by_name(clean)


def test_the_residual_has_the_scale_of_the_trace():
    time, recorded = np.linspace(0, 13, 100), np.sin(np.linspace(0, 13, 100))
    figure = reconstruction_figure(time, recorded, 0.98 * recorded, None, labels(), Kind.SIMULATED, "light")
    layout = figure.layout

    def height(axis, per_uv: float) -> float:
        return (axis.domain[1] - axis.domain[0]) / ((axis.range[1] - axis.range[0]) / per_uv)

    assert height(layout.yaxis2, 1000) == pytest.approx(height(layout.yaxis, 1))
