"""A held-out recording as the network sees it with some of its labels hidden: the response behind it, and the labels
filled in again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.generation.inference import impute, reconstruct
from abr_model.schema import LABEL_NAMES, LABELS

if TYPE_CHECKING:
    from abr_model.cohort import Cohort
    from abr_model.model import TrainedModel

LEVEL = 0.9


@dataclass(frozen=True)
class Masked:
    """What the network makes of one recording.

    Parameters
    ----------
    response
        [T] µV, reconstruction without residual noise.
    labels
        A row a wave label: ``label`` (table column), ``name``, ``unit``, ``mark`` (NaN where not marked), ``hidden``
        (the network did not see the mark), ``imputed``, ``low``, ``high`` (NaN where the mark was seen or nothing can
        be said), ``inside`` (whether the mark lies in the interval; None where there is nothing to compare).
    note
        Where the interval comes from.
    """

    response: np.ndarray
    labels: pd.DataFrame
    note: str


def masked(model: TrainedModel, recording: Cohort, hide: Sequence[str] = ()) -> Masked:
    """The recording (one row) with the labels ``hide`` (columns of the table) kept from the network."""
    table = recording.table.copy()
    marks = table[list(LABEL_NAMES)].to_numpy(dtype=np.float64)[0]
    for column in hide:
        table[column] = np.nan
    shown = replace(recording, table=table)
    found = impute(model, shown, level=LEVEL)
    seen = found.given[0]
    imputed, low, high = (np.where(seen, np.nan, values[0]) for values in (found.median, found.low, found.high))
    inside = [
        None if s or not np.isfinite([mark, a, b]).all() else bool(a <= mark <= b)
        for s, mark, a, b in zip(seen, marks, low, high, strict=True)
    ]
    labels = pd.DataFrame(
        {
            "label": list(LABEL_NAMES),
            "name": [column.label for column in LABELS],
            "unit": [column.unit for column in LABELS],
            "mark": marks,
            "hidden": ~seen & np.isfinite(marks),
            "imputed": imputed,
            "low": low,
            "high": high,
            "inside": pd.Series(inside, dtype=object),
        }
    )
    return Masked(reconstruct(model, shown)[0], labels, found.note)


def residual_nv(recorded: np.ndarray, response: np.ndarray) -> np.ndarray:
    """[N] root mean square of what the response [N, T] leaves of the recording [N, T], both in µV, in nV."""
    return 1000 * np.sqrt(np.mean((np.asarray(recorded, dtype=np.float64) - response) ** 2, axis=-1))
