from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from abr_model.runs.previews import FixedCondition, HeldOut, Preview
from dashboard.charts.training.previews import (
    EARLIER_SHOWN,
    earlier_epochs,
    latency_as_it_forms,
    latency_table,
    preview_traces,
    preview_words,
    traces_table,
)
from dashboard.style import TRACE_STYLES

LEVELS = np.array([20.0, 50.0, 80.0])
TIME_MS = np.arange(60) / 5


def condition(level: float, n: int, patients: int) -> FixedCondition:
    return FixedCondition(
        level=f"{level:g} dB nHL", hearing="Normal hearing", ages="18–45 years", rate="33.1 /s", age_years=30.0,
        intensity_db_nhl=level, stimulus_rate_per_s=33.1, hearing_loss="normal", n=n, patients=patients,
    )  # fmt: skip


HELD_OUT = HeldOut(
    kind="clinical",
    time_ms=TIME_MS,
    conditions=(condition(80, 38, 21), condition(20, 12, 1), condition(50, 7, 3)),
    mean=np.stack([0.3 * np.sin(TIME_MS), 0.1 * np.sin(TIME_MS), 0.2 * np.sin(TIME_MS)]),
    sd=np.full((3, 60), 0.1),
    series="normal hearing, 18–45 years, 33.1 /s",
    levels=LEVELS,
    latency_ms=np.array([[8.0, 8.2, 8.4], [6.6, 6.8, 7.0], [5.4, 5.5, 5.6]]),
    marked=np.array([12, 1234, 40]),
)


def preview(epoch: int, drawn_from: str = "posteriors") -> Preview:
    return Preview(
        epoch=epoch,
        drawn_from=drawn_from,
        draws=64,
        with_noise=drawn_from == "sampler",
        mean=(HELD_OUT.mean + 0.05 * epoch).astype(np.float32),
        sd=np.full((3, 60), 0.02 * epoch, dtype=np.float32),
        latency_ms=np.array([np.nan, 7.0, 5.6 + 0.1 * epoch]),
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_condition_has_a_panel_with_both_bands_and_both_means(theme):
    figure = preview_traces(HELD_OUT, preview(2), theme)
    bands, lines = ([t for t in figure.data if (t.fill == "toself") is filled] for filled in (True, False))
    assert len(bands) == len(lines) == 6
    for i in range(3):
        held, generated = lines[2 * i : 2 * i + 2]
        assert held.xaxis == generated.xaxis == bands[2 * i].xaxis == bands[2 * i + 1].xaxis
        np.testing.assert_allclose(held.y, HELD_OUT.mean[i], atol=1e-4)
        np.testing.assert_allclose(generated.y, preview(2).mean[i], atol=1e-4)
        edge = np.split(np.asarray(bands[2 * i + 1].y), 2)
        np.testing.assert_allclose(edge[1][::-1] - edge[0], 2 * preview(2).sd[i], atol=2e-4)
    assert len({line.xaxis for line in lines}) == 3


def test_generated_and_held_out_differ_in_colour_dash_and_name():
    held, generated = (t for t in preview_traces(HELD_OUT, preview(2), "light").data if t.showlegend)
    assert (held.line.color, held.line.dash) == (TRACE_STYLES["clinical"].light, TRACE_STYLES["clinical"].dash)
    assert generated.line.color == TRACE_STYLES["generated"].light
    assert generated.line.dash != held.line.dash
    assert (held.name, generated.name) == ("held-out (clinical), mean ± SD", "generated, mean ± SD")


def test_every_panel_says_its_condition_its_n_and_how_far_the_means_are_apart():
    titles = [note.text for note in preview_traces(HELD_OUT, preview(2), "light").layout.annotations]
    assert "80 dB nHL, normal hearing" in titles[0]
    assert "18–45 years, 33.1 /s" in titles[0]
    assert "n = 38 (21 patients)" in titles[0]
    assert "n = 12 (1 patient)" in titles[1]
    assert all("means differ by 0.10 µV" in title for title in titles)


def test_nothing_is_cut_off_the_axis():
    figure = preview_traces(HELD_OUT, preview(9), "light")
    for i, axis in enumerate(("yaxis", "yaxis2", "yaxis3")):
        low, high = figure.layout[axis].range
        assert low <= (HELD_OUT.mean[i] - HELD_OUT.sd[i]).min()
        assert high >= (preview(9).mean[i] + preview(9).sd[i]).max()


def test_latency_by_level_has_quartiles_median_n_and_all_epochs():
    figure = latency_as_it_forms(HELD_OUT, [preview(1), preview(2)], preview(4), "light")
    quartiles, median, first, second, shown = figure.data
    assert list(quartiles.y[:2]) == [8.0, 8.4]
    assert list(median.y) == [8.2, 6.8, 5.5]
    assert np.isnan(shown.y[0])
    assert list(shown.y[1:]) == [7.0, 6.0]
    assert first.opacity < second.opacity < 1
    assert shown.line.width > second.line.width
    assert shown.name == "generated, epoch 4"
    assert [bool(first.showlegend), bool(second.showlegend)] == [False, True]
    assert list(figure.layout.xaxis.ticktext) == ["20<br>12", "50<br>1,234", "80<br>40"]


def test_labels_of_many_levels_do_not_run_into_one_another():
    levels = np.arange(10.0, 101.0, 5.0)
    many = dataclasses.replace(
        HELD_OUT, levels=levels, latency_ms=np.full((len(levels), 3), 7.0), marked=np.full(len(levels), 100)
    )
    shown = dataclasses.replace(preview(1), latency_ms=np.full(len(levels), 7.0))
    ticks = latency_as_it_forms(many, [], shown, "light").layout.xaxis.tickvals
    assert min(np.diff(ticks)) >= 10
    assert len(ticks) >= 5


def test_earlier_epochs_are_spread_from_the_first_on():
    assert earlier_epochs([1, 2, 4], 4) == [1, 2]
    assert earlier_epochs([1, 2, 4], 1) == []
    spread = earlier_epochs([1, *range(2, 101, 2)], 100)
    assert len(spread) == EARLIER_SHOWN
    assert (spread[0], spread[-1]) == (1, 98)
    assert max(np.diff(spread)) < 30


def test_tables_hold_what_is_drawn():
    table = traces_table(HELD_OUT, preview(2))
    assert len(table) == 3 * 60
    assert table["held_out_n"].unique().tolist() == [38, 12, 7]
    latency = latency_table(HELD_OUT, [preview(1), preview(3, "sampler")])
    assert latency["held_out_n"].tolist() == [12, 1234, 40]
    assert latency["generated_epoch_1_ms"].tolist()[1:] == pytest.approx([7.0, 5.7])
    assert "generated_final_model_ms" in latency
    assert preview_words(preview(3)) == "epoch 3"
