"""The map to uncorrelated normal scores, and back."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import kstest

from abr_model.sampler.normal_scores import KNOTS, NormalScores


def sizes(n, seed=0):
    """Three columns that go together; the first has two humps, the third a heavy tail."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    humps = np.where(rng.random(n) < 0.4, -1.0, 1.0) + 0.2 * common
    return torch.from_numpy(np.c_[humps, humps + 0.3 * rng.normal(size=n), rng.standard_t(3, n) + common]).float()


def test_scores_are_normal_and_uncorrelated():
    scores = NormalScores(3)
    scores.fit(sizes(20_000))
    found = scores(sizes(20_000, seed=1)).numpy()
    np.testing.assert_allclose(np.cov(found.T), np.eye(3), atol=0.05)
    np.testing.assert_allclose(found.mean(0), 0, atol=0.03)
    assert kstest(sizes(5_000)[:, 0].numpy(), "norm").statistic > 0.1, "which they were not before"


def test_a_value_comes_back_and_beyond_the_extremes_it_stays_at_them():
    known, new = sizes(20_000), sizes(2_000, seed=1)
    scores = NormalScores(3)
    scores.fit(known)
    low, high = known.min(0).values, known.max(0).values
    back = scores.inverse(scores(new))
    inside = ((new > low) & (new < high)).all(1)
    # up to a step between two quantiles
    assert (back - new)[inside].abs().mean() < 1e-3
    beyond = scores.inverse(torch.tensor([[50.0, 0, 0], [-50.0, 0, 0]]))
    assert (beyond >= low - 1e-3).all() and (beyond <= high + 2e-3).all()


def test_normal_numbers_become_what_was_seen():
    known = sizes(20_000)
    scores = NormalScores(3)
    scores.fit(known)
    drawn = scores.inverse(torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0)))
    grid = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(np.quantile(drawn[:, 2].numpy(), grid), np.quantile(known[:, 2].numpy(), grid), atol=0.2)
    assert np.corrcoef(drawn[:, :2].T)[0, 1] > 0.6


def test_equal_values_have_a_score_and_come_back():
    scores = NormalScores(1)
    scores.fit(torch.full((50, 1), 2.0))
    back = scores.inverse(scores(torch.full((5, 1), 2.0)))
    assert torch.isfinite(back).all()
    torch.testing.assert_close(back, torch.full((5, 1), 2.0), atol=KNOTS * 1e-5, rtol=0)
