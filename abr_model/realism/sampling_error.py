"""How much a number varies from clinic to clinic of the same size: patients, not recordings, are what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

TWO_CLINICS_95 = 1.96 * np.sqrt(2.0)
"""Standard errors that the difference of two clinics of one size and one population stays within, 95 of 100 times."""
RESAMPLES = 400
MOST_GROUPS = 5000


@dataclass(frozen=True)
class PatientBootstrap:
    """Resampling of whole patients, for numbers that are made of sums over recordings.

    Of very many patients those dealt to one of :data:`MOST_GROUPS` groups are drawn together: the same error, in
    bounded memory.

    ``weights`` [B, G]: how often each group is in each resample; ``group`` [N]: which one each recording is of;
    ``patients``: how many there are.
    """

    weights: np.ndarray
    group: np.ndarray
    patients: int

    @classmethod
    def of(cls, patient_id, resamples: int = RESAMPLES, seed: int = 0) -> PatientBootstrap:
        """For the recordings [N] of these patients."""
        patient, names = pd.factorize(np.asarray(patient_id))
        rng = np.random.default_rng(seed)
        groups = min(len(names), MOST_GROUPS)
        dealt = np.arange(groups) if len(names) <= MOST_GROUPS else rng.permutation(len(names)) % groups
        weights = rng.multinomial(groups, np.full(groups, 1 / max(groups, 1)), resamples) if groups else np.ones((1, 0))
        return cls(weights.astype(np.float64), dealt[patient], len(names))

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """[B] sum over the recordings of each resample."""
        return self.weights @ np.bincount(self.group, values, self.weights.shape[1])

    def error_of_mean(self, values) -> float:
        """Standard error of the mean of ``values`` [N]; missing ones are left out. A share is a mean of 0 and 1."""
        values, known = _known(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(np.nanstd(self._sums(values) / self._sums(known)))

    def error_of_sd(self, values) -> float:
        """Standard error of the standard deviation of ``values`` [N]."""
        values, known = _known(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            count = self._sums(known)
            variance = self._sums(values**2) / count - (self._sums(values) / count) ** 2
            return float(np.nanstd(np.sqrt(np.maximum(variance, 0.0))))

    def error_of_slope(self, x, y) -> float:
        """Standard error of the slope of ``y`` on ``x`` [N], both without their means."""
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(np.nanstd(self._sums(x * y) / self._sums(x * x)))

    def quantile_interval(self, values, share: float, errors: float) -> tuple[float, float]:
        """Between which values a quantile lies, ``errors`` standard errors up and down.

        The interval is put on the share of recordings up to the quantile and read back through the distribution
        (Woodruff 1952), so that it holds for levels and ages that come in steps.
        """
        values = np.asarray(values, dtype=np.float64)
        known = values[np.isfinite(values)]
        here = np.quantile(known, share)
        error = self.error_of_mean(np.where(np.isfinite(values), values <= here, np.nan))
        # At a step the share up to the quantile jumps past it; below the step's own share the error is another.
        below = self.error_of_mean(np.where(np.isfinite(values), values < here, np.nan))
        reach = errors * max(error, below)
        low, high = np.quantile(known, np.clip([share - reach, share + reach], 0, 1))
        return float(low), float(high)


def _known(values) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    return np.where(known, values, 0.0), known.astype(np.float64)


def error_over_patients(
    values: np.ndarray, patient_id, statistic: Callable[[np.ndarray], float] = np.mean, resamples: int = 200
) -> float:
    """Standard error of any statistic of a few values [n], resampling their patients; NaN for fewer than 2 patients."""
    values = np.asarray(values, dtype=np.float64)
    bootstrap = PatientBootstrap.of(patient_id, resamples)
    if bootstrap.patients < 2:
        return float("nan")
    if statistic is np.mean:
        return bootstrap.error_of_mean(values)
    counts = bootstrap.weights.astype(np.int64)[:, bootstrap.group]
    return float(np.nanstd([statistic(np.repeat(values, times)) for times in counts]))


def error_of_share(share: float, n: int) -> float:
    """Standard error of a share of ``n`` (0 to 1) that is not 0 where all or none were counted (Agresti & Coull)."""
    counted = (share * n + 2) / (n + 4)
    return float(np.sqrt(counted * (1 - counted) / (n + 4)))
