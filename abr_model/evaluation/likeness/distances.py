"""Distances between two sets of traces. Each is worked out from what single recordings contribute."""

from __future__ import annotations

import numpy as np
from prdc.prdc import get_kth_value
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from abr_model.evaluation.features import power
from abr_model.evaluation.likeness.patient_sums import codes_of

NEIGHBOURS = 5
PERMUTATIONS = 999


# --- Fréchet -----------------------------------------------------------------------------------------------------


def moments(points: np.ndarray) -> np.ndarray:
    """[N, D + D²] each point [N, D] and its products, whose means give mean and covariance."""
    products = points[:, :, None] * points[:, None, :]
    return np.hstack([points, products.reshape(len(points), -1)])


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance of two sets, each taken as Gaussian, from their mean :func:`moments` (Heusel et al. 2017)."""
    (mean_a, cov_a), (mean_b, cov_b) = _mean_and_covariance(first), _mean_and_covariance(second)
    root = np.real(sqrtm(cov_a @ cov_b))
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root))


def _mean_and_covariance(mean_moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = round((np.sqrt(1 + 4 * len(mean_moments)) - 1) / 2)  # size + size² numbers
    mean, products = mean_moments[:size], mean_moments[size:].reshape(size, size)
    # a grain of variance, so that fewer recordings than dimensions do not make the square root fail
    return mean, products - np.outer(mean, mean) + 1e-9 * np.eye(size)


# --- neighbours --------------------------------------------------------------------------------------------------


def neighbour_shares(candidate: np.ndarray, real: np.ndarray, k: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """What each point contributes to precision and density, and to recall and coverage.

    Kynkäänniemi et al. 2019 (precision, recall) and Naeem et al. 2020 (density, coverage); the means over the points
    are what ``prdc.compute_prdc`` gives, which keeps no more than them.

    Parameters
    ----------
    candidate, real
        [N, D] and [M, D] points; N, M > k.

    Returns
    -------
    tuple of ndarray
        [N, 2] of each candidate: whether it lies in the neighbourhood of a real one (precision), in how many over k
        (density). [M, 2] of each real one: whether it lies in the neighbourhood of a candidate (recall), whether a
        candidate lies in its own (coverage).
    """
    around_real, around_candidate = (get_kth_value(cdist(p, p), k + 1) for p in (real, candidate))  # itself is at 0
    between = cdist(real, candidate)
    in_real = between < around_real[:, None]
    of_candidate = np.column_stack([in_real.any(0), in_real.sum(0) / k])
    of_real = np.column_stack([(between < around_candidate).any(1), between.min(1) < around_real])
    return of_candidate.astype(float), of_real.astype(float)


# --- kernel ------------------------------------------------------------------------------------------------------


class KernelDistance:
    """Squared maximum mean discrepancy with a Gaussian kernel (Gretton et al. 2012), from pairs of different patients.

    Unbiased: expected 0 where the two sets have one distribution. Pairs of recordings of one patient are left out on
    both sides, since they are alike in real recordings for a reason that is not the distribution.

    Parameters
    ----------
    candidate, real
        [N, D] and [M, D] points.
    candidate_patients, real_patients
        [N] and [M]; equal names are the same patient.
    width
        Of the kernel, in the units of the points.
    """

    def __init__(
        self,
        candidate: np.ndarray,
        real: np.ndarray,
        candidate_patients: np.ndarray,
        real_patients: np.ndarray,
        width: float,
    ):
        codes = codes_of(np.concatenate([candidate_patients, real_patients]))
        self.patients = int(codes.max()) + 1
        members = np.zeros((self.patients, len(codes)))
        members[codes, np.arange(len(codes))] = 1
        first, second = np.split(members, [len(candidate)], axis=1)

        def by_patient(a, b, of_a, of_b):
            sums = of_a @ np.exp(cdist(a, b, "sqeuclidean") / (-2 * width**2)) @ of_b.T
            np.fill_diagonal(sums, 0)
            return sums

        self.n, self.m = first.sum(1), second.sum(1)
        self.within_candidate = by_patient(candidate, candidate, first, first)
        self.within_real = by_patient(real, real, second, second)
        self.between = by_patient(candidate, real, first, second)

    def value(self, drawn: np.ndarray | None = None) -> float:
        """For the patients at the positions ``drawn`` among the names in order; None: each once."""
        times = np.ones(self.patients) if drawn is None else np.bincount(drawn, minlength=self.patients).astype(float)

        def mean(sums, a, b):
            pairs = (times * a).sum() * (times * b).sum() - (times**2 * a * b).sum()
            return times @ sums @ times / pairs if pairs > 0 else np.nan

        return float(
            mean(self.within_candidate, self.n, self.n)
            + mean(self.within_real, self.m, self.m)
            - 2 * mean(self.between, self.n, self.m)
        )

    def p_value(self, seed: int, permutations: int = PERMUTATIONS) -> float:
        """Share of exchanges of generated and real between random halves of the patients that make it as large.

        Only where each patient has as many recordings on both sides (as generated ones have).
        """
        difference = self.within_candidate + self.within_real - self.between - self.between.T
        signs = np.random.default_rng([seed, 963]).choice([-1.0, 1.0], size=(permutations, self.patients))
        exchanged = ((signs @ difference) * signs).sum(1)
        return float((1 + (exchanged >= difference.sum()).sum()) / (1 + permutations))


def median_distance(points: np.ndarray, most: int = 1000) -> float:
    """Median distance between points [N, D], of evenly spread ones if they are many: the usual width of a kernel."""
    some = points[np.linspace(0, len(points) - 1, min(most, len(points))).astype(int)]
    return float(np.median(cdist(some, some)[np.triu_indices(len(some), 1)]))


# --- spectrum and autocorrelation --------------------------------------------------------------------------------


def decibels(mean_power: np.ndarray) -> np.ndarray:
    """Mean power [F] as dB; an empty frequency is held above 0."""
    return 10 * np.log10(np.maximum(mean_power, 1e-12))


def spectrum(traces: np.ndarray) -> np.ndarray:
    """[N, F] power of each frequency, µV²."""
    return power(np.asarray(traces, dtype=np.float64))


def autocorrelation(traces: np.ndarray, lags: int) -> np.ndarray:
    """[N, lags] correlation of each trace, around its own mean, with itself 1 to ``lags`` samples later."""
    centred = np.asarray(traces, dtype=np.float64)
    centred = centred - centred.mean(1, keepdims=True)
    padded = np.fft.rfft(centred, n=2 * centred.shape[1])
    products = np.fft.irfft(np.abs(padded) ** 2)[:, : lags + 1]
    return products[:, 1:] / np.maximum(products[:, :1], 1e-12)
