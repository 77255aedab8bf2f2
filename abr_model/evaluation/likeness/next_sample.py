"""The next sample of a real trace, predicted by what was learned from generated ones or from real ones."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.model_selection import GroupKFold

LAGS = 20
FOLDS = 5
RIDGE = 1e-4
"""Of the mean variance of a sample."""


def next_sample_errors(real: np.ndarray, patients: np.ndarray, generated: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean absolute error of the next sample on each real trace, from three teachers.

    A ridge regression on the ``LAGS`` samples before learns from the generated rows of some patients, from the real
    rows of the same patients, and from recordings of yet others; it is asked about the real rows that are left.

    Parameters
    ----------
    real, generated
        [N, T] µV, row for row of the same conditions; ``patients`` [N] of both.
    other
        [M, T] µV.

    Returns
    -------
    ndarray
        [N, 3] µV: taught by ``generated``, by ``other``, by ``real``.
    """
    lags = min(LAGS, real.shape[1] // 2)
    of_real, of_generated = _by_recording(real, lags), _by_recording(generated, lags)
    from_other = _weights(_by_recording(other, lags).sum(0))
    errors = np.empty((len(real), 3))
    folds = min(FOLDS, len(np.unique(patients)))
    for learn, ask in GroupKFold(folds).split(real, groups=patients):
        taught = (_weights(of_generated[learn].sum(0)), from_other, _weights(of_real[learn].sum(0)))
        windows = _windows(real[ask], lags)
        for column, weights in enumerate(taught):
            predicted = windows[..., :-1] @ weights[:-1] + weights[-1]
            errors[ask, column] = np.abs(windows[..., -1] - predicted).mean(1)
    return errors


def _windows(traces: np.ndarray, lags: int) -> np.ndarray:
    """[N, T − lags, lags + 1] samples before, then the sample itself."""
    return sliding_window_view(np.asarray(traces, dtype=np.float64), lags + 1, axis=1)


def _by_recording(traces: np.ndarray, lags: int) -> np.ndarray:
    """[N, lags + 2, lags + 2] products of (samples before, 1, sample itself) summed along each trace."""
    windows = _windows(traces, lags)
    ones = np.ones((*windows.shape[:2], 1))
    rows = np.concatenate([windows[..., :-1], ones, windows[..., -1:]], axis=2)
    return rows.transpose(0, 2, 1) @ rows


def _weights(products: np.ndarray) -> np.ndarray:
    """[lags + 1] weights of the samples before, then the constant."""
    inputs, answers = products[:-1, :-1], products[:-1, -1]
    n = inputs[-1, -1]
    penalty = np.full(len(inputs), RIDGE * np.trace(inputs[:-1, :-1]) / max(len(inputs) - 1, 1))
    penalty[-1] = 1e-9 * n  # the constant is free
    return np.linalg.solve(inputs + np.diag(np.maximum(penalty, 1e-12)), answers)
