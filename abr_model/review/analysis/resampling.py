"""95 % intervals of any statistic by resampling items: answers to one item come and go together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

DRAWS = 400


def item_interval(
    statistic: Callable[[np.ndarray], float], generated: np.ndarray, seed: int, draws: int = DRAWS
) -> tuple[float, float] | None:
    """2.5 and 97.5 percentile of ``statistic`` (of item positions [m]) over items resampled within their kind.

    Parameters
    ----------
    statistic
        From positions of items, some more than once, to a number.
    generated
        [items] bool, what each is.

    Returns
    -------
    tuple or None
        None where the statistic is a number in fewer than half of the resamplings, or there is one item.
    """
    generated = np.asarray(generated, dtype=bool)
    if len(generated) < 2:
        return None
    rng = np.random.default_rng([seed, 4027])
    kinds = [rows for rows in (np.flatnonzero(generated), np.flatnonzero(~generated)) if len(rows)]
    values = np.array(
        [statistic(np.concatenate([rng.choice(rows, len(rows)) for rows in kinds])) for _ in range(draws)], dtype=float
    )
    values = values[np.isfinite(values)]
    if len(values) < draws / 2:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
