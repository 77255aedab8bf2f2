"""How far a recording is from the training data, in a sentence."""

from __future__ import annotations

import numpy as np

from abr_model.ears.familiarity import Familiarity

USUAL = Familiarity.measure(np.linspace(0, 100, 1001), np.linspace(0, 2, 1001))


def test_the_worse_of_both_numbers_decides():
    assert USUAL.of(50, 1.0).degree == "like"
    assert USUAL.of(96, 1.0).degree == "unusual"
    assert USUAL.of(50, 1.995).degree == "unlike"
    assert USUAL.of(500, 0.1).degree == "unlike"


def test_without_residual_noise_the_surprise_is_what_counts():
    unknown = USUAL.of(50, np.nan)
    assert unknown.degree == "like"
    assert "not known" in unknown.sentence
    assert Familiarity.measure(np.arange(10.0), np.full(10, np.nan)).left_over is None


def test_the_sentence_has_the_numbers():
    sentence = USUAL.of(500, 1.0).sentence
    assert "unlike" in sentence and "500 nats" in sentence and "below 95" in sentence
