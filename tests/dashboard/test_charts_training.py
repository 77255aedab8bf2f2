from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.training.curves import Curve, Frame, chart, training_curves
from dashboard.charts.training.latents import by_last_value, latent_map
from dashboard.charts.training.smoothing import smoothed
from dashboard.charts.training.terms import term, terms_of

X = np.arange(1.0, 6.0)
FALLING = np.array([9.0, 7.0, 5.0, 4.0, 3.0])


def drawn(*curves: Curve, height: int = 200, **frame):
    return chart(curves, Frame("light", **frame), unit="nats", height=height)


def test_smoothing_starts_at_the_first_value_and_passes_over_gaps():
    assert smoothed(np.array([4.0, 4.0, np.nan, 4.0]), 0.9) == pytest.approx([4, 4, 4, 4])
    assert smoothed(np.array([0.0, 1.0]), 0.5) == pytest.approx([0, 2 / 3])
    assert np.isnan(smoothed(np.array([np.nan, 1.0]), 0.5)[0])


def test_smoothing_is_the_weighted_mean_of_all_values_so_far():
    values, weight = np.random.default_rng(0).normal(size=50), 0.8
    weights = weight ** np.arange(49, -1, -1)
    assert smoothed(values, weight)[-1] == pytest.approx((weights * values).sum() / weights.sum())


def test_no_smoothing_leaves_the_values():
    assert smoothed(FALLING, 0.0).tolist() == FALLING.tolist()


def test_a_long_history_is_smoothed_over_its_faint_steps():
    x = np.arange(400.0)
    raw, line = training_curves(x, x % 2, 0.95)
    figure = drawn(raw, line)
    assert np.ptp(figure.data[0].y) == 1.0
    assert np.ptp(figure.data[1].y[100:]) < 0.1
    assert [trace.showlegend for trace in figure.data] == [False, True]


def test_a_short_history_is_hardly_smoothed():
    assert [c.style for c in training_curves(np.arange(20.0), np.arange(20.0), 0.9)] == ["training"]
    x = np.arange(40.0)
    _, line = training_curves(x, x, 0.99)
    assert (x - line.y).max() <= 2  # no more than a twentieth of it counts


def test_training_and_validation_differ_in_colour_dash_and_name():
    figure = drawn(Curve("training", X, FALLING), Curve("validation", X, FALLING + 1, "validation"))
    training, validation = figure.data
    assert (training.name, validation.name) == ("training", "validation")
    assert training.line.color != validation.line.color
    assert validation.line.dash is not None
    assert figure.layout.xaxis.title.text == "Epochs done"


def test_only_what_is_asked_for_is_drawn():
    assert drawn(Curve("training", X, FALLING), since=3.0).data[0].x.tolist() == [3, 4, 5]


def test_a_logarithmic_axis_only_where_all_is_above_zero():
    assert drawn(Curve("training", X, FALLING), log=True).layout.yaxis.type == "log"
    figure = drawn(Curve("training", X, FALLING - 3), log=True)
    assert figure.layout.yaxis.type == "linear"
    assert "not all values are above 0" in figure.layout.annotations[0].text


def test_the_best_epoch_is_marked_and_named_where_there_is_room():
    curve = Curve("validation", X, FALLING, "validation")
    wide = chart([curve], Frame("dark", best=(5.0, 5)), unit="nats", height=200, wide=True)
    assert (wide.layout.shapes[0].x0, wide.layout.annotations[0].text) == (5.0, "best: epoch 5")
    assert wide.layout.annotations[0].xanchor == "right"  # it would not fit on the other side
    assert not drawn(curve, best=(5.0, 5)).layout.annotations
    assert not drawn(curve, best=(2.0, 2), since=3.0).layout.shapes


def test_nothing_measured_is_said():
    figure = drawn(Curve("validation", np.empty(0), np.empty(0)), best=(5.0, 5))
    assert not figure.data
    assert figure.layout.annotations[0].text == "nothing measured yet"


def test_gaps_stay_gaps_and_numbers_are_sent_short():
    y = drawn(Curve("training", X, np.array([1.23456789, np.nan, -0.000123456789, 0.0, 1e9 / 3]))).data[0].y
    assert np.isnan(y[1])
    assert y[[0, 2, 3, 4]].tolist() == pytest.approx([1.23457, -0.000123457, 0.0, 333333000.0], rel=1e-12)


def test_waves_are_told_apart_by_colour_and_dash():
    figure = drawn(*(Curve(wave, X, FALLING, f"wave {wave}") for wave in ("I", "III", "V")))
    assert len({trace.line.color for trace in figure.data}) == 3
    assert len({trace.line.dash for trace in figure.data}) == 3


def test_terms_start_with_the_loss_then_kl():
    assert terms_of(["train_waveform", "beta", "train_zeta", "train_kl", "train_loss"]) == [
        "loss", "kl", "waveform", "zeta",
    ]  # fmt: skip


def test_each_term_has_its_unit():
    assert term("waveform", "whitened").unit == "nats"
    assert term("waveform", "reference").unit == "SD²"
    assert term("kl", "reference").unit == "nats"
    assert term("some_term", "whitened").title == "Some term"


# --- latent units -----------------------------------------------------------------------------------------------------

EPOCHS = np.array([1.0, 2.0, 3.0])
KL = np.array([[0.1, 0.2, 0.3], [0.1, 0.9, 0.3], [0.1, 0.5, 0.8]])


def test_latent_units_are_sorted_by_their_last_value():
    assert by_last_value(KL).tolist() == [2, 1, 0]
    assert by_last_value(np.array([[1.0, np.nan, 2.0]])).tolist() == [2, 0, 1]
    heat_map = latent_map(EPOCHS, KL, "light").data[0]
    assert heat_map.z[:, -1].tolist() == [0.8, 0.5, 0.1]
    assert latent_map(EPOCHS, KL, "light").layout.yaxis.ticktext == ("3", "2", "1")


def test_epochs_are_taken_together_when_there_are_many():
    epochs = np.arange(1.0, 1001.0)
    heat_map = latent_map(epochs, np.tile(epochs[:, None], (1, 2)), "dark").data[0]
    assert heat_map.z.shape == (2, 240)
    assert heat_map.x[-1] == 1000
    assert heat_map.z[0, 0] == pytest.approx(3.0)  # mean of the first five epochs


def test_a_network_that_says_nothing_is_pale():
    heat_map = latent_map(EPOCHS, np.zeros((3, 2)), "light").data[0]
    assert (heat_map.zmin, heat_map.zmax) == (0, 0.01)


def test_only_the_epochs_asked_for():
    assert latent_map(EPOCHS, KL, "light", since=2.0).data[0].x.tolist() == [2, 3]
