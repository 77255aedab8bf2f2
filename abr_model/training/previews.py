"""Previews while training: what the network generates at fixed conditions, beside held-out recordings.

All chance comes from a generator of its own, the same in every preview: a change between two previews is a change of
the network, and the training's random numbers are what they would be without.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from abr_model.configuration import Preset
from abr_model.preparation import ModelInputs
from abr_model.runs.previews import Preview, Previews
from abr_model.runs.run import Run
from abr_model.sampler import Sampler
from abr_model.schema import latency_column
from abr_model.training.fixed_conditions import DRAWS, fixed_conditions
from abr_model.training.module import TrainingModule
from abr_model.training.parts import Parts
from abr_model.waves import pick_wave

log = logging.getLogger("abr_model.training")

CHUNK = 512
PICK_WITHIN_MS = 1.5
"""Wave V is looked for this far around where it is marked in training recordings of the same condition: nearer than
wave III, which comes about 2 ms earlier."""


class PreviewMaker:
    """Makes the previews of one run.

    Parameters
    ----------
    parts
        Training recordings lend their posteriors and say where wave V is to be looked for; validation recordings are
        what is compared with.
    preset
        Its sampler says where z comes from; its seed, which.
    """

    def __init__(self, parts: Parts, preset: Preset):
        self.fixed = fixed_conditions(parts.validation)
        self.scaling, self.sampling = parts.scaling, parts.train.sampling
        self.seed = preset.training.seed
        self.from_prior = preset.sampler.kind == "standard_normal"
        self.static = parts.scaling.static(self.fixed.table(parts.validation))
        near = _nearest(parts.scaling.static(parts.train.table), self.static, DRAWS)
        self.nearest = near.ravel()
        latency = parts.train.table[latency_column("V")].to_numpy(dtype=float)
        self.expected_ms = _medians(latency[near[len(self.held_out.conditions) :]])

    @property
    def held_out(self):
        """What the previews are compared with."""
        return self.fixed.held_out

    def of_network(self, network: nn.Module, inputs: ModelInputs, epoch: int) -> Preview:
        """While training: z from N(0, I) where the preset samples so, else from posteriors of training recordings.

        Parameters
        ----------
        network
            Given back in the mode it had.
        inputs
            The training recordings, on any device.
        epoch
            Epochs done.
        """
        generator = self._generator()
        with _evaluating(network):
            if self.from_prior:
                z = torch.randn(len(self.static), network.latent, generator=generator)
            else:
                z = _posterior_draws(network, inputs, self.nearest, generator)
            responses = self._decode(network, z)
        return self._preview(responses, None, epoch, "prior" if self.from_prior else "posteriors")

    def of_sampler(self, network: nn.Module, sampler: Sampler, epoch: int) -> Preview:
        """After training: z, and residual noise where there is one, as the saved model will draw them."""
        generator = self._generator()
        with _evaluating(network):
            drawn = sampler.draw(torch.from_numpy(self.static), generator)
            noise = sampler.residual_noise(drawn, generator)
            responses = self._decode(network, drawn.z)
        return self._preview(responses, noise, epoch, "sampler")

    def _preview(self, responses: Tensor, noise: Tensor | None, epoch: int, drawn_from: str) -> Preview:
        """``responses`` and ``noise`` [G · DRAWS, T] in scaled units, G conditions and then levels."""
        conditions = len(self.held_out.conditions)
        shape = (-1, DRAWS, responses.shape[1])
        response = self.scaling.waveform_to_uv(responses).reshape(shape)
        recording = response if noise is None else self.scaling.waveform_to_uv(responses + noise).reshape(shape)
        mean = response.mean(axis=1, dtype=np.float64)
        latency_ms, _ = pick_wave(mean[conditions:], self.sampling, self.expected_ms, PICK_WITHIN_MS)
        return Preview(
            epoch=epoch,
            drawn_from=drawn_from,
            draws=DRAWS,
            with_noise=noise is not None,
            mean=mean[:conditions].astype(np.float32),
            sd=recording[:conditions].std(axis=1, ddof=1, dtype=np.float64).astype(np.float32),
            latency_ms=latency_ms,
        )

    def _decode(self, network: nn.Module, z: Tensor) -> Tensor:
        """Waveforms [n, T] on the processor."""
        device = next(network.parameters()).device
        pairs = zip(z.split(CHUNK), torch.from_numpy(self.static).split(CHUNK), strict=True)
        decoded = [network.decode(part.to(device), static.to(device)).waveform.float().cpu() for part, static in pairs]
        return torch.cat(decoded)

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


class PreviewCallback(Callback):
    """Writes a preview after the first epoch, every few, and the last. A preview that fails ends no training.

    Parameters
    ----------
    run
        Where they are written.
    parts, preset
        As for :class:`PreviewMaker`.
    every
        Epochs between two.
    """

    def __init__(self, run: Run, parts: Parts, preset: Preset, every: int):
        self.previews, self.every = Previews(run.folder), every
        self._parts, self._preset = parts, preset
        self._maker: PreviewMaker | None = None
        self._last = 0

    def on_train_start(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """Write the held-out side; forget previews of what is trained again."""
        with _harmless():
            self.previews.forget_after(trainer.current_epoch)
            self._maker = PreviewMaker(self._parts, self._preset)
            self.previews.write_held_out(self._maker.held_out)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """After the first epoch and every few."""
        done = trainer.current_epoch + 1
        if done == 1 or done % self.every == 0:
            self._write(module, done)

    def on_train_end(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        """After the last whole epoch, whatever ended training."""
        if trainer.current_epoch > self._last:
            self._write(module, trainer.current_epoch)

    def _write(self, module: TrainingModule, done: int) -> None:
        self._last = done
        if self._maker is None or not len(self._maker.static):
            return
        with _harmless():
            self.previews.write(self._maker.of_network(module.network, module.train_inputs, done))


def preview_of_sampler(run: Run, parts: Parts, preset: Preset, network: nn.Module, sampler: Sampler, epoch: int):
    """Write what the fitted sampler generates at the same conditions; what fails is logged and no more.

    ``epoch``: epochs done by the weights of ``network``.
    """
    with _harmless():
        maker = PreviewMaker(parts, preset)
        if len(maker.static):
            Previews(run.folder).write(maker.of_sampler(network, sampler, epoch))


@contextmanager
def _harmless() -> Iterator[None]:
    """A training is worth more than a look at it: what goes wrong is logged."""
    try:
        yield
    except OSError as error:
        log.warning("a preview could not be written: %s", error.strerror)
    except Exception:
        log.exception("a preview could not be made")


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(was_training)


def _posterior_draws(network: nn.Module, inputs: ModelInputs, rows: np.ndarray, generator: torch.Generator) -> Tensor:
    """z [n, L] of the training recordings at ``rows`` [n], on the processor; each is encoded once."""
    device = next(network.parameters()).device
    different, position = np.unique(rows, return_inverse=True)
    means, log_variances = [], []
    for chunk in torch.from_numpy(different).split(CHUNK):
        posterior = network.encode(inputs[chunk.to(inputs.waveform.device)].to(device))
        means.append(posterior.mean.float().cpu())
        log_variances.append(posterior.log_variance.float().cpu())
    mean, log_variance = torch.cat(means)[position], torch.cat(log_variances)[position]
    return mean + torch.randn(mean.shape, generator=generator) * torch.exp(0.5 * log_variance)


def _nearest(train: np.ndarray, wanted: np.ndarray, draws: int) -> np.ndarray:
    """[G, draws] positions of training recordings: for each of ``wanted`` [G · draws, 4] the nearest one, where the
    same condition comes again in a group the next nearest one.

    Same class, then nearest in scaled age, level and rate. Where the class has no more they come again; where it has
    none at all, any class will do.
    """
    order: dict[bytes, np.ndarray] = {}
    rows = np.empty((len(wanted) // draws, draws), dtype=np.int64)
    for group, conditions in enumerate(wanted.reshape(-1, draws, wanted.shape[1])):
        times: dict[bytes, int] = {}
        for i, condition in enumerate(conditions):
            key = condition.tobytes()
            if key not in order:
                order[key] = _by_distance(train, condition, draws)
            rows[group, i] = order[key][times.get(key, 0) % len(order[key])]
            times[key] = times.get(key, 0) + 1
    return rows


def _by_distance(train: np.ndarray, condition: np.ndarray, count: int) -> np.ndarray:
    of_class = np.flatnonzero(train[:, 3] == condition[3])
    candidates = of_class if len(of_class) else np.arange(len(train))
    distance = ((train[candidates, :3] - condition[:3]) ** 2).sum(axis=1)
    return candidates[np.argsort(distance, kind="stable")[:count]]


def _medians(values: np.ndarray) -> np.ndarray:
    """[L] median of the finite values of each row; NaN where there is none."""
    return np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in values])
