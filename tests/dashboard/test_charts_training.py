from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.training.curves import beta_curve, curve, history_table, smoothed, terms, title_of

ROWS = [
    {"kind": "step", "epoch": 0, "step": 5, "train_loss": 9.0, "train_kl": 1.0, "train_zeta": 2.0, "beta": 0.0},
    {"kind": "step", "epoch": 0, "step": 10, "train_loss": 7.0, "train_kl": 2.0, "train_zeta": 2.0, "beta": 0.0},
    {"kind": "epoch", "epoch": 0, "step": 10, "train_loss": 8.0, "validation_loss": 7.5, "beta": 0.0},
    {"kind": "step", "epoch": 1, "step": 15, "train_loss": 5.0, "train_kl": 2.0, "train_zeta": 2.0, "beta": 0.5},
]


def test_steps_stand_within_their_epoch_and_an_epoch_at_its_end():
    assert history_table(ROWS, 10)["epochs_done"].tolist() == [0.5, 1.0, 1.0, 1.5]
    assert history_table([], 10).empty


def test_terms_start_with_the_loss_then_kl():
    assert terms(history_table(ROWS, 10)) == ["loss", "kl", "zeta"]
    assert terms(history_table([], None)) == []
    assert title_of("kl") == "KL (nats)"
    assert title_of("some_term") == "Some term"


def test_training_and_validation_differ_in_colour_dash_and_name():
    figure = curve(history_table(ROWS, 10), "loss", "light")
    training, validation = figure.data
    assert list(training.y) == [9.0, 7.0, 5.0]
    assert list(validation.x) == [1.0]
    assert list(validation.y) == [7.5]
    assert training.line.color != validation.line.color
    assert validation.line.dash is not None
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("Epochs done", "Loss")


def test_a_long_history_is_smoothed_over_its_faint_steps():
    rows = [{"kind": "step", "epoch": 0, "step": s, "train_loss": float(s % 2)} for s in range(100)]
    raw, smooth = curve(history_table(rows, 100), "loss", "dark").data
    assert np.ptp(raw.y) == 1.0
    assert np.ptp(smooth.y[50:]) < 0.1


def test_only_the_epochs_asked_for_are_drawn():
    assert list(curve(history_table(ROWS, 10), "loss", "light", since=1.2).data[0].x) == [1.5]


def test_beta_is_a_step_of_each_epoch():
    figure = beta_curve(history_table(ROWS, 10), "light")
    assert list(figure.data[0].y) == [0.0, 0.0, 0.0, 0.5]


def test_smoothing_starts_at_the_first_value_and_passes_over_gaps():
    assert smoothed(np.array([4.0, 4.0, np.nan, 4.0])) == pytest.approx([4, 4, 4, 4])
    assert smoothed(np.array([0.0, 1.0]), 0.5) == pytest.approx([0, 2 / 3])
