"""Cells of level × age band × hearing class: which recordings are alike enough to be held beside one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.realism.ears import AGE_BANDS, LEVEL_WITHIN_DB
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSS_CODES, INTENSITY

SMALLEST_CELL = 20
"""Recordings that a cell must hold, on either side, to be judged."""
FEWEST_PATIENTS = 5
"""Patients that they must come from: a cell of two children says nothing about children."""
CELL_COLUMNS = ("level_db_nhl", "age_band", "hearing_loss")


@dataclass(frozen=True)
class CellGrid:
    """The cells that the held-out recordings fill.

    Parameters
    ----------
    table
        K rows with columns :data:`CELL_COLUMNS`, ``n`` and ``patients``, by class, age band and level.
    """

    table: pd.DataFrame

    @classmethod
    def of(cls, table: pd.DataFrame, smallest: int = SMALLEST_CELL, patients: int = FEWEST_PATIENTS) -> CellGrid:
        """Cells with at least so many recordings of at least so many patients of a cohort's table."""
        found = cell_columns(table)
        found["patient_id"] = table["patient_id"].to_numpy()
        known = found.dropna(subset=list(CELL_COLUMNS))
        grouped = known.groupby(list(CELL_COLUMNS), sort=False)["patient_id"]
        cells = grouped.agg(n="size", patients="nunique").reset_index()
        cells = cells[(cells["n"] >= smallest) & (cells["patients"] >= patients)]
        order = cells["hearing_loss"].map(HEARING_LOSS_CODES.index), cells["age_band"].map(list(AGE_BANDS).index)
        cells = cells.assign(_class=order[0], _age=order[1]).sort_values(["_class", "_age", "level_db_nhl"])
        return cls(cells.drop(columns=["_class", "_age"]).reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.table)

    def index(self, table: pd.DataFrame) -> np.ndarray:
        """[n] position of each recording's cell in the grid; -1 where it belongs to none."""
        if not len(self):
            return np.full(len(table), -1)
        places = pd.MultiIndex.from_frame(self.table[list(CELL_COLUMNS)])
        return places.get_indexer(pd.MultiIndex.from_frame(cell_columns(table)))


def cell_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Level on a 5 dB grid, age band and hearing class of each recording; missing where one is not known."""
    step = 2 * LEVEL_WITHIN_DB
    level = (table[INTENSITY.name] / step).round() * step
    classes = table[HEARING_LOSS.name].astype(object).to_numpy()
    return pd.DataFrame(
        {"level_db_nhl": level.to_numpy(), "age_band": age_bands(table[AGE.name]), "hearing_loss": classes}
    )


def age_bands(years) -> np.ndarray:
    """Name of the age band of each age, None where the age is not known."""
    years = np.asarray(years, dtype=np.float64)
    names = np.full(len(years), None, dtype=object)
    for name, (low, high) in AGE_BANDS.items():
        names[(years >= low) & (years < high)] = name
    return names


class Sorted:
    """Recordings in the order of their cells, to sum over each cell quickly and with weights.

    Parameters
    ----------
    cell
        [n] index of the cell of each recording, -1 for none.
    cells
        How many cells there are, K.
    """

    def __init__(self, cell: np.ndarray, cells: int):
        self.rows = np.argsort(cell, kind="stable")[np.count_nonzero(cell < 0) :]
        self.cell, self.cells = cell[self.rows], cells
        self.starts = np.searchsorted(self.cell, np.arange(cells))
        self.counts = np.bincount(self.cell, minlength=cells)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum over each cell of ``values`` [m] or [m, T], which are in the order of ``rows``: [K] or [K, T]."""
        if not len(values):
            return np.zeros((self.cells, *values.shape[1:]))
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]), values.dtype)])
        total = np.add.reduceat(padded, self.starts, axis=0)
        total[self.counts == 0] = 0  # reduceat gives the next row's value for an empty span
        return total

    def slices(self) -> list[slice]:
        """Where each cell lies in ``rows``."""
        return [slice(a, a + n) for a, n in zip(self.starts, self.counts, strict=True)]


def mean_error(values: np.ndarray, patients: np.ndarray) -> float:
    """Standard error of the mean of ``values`` [n], recordings of one patient taken together; NaN below 2 patients."""
    patient = np.unique(patients, return_inverse=True)[1] if len(values) else np.zeros(0, dtype=int)
    groups = patient.max() + 1 if len(patient) else 0
    if groups < 2:
        return float("nan")
    sums = np.bincount(patient, values - values.mean())
    return float(np.sqrt((sums**2).sum() * groups / (groups - 1)) / len(values))
