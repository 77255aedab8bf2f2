"""What is drawn of the features that give generated recordings away: how their values lie, and where on the trace."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from abr_model.evaluation.features import Components
from abr_model.evaluation.likeness.two_samples import TwoSamples

DRAWN = 12
"""Features, the most telling ones."""
BINS = 30
COMPONENT = re.compile(r"component (\d+)")
BAND = re.compile(r"log power ([\d.]+)–([\d.]+) Hz")


def feature_histograms(samples: TwoSamples, features: list[str]) -> pd.DataFrame:
    """How the values of each of ``features`` lie in generated and in real recordings.

    Returns
    -------
    pandas.DataFrame
        A row a bin of a feature: ``feature``, ``low``, ``high``, ``generated_percent``, ``real_percent``. Values beyond
        99 % of all are counted in the outermost bins.
    """
    rows = []
    for name in features:
        values = samples.features[name].to_numpy(dtype=np.float64)
        low, high = np.percentile(values, [0.5, 99.5])
        if not high > low:
            continue
        edges = np.linspace(low, high, BINS + 1)
        shares = [
            100 * np.histogram(np.clip(values[side], low, high), edges)[0] / max(side.sum(), 1)
            for side in (samples.is_candidate, ~samples.is_candidate)
        ]
        bins = {"low": edges[:-1], "high": edges[1:], "generated_percent": shares[0], "real_percent": shares[1]}
        rows.append(pd.DataFrame({"feature": name} | bins))
    columns = ["feature", "low", "high", "generated_percent", "real_percent"]
    return pd.concat(rows, ignore_index=True).round(6) if rows else pd.DataFrame(columns=columns)


def feature_weights(components: Components, time_ms: np.ndarray, features: list[str]) -> pd.DataFrame:
    """``time_ms`` and, for each of ``features`` that is a component, a column with its weight at each sample (the
    largest is ±1)."""
    columns = {"time_ms": np.asarray(time_ms, dtype=np.float64)}
    for name in features:
        if found := COMPONENT.fullmatch(name):
            axis = components.axes[int(found[1]) - 1]
            columns[name] = axis / np.abs(axis).max()
    return pd.DataFrame(columns).round(5)
