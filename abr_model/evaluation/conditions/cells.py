"""Conditional fidelity: generated beside held-out recordings of the same level, age band and hearing class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from abr_model.evaluation.comparison import MEAN_DRAWS, Comparison
from abr_model.evaluation.conditions.cell_comparison import QUANTITIES, CellComparison
from abr_model.evaluation.conditions.cell_figures import (
    BY_LEVEL,
    FIGURES,
    FIRST_EFFECT,
    INSIDE,
    CellSide,
    Figure,
    share_true,
    statistic_of,
)
from abr_model.evaluation.conditions.cell_grid import FEWEST_PATIENTS, SMALLEST_CELL, CellGrid
from abr_model.evaluation.conditions.effects import EFFECTS, Effects
from abr_model.evaluation.conditions.level_function import clean_wave_v, detectability_table, level_table
from abr_model.evaluation.score import Score, Section
from abr_model.schema import latency_column

KEY, TITLE = "cells", "Conditional fidelity, cell by cell"
SOURCE = "physiology notes 10: compare distributions per condition cell, with its n"
TOO_FEW_CELLS = f"no cell with {SMALLEST_CELL} recordings of {FEWEST_PATIENTS} patients on both sides"


INSIDE_KEY = "cells_inside"


def cells_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """Every cell of level × age band × class with at least 20 held-out recordings of at least 5 patients.

    Parameters
    ----------
    comparison
        Where the clean responses are known, wave V of a cell's mean is that of the mean clean response. The generated
        mean is the generator's over several draws for each recording (:meth:`Comparison.conditional_mean`).
    on_progress
        Called with the fraction done.

    Returns
    -------
    Section
        Tables ``cells`` (a row a cell: level, age band, class, n and every error; ``inside_…`` whether the mean of a
        label lies within its margin), ``latency_by_level``, ``detectability``, ``effects``.
    """
    told = on_progress or (lambda done: None)
    real, reference = comparison.real, comparison.clean
    grid = CellGrid.of(real.table)
    clean = reference is not None
    traces = reference if clean else real.waveforms
    sides = {"generated": (comparison.generated, comparison.patients)}
    sides["other"] = (comparison.other, comparison.other.table["patient_id"].to_numpy())
    measured, table = {}, grid.table.copy()
    means, one_draw = {}, {}
    if len(grid) and comparison.generate is not None:
        means["generated"] = comparison.conditional_mean(lambda done: told(0.3 * done))
        one_draw = CellComparison(comparison.generated, real, traces, grid, comparison.patients).measure()
    for step, (name, (side, patients)) in enumerate(sides.items()):
        measured[name] = CellSide(
            side, real, traces, grid, patients, paired=name == "generated", seed=comparison.seed, means=means.get(name)
        )
        told(0.65 + 0.3 * step)
    if len(grid):
        table = _cell_table(grid, measured, clean)
    scores = [_cell_score(figure, measured, clean, one_draw) for figure in FIGURES]
    scores.append(_inside_score(measured))
    by_level, detectability = (
        _latency_by_level(comparison),
        detectability_table({"held_out": real, "generated": comparison.generated, "other": comparison.other}),
    )
    scores.append(_level_score(measured))
    scores.append(_order_score(detectability))
    effect_scores, effects = _effects(measured, comparison)
    told(1.0)
    return Section(
        KEY,
        TITLE,
        [*scores, *effect_scores],
        {"cells": table, "latency_by_level": by_level, "detectability": detectability, "effects": effects},
    )


def _cell_score(figure: Figure, measured: dict[str, CellSide], clean: bool, one_draw: dict) -> Score:
    place = FIGURES.index(figure)
    value, interval = measured["generated"].number(place)
    limit, limit_interval = measured["other"].number(place)
    counted = {name: _known(side.found, figure.column) for name, side in measured.items()}
    note = figure.note
    if figure.column.startswith("wave_v"):
        against = "the clean responses" if clean else "the recorded traces"
        note = "; ".join(filter(None, [f"beside wave V of the mean of {against}", note]))
    if figure.of_mean and one_draw:
        single = f"{statistic_of(figure, one_draw):.3f} {figure.unit}".strip()
        note = "; ".join(filter(None, [note, f"mean of {MEAN_DRAWS} draws for each recording, with one draw {single}"]))
    own = f"limit: other patients in the same cells, {counted['other']} of them filled, not row for row"
    return Score(
        f"cell_{figure.key}", figure.name, value, figure.unit, interval, limit, limit_interval, figure.allowed,
        figure.better, counted["generated"], "cells", "; ".join(filter(None, [note, own])), SOURCE,
        "" if np.isfinite(value) else TOO_FEW_CELLS,
    )  # fmt: skip


def _known(found: dict, column: str) -> int:
    return int(np.isfinite(found[column]).sum()) if column in found else 0


def _inside_score(measured: dict[str, CellSide]) -> Score:
    place = INSIDE
    (value, interval), (limit, limit_interval) = (measured[s].number(place) for s in ("generated", "other"))
    side = measured["generated"]
    judged = sum(int(np.isfinite(v).sum()) for v in side.inside(side.found).values()) if side.found else 0
    margins = ", ".join(f"{q.name} {q.margin:g} {q.unit.replace('%', 'points')}" for q in QUANTITIES)
    return Score(
        INSIDE_KEY, "Cells whose mean label lies inside the held-out margin", value, "%", interval, limit,
        limit_interval, better="higher", n=judged, of="means of cells",
        note=f"margin: {margins}; and 1.96 standard errors of the difference", source=SOURCE,
        untold="" if np.isfinite(value) else TOO_FEW_CELLS,
    )  # fmt: skip


def _cell_table(grid: CellGrid, measured: dict[str, CellSide], clean: bool) -> pd.DataFrame:
    side, other = measured["generated"], measured["other"]
    columns = {
        "wave_v_ms": side.cells.expected_ms,
        "wave_v_uv": side.cells.expected_uv,
        "wave_v_untold": side.cells.untold,
        "wave_v_of": "clean" if clean else "recorded",
    }
    columns |= side.found
    columns |= {f"inside_{key}": values for key, values in side.inside(side.found).items()}
    columns["n_other"] = other.cells.side.counts
    columns |= {f"other_{key}": values for key, values in other.found.items() if not key.endswith("_real")}
    table = pd.concat([grid.table, pd.DataFrame(columns)], axis=1)
    flags = [c for c in table if c.startswith("inside_")]
    table[flags] = table[flags].astype(object).where(table[flags].notna(), None).replace({1.0: True, 0.0: False})
    return table


def _latency_by_level(comparison: Comparison) -> pd.DataFrame:
    real, marks = comparison.real, latency_column("V")
    sides = {
        "held_out": (real, real.table[marks].to_numpy()),
        "generated": (comparison.generated, comparison.generated.table[marks].to_numpy()),
        "other": (comparison.other, comparison.other.table[marks].to_numpy()),
    }
    if comparison.clean is not None:
        sides["clean"] = (real, clean_wave_v(comparison.clean, real))
    return level_table(sides)


def _level_score(measured: dict[str, CellSide]) -> Score:
    place = BY_LEVEL
    (value, interval), (limit, limit_interval) = (measured[s].number(place) for s in ("generated", "other"))
    return Score(
        "latency_by_level", "Latency–intensity function, mean error of the median wave V", value, "ms", interval,
        limit, limit_interval, n=len(measured["generated"].levels.parts), of="levels × age bands",
        note="marked latencies, normal hearing; limit: other patients, not row for row", source=SOURCE,
        untold="" if np.isfinite(value) else "no level with 10 marked waves V of normal ears on both sides",
    )  # fmt: skip


def _order_score(table: pd.DataFrame) -> Score:
    """Share of the levels where the held-out recordings show V ≥ III ≥ I at which others do too."""
    shares = {}
    for name in ("generated", "other"):
        if f"{name}_ordered" not in table:
            continue
        both = table[(table["held_out_ordered"] == True) & table[f"{name}_ordered"].notna()]  # noqa: E712
        if len(both):
            shares[name] = (share_true((both[f"{name}_ordered"] == True).to_numpy()), len(both))  # noqa: E712
    value, n = shares.get("generated", (float("nan"), 0))
    return Score(
        "detectability_order", "Levels where V is marked as often as III and III as I", value, "%",
        limit=shares.get("other", (float("nan"), 0))[0], better="higher", n=n, of="levels",
        note="of the levels where the held-out recordings show it; an order is broken beyond 1.96 standard errors",
        source="Hood 1998 (physiology notes 6, 10)",
        untold="" if n else f"no level with {SMALLEST_CELL} recordings of {FEWEST_PATIENTS} patients",
    )  # fmt: skip


def _effects(measured: dict[str, CellSide], comparison: Comparison) -> tuple[list[Score], pd.DataFrame]:
    """Coefficients of the regression of wave V latency, generated − held-out."""
    fits = {"generated": measured["generated"].effects[0], "held_out": measured["generated"].effects[1]}
    fits["other"] = measured["other"].effects[0]
    if comparison.clean is not None:
        fits["clean"] = Effects(comparison.real.table, clean_wave_v(comparison.clean, comparison.real))
    values = {name: fit.coefficients() for name, fit in fits.items()}
    scores, rows = [], []
    for k, effect in enumerate(EFFECTS):
        place = FIRST_EFFECT + k
        (value, interval), (limit, limit_interval) = (measured[s].number(place) for s in ("generated", "other"))
        found = ", ".join(f"{name.replace('_', '-')} {coefficients[k]:.3f}" for name, coefficients in values.items())
        known = np.isfinite(value)
        scores.append(
            Score(
                f"effect_{effect.key}", f"{effect.name}: generated − held-out", value, effect.unit, interval, limit,
                limit_interval, better="near limit", n=fits["generated"].n, of="marked waves V",
                note=f"{found} ms; no difference is 0" if known else "", source="physiology notes 1, 3, 4",
                untold="" if known else "too few marked waves V of normal ears, or all of one rate",
            )
        )  # fmt: skip
        columns = {f"{name}_ms": coefficients[k] for name, coefficients in values.items()}
        columns |= {f"n_{name}": fit.n for name, fit in fits.items()}
        rows.append({"effect": effect.name} | columns | {"difference_ms": value, "other_difference_ms": limit})
    return scores, pd.DataFrame(rows)
