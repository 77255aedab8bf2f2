"""Are generated traces distributed as held-out ones are? Each number beside other held-out patients in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from abr_model.evaluation.bootstrap import patient_intervals
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.features import Components
from abr_model.evaluation.likeness.distances import (
    NEIGHBOURS,
    KernelDistance,
    autocorrelation,
    decibels,
    frechet,
    median_distance,
    moments,
    neighbour_shares,
    spectrum,
)
from abr_model.evaluation.likeness.distribution_scores import DIMENSIONS, HIGHEST_HZ, LONGEST_LAG_MS, SCORES
from abr_model.evaluation.likeness.distribution_tables import distribution_tables
from abr_model.evaluation.likeness.next_sample import next_sample_errors
from abr_model.evaluation.likeness.patient_sums import PatientSums, Statistic, value_and_interval
from abr_model.evaluation.likeness.two_sided import Side, TwoSided, two_sided
from abr_model.evaluation.score import Interval, Score, Section

SHARE_OF_LIMIT = 0.92
FEWEST = 2 * NEIGHBOURS + 2

Measured = dict[str, tuple[float, Interval | None]]


def distributions_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """Distances of generated from real traces in several senses, and the share of each that has a counterpart.

    Parameters
    ----------
    on_progress
        Gets the fraction done; may raise to stop.

    Returns
    -------
    Section
        Tables: see :func:`abr_model.evaluation.likeness.distribution_tables.distribution_tables`.
    """
    sides = two_sided(comparison, FEWEST)
    say = on_progress or (lambda fraction: None)
    if sides.untold:
        return Section("distributions", "Distributions of traces", [replace(s, untold=sides.untold) for s in SCORES])
    components = Components(comparison.train.waveforms)
    width = median_distance(components.scaled(sides.real.traces, DIMENSIONS))
    of_value = _measure(sides, sides.generated, components, width, comparison.seed)
    say(0.45)
    of_limit = _measure(sides, sides.other, components, width, comparison.seed) if sides.other else {}
    say(0.9)
    scores = [_filled(score, of_value, of_limit, len(sides.real.traces)) for score in SCORES]
    tables = distribution_tables(sides, comparison.real.time_ms, comparison.seed)
    say(1.0)
    return Section("distributions", "Distributions of traces", scores, tables)


ASKED = ("precision", "recall", "coverage")


def _filled(score: Score, of_value: Measured, of_limit: Measured, n: int) -> Score:
    value, interval = of_value[score.key]
    limit, limit_interval = of_limit.get(score.key, (float("nan"), None))
    asked = score.key in ASKED and np.isfinite(limit)
    return replace(
        score,
        value=value,
        interval=interval,
        limit=limit,
        limit_interval=limit_interval,
        allowed=(SHARE_OF_LIMIT * limit, None) if asked else (None, None),
        n=n,
    )


@dataclass(frozen=True)
class _Contributions:
    """What recordings of each side contribute to a number, and how the number comes of their means."""

    statistic: Statistic
    candidate: np.ndarray
    real: np.ndarray
    is_size: bool = True


def _measure(sides: TwoSided, candidate: Side, components: Components, width: float, seed: int) -> Measured:
    """Every number of ``candidate`` against the real traces."""
    real, together = sides.real, candidate is sides.generated
    points, real_points = (components.scaled(s.traces, DIMENSIONS) for s in (candidate, real))
    of_candidate, of_real = neighbour_shares(points, real_points)
    frequencies = np.fft.rfftfreq(real.traces.shape[1], 1 / sides.rate_hz)
    heard = (frequencies > 0) & (frequencies <= HIGHEST_HZ)
    lags = max(1, min(real.traces.shape[1] - 1, round(LONGEST_LAG_MS * sides.rate_hz / 1000)))
    samples = real.traces.shape[1]
    spectra, correlations, squares = (
        tuple(of(s.traces) for s in (candidate, real))
        for of in (spectrum, lambda x: autocorrelation(x, lags), lambda x: np.hstack([x, x.astype(np.float64) ** 2]))
    )
    errors = next_sample_errors(real.traces, real.patients, sides.generated.traces, candidate.traces)
    taught_by = errors[:, 0 if together else 1]
    parts = {
        "frechet_distance": _Contributions(frechet, moments(points), moments(real_points)),
        "precision": _Contributions(lambda a, b: a[0], of_candidate, of_real, is_size=False),
        "density": _Contributions(lambda a, b: a[1], of_candidate, of_real, is_size=False),
        "recall": _Contributions(lambda a, b: b[0], of_candidate, of_real, is_size=False),
        "coverage": _Contributions(lambda a, b: b[1], of_candidate, of_real, is_size=False),
        "spectrum_distance": _Contributions(
            lambda a, b: np.abs(decibels(a[heard]) - decibels(b[heard])).mean(), *spectra
        ),
        "autocorrelation_distance": _Contributions(lambda a, b: np.abs(a - b).mean(), *correlations),
        "mean_difference_by_time": _Contributions(lambda a, b: _rms_nv(a[:samples] - b[:samples]), *squares),
        "sd_difference_by_time": _Contributions(lambda a, b: _rms_nv(_sd(a) - _sd(b)), *squares),
    }
    measured = {
        key: value_and_interval(
            part.statistic,
            PatientSums(part.candidate, candidate.patients),
            PatientSums(part.real, real.patients),
            together,
            seed,
            part.is_size,
        )
        for key, part in parts.items()
    }
    on_real = PatientSums(np.column_stack([taught_by, errors[:, 2]]), real.patients)
    measured["predictive_score"] = value_and_interval(
        lambda a, b: a[0] / a[1], on_real, on_real, together=True, seed=seed, is_size=False
    )
    kernel = KernelDistance(points, real_points, candidate.patients, real.patients, width)
    measured["mmd_squared_permille"] = _kernel_score(kernel, seed)
    measured["mmd_p_value"] = (kernel.p_value(seed) if together else float("nan"), None)
    return measured


def _kernel_score(kernel: KernelDistance, seed: int) -> tuple[float, Interval | None]:
    value = 1000 * kernel.value()
    names = np.arange(kernel.patients).astype(str)
    found = patient_intervals(
        lambda drawn: np.array([1000 * kernel.value(drawn[0])]), [names], seed, values=np.array([value])
    )
    return value, found[0] if found else None


def _rms_nv(microvolts: np.ndarray) -> float:
    return float(1000 * np.sqrt((microvolts**2).mean()))


def _sd(mean_of_values_and_squares: np.ndarray) -> np.ndarray:
    mean, squares = np.split(mean_of_values_and_squares, 2)
    return np.sqrt(np.maximum(squares - mean**2, 0))
