"""What would give generated recordings away: the features that a classifier tells them by, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.features import CONDITION_FEATURES, Components
from abr_model.evaluation.likeness.two_samples import Judged, TwoSamples


def telling_features(
    samples: TwoSamples, judged: Judged, components: Components, time_ms: np.ndarray, seed: int
) -> pd.DataFrame:
    """A row for each feature of the traces, the most telling first.

    Parameters
    ----------
    samples, judged
        The question, and the boosted trees' answers to it.
    components, time_ms
        To say where on the trace a component lies.

    Returns
    -------
    pandas.DataFrame
        ``feature``; ``where`` (of a component: the time at which it weighs most);
        ``auc_lost_without``: how much AUC is lost when the feature's values are exchanged at random among the rows
        that a fold asks about (Breiman 2001, permutation importance; features that say the same share it);
        ``auc_alone``: AUC of the feature by itself (0.5: as in real recordings; above: generated ones are larger);
        ``shift_sd``: mean of generated minus real, in standard deviations of real;
        ``spread_ratio``: standard deviation of generated over real.
    """
    generated = samples.is_candidate
    whole = RankedScores(judged.scores, generated)()
    rng = np.random.default_rng([seed, 962])
    rows = []
    for name in samples.features.columns:
        if name in CONDITION_FEATURES:  # the same on both sides
            continue
        values = samples.features[name].to_numpy()
        real = values[~generated]
        spread = float(real.std()) or np.nan
        rows.append(
            {
                "feature": name,
                "where": _where(name, components, time_ms),
                "auc_lost_without": whole - RankedScores(_scores_without(name, samples, judged, rng), generated)(),
                "auc_alone": RankedScores(values, generated)(),
                "shift_sd": float(values[generated].mean() - real.mean()) / spread,
                "spread_ratio": float(values[generated].std()) / spread,
            }
        )
    return pd.DataFrame(rows).sort_values("auc_lost_without", ascending=False, ignore_index=True)


def _scores_without(name: str, samples: TwoSamples, judged: Judged, rng: np.random.Generator) -> np.ndarray:
    scores = np.empty_like(judged.scores)
    for ask, predict in judged.fitted:
        seen = samples.features.iloc[ask].copy()
        seen[name] = rng.permutation(seen[name].to_numpy())
        scores[ask] = predict(samples.traces[ask], seen, samples.conditions[ask])
    return scores


def _where(name: str, components: Components, time_ms: np.ndarray) -> str:
    kind, _, number = name.rpartition(" ")
    if kind != "component":
        return ""
    return f"largest at {time_ms[np.abs(components.axes[int(number) - 1]).argmax()]:.1f} ms"
