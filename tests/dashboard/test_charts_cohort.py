from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.exploration.level_means import level_means
from dashboard.charts.cohort import NR_WIDTH_MS, ear_series, mean_by_level, wave_marks
from dashboard.charts.traces import joined, scale_bar_uv, spacing_uv
from dashboard.style import EAR_COLOURS, TRACE_STYLES


def cohort(levels, ears=None, kind="clinical", **columns) -> Cohort:
    n = len(levels)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(n)],
            "patient_id": "p",
            "ear": ears or ["right"] * n,
            "intensity_db_nhl": np.asarray(levels, dtype=float),
            **columns,
        }
    )
    waveforms = rng.normal(size=(n, 50)).astype(np.float32)
    return Cohort(waveforms, table, Sampling(rate_hz=5000, start_ms=0), Provenance(kind=kind, source="test"))


def test_level_means_are_those_of_each_level_loudest_first():
    c = cohort([80, 20, 80, np.nan])
    means = level_means(c)
    assert means.levels.tolist() == [80, 20]
    assert means.counts.tolist() == [2, 1]
    assert means.mean[0] == pytest.approx(c.waveforms[[0, 2]].mean(axis=0), abs=1e-6)
    assert means.sd[0] == pytest.approx(c.waveforms[[0, 2]].std(axis=0, ddof=1), abs=1e-6)
    assert np.isnan(means.sd[1]).all()


def test_many_levels_are_rounded_halves_up():
    means = level_means(cohort(np.arange(0, 100)))
    assert means.levels.tolist() == list(range(100, -1, -10))
    assert means.counts.tolist() == [5, *[10] * 9, 5]


def test_no_level_at_all_gives_an_empty_picture():
    means = level_means(cohort([np.nan, np.nan]))
    assert len(means.levels) == 0
    assert mean_by_level(means, "light").data


def test_mean_picture_has_units_and_the_look_of_its_kind():
    for kind, style in TRACE_STYLES.items():
        figure = mean_by_level(level_means(cohort([80, 60, 60], kind=kind)), "dark")
        line = next(t for t in figure.data if t.name.startswith(style.label))
        assert line.line.color == style.dark
        assert line.line.dash == style.dash
        assert figure.layout.xaxis.title.text == "Time after stimulus (ms)"
        assert figure.layout.yaxis.title.text == "Intensity (dB nHL)"
        assert any("µV" in note.text for note in figure.layout.annotations)


def test_baselines_fall_with_the_level():
    figure = mean_by_level(level_means(cohort([80, 60, 40])), "light")
    assert [text.split()[0] for text in figure.layout.yaxis.ticktext] == ["80", "60", "40"]
    assert np.all(np.diff(figure.layout.yaxis.tickvals) < 0)


def test_right_ear_is_red_and_left_of_the_blue_left_ear():
    figure = ear_series(cohort([80, 60, 80], ears=["right", "right", "left"]), "light")
    right, left = (next(t for t in figure.data if t.name == f"{ear} ear") for ear in ("Right", "Left"))
    assert (right.line.color, left.line.color) == (EAR_COLOURS["right"]["light"], EAR_COLOURS["left"]["light"])
    assert (right.xaxis, left.xaxis) == ("x", "x2")
    assert np.isnan(right.x).sum() == 2
    assert np.isnan(left.x).sum() == 1


def test_a_third_repetition_gets_a_line_of_its_own():
    figure = ear_series(cohort([80, 80, 80, 60], ears=["right"] * 4), "light", ears=("right",))
    assert list(figure.layout.yaxis.ticktext) == ["80", "80", "60"]


def test_a_wave_is_named_once_a_line():
    c = cohort([80, 80, 80, 60], ears=["right"] * 4, latency_V_ms=[5.0, 5.2, 5.1, np.nan])
    marks = next(t for t in ear_series(c, "light", ears=("right",)).data if t.name == "wave V")
    assert len(marks.x) == 3
    assert sorted(marks.text) == ["", "V", "V"]


def test_all_ears_share_one_gain():
    c = cohort([80, 80], ears=["right", "left"])
    figure = ear_series(c, "light")
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range


def test_marks_lie_on_the_trace_and_a_wave_that_is_not_marked_has_none():
    c = cohort([80, 60], latency_V_ms=[5.0, np.nan], latency_I_ms=[20.0, np.nan])
    marks = wave_marks(c, np.array([0.0, -1.0]))
    assert marks["wave"].tolist() == ["V"]
    assert marks["time_ms"].tolist() == [5.0]
    assert marks["y"].iloc[0] == pytest.approx(float(c.waveforms[0, 25]), abs=1e-5)


def test_joined_leaves_a_gap_between_traces():
    x, y = joined(np.array([0.0, 1.0]), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, -10.0]))
    assert np.isnan(x[[2, 5]]).all()
    assert y[[0, 1, 3, 4]].tolist() == [1.0, 2.0, -7.0, -6.0]


def test_the_scale_bar_is_a_round_number_not_longer_than_the_spacing():
    assert scale_bar_uv(0.37) == 0.2
    assert scale_bar_uv(1.0) == 1.0
    assert scale_bar_uv(0.001) == 0.02
    assert spacing_uv(np.zeros((3, 4))) == 1.0


def test_a_click_finds_the_recording_and_the_chosen_one_is_bold():
    c = cohort([80, 60, 60], ears=["right", "right", "left"])
    figure = ear_series(c, "light", chosen="r1")
    points = [t for t in figure.data if t.name == "recording"]
    assert {id for t in points for id in t.customdata} == {"r0", "r1", "r2"}
    assert all(t.marker.opacity == 0 for t in points)
    right = [t for t in figure.data if t.name == "Right ear"]
    assert sorted(t.line.width for t in right) == [1.2, 2.6]
    bold = max(right, key=lambda t: t.line.width)
    at = points[0]
    own = [y for y, id in zip(at.y, at.customdata, strict=True) if id == "r1"]
    assert set(np.float32(own)) <= set(np.float32(bold.y)), "its points lie on its trace"


def test_no_response_is_written_where_wave_v_was_judged_absent():
    c = cohort([80, 20], response_V=["present", "absent"])
    figure = ear_series(c, "light", ears=("right",))
    (note,) = [t for t in figure.data if t.name == "no response"]
    assert note.text == "NR"
    loud, quiet = figure.layout.yaxis.tickvals
    below = (c.time_ms > note.x[0] - NR_WIDTH_MS) & (c.time_ms <= note.x[0])
    assert note.y == (pytest.approx(quiet + c.waveforms[1, below].max()),), "the letters stand on the trace, not in it"
    assert note.y[0] < loud
    assert not [t for t in ear_series(cohort([80]), "light", ears=("right",)).data if t.name == "no response"]
