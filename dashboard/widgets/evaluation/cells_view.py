"""Cell by cell: where the model is off, and the traces behind every cell."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.evaluation.conditions.cell_grid import cell_columns
from abr_model.evaluation.scorecard import Scorecard
from dashboard import session
from dashboard.charts.evaluation.cells import (
    CELL_FIGURES,
    SINGLE,
    CellFigure,
    cell_key,
    cell_map,
    cell_name,
    cell_traces,
    number,
    rows_of,
)
from dashboard.session import LoadedModel
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.evaluation.cohort_needed import recordings_behind

_FIGURE, _CELL, _PICKER, _MAP = (f"evaluation_cell_{name}" for name in ("figure", "chosen", "picker", "map"))
_SHOW = "evaluation_cell_show"


def cells_view(scorecard: Scorecard, chosen: LoadedModel) -> None:
    """A heat map of the cells; below it the traces of the one that is chosen."""
    section = scorecard.section("cells")
    cells = None if section is None else section.tables.get("cells")
    if cells is None or not len(cells):
        empty_state(
            "No cells to show",
            "The section “Conditional fidelity, cell by cell” was not measured, or no cell holds 20 recordings of 5 "
            "patients.",
        )
        return
    figures = {figure.column: figure for figure in CELL_FIGURES if figure.column in cells}
    with st.container(border=True, gap="xsmall"):
        of = figures[
            st.selectbox("What is coloured", list(figures), format_func=lambda k: figures[k].title, key=_FIGURE)
        ]
        by_key = {cell_key(cell): cell for cell in cells.to_dict("records")}
        cell = _chosen(by_key, cells, of.column)
        unit = f" ({of.unit})" if of.unit else ""
        st.plotly_chart(
            cell_map(cells, of, cell_key(cell), session.theme()),
            key=_MAP,
            config=PLOTLY_CONFIG,
            theme=None,
            on_select=_clicked,
            selection_mode="points",
            alt=f"{of.title}{unit}: "
            + "; ".join(f"{cell_name(c)} {number(_of(c, of.column), of)}" for c in by_key.values()),
        )
        st.caption(f"{of.about} {_colour_words(of)} A click on a cell opens its traces. –: cannot be told.")
    _opened(scorecard, chosen, cell, by_key)


def _colour_words(of: CellFigure) -> str:
    if of.full is None:
        return "The stronger the colour, the larger."
    full = f"{of.full:g} {of.unit}".strip()
    return f"Blue: lower in generated recordings, orange: higher; full colour from {full} on."


def _of(cell: dict, column: str) -> float:
    value = cell.get(column)
    return float("nan") if value is None else float(value)


def _chosen(by_key: dict[str, dict], cells: pd.DataFrame, column: str) -> dict:
    """The cell that is open: chosen, in the address, or the one that is farthest off."""
    kept = st.session_state.get(_CELL) or st.query_params.get("cell")
    if kept not in by_key:
        values = cells[column].abs()
        worst = cells.loc[values.idxmax()] if values.notna().any() else cells.iloc[0]
        kept = cell_key(worst)
    st.session_state[_CELL] = kept
    st.query_params["cell"] = kept
    return by_key[kept]


def _clicked() -> None:
    points = st.session_state[_MAP].selection.points
    found = [point["customdata"] for point in points if point.get("customdata")]
    if found:
        st.session_state[_CELL] = found[0][0] if isinstance(found[0], list) else found[0]


def _opened(scorecard: Scorecard, chosen: LoadedModel, cell: dict, by_key: dict[str, dict]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.session_state[_PICKER] = cell_key(cell)
        st.selectbox(
            "Cell",
            list(by_key),
            format_func=lambda key: cell_name(by_key[key]),
            key=_PICKER,
            on_change=lambda: st.session_state.update({_CELL: st.session_state[_PICKER]}),
            width=380,
        )
        show = st.segmented_control(
            "Show",
            ["mean", "traces"],
            default="mean",
            required=True,
            format_func={"mean": "Mean ± SD", "traces": f"Single traces, {SINGLE} of each"}.get,
            key=_SHOW,
        )
        if show == "traces":
            seed = st.session_state.setdefault("evaluation_cell_seed", 0)
            if st.button("Others", key="evaluation_cell_others", help="Draw other single traces at random."):
                seed = st.session_state["evaluation_cell_seed"] = seed + 1
    left, right = st.columns([2.6, 1], gap="medium")
    with right:
        _numbers(cell)
    with left:
        sides = recordings_behind(scorecard, chosen)
        if sides is None:
            return
        inside = rows_of(cell_columns(sides.real.table), cell)
        if not inside.any():
            st.info("No held-out recording lies in this cell any more.")
            return
        kind = scorecard.subject.kind
        n = int(inside.sum())
        with st.container(border=True, gap="xsmall"):
            st.markdown(
                f"**{cell_name(cell)}** :gray[ · {n} held-out recordings and {n} generated for their conditions]"
            )
            st.plotly_chart(
                cell_traces(
                    sides.real.waveforms[inside],
                    sides.generated.waveforms[inside],
                    sides.real.time_ms,
                    kind,
                    session.theme(),
                    show=show,
                    seed=st.session_state.get("evaluation_cell_seed", 0),
                    wave_v_ms=_of(cell, "wave_v_ms"),
                ),
                key="evaluation_cell_traces",
                config=PLOTLY_CONFIG,
                theme=None,
                alt=f"Held-out and generated traces of {cell_name(cell)}, {show}",
            )
            if show == "mean":
                st.caption("Bands: ± 1 SD between recordings, residual noise included. V: wave V of the true mean.")


def _numbers(cell: dict) -> None:
    rows = {"Held-out recordings": f"{cell['n']:,.0f} of {cell['patients']:,.0f} patients"}
    for figure in CELL_FIGURES:
        if figure.column != "n" and _of(cell, figure.column) == _of(cell, figure.column):
            rows[figure.title] = f"{number(_of(cell, figure.column), figure)} {figure.unit}".strip()
    for name, words in (("latency_V", "ms"), ("amplitude_V", "µV"), ("marked_V", "%")):
        ours, theirs = _of(cell, f"{name}_side"), _of(cell, f"{name}_real")
        if ours == ours and theirs == theirs:
            titles = {"latency_V": "V latency, marked", "amplitude_V": "V amplitude, marked", "marked_V": "V marked"}
            digits = 1 if words == "%" else 2
            rows[titles[name]] = f"{ours:.{digits}f} generated, {theirs:.{digits}f} held-out {words}"
    lines = "".join(f"<tr><td>{k}</td><td>{v}</td></tr>" for k, v in rows.items())
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Numbers of this cell**")
        st.html(f'<table class="facts">{lines}</table>')
