"""The norms that come with the product: one table, two closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from abr_model.age import GESTATION_WEEKS, WEEKS_PER_YEAR
from abr_model.norms.norm import Norm
from abr_model.norms.reading import read_norm

ADULT_YEARS = 25.0


@dataclass(frozen=True, kw_only=True)
class FormulaNorm(Norm):
    """A norm of one wave in closed form. ``formula(levels, age_years)`` gives mean and SD, ms; ``levels`` are the
    lowest and highest level in dB nHL that the source covers."""

    wave: str = "V"
    levels: tuple[float, float] = (20.0, 80.0)
    formula: Callable = field(repr=False)

    @property
    def waves(self) -> tuple[str, ...]:
        return (self.wave,)

    def tabulated(self, wave, age_years=None):
        first, last = self.levels
        return np.arange(first, last + 1, 2.0) if wave == self.wave else np.empty(0)

    def band(self, wave, level_db_nhl, age_years=None):
        level = np.asarray(level_db_nhl, dtype=float)
        inside = (level >= self.levels[0]) & (level <= self.levels[1]) & (wave == self.wave)
        level = np.where(inside, level, np.nan)
        mean, sd = self.formula(level, ADULT_YEARS if age_years is None else age_years)
        return mean, np.where(inside, sd, np.nan)


def _gorga_1989(level: np.ndarray, age_years: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean = 4.89 + 4.46 exp(−0.0318 a) + 5.31 exp(−0.0264 L), a the conceptional age in weeks; SD = 0.24 +
    0.6 exp(−0.035 L) is a fit to the study's table of children (physiology notes, closed forms)."""
    weeks = age_years * WEEKS_PER_YEAR + GESTATION_WEEKS
    mean = 4.89 + 4.46 * np.exp(-0.0318 * weeks) + 5.31 * np.exp(-0.0264 * level)
    return mean, 0.24 + 0.6 * np.exp(-0.035 * level)


def _prosser_arslan_1987(level: np.ndarray, age_years: float) -> tuple[np.ndarray, np.ndarray]:
    """A polynomial in the level; the SD is a third of the ± 3 × 0.24 ms search window of that implementation
    (physiology notes, closed forms)."""
    return np.polyval((-5.859e-8, 1.274e-5, -5.424e-4, -0.05297, 9.3), level), np.full(np.shape(level), 0.24)


GORGA_1989 = FormulaNorm(
    name="Gorga 1989",
    population="535 children, normal hearing",
    ages=(0.25, 3.0),
    reference="Gorga, Kaminski, Beauchaine, Jesteadt, Neely (1989), J Speech Hear Res, PMID 2739379",
    note="Depends on age: at each age the formula of the study, carried on beyond its children (3 months to 3 years). "
    "The SD is a fit to the study's table of children.",
    formula=_gorga_1989,
)
PROSSER_ARSLAN_1987 = FormulaNorm(
    name="Prosser & Arslan 1987",
    population="normal hearing, ages not stated",
    reference="Prosser, Arslan (1987), Audiology, as coded in the Julia package BrainWave",
    note="Read from an implementation, not from the paper. The SD of 0.24 ms is the same at all levels.",
    levels=(20.0, 90.0),
    formula=_prosser_arslan_1987,
)


@cache
def published_norms() -> tuple[Norm, ...]:
    """The norms that come with the product. The first holds at any age."""
    tables = sorted(Path(__file__).parent.glob("*.csv"))
    return (GORGA_1989, *(read_norm(path.read_bytes(), path.name) for path in tables), PROSSER_ARSLAN_1987)
