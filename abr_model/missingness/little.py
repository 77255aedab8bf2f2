"""Little's test: do the means differ between patterns of missing values more than chance would have it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.linalg import cho_solve

from abr_model.errors import InputError
from abr_model.missingness.rates import require_columns
from abr_model.schema import COLUMNS_BY_NAME

MOST_STEPS = 5000
TOLERANCE = 1e-8
FEWEST = 20
_SMALLEST_EIGENVALUE = 1e-7
"""Of the correlation matrix: below it columns say the same thing."""


@dataclass(frozen=True)
class LittleTest:
    """Outcome of :func:`little_test`.

    Parameters
    ----------
    statistic, df, p
        χ², its degrees of freedom, and the probability of one as large if values were missing completely at random.
    patterns
        Patterns of missing values among the recordings.
    recordings
        Recordings with at least one known value.
    columns
        Columns that the test used.
    left_out
        Columns that it could not use, with the reason.
    steps
        Steps that EM took.
    """

    statistic: float
    df: int
    p: float
    patterns: int
    recordings: int
    columns: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    steps: int = 0


@dataclass(frozen=True)
class _Pattern:
    """What EM needs of all recordings with one pattern: so a step costs the same for 100 and for a million."""

    known: np.ndarray  # [C] bool
    number: int
    mean: np.ndarray  # [K] of the known columns
    scatter: np.ndarray  # [K, K] Σ (x − mean)(x − mean)ᵀ


def little_test(table: pd.DataFrame, columns: Sequence[str] | None = None) -> LittleTest:
    """Little's test of "missing completely at random" (MCAR).

    χ² = Σ over patterns of n (ȳ − μ)ᵀ Σ⁻¹ (ȳ − μ) over the pattern's known columns, with μ and Σ of a multivariate
    normal estimated by EM from all recordings; df = Σ known columns − columns (Little 1988, J Am Stat Assoc 83,
    1198–1202). It supposes normal values, one covariance for all patterns and independent recordings; those of one
    patient are not independent, see :func:`one_recording_a_patient`.

    Parameters
    ----------
    table
        Numbers in columns; NaN is missing.
    columns
        Columns to use; None: all.

    Raises
    ------
    InputError
        No such column, nothing or everything missing, too few recordings, fewer than two columns that vary, columns
        that say the same thing, or two columns that are never known together.
    """
    names = list(table.columns if columns is None else columns)
    require_columns(table, names)
    values = table[names].to_numpy(dtype=np.float64)
    values = values[~np.isnan(values).all(axis=1)]
    left_out = _unusable(values, names)
    used = [i for i, name in enumerate(names) if name not in left_out]
    values = values[:, used]
    values = values[~np.isnan(values).all(axis=1)]
    used = [names[i] for i in used]
    if len(used) < 2:
        reasons = "; ".join(f"{_label(n)}: {why}" for n, why in left_out.items())
        raise InputError("the test needs two columns whose values vary", value=reasons or None)
    if len(values) < max(FEWEST, 2 * len(used)):
        raise InputError(
            "there are too few recordings for the test",
            value=len(values),
            allowed=f"{max(FEWEST, 2 * len(used))} or more for {len(used)} columns",
        )
    if not np.isnan(values).any():
        raise InputError("nothing is missing here, so there is nothing to test")
    _known_together(values, used)
    scaled = (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
    patterns = _patterns(scaled)
    if len(patterns) == 1:
        raise InputError("all recordings lack the same values, so there is nothing to compare")
    mean, covariance, steps = _em(patterns, scaled)
    _not_singular(covariance, used)
    statistic, df = 0.0, -len(used)
    for pattern in patterns:
        apart = pattern.mean - mean[pattern.known]
        inside = covariance[np.ix_(pattern.known, pattern.known)]
        statistic += pattern.number * float(apart @ np.linalg.solve(inside, apart))
        df += int(pattern.known.sum())
    from scipy.stats import chi2

    p = float(chi2.sf(statistic, df))
    return LittleTest(statistic, df, p, len(patterns), len(values), tuple(used), left_out, steps)


def em_normal(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [C] and covariance [C, C] (maximum likelihood) of a multivariate normal with missing values, by EM.

    Parameters
    ----------
    values
        [N, C]; NaN is missing. Every column varies, every two columns are known together somewhere.

    Raises
    ------
    InputError
        EM does not settle.
    """
    values = np.asarray(values, dtype=np.float64)
    centre, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scaled = (values - centre) / scale
    mean, covariance, _ = _em(_patterns(scaled), scaled)
    return centre + scale * mean, covariance * np.outer(scale, scale)


def one_recording_a_patient(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """One recording of each patient, drawn at random: recordings that are independent of one another."""
    order = np.random.default_rng(seed).permutation(len(table))
    return table.iloc[np.sort(order[~table["patient_id"].iloc[order].duplicated().to_numpy()])].reset_index(drop=True)


def _patterns(values: np.ndarray) -> list[_Pattern]:
    known = ~np.isnan(values)
    number = known @ (1 << np.arange(known.shape[1], dtype=np.int64))
    patterns = []
    for one in np.unique(number):
        rows = np.flatnonzero(number == one)
        columns = known[rows[0]]
        part = values[np.ix_(rows, columns)]
        mean = part.mean(axis=0)
        patterns.append(_Pattern(columns, len(rows), mean, (part - mean).T @ (part - mean)))
    return patterns


def _em(patterns: list[_Pattern], values: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean, covariance, and how many EM steps they took.

    EM creeps where a column is missing nine times in ten; two steps are extrapolated along their path (squared
    extrapolation, scheme S3: Varadhan & Roland 2008, Scand J Stat 35, 335–353), and an EM step follows, so that what
    is returned is a fixed point of EM.
    """
    size = values.shape[1]
    triangle = np.triu_indices(size)

    def step(estimate):
        mean, covariance = _em_step(patterns, *_unpacked(estimate, triangle, size), len(values))
        return np.concatenate([mean, covariance[triangle]])

    estimate = np.concatenate([np.nanmean(values, axis=0), np.diag(np.nanvar(values, axis=0))[triangle]])
    for steps in range(3, MOST_STEPS, 3):
        once = step(estimate)
        if np.abs(once - estimate).max() < TOLERANCE:
            return *_unpacked(once, triangle, size), steps
        twice = step(once)
        moved, turned = once - estimate, twice - 2 * once + estimate
        estimate = step(_extrapolated(estimate, moved, turned, twice, patterns, triangle, size))
    raise InputError(f"the estimate of means and covariances did not settle within {MOST_STEPS:,} steps")


def _extrapolated(estimate, moved, turned, twice, patterns, triangle, size: int) -> np.ndarray:
    """The farthest point along the path that is as likely as two plain steps and has a proper covariance."""
    curve = np.linalg.norm(turned)
    length = np.linalg.norm(moved) / curve if curve > 0 else 1.0
    plain = _log_likelihood(patterns, *_unpacked(twice, triangle, size))
    while length > 1.01:
        tried = estimate + 2 * length * moved + length**2 * turned
        if _log_likelihood(patterns, *_unpacked(tried, triangle, size)) >= plain:
            return tried
        length = (length + 1) / 2
    return twice


def _unpacked(estimate: np.ndarray, triangle, size: int) -> tuple[np.ndarray, np.ndarray]:
    covariance = np.zeros((size, size))
    covariance[triangle] = estimate[size:]
    return estimate[:size], covariance + np.triu(covariance, 1).T


def _log_likelihood(patterns: list[_Pattern], mean: np.ndarray, covariance: np.ndarray) -> float:
    """Of the known values, up to a constant; −inf where the covariance is not one."""
    total = 0.0
    for pattern in patterns:
        inside = covariance[np.ix_(pattern.known, pattern.known)]
        try:
            root = np.linalg.cholesky(inside)
        except np.linalg.LinAlgError:
            return -np.inf
        apart = pattern.mean - mean[pattern.known]
        scatter = pattern.scatter + pattern.number * np.outer(apart, apart)
        # by the same root: another way of solving may find singular, by rounding, what has one
        total -= pattern.number * np.log(np.diag(root)).sum() + np.trace(cho_solve((root, True), scatter)) / 2
    return total


def _em_step(patterns, mean, covariance, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Expected sums and products of the complete data given the known values, and from them mean and covariance.

    Of recordings with one pattern, all expected values are the known ones times a fixed matrix: their mean and their
    scatter are enough.
    """
    size = len(mean)
    means, total = [], np.zeros(size)
    for pattern in patterns:
        known, lacking = pattern.known, ~pattern.known
        slope = _solve(covariance[np.ix_(known, known)], covariance[np.ix_(known, lacking)])
        full = np.empty(size)
        full[known] = pattern.mean
        full[lacking] = mean[lacking] + (pattern.mean - mean[known]) @ slope
        means.append((full, slope))
        total += pattern.number * full
    new_mean = total / number
    products = np.zeros((size, size))
    for pattern, (full, slope) in zip(patterns, means, strict=True):
        known, lacking = pattern.known, ~pattern.known
        spread = np.zeros((size, size))
        spread[np.ix_(known, known)] = pattern.scatter
        spread[np.ix_(known, lacking)] = pattern.scatter @ slope
        spread[np.ix_(lacking, known)] = spread[np.ix_(known, lacking)].T
        rest = covariance[np.ix_(lacking, lacking)] - covariance[np.ix_(lacking, known)] @ slope
        spread[np.ix_(lacking, lacking)] = slope.T @ pattern.scatter @ slope + pattern.number * rest
        apart = full - new_mean
        products += spread + pattern.number * np.outer(apart, apart)
    return new_mean, (products + products.T) / (2 * number)


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError as error:
        raise InputError("some columns say the same thing, so their covariance cannot be inverted") from error


def _unusable(values: np.ndarray, names: list[str]) -> dict[str, str]:
    left_out = {}
    for name, column in zip(names, values.T, strict=True):
        found = column[~np.isnan(column)]
        if not len(found):
            left_out[name] = "never known"
        elif np.ptp(found) <= 1e-12 * max(1.0, np.abs(found).max()):
            left_out[name] = "the same in all recordings"
    return left_out


def _known_together(values: np.ndarray, names: list[str]) -> None:
    known = (~np.isnan(values)).astype(np.int64)
    together = known.T @ known
    for i, j in zip(*np.nonzero(np.triu(together <= 2, k=1)), strict=True):
        raise InputError(
            f"{_label(names[i])} and {_label(names[j])} are hardly ever known together, "
            "so how they depend on one another cannot be estimated",
            value=f"{together[i, j]} recordings with both",
        )


def _not_singular(covariance: np.ndarray, names: list[str]) -> None:
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    eigenvalues, vectors = np.linalg.eigh(correlation)
    if eigenvalues[0] < _SMALLEST_EIGENVALUE:
        alike = [_label(names[i]) for i in np.argsort(-np.abs(vectors[:, 0]))[:2]]
        raise InputError(f"{' and '.join(alike)} say the same thing: leave one of them out", value="correlation 1")


def _label(name: str) -> str:
    return COLUMNS_BY_NAME[name].in_sentence if name in COLUMNS_BY_NAME else str(name)
