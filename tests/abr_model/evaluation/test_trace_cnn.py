"""The convolutional classifier learns a shape at any place, uses conditions, and gives the same again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.trace_cnn import fit_trace_cnn


def traces_of(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise; half of them with a bump somewhere."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, n)
    time, centre = np.arange(80), rng.uniform(20, 60, n)
    bump = 2.5 * np.exp(-0.5 * ((time - centre[:, None]) / 4) ** 2)
    return rng.standard_normal((n, 80)) + classes[:, None] * bump, classes


def test_finds_a_bump_wherever_it_is():
    (traces, classes), (new, truth) = traces_of(1200, 0), traces_of(400, 1)
    fitted = fit_trace_cnn(traces, np.zeros((1200, 0)), classes, 2, seed=0)
    chances = fitted.probabilities(new, np.zeros((400, 0)))
    np.testing.assert_allclose(chances.sum(1), 1)
    assert RankedScores(chances[:, 1], truth == 1)() > 0.95


def test_uses_conditions():
    rng = np.random.default_rng(2)
    traces, numbers = rng.standard_normal((3000, 80)), 50 + 10 * rng.standard_normal((3000, 2))
    classes = (numbers[:, 0] > 50).astype(int)
    fitted = fit_trace_cnn(traces[:2500], numbers[:2500], classes[:2500], 2, seed=0)
    chances = fitted.probabilities(traces[2500:], numbers[2500:])
    assert RankedScores(chances[:, 1], classes[2500:] == 1)() > 0.9


def test_what_cannot_be_learned_is_not():
    rng = np.random.default_rng(3)
    traces, classes = rng.standard_normal((1600, 80)), rng.integers(0, 2, 1600)
    fitted = fit_trace_cnn(traces[:800], np.zeros((800, 0)), classes[:800], 2, seed=0)
    chances = fitted.probabilities(traces[800:], np.zeros((800, 0)))
    assert abs(RankedScores(chances[:, 1], classes[800:] == 1)() - 0.5) < 0.07


def test_same_seed_same_network_and_no_trace_in_the_random_numbers_of_others():
    traces, classes = traces_of(200, 4)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second, other = (
        fit_trace_cnn(traces, np.zeros((200, 0)), classes, 2, seed, epochs=2).probabilities(traces, np.zeros((200, 0)))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)
    torch.testing.assert_close(torch.rand(3), expected)


def test_few_examples_and_a_caller_that_stops():
    traces, classes = traces_of(3, 5)
    assert fit_trace_cnn(traces, np.ones((3, 1)), classes, 2, 0).probabilities(traces, np.ones((3, 1))).shape == (3, 2)

    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_trace_cnn(traces, np.ones((3, 1)), classes, 2, 0, on_progress=stop)
