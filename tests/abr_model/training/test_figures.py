from __future__ import annotations

import numpy as np
import torch

from abr_model.configuration import load_preset
from abr_model.network.outputs import Decoded, Posterior
from abr_model.preparation import model_inputs
from abr_model.training.figures import held_out_figures, row_correlations
from abr_model.training.parts import prepare_parts


class CopiesItsLabels(torch.nn.Linear):
    """A network whose z holds the labels that it was given, and which reads nothing from the trace."""

    latent = 6

    def encode(self, batch):
        z = torch.cat([batch.latency, batch.amplitude], 1)
        return Posterior(z, torch.zeros_like(z))

    def decode(self, z, static):
        return Decoded(torch.zeros(len(z), 200), z[:, :3], z[:, 3:])


def test_a_label_that_was_given_is_not_measured_as_read(small_cohort):
    parts = prepare_parts(small_cohort, load_preset("reference"))
    inputs = model_inputs(parts.test, parts.scaling)
    mean_trace = parts.train.waveforms.mean(0)
    figures = held_out_figures(CopiesItsLabels(1, 1), parts.scaling, parts.test, inputs, mean_trace)
    labels = parts.test.table["latency_V_ms"].dropna()
    mean = parts.train.table["latency_V_ms"].mean()
    assert abs(figures["latency_V_mae_ms"] - (labels - mean).abs().mean()) < 1e-4, "no better than the mean label"
    assert figures["kl_nats"] > 0, "the KL is that of the posterior of the whole recording"
    assert inputs.mask.any(), "the inputs are left alone"


def test_correlation_over_time():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 30)), rng.normal(size=(5, 30))
    np.testing.assert_allclose(row_correlations(a, b), [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)])
    assert np.isnan(row_correlations(a, np.ones((5, 30)))).all()
