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
HALF = 0.5
"""A component marks the samples that weigh at least half as much as its largest."""
EDGE_MS = 0.25
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


def marked_spans(
    feature: str, weights: pd.DataFrame | None, bins: pd.DataFrame | None, time_ms: np.ndarray
) -> list[tuple[float, float]]:
    """Spans (from ms, to ms) of the trace that a feature looks at; empty: all of it.

    Parameters
    ----------
    weights
        As :func:`feature_weights` gives them.
    bins
        Rows of :func:`feature_histograms` of that feature.
    time_ms
        Of the trace's samples.
    """
    if COMPONENT.fullmatch(feature) and weights is not None and feature in weights:
        heavy = np.abs(weights[feature].to_numpy()) >= HALF
        return _runs(heavy, weights["time_ms"].to_numpy())
    if feature == "first sample":
        return [(float(time_ms[0]), float(time_ms[0]) + EDGE_MS)]
    if feature == "last sample":
        return [(float(time_ms[-1]) - EDGE_MS, float(time_ms[-1]))]
    if feature.startswith("time of") and bins is not None and len(bins):
        often = (bins["generated_percent"] + bins["real_percent"]).to_numpy()
        return [
            (float(row.low), float(row.high))
            for row, share in zip(bins.itertuples(), often, strict=True)
            if share >= HALF * often.max()
        ]
    return []


def _runs(mask: np.ndarray, time_ms: np.ndarray) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    half = (time_ms[1] - time_ms[0]) / 2 if len(time_ms) > 1 else 0.0
    return [
        (float(time_ms[a] - half), float(time_ms[b - 1] + half)) for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
