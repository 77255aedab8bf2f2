"""Learn from a model's training recordings how those of one ear go together, and measure it on held-out ears."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from abr_model.ears.codes import Codes, codes_of, responses_of
from abr_model.ears.familiarity import Familiarity, left_over
from abr_model.ears.link import Change, EarLink, LinkDescription
from abr_model.ears.network import EarNetwork
from abr_model.ears.pairs import EarPairs
from abr_model.joint_support import class_index
from abr_model.preparation import model_inputs
from abr_model.schema import CONDITIONS, RESIDUAL_NOISE

if TYPE_CHECKING:
    from torch import Tensor

    from abr_model.cohort import Cohort
    from abr_model.model import TrainedModel

STEPS = 4000
BATCH = 512
LEARNING_RATE = 0.003
WEIGHT_DECAY = 0.01
FEWEST_EARS = 20
"""With fewer ears that were recorded more than once, nothing is learned."""
USUAL = 0.9
"""Share of the changing ears that change by no more than what is called usual."""
LEAST_KL = 0.02
"""A latent unit with a mean KL below this (nats) carries nothing."""
MEASURED, MEASURED_DRAWS = 1000, 16
SMALLEST_SD_UV, LARGEST_WIDENING = 1e-4, 5.0

Progress = Callable[[int, int], None]


def fit_link(
    model: TrainedModel,
    train: Cohort,
    validation: Cohort,
    seed: int = 0,
    steps: int | None = None,
    on_progress: Progress | None = None,
) -> EarLink | None:
    """The link of ears of a model.

    Parameters
    ----------
    model
        A trained model; its weights are not changed.
    train, validation
        The parts that it was trained and validated on, on its time axis.
    seed
        The same seed gives the same link.
    steps
        Of the fit; when left out, one for every four recordings and at most 4,000 (about 40 s on one core).
    on_progress
        Called with (steps done, steps in all).

    Returns
    -------
    EarLink or None
        None where fewer than 20 training ears, or no held-out one, were recorded more than once.
    """
    pairs, held_out = EarPairs.of(train.table), EarPairs.of(validation.table)
    known_ears = int((pairs.count > 1).sum())
    if known_ears < FEWEST_EARS or not len(held_out.targets):
        return None
    steps = steps or link_steps(len(train))
    codes = codes_of(model.network, model_inputs(train, model.scaling))
    units = (codes.kl.mean(0) > LEAST_KL).nonzero()[:, 0]
    if not len(units):
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = EarNetwork(len(units))
        _learn(network, codes, units, pairs, np.random.default_rng(seed), steps, on_progress)
    network.eval()
    checked = codes_of(model.network, model_inputs(validation, model.scaling))
    description = LinkDescription(
        weights_sha256=model.weights_sha256,
        units=tuple(units.tolist()),
        ears=known_ears,
        recordings=len(pairs.targets),
        changes=_changes(train, pairs),
        widening=(1.0, 1.0),
        familiarity=_familiarity(model, validation, checked),
        explained=0.0,
    )
    measured = _measure(model, EarLink(network, description), validation, checked, held_out, seed)
    return EarLink(network, description.model_copy(update=measured))


def link_steps(recordings: int) -> int:
    """Steps of the fit for so many training recordings."""
    return int(np.clip(recordings // 4, 50, STEPS))


def _learn(network, codes: Codes, units: Tensor, pairs: EarPairs, rng, steps: int, on_progress) -> None:
    """Gaussian likelihood of the target's code, drawn from its posterior."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, steps)
    mean, sd = codes.mean[:, units], codes.sd[:, units]
    for step in range(steps):
        target, known, counts = (torch.as_tensor(a) for a in pairs.draw(rng, min(BATCH, 2 * len(pairs.targets))))
        centre, log_variance = network(
            mean[known], sd[known], codes.static[known], counts.float(), codes.static[target]
        )
        drawn = mean[target] + sd[target] * torch.randn(len(target), len(units))
        loss = 0.5 * ((drawn - centre).square() * torch.exp(-log_variance) + log_variance).sum(1).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if on_progress and ((step + 1) % 50 == 0 or step + 1 == steps):
            on_progress(step + 1, steps)


def _changes(train: Cohort, pairs: EarPairs) -> dict[str, Change]:
    """How often, and by how much, each condition changes within an ear."""
    found = {}
    for column in CONDITIONS:
        values = train.table[column.name]
        numbers = class_index(values) if column.kind == "class" else values.to_numpy(float)
        span = np.array([np.ptp(numbers[ear]) for ear in np.split(pairs.order, pairs.first[1:])])
        changed = span[span > 0]
        usual = float(np.quantile(changed, USUAL)) if len(changed) and column.kind != "class" else 0.0
        found[column.name] = Change(ears=len(changed), usual=usual)
    return found


def _familiarity(model: TrainedModel, cohort: Cohort, codes: Codes) -> Familiarity:
    left = np.sqrt(((cohort.waveforms - responses_of(model, codes.mean, codes.static)) ** 2).mean(1))
    return Familiarity.measure(codes.kl.sum(1).numpy(), left_over(left, cohort.table))


@torch.no_grad()
def _measure(model: TrainedModel, link: EarLink, cohort: Cohort, codes: Codes, pairs: EarPairs, seed: int) -> dict:
    """Share of the codes' variance that is told, and how much wider errors are than the draws' spread."""
    target, known, _ = pairs.draw(np.random.default_rng(seed), min(MEASURED, 4 * len(pairs.targets)))
    units, one = list(link.description.units), known[:, :1]
    mean, log_variance = link.network(
        codes.mean[one][:, :, units],
        codes.sd[one][:, :, units],
        codes.static[one],
        torch.ones(len(target), 1),
        codes.static[target],
    )
    truth = codes.mean[target][:, units]
    explained = 1 - float((truth - mean).square().sum() / truth.square().sum())
    centre, spread = torch.zeros_like(codes.mean[target]), torch.ones_like(codes.mean[target])
    centre[:, units], spread[:, units] = mean, log_variance.mul(0.5).exp()
    measured = (model, cohort.take(target), codes.static[target], seed)
    own = _widening(*measured, codes.mean[target], codes.sd[target])
    return {"explained": explained, "widening": (own, _widening(*measured, centre, spread))}


def _widening(model: TrainedModel, cohort: Cohort, static: Tensor, seed: int, mean: Tensor, sd: Tensor) -> float:
    """Factor on the draws' SD with which it is the size of the errors. An error against the recording holds its
    residual noise, too: that power is taken off. 1 where the noise is not known."""
    generator = torch.Generator().manual_seed(seed)
    centre = responses_of(model, mean, static)
    numbers = (torch.randn(mean.shape, generator=generator) for _ in range(MEASURED_DRAWS))
    variance = sum((responses_of(model, mean + n * sd, static) - centre) ** 2 for n in numbers) / MEASURED_DRAWS
    noise = cohort.table[RESIDUAL_NOISE.name].to_numpy(float) / 1000
    known = np.isfinite(noise)
    if not known.any():
        return 1.0
    error = ((cohort.waveforms - centre) ** 2).mean(1)[known] - noise[known] ** 2
    ratio = error.mean() / max(variance.mean(1)[known].mean(), SMALLEST_SD_UV**2)
    return float(np.sqrt(np.clip(ratio, 1.0, LARGEST_WIDENING**2)))
