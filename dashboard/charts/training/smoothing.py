"""A calmer line through a noisy curve."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average, corrected for its start: the first value is the first of ``values``.

    Parameters
    ----------
    values
        [N]; what is not finite is passed over, the mean stays as it was.
    weight
        Of the past, from 0 (nothing is smoothed) to just below 1.

    Returns
    -------
    numpy.ndarray
        [N]; NaN before the first finite value. As TensorBoard's: the mean of all values so far, each weighted
        ``weight`` to the power of its age.
    """
    values = np.asarray(values, dtype=float)
    finite = np.isfinite(values)
    if weight <= 0 or not finite.any():
        return values.copy()
    known = values[finite]
    sums = lfilter([1.0], [1.0, -weight], known)
    weights = lfilter([1.0], [1.0, -weight], np.ones(len(known)))
    means = sums / weights
    newest = np.cumsum(finite) - 1  # which of the known values is the newest at each place
    return np.where(newest >= 0, means[np.maximum(newest, 0)], np.nan)
