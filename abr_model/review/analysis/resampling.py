"""95 % intervals of any statistic by resampling items: answers to one item come and go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

DRAWS = 400


def item_intervals(
    statistics: Callable[[np.ndarray], Sequence[float]], generated: np.ndarray, seed: int, draws: int = DRAWS
) -> list[tuple[float, float] | None]:
    """2.5 and 97.5 percentiles of ``statistics`` (of item positions [m]) over items resampled within their kind.

    Parameters
    ----------
    statistics
        From positions of items, some more than once, to K numbers.
    generated
        [items] bool, what each is.

    Returns
    -------
    list
        K intervals; None where the number is one in fewer than half of the resamplings.
    """
    rng = np.random.default_rng([seed, 4027])
    generated = np.asarray(generated, dtype=bool)
    kinds = [rows for rows in (np.flatnonzero(generated), np.flatnonzero(~generated)) if len(rows)]
    drawn = [statistics(np.concatenate([rng.choice(rows, len(rows)) for rows in kinds])) for _ in range(draws)]
    intervals: list[tuple[float, float] | None] = []
    for values in np.array(drawn, dtype=float).T:
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, [2.5, 97.5]) if len(finite) >= draws / 2 else (np.nan, np.nan)
        intervals.append((float(low), float(high)) if np.isfinite(low) else None)
    return intervals
