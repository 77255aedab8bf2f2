"""How the next trial is chosen, and which are ended early: Optuna's sampler and pruner as a search asks for them."""

from __future__ import annotations

import warnings
import zlib
from typing import TYPE_CHECKING

from abr_model.search.config import Pruner, Sampler

if TYPE_CHECKING:
    import optuna


def sampler_of(asked: Sampler, trials: int, who: str) -> optuna.samplers.BaseSampler:
    """The sampler for the next trial, after ``trials`` of them.

    Seeded anew for each: with one seed for all, a worker that was started again would propose its first trials a second
    time, and two workers (``who``) the same ones.
    """
    import optuna

    seed = zlib.crc32(f"{asked.seed}/{trials}/{who}".encode())
    if asked.kind == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(n_startup_trials=asked.startup_trials, seed=seed, constant_liar=True)


def pruner_of(asked: Pruner) -> optuna.pruners.BasePruner:
    """The pruner; its steps are epochs from 0."""
    import optuna

    if asked.kind == "median":
        return optuna.pruners.MedianPruner(asked.startup_trials, max(0, asked.warmup_epochs - 1))
    if asked.kind == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=max(1, asked.warmup_epochs), reduction_factor=4)
    return optuna.pruners.NopPruner()
