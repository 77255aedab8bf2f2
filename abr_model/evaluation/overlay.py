"""Quantities of single recordings whose distributions are laid over one another: generated and held-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.evaluation.conditions.cell_comparison import TwoSamples
from abr_model.evaluation.likeness.distances import decibels, spectrum
from abr_model.schema import WAVES, amplitude_column, latency_column

BINS = 28
FEWEST = 10
"""Values of each side that a distribution is drawn from."""
RIPPLE_FROM_HZ = 1500.0
"""An ABR has hardly any power above (physiology: 100–1,000 Hz); what is there is residual noise."""


@dataclass(frozen=True)
class Overlaid:
    """A quantity of single recordings."""

    key: str
    name: str
    unit: str
    values: Callable[[Cohort], np.ndarray]


def _column(name: str) -> Callable[[Cohort], np.ndarray]:
    return lambda cohort: cohort.table[name].to_numpy(dtype=np.float64)


def _between(first: str, second: str) -> Callable[[Cohort], np.ndarray]:
    return lambda cohort: (cohort.table[latency_column(second)] - cohort.table[latency_column(first)]).to_numpy(
        dtype=np.float64
    )


def ripple_nv(cohort: Cohort) -> np.ndarray:
    """[N] root mean square of each trace above :data:`RIPPLE_FROM_HZ`, nV: residual noise, measured the same way on
    recorded and on generated traces."""
    traces = cohort.waveforms.astype(np.float64)
    transformed = np.fft.rfft(traces, axis=1)
    transformed[:, np.fft.rfftfreq(cohort.samples, 1 / cohort.sampling.rate_hz) < RIPPLE_FROM_HZ] = 0
    return 1000 * np.fft.irfft(transformed, n=cohort.samples, axis=1).std(axis=1)


OVERLAID = (
    *(Overlaid(f"latency_{w}", f"Wave {w} latency", "ms", _column(latency_column(w))) for w in WAVES),
    *(Overlaid(f"amplitude_{w}", f"Wave {w} amplitude", "µV", _column(amplitude_column(w))) for w in WAVES),
    Overlaid("interval_I_III", "Interval I–III", "ms", _between("I", "III")),
    Overlaid("interval_III_V", "Interval III–V", "ms", _between("III", "V")),
    Overlaid("interval_I_V", "Interval I–V", "ms", _between("I", "V")),
    Overlaid("size", "SD along the trace", "µV", lambda cohort: cohort.waveforms.astype(np.float64).std(axis=1)),
    Overlaid("ripple", f"Residual noise above {RIPPLE_FROM_HZ / 1000:g} kHz", "nV", ripple_nv),
)


@dataclass(frozen=True)
class Overlay:
    """Two distributions over the same bins, and how far apart they are.

    Parameters
    ----------
    edges
        [B + 1] of the bins.
    real, generated
        [B] percent of the values of each side.
    n_real, n_generated
        Values that are known.
    wasserstein, ks
        Distance in the quantity's unit; Kolmogorov–Smirnov distance, 0 to 1.
    limit_wasserstein, limit_ks
        The same between other held-out patients and these; NaN where there are too few.
    """

    quantity: Overlaid
    edges: np.ndarray
    real: np.ndarray
    generated: np.ndarray
    n_real: int
    n_generated: int
    wasserstein: float
    ks: float
    limit_wasserstein: float
    limit_ks: float


def overlay(quantity: Overlaid, real: np.ndarray, generated: np.ndarray, other: np.ndarray) -> Overlay | None:
    """Distributions of a quantity in three sets of recordings; None where too few values are known.

    Parameters
    ----------
    real, generated, other
        Values, NaN where not known (a wave that is not marked).
    """
    real, generated, other = (values[np.isfinite(values)] for values in (real, generated, other))
    if min(len(real), len(generated)) < FEWEST:
        return None
    low, high = np.percentile(np.concatenate([real, generated]), [0.5, 99.5])
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    shares = [
        100 * np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values) for values in (real, generated)
    ]
    enough = len(other) >= FEWEST
    return Overlay(
        quantity, edges, *shares, len(real), len(generated), *_apart(generated, real),
        *(_apart(other, real) if enough else (np.nan, np.nan)),
    )  # fmt: skip


def _apart(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    return TwoSamples(a, b)(np.ones(len(a)), np.ones(len(b)))


def mean_spectrum_db(cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies [F] in Hz above 0, and the mean power [F] of the traces there in dB."""
    frequencies = np.fft.rfftfreq(cohort.samples, 1 / cohort.sampling.rate_hz)
    return frequencies[1:], decibels(spectrum(cohort.waveforms).mean(0))[1:]
