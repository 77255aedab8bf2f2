"""The VAE of a known library, as it comes: `pythae <https://github.com/clementchadebec/benchmark_VAE>`_ (Apache-2.0).

It has no conditions, so it learns trace and conditions as one vector: samples, log-age, level and rate scaled to
[0, 1], and the hearing class one-hot. To generate for given conditions, many vectors are drawn, and for each wish the
trace of one of the nearest drawn conditions of the same class is taken – the most that such a model can do. The network
is the library's own (one hidden layer of 512), trained by its own pipeline; β is tuned, because the library's 1
collapses on data in [0, 1]. z comes from N(0, I), or from the library's Gaussian mixture fitted to the latents after
training. It knows of no wave labels and draws no residual noise.
"""

from __future__ import annotations

import io
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd
import torch
from scipy.spatial import cKDTree

from abr_model.cohort import Cohort
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.evaluation.comparison import Generate
from abr_model.network.streams import condition_features
from abr_model.scaling import Scaling
from abr_model.training.parts import Parts

from .generated import generated_cohort

LATENT = 16
BETA, BETA_MIXTURE = 0.02, 0.002
"""Weight of the KL, tuned on validation patients: a mixture follows latents that are far from N(0, I)."""
EPOCHS, BATCH, LEARNING_RATE = 40, 128, 1e-3
MIXTURE = 20
"""Gaussians of the mixture."""
CLIPPED = 5e-4
"""Share of the samples at either end that are clipped: a single artefact would squeeze all others together."""
POOL = 100_000
"""Vectors drawn to choose from: the rarest class is a thousandth of a clinic."""
CANDIDATES = 3
"""Nearest drawn conditions, of which one is taken by chance."""
LEVEL_WEIGHT = 4.0


def available() -> bool:
    """Whether the library is installed."""
    return find_spec("pythae") is not None


def fit(
    parts: Parts,
    preset: Preset,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
    mixture: int | None = None,
    epochs: int = EPOCHS,
    pool: int = POOL,
    beta: float = BETA,
) -> Generate:
    """Train on the training part; with ``mixture``, fit so many Gaussians to its latents.

    Raises
    ------
    InputError
        The library is not installed.
    """
    if not available():
        raise InputError(
            "this baseline needs the package pythae, which is not installed",
            allowed="pip install -r requirements-benchmarks.txt",
        )
    scaling, train = parts.scaling, parts.train
    vectors = _Vectors(scaling, train)
    model = _trained(vectors.of(train), seed, epochs, beta, on_progress)
    from pythae.samplers import (
        GaussianMixtureSampler,
        GaussianMixtureSamplerConfig,
        NormalSampler,
        NormalSamplerConfig,
    )

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if mixture is None:
            sampler = NormalSampler(model, NormalSamplerConfig())
        else:
            sampler = GaussianMixtureSampler(model, GaussianMixtureSamplerConfig(n_components=mixture))
            with _numpy_seed(seed):
                sampler.fit(vectors.of(train))
    name = "pythae_vae" if mixture is None else "pythae_vae_mixture"

    def generate(conditions: pd.DataFrame, seed: int) -> Cohort:
        with torch.random.fork_rng(devices=[]), _numpy_seed(seed), torch.inference_mode():
            torch.manual_seed(seed)
            drawn = sampler.sample(num_samples=pool, batch_size=min(2000, pool)).cpu()
        rows = vectors.nearest(drawn, scaling.static(conditions), np.random.default_rng(seed))
        return generated_cohort(name, conditions, vectors.waveforms(drawn[rows]), train.sampling, seed, pool=pool)

    return generate


fit_mixture = partial(fit, mixture=MIXTURE, beta=BETA_MIXTURE)


class _Vectors:
    """Trace and conditions as one vector in [0, 1], and back."""

    def __init__(self, scaling: Scaling, train: Cohort):
        self.scaling = scaling
        self.lowest, self.highest = (float(v) for v in np.quantile(train.waveforms, (CLIPPED, 1 - CLIPPED)))
        numbers = scaling.static(train.table)[:, :3]
        self.first = numbers.min(0)
        self.span = np.maximum(numbers.max(0) - self.first, 1e-6)
        self.samples = train.samples

    def of(self, cohort: Cohort) -> torch.Tensor:
        traces = (cohort.waveforms - self.lowest) / (self.highest - self.lowest)
        features = condition_features(torch.from_numpy(self.scaling.static(cohort.table))).numpy()
        features[:, :3] = (features[:, :3] - self.first) / self.span
        return torch.from_numpy(np.hstack([traces, features]).clip(0, 1).astype(np.float32))

    def waveforms(self, vectors: torch.Tensor) -> np.ndarray:
        return vectors[:, : self.samples].numpy() * (self.highest - self.lowest) + self.lowest

    def nearest(self, drawn: torch.Tensor, static: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """[N] rows of ``drawn``: of the wished class, where one was drawn, and near in age, level and rate."""
        features = drawn[:, self.samples :].numpy()
        weights = (1.0, LEVEL_WEIGHT, 1.0)
        places = (features[:, :3] * self.span + self.first) * weights
        wished = static[:, :3] * weights
        drawn_class, wished_class = features[:, 3:].argmax(1), static[:, 3].astype(int)
        rows = np.empty(len(static), dtype=int)
        for c in np.unique(wished_class):
            of_class = np.flatnonzero(drawn_class == c)
            if not len(of_class):  # a class that the model never draws: the vectors that come nearest to it
                of_class = np.argsort(-features[:, 3 + c], kind="stable")[: max(100, CANDIDATES)]
            asking = np.flatnonzero(wished_class == c)
            k = min(CANDIDATES, len(of_class))
            found = cKDTree(places[of_class]).query(wished[asking], k)[1].reshape(len(asking), k)
            rows[asking] = of_class[found[np.arange(len(asking)), random.integers(k, size=len(asking))]]
        return rows


@contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """The library and its mixture draw from numpy's global state: set inside the block, and put back after it."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _trained(data: torch.Tensor, seed: int, epochs: int, beta: float, on_progress: Callable[[float], None] | None):
    from pythae.models import BetaVAE, BetaVAEConfig
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    stderr = sys.stderr

    class Progress(TrainingCallback):
        done = 0

        def on_epoch_end(self, training_config, **kwargs):
            self.done += 1
            if on_progress:
                with redirect_stderr(stderr):
                    on_progress(self.done / epochs)

    for name in [name for name in logging.root.manager.loggerDict if name.startswith("pythae.")]:
        logging.getLogger(name).setLevel(logging.WARNING)  # each file of the library has set its own
    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]), _numpy_seed(seed):
        torch.manual_seed(seed)
        model = BetaVAE(BetaVAEConfig(input_dim=(data.shape[1],), latent_dim=LATENT, beta=beta))
        training = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=epochs,
            per_device_train_batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            scheduler_cls="CosineAnnealingLR",
            scheduler_params={"T_max": epochs},
            seed=seed,
            no_cuda=True,
        )
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):  # its bars, a line every batch
            TrainingPipeline(model=model, training_config=training)(data, callbacks=[Progress()])
    return model.eval()
