"""Whether generated items are rated as plausible as recorded ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu


@dataclass(frozen=True)
class Plausibility:
    """Ratings of both kinds, each item once with the mean of its reviewers.

    ``superiority`` is the probability that a generated item is rated higher than a recorded one, equal counting half
    (0.5: the same); ``delta`` is Cliff's δ, from −1 to 1; ``p`` of the two-sided Mann–Whitney test.
    """

    recorded_mean: float
    generated_mean: float
    recorded_n: int
    generated_n: int
    superiority: float
    delta: float
    p: float


def plausibility(table: pd.DataFrame) -> Plausibility | None:
    """From :func:`~abr_model.review.analysis.judgements.judgements`; None where a kind has no rating."""
    rated = table[(table["repeat"] == 0) & table["plausibility"].notna()]
    of_item = rated.groupby("item").agg(rating=("plausibility", "mean"), generated=("generated", "first"))
    generated = of_item.loc[of_item["generated"], "rating"].to_numpy()
    recorded = of_item.loc[~of_item["generated"], "rating"].to_numpy()
    return compare_ratings(generated, recorded)


def compare_ratings(generated: np.ndarray, recorded: np.ndarray) -> Plausibility | None:
    """From one rating for each item."""
    if not len(generated) or not len(recorded):
        return None
    test = mannwhitneyu(generated, recorded, alternative="two-sided")
    superiority = float(test.statistic) / (len(generated) * len(recorded))
    return Plausibility(
        float(np.mean(recorded)),
        float(np.mean(generated)),
        len(recorded),
        len(generated),
        superiority,
        2 * superiority - 1,
        float(test.pvalue),
    )
