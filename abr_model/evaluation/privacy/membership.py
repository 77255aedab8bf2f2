"""Membership inference: can an attacker tell from the generated recordings, or from the network, who was in training?

Each attack gives every recording of :class:`~abr_model.evaluation.privacy.matched.Matched` a number that is higher the
more the attacker believes that the model has learned from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abr_model.evaluation.features import Components
from abr_model.evaluation.privacy.neighbours import nearest_distance

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.evaluation.privacy.matched import Matched
    from abr_model.model import TrainedModel

COMPONENTS = 30
COVARIANCE_ROWS = 6_000
CHUNK = 1024


def points_of(matched: Matched) -> tuple[np.ndarray, np.ndarray, Components]:
    """Points [2n, 30] of members and outsiders, of the generated recordings, and the components.

    The components are those of members and outsiders together: components of the training part would show its own
    recordings a little more fully than others.
    """
    components = Components(matched.both)
    seen = (components(t, COMPONENTS) for t in (matched.both, matched.generated.waveforms))
    return *seen, components


def nearest_generated(matched: Matched) -> np.ndarray:
    """[2n] nearness of the nearest generated recording (Hayes et al. 2019; Chen et al. 2020, full black box)."""
    both, generated, _ = points_of(matched)
    return -nearest_distance(both, generated)


def nearest_generated_for_its_kind(matched: Matched) -> np.ndarray:
    """[2n] the same, beside how near a recording of other people is: nothing odd about a common trace (van Breugel et
    al. 2023, DOMIAS, with distances for densities).
    """
    both, generated, components = points_of(matched)
    reference = nearest_distance(both, components(matched.rest.waveforms, COMPONENTS))
    return _log(reference) - _log(nearest_distance(both, generated))


def small_loss(matched: Matched, model: TrainedModel) -> np.ndarray:
    """[2n] minus the loss of each recording in the network, nats (Yeom et al. 2018).

    The loss is T/2·log of the mean squared whitened residual of the reconstruction from the posterior mean + KL, the
    objective of the ``default`` preset, with the colour of the residual noise measured on members and outsiders alike.
    """
    import torch

    from abr_model.residual_noise import SMALLEST_POWER, noise_covariance

    parts = [_residuals(model, cohort) for cohort in (matched.members, matched.outsiders)]
    residual, kl = (torch.cat(both) for both in zip(*parts, strict=True))
    rows = torch.linspace(0, len(residual) - 1, min(COVARIANCE_ROWS, len(residual))).long()
    factor = torch.linalg.cholesky(noise_covariance(residual[rows], ridge=1e-3))
    whitened = torch.linalg.solve_triangular(factor, residual.double().T, upper=False)
    loss = 0.5 * residual.shape[1] * (whitened.square().mean(0) + SMALLEST_POWER).log() + kl.double()
    return -loss.numpy()


def _residuals(model: TrainedModel, cohort: Cohort):
    """Residual [n, T] of the reconstruction from the posterior mean, and KL [n]."""
    import torch

    from abr_model.preparation import model_inputs

    inputs = model_inputs(cohort, model.scaling)
    device = next(model.network.parameters()).device
    residuals, kl = [], []
    model.network.eval()
    with torch.inference_mode():
        for start in range(0, len(inputs), CHUNK):
            batch = inputs[start : start + CHUNK].to(device)
            posterior = model.network.encode(batch)
            residuals.append((batch.waveform - model.network.decode(posterior.mean, batch.static).waveform).cpu())
            kl.append(posterior.kl().cpu())
    return torch.cat(residuals), torch.cat(kl)


def _log(distance: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(distance, 1e-9))  # an exact copy is at 0
