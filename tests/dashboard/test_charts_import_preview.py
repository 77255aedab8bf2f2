from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.schema import INTENSITY, latency_column
from dashboard.charts.import_preview import (
    LOUD_DB,
    SMALLEST_SPAN_UV,
    finding_examples,
    import_preview,
    loud_mean,
    single_rows,
)


def scaled(cohort, factor: float):
    return replace(cohort, waveforms=(cohort.waveforms * factor).astype(np.float32))


def without(cohort, column: str):
    return replace(cohort, table=cohort.table.assign(**{column: np.nan}))


def of(figure, name: str, row: int = 1):
    axis = {1: ("x", None), 2: ("x2",)}[row]
    return next(t for t in figure.data if t.name == name and t.xaxis in axis)


def test_the_mean_is_of_the_loud_recordings(small_cohort):
    mean = loud_mean(small_cohort)
    loud = (small_cohort.table[INTENSITY.name] >= LOUD_DB).to_numpy()
    np.testing.assert_allclose(mean.mean_uv, small_cohort.waveforms[loud].mean(axis=0), atol=1e-5)
    assert mean.n == loud.sum() and f"{mean.n:,} recordings at 60 to" in mean.title
    soft = small_cohort.take(~loud & small_cohort.table[INTENSITY.name].notna().to_numpy())
    assert loud_mean(soft).levels[0] == soft.table[INTENSITY.name].max()


def test_without_levels_and_marks_all_are_drawn_and_that_is_said(small_cohort):
    cohort = without(without(small_cohort, INTENSITY.name), latency_column("V"))
    mean = loud_mean(cohort)
    assert mean.n == len(cohort) and "level not known" in mean.title and mean.wave_v_ms is None
    figure = import_preview(cohort, "light")
    assert list(figure.layout.yaxis2.ticktext) == ["level ?"] * 5


@pytest.mark.parametrize(("factor", "flat"), [(1e-3, True), (1.0, False)])
def test_a_unit_that_is_too_small_gives_a_flat_line(small_cohort, factor, flat):
    figure = import_preview(scaled(small_cohort, factor), "light")
    line = np.abs(np.array(of(figure, "mean").y)).max()
    reach = figure.layout.yaxis.range[1]
    assert reach >= SMALLEST_SPAN_UV
    assert (line < 0.01 * reach) == flat


def test_upside_down_traces_are_drawn_upside_down(small_cohort):
    up, down = (import_preview(scaled(small_cohort, sign), "dark") for sign in (1, -1))
    np.testing.assert_allclose(of(up, "mean").y, -np.array(of(down, "mean").y), atol=1e-6)


def test_the_dot_lies_on_the_trace_at_the_marked_latency(small_cohort):
    figure = import_preview(small_cohort, "light")
    rows = single_rows(small_cohort)
    dots = next(t for t in figure.data if t.name == "wave V as marked" and t.xaxis == "x2")
    np.testing.assert_allclose(sorted(dots.x), sorted(small_cohort.table[latency_column("V")].to_numpy()[rows]))


def test_single_recordings_go_from_loud_to_soft_and_are_marked(small_cohort):
    table = small_cohort.table.iloc[single_rows(small_cohort)]
    levels = table[INTENSITY.name].to_numpy()
    assert (np.diff(levels) <= 0).all() and levels[0] > levels[-1]
    assert table[latency_column("V")].notna().all()
    assert len(single_rows(small_cohort.take(np.arange(2)))) == 2


def test_where_wave_v_is_expected_is_a_band_in_both_panels(small_cohort):
    bands = import_preview(small_cohort, "light", expected_v_ms=(5.2, 6.4)).layout.shapes
    assert [(shape.x0, shape.x1) for shape in bands] == [(5.2, 6.4)] * 2
    assert not import_preview(small_cohort, "light").layout.shapes


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_examples_are_drawn_with_their_marks(small_cohort, theme):
    rows = np.flatnonzero(small_cohort.table[latency_column("V")].notna())[:3]
    figure = finding_examples(small_cohort, rows, theme)
    dots = next(t for t in figure.data if t.name == "wave V as marked")
    assert len(dots.x) == 3
    assert any(t.name == "scale bar" for t in figure.data)
    finding_examples(small_cohort, rows[:1], theme)
