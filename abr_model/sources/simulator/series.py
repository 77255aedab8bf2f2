"""What the operator does: the level series of each ear at each visit, with its repeats, rate and polarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.sources.simulator.parameters import Parameters
from abr_model.sources.simulator.patients import NEUROPATHY, NORMAL, Patient

LOWEST, HIGHEST = 0, 100
"""Levels of the clinic, dB nHL."""
ALTERNATING, RAREFACTION, CONDENSATION = range(3)


@dataclass(frozen=True)
class Series:
    """Recordings of one patient in the order they were made; every field is an array [n]."""

    visit: np.ndarray
    ear: np.ndarray
    level: np.ndarray
    rate: np.ndarray
    polarity: np.ndarray
    most_sweeps: np.ndarray
    noise_target_nv: np.ndarray
    fmp_target: np.ndarray

    def __len__(self) -> int:
        return len(self.level)


def draw_series(rng: np.random.Generator, patient: Patient, parameters: Parameters) -> Series:
    """All recordings of one patient: per visit the ears in turn, per ear a level series."""
    testing = parameters.testing
    rows: list[tuple] = []
    for visit in range(len(patient.ages)):
        rate = rng.choice(testing.rate, p=testing.rate_share)
        ears = rng.permutation(2)[: 1 if rng.random() < parameters.population.one_ear_only else 2]
        of_visit: list[tuple] = []
        for ear in ears:
            most = rng.choice(testing.most_sweeps, p=testing.most_sweeps_share)
            noise_target = testing.noise_target[0] * np.exp(rng.normal(0, testing.noise_target[1]))
            fmp_target = testing.fmp_target[0] * np.exp(rng.normal(0, testing.fmp_target[1]))
            fmp_target = fmp_target if rng.random() < testing.stops_at_fmp else np.inf
            neuropathy = patient.hearing_loss[ear] == NEUROPATHY
            single = rng.random() < (testing.single_polarity_neuropathy if neuropathy else testing.single_polarity)
            for level in _levels(rng, patient.threshold[ear], patient.hearing_loss[ear] != NORMAL, parameters):
                sweeps = round(most * testing.loud_sweeps) if level >= testing.loud_from else most
                repeats = rng.choice(testing.repeats, p=testing.repeats_share)
                if level == HIGHEST and level < patient.threshold[ear]:
                    repeats += rng.choice(testing.to_be_sure, p=testing.to_be_sure_share)
                polarities = [ALTERNATING] * repeats
                if single and level >= testing.single_polarity_from:
                    polarities += [RAREFACTION, CONDENSATION]
                of_visit += [(visit, ear, level, rate, p, sweeps, noise_target, fmp_target) for p in polarities]
        if rng.random() < parameters.population.cut_short:
            of_visit = of_visit[: rng.integers(1, len(of_visit) + 1)]
        rows += of_visit
    columns = (np.array(column) for column in zip(*rows, strict=True))
    return Series(*columns)


def _levels(rng: np.random.Generator, threshold: float, loss: bool, parameters: Parameters) -> list[int]:
    """Levels of one ear, dB nHL: up until there is a response, then down until there is none or the floor."""
    testing = parameters.testing
    level = int(rng.choice(testing.start_level, p=testing.start_share))
    if rng.random() < testing.known_loss and loss:
        level = HIGHEST
    floor = int(rng.choice(testing.floor_level, p=testing.floor_share))
    up = int(rng.choice(testing.up_step, p=testing.up_share))
    coarse = int(rng.choice(testing.coarse_step, p=testing.coarse_share))
    fine = int(rng.choice(testing.fine_step, p=testing.fine_share))
    # Averaging shows wave V only some decibels above its threshold, and the operator's judgement has its error.
    seen_from = threshold + rng.normal(testing.seen_above, testing.estimate_sd)
    levels = [level]
    while level < seen_from and level < HIGHEST:
        level = min(level + up, HIGHEST)
        levels.append(level)
    if level < seen_from:
        return levels
    level = levels[0] if levels[0] >= seen_from else level
    while level > floor:
        near = level - coarse < max(seen_from, testing.fine_below - coarse)
        level = max(level - (fine if near else coarse), LOWEST)
        if level not in levels:
            levels.append(level)
        if level < seen_from:
            break
    return levels
