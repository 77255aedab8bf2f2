"""Along the level: wave V's latency–intensity function, and which waves are marked how often."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.evaluation.conditions.cell_grid import FEWEST_PATIENTS, SMALLEST_CELL, cell_columns
from abr_model.evaluation.conditions.cell_waves import SEARCH_MS, SMALLEST_WAVE_UV
from abr_model.realism.check import FEWEST
from abr_model.schema import WAVES, latency_column
from abr_model.waves import pick_wave

SURE = 1.96


def clean_wave_v(clean: np.ndarray, real: Cohort) -> np.ndarray:
    """[n] ms, wave V of the clean traces [n, T] where it is marked on the recording; NaN where there is none.

    It is looked for around the median mark of the recordings of the same class, age band and level, because single
    marks stray to other peaks.
    """
    marked = real.table[latency_column("V")]
    cells = cell_columns(real.table)
    expected = marked.groupby([cells[c] for c in cells]).transform("median").to_numpy(dtype=np.float64)
    around = np.where(np.isfinite(marked.to_numpy()), expected, np.nan)
    latency, amplitude = pick_wave(clean, real.sampling, around, SEARCH_MS)
    return np.where(amplitude >= SMALLEST_WAVE_UV, latency, np.nan)


def level_table(sides: dict[str, tuple[Cohort, np.ndarray]]) -> pd.DataFrame:
    """Median wave V latency of normal ears by age band and level.

    Parameters
    ----------
    sides
        By name: a cohort and [n] latencies of wave V in ms, NaN where there is none. The first one's n is shown.

    Returns
    -------
    DataFrame
        ``age_band``, ``level_db_nhl``, ``n`` (latencies of the first side) and a column ``<name>_ms`` a side, NaN with
        fewer than 10 latencies.
    """
    columns = {}
    for name, (cohort, latencies) in sides.items():
        cells = cell_columns(cohort.table).assign(latency=latencies)
        cells = cells[(cells["hearing_loss"] == "normal") & cells["latency"].notna()]
        by = cells.groupby(["age_band", "level_db_nhl"])["latency"].agg(["median", "size"])
        columns[f"{name}_ms"] = by["median"].where(by["size"] >= FEWEST)
        columns.setdefault("n", by["size"])
    table = pd.DataFrame(columns).rename_axis(["age_band", "level_db_nhl"]).reset_index()
    table = table[table[next(c for c in table if c.endswith("_ms"))].notna()]
    order = ["age_band", "level_db_nhl", "n", *[c for c in table if c.endswith("_ms")]]
    return table[order].sort_values(["age_band", "level_db_nhl"]).reset_index(drop=True)


class LevelMedians:
    """Mean absolute difference of the median wave V of two cohorts over the cells of age band × level, normal ears."""

    def __init__(self, side: Cohort, real: Cohort):
        self.parts = []
        found = [self._rows(cohort) for cohort in (side, real)]
        for cell in sorted(set(found[0]) & set(found[1])):
            rows = found[0][cell], found[1][cell]
            if min(map(len, rows)) >= FEWEST:
                self.parts.append(rows)
        self.latency = [cohort.table[latency_column("V")].to_numpy() for cohort in (side, real)]

    @staticmethod
    def _rows(cohort: Cohort) -> dict:
        cells = cell_columns(cohort.table)
        marked = cohort.table[latency_column("V")].notna().to_numpy()
        cells = cells[(cells["hearing_loss"] == "normal").to_numpy() & marked]
        named = cells.groupby(["age_band", "level_db_nhl"]).groups
        return {cell: np.asarray(rows) for cell, rows in named.items()}

    def measure(self, side_weights: np.ndarray | None = None, real_weights: np.ndarray | None = None) -> float:
        """ms; NaN where no cell has 10 marks on both sides. Weights [n] say how often a recording counts."""
        differences = []
        for rows in self.parts:
            medians = [
                weighted_median(latency[r], None if w is None else w[r])
                for latency, r, w in zip(self.latency, rows, (side_weights, real_weights), strict=True)
            ]
            differences.append(abs(medians[0] - medians[1]))
        known = np.array(differences)[np.isfinite(differences)] if differences else []
        return float(np.mean(known)) if len(known) else float("nan")


def weighted_median(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Median of ``values`` [n], each counted as often as its weight says; NaN where none counts."""
    if weights is not None:
        values = np.repeat(values, weights.astype(np.int64))
    return float(np.median(values)) if len(values) else float("nan")


def detectability_table(sides: dict[str, Cohort]) -> pd.DataFrame:
    """Share of recordings with each wave marked, per level, and whether V ≥ III ≥ I.

    Parameters
    ----------
    sides
        Cohorts by name.

    Returns
    -------
    DataFrame
        ``level_db_nhl``; per side ``<name>_n``, ``<name>_I_percent`` …, ``<name>_ordered``: true unless a later wave is
        marked more seldom than an earlier one by more than 1.96 standard errors; None with fewer than 20 recordings
        or 5 patients.
    """
    columns = {}
    for name, cohort in sides.items():
        level = cell_columns(cohort.table)["level_db_nhl"].to_numpy()
        marked = np.column_stack([cohort.table[latency_column(w)].notna() for w in WAVES]).astype(float)
        patients = cohort.table["patient_id"].to_numpy()
        for at in np.unique(level[np.isfinite(level)]):
            rows = level == at
            column = columns.setdefault(float(at), {})
            column[f"{name}_n"] = int(rows.sum())
            shares = 100 * marked[rows].mean(axis=0)
            column |= {f"{name}_{w}_percent": share for w, share in zip(WAVES, shares, strict=True)}
            column[f"{name}_ordered"] = _ordered(marked[rows], patients[rows])
    table = pd.DataFrame.from_dict(columns, orient="index").rename_axis("level_db_nhl").sort_index().reset_index()
    for name in sides:
        if f"{name}_n" in table:
            table[f"{name}_n"] = table[f"{name}_n"].fillna(0).astype(int)
    return table


def _ordered(marked: np.ndarray, patients: np.ndarray) -> bool | None:
    if len(marked) < SMALLEST_CELL or len(np.unique(patients)) < FEWEST_PATIENTS:
        return None
    for early, late in ((0, 1), (1, 2)):
        lead = marked[:, late] - marked[:, early]
        if lead.mean() < -SURE * lead.std() / np.sqrt(len(lead)):
            return False
    return True
