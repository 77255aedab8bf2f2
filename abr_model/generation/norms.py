"""Published wave V latencies to hold generated ones against."""

from __future__ import annotations

import numpy as np

from abr_model.generation.nearest import GESTATION_YEARS

WEEKS_PER_YEAR = 52.18
GORGA_1989_LEVELS = (20.0, 80.0)
"""dB nHL between which the published SDs were fitted; the band is not drawn beyond."""
GORGA_1989_SOURCE = "Gorga 1989, clicks, normal hearing"


def gorga_1989_wave_v(level_db_nhl, age_years: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD of wave V latency for clicks in normal hearing, ms.

    Mean = 4.89 + 4.46 exp(−0.0318 a) + 5.31 exp(−0.0264 L), a the conceptional age in weeks, L the level in dB nHL
    (Gorga et al. 1989, n = 535). SD = 0.24 + 0.6 exp(−0.035 L), a fit to the study's table of children (physiology
    notes, closed forms). Laboratories differ by more than this SD; the transducer and the rate move the mean too.

    Parameters
    ----------
    level_db_nhl
        Levels [L] or one level.
    age_years
        Age from birth at term (40 weeks), years.

    Returns
    -------
    mean_ms, sd_ms
        [L] each; NaN outside :data:`GORGA_1989_LEVELS`, where the study says nothing.
    """
    level = np.asarray(level_db_nhl, dtype=float)
    level = np.where((level >= GORGA_1989_LEVELS[0]) & (level <= GORGA_1989_LEVELS[1]), level, np.nan)
    weeks = (age_years + GESTATION_YEARS) * WEEKS_PER_YEAR
    mean = 4.89 + 4.46 * np.exp(-0.0318 * weeks) + 5.31 * np.exp(-0.0264 * level)
    return mean, 0.24 + 0.6 * np.exp(-0.035 * level)
