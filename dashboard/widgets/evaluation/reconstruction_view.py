"""Held-out recordings one by one: original, reconstruction, what is left, and labels hidden and filled in again."""

from __future__ import annotations

import numpy as np
import streamlit as st

from abr_model.errors import InputError
from abr_model.evaluation.inference.masked import Masked, masked, residual_nv
from abr_model.evaluation.scorecard import Scorecard
from abr_model.generation.conditions import in_words
from abr_model.generation.inference import reconstruct
from abr_model.schema import CONDITION_NAMES, LABELS, RESIDUAL_NOISE, Kind
from dashboard import session
from dashboard.charts.evaluation.reconstruction import reconstruction_figure
from dashboard.held_out import Sides
from dashboard.session import LoadedModel
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.evaluation.cohort_needed import recordings_behind
from dashboard.widgets.evaluation.group_choice import group_choice, in_group
from dashboard.widgets.problem import show_problem

ORDERS = {
    "worst": "Largest residual for its noise first",
    "best": "Smallest residual for its noise first",
    "cohort": "As in the cohort",
}
_PLACE = "evaluation_reconstruction_place"


def reconstruction_view(scorecard: Scorecard, chosen: LoadedModel) -> None:
    """One held-out recording at a time, the worst first."""
    sides = recordings_behind(scorecard, chosen)
    if sides is None:
        return
    try:
        with st.spinner("Reconstructing the held-out recordings …"):
            rebuilt = _rebuilt(sides.key, chosen, sides)
    except InputError as error:
        show_problem(error)
        return
    residual = residual_nv(sides.real.waveforms, rebuilt)
    expected, source = expected_noise(sides)
    group = group_choice(sides.real.table, "evaluation_reconstruction")
    rows = np.flatnonzero(in_group(sides.real.table, group))
    if not len(rows):
        st.info("No held-out recording is of this group.")
        return
    top = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    order = top.selectbox(
        "Order", list(ORDERS), format_func=ORDERS.get, key="evaluation_reconstruction_order", width=330
    )
    ratio = residual[rows] / expected[rows]
    if order != "cohort":
        sign = -1.0 if order == "worst" else 1.0
        rows = rows[np.argsort(sign * np.where(np.isfinite(ratio), ratio, 0.0), kind="stable")]
    row = rows[_place(top, len(rows))]
    _one(scorecard, chosen, sides, row, residual, expected, source)


def expected_noise(sides: Sides) -> tuple[np.ndarray, str]:
    """[n] nV of residual noise that a perfect reconstruction would leave of each recording, and where it is from."""
    if sides.clean is not None:
        return residual_nv(sides.real.waveforms, sides.clean), "the recording less its true response"
    known = sides.real.table[RESIDUAL_NOISE.name].to_numpy(dtype=np.float64)
    if np.isfinite(known).any():
        return known, "residual noise stated of the recording"
    return np.full(len(sides.real), np.nan), "not known"


def _place(top, n: int) -> int:
    """Which of ``n`` recordings in their order is looked at: previous, next, or a number."""
    at = min(st.session_state.get(_PLACE, 1), n)
    st.session_state[_PLACE] = at

    def move(by: int) -> None:
        st.session_state[_PLACE] = (st.session_state[_PLACE] - 1 + by) % n + 1

    top.button("Previous", key="evaluation_previous", on_click=move, args=(-1,))
    top.number_input(f"Recording of {n:,}", 1, n, key=_PLACE, width=150)
    top.button("Next", key="evaluation_next", on_click=move, args=(1,))
    return st.session_state[_PLACE] - 1


def _one(scorecard, chosen, sides: Sides, row: int, residual, expected, source: str) -> None:
    recording = sides.real.take([row])
    values = recording.table.iloc[0]
    left, right = st.columns([2.6, 1], gap="medium")
    with right:
        found = _with_labels_hidden(chosen, recording)
        own = float(residual_nv(recording.waveforms[0], found.response))
        _residual_card(own, expected[row], source, residual, expected)
    with left, st.container(border=True, gap="xsmall"):
        conditions = ", ".join(in_words(name, values[name]) for name in CONDITION_NAMES)
        st.markdown(f"**{conditions[:1].upper() + conditions[1:]}** :gray[ · a held-out recording, new to the model]")
        true = None if sides.clean is None else sides.clean[row]
        kind = scorecard.subject.kind
        st.plotly_chart(
            reconstruction_figure(
                recording.time_ms, recording.waveforms[0], found.response, true, found.labels, kind, session.theme()
            ),
            key="evaluation_reconstruction",
            config=PLOTLY_CONFIG,
            theme=None,
            alt=f"Recording, reconstruction and residual of {own:.0f} nV; {label_words(found)}",
        )
        st.caption(
            "The reconstruction is the response that the network finds behind the recording, without residual noise; "
            "the residual should look like noise and be as large as the recording's. In brackets: a wave that is not "
            "marked, where it would be."
            + ("" if kind == Kind.CLINICAL else " The true response is known because the recording is simulated.")
        )


def _with_labels_hidden(chosen: LoadedModel, recording) -> Masked:
    """What is hidden, chosen in a list; the labels that come out."""
    marked = {c.name: c.label for c in LABELS if np.isfinite(recording.table[c.name].iloc[0])}
    with st.container(border=True, gap="small"):
        st.markdown("**Hide labels from the network**")
        # Drawn for every recording, so that what is hidden stays hidden from one to the next.
        hide = st.pills(
            "Hidden labels",
            [c.name for c in LABELS],
            format_func={c.name: c.label for c in LABELS}.get,
            selection_mode="multi",
            key="evaluation_hidden",
            label_visibility="collapsed",
        )
        if not marked:
            st.caption("No wave of this recording is marked: nothing can be hidden.")
        found = masked(chosen.model, recording, [name for name in hide if name in marked])
        _labels_table(found)
        st.caption(found.note)
    return found


def _labels_table(found: Masked) -> None:
    lines = []
    for row in found.labels.itertuples():
        digits = 2 if row.unit == "ms" else 3
        mark = f"{row.mark:.{digits}f} {row.unit}" if np.isfinite(row.mark) else "not marked"
        filled = ""
        if np.isfinite(row.imputed):
            interval = f" [{row.low:.{digits}f} to {row.high:.{digits}f}]" if np.isfinite(row.low) else ""
            verdict = {True: ", mark inside", False: ", mark outside", None: ""}[row.inside]
            filled = f"<br><span style='opacity:.75'>filled in {row.imputed:.{digits}f}{interval}{verdict}</span>"
        lines.append(f"<tr><td>{row.name}</td><td>{mark}{filled}</td></tr>")
    st.html(f'<table class="facts">{"".join(lines)}</table>')


def label_words(found: Masked) -> str:
    """The hidden labels and what was filled in, in words."""
    hidden = found.labels[found.labels["hidden"]]
    if not len(hidden):
        return "no label is hidden"
    return "; ".join(
        f"{row.name} hidden: marked {row.mark:.3g}, filled in {row.imputed:.3g} {row.unit}"
        for row in hidden.itertuples()
    )


def _residual_card(own: float, expected: float, source: str, residual: np.ndarray, all_expected: np.ndarray) -> None:
    rows = {"Residual": f"{own:.0f} nV"}
    if np.isfinite(expected):
        rows |= {"Expected noise": f"{expected:.0f} nV", "Ratio": f"{own / expected:.2f}"}
        ratios = residual / all_expected
        low, middle, high = np.nanpercentile(ratios, [5, 50, 95])
        rows["All held-out, median"] = f"{middle:.2f} (5–95 %: {low:.2f}–{high:.2f})"
    lines = "".join(f"<tr><td>{k}</td><td>{v}</td></tr>" for k, v in rows.items())
    with st.container(border=True, gap="xsmall"):
        st.markdown("**What is left** :gray[ · root mean square]")
        st.html(f'<table class="facts">{lines}</table>')
        below = "A ratio below 1 means that noise was rebuilt along, above 1 that response was missed."
        st.caption(f"Expected: {source}. {below}")


@st.cache_resource(max_entries=2, show_spinner=False)
def _rebuilt(key: str, _chosen: LoadedModel, _sides: Sides) -> np.ndarray:
    return reconstruct(_chosen.model, _sides.real)
