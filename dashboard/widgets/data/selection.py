"""What a selection by Fmp keeps, and what it does to age, level, rate, hearing and the marked waves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.exploration.distributions import Binned
from abr_model.exploration.selection import gained_by_class, kept_by, marginals, marked_shares
from abr_model.schema import POLARITY, WAVES
from abr_model.selection import SelectionRules
from dashboard import session
from dashboard.charts.selection import funnel_chart, marginals_chart
from dashboard.charts.small_multiples import bin_names
from dashboard.session import FilteredCohort
from dashboard.widgets.download import figure_box

HIGHEST_FMP = 5.0
USUAL_FMP = 1.0
ORIGINAL_STEP = (2.0, 1.0)
"""The published cohort was first selected with Fmp above 2, later with Fmp above 1."""
ALL = "all recordings"


def selection_view(recordings: FilteredCohort) -> None:
    """The slider redraws the funnel, the marginals and the gain by class."""
    if not len(recordings):
        st.markdown(":gray[No recording passes the filter.]")
        return
    fmp, against, polarity = _controls()
    table = recordings.table
    after, funnel = _kept(recordings.key, fmp, polarity, table)
    before = _kept(recordings.key, against, polarity, table)[0] if against is not None else np.ones(len(table), bool)
    names = (ALL if against is None else f"Fmp above {against:g}", f"kept: Fmp above {fmp:g}")
    kept = int(after.sum())
    theme = session.theme()
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.markdown(f"**{kept:,} of {len(table):,} recordings are kept** :gray[({kept / len(table):.1%})]")
        if against is not None:
            gained = kept - int(before.sum())
            more = f"{abs(gained):,} {'more' if gained >= 0 else 'fewer'}"
            st.markdown(f":gray[{more} than with Fmp above {against:g}]")
    left, right = st.columns([5, 4], gap="small")
    with left:
        figure_box(
            funnel_chart(funnel, theme),
            "Selection, rule by rule",
            "Recordings left after each rule: " + ", ".join(f"{r.rule} {r.kept}" for r in funnel.itertuples()),
            "data_funnel_chart",
            table=funnel,
            caption="The same rules select for training; there, traces are also cut to the model's window. "
            "Nothing is deleted from the cohort.",
        )
    with right:
        _gain_table(recordings, before, after, names)
    bins = _marginals(recordings.key, table)
    marked = marked_shares(table, before), marked_shares(table, after)
    shares = ", ".join(
        f"{w} {b:.1%} to {a:.1%}" for w, b, a in zip(WAVES, *marked, strict=True) if np.isfinite([a, b]).all()
    )
    figure_box(
        marginals_chart(bins, before, after, marked, names, theme),
        "What the selection does to the recordings",
        f"Age, level, rate, hearing and wave V latency of {names[0]} and of {names[1]}; share marked: wave {shares}",
        "data_marginals_chart",
        table=lambda: as_table(bins, before, after, marked, names),
        note="shares within each selection",
    )


def _controls() -> tuple[float, float | None, str | None]:
    """Threshold, the threshold it is compared with (None: all recordings), polarity (None: any)."""
    slider, compare, polar = st.columns([4, 4, 3], vertical_alignment="bottom")
    fmp = slider.slider(
        "Keep recordings with Fmp above", 0.0, HIGHEST_FMP, USUAL_FMP, 0.1, key="data_fmp", persist_state="session",
        help="Fmp compares the averaged response with its residual noise; the higher, the surer is a response. "
        "It selects recordings for training and is not a condition of generation.",
    )  # fmt: skip
    choices = [ALL, f"Fmp above {ORIGINAL_STEP[0]:g}"]
    with compare.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        against = st.segmented_control(
            "Compare with", choices, default=ALL, key="data_fmp_against", required=True, persist_state="session"
        )
        st.button(
            f"{ORIGINAL_STEP[0]:.1f} → {ORIGINAL_STEP[1]:.1f}",
            key="data_fmp_step",
            on_click=_take_original_step,
            args=(choices[1],),
            help="The step of the published cohort: it was first selected with Fmp above 2, then with Fmp above 1.",
        )
    polarity = polar.selectbox(
        "Stimulus polarity", [*POLARITY.classes, "any"], key="data_polarity", persist_state="session"
    )
    return fmp, None if against == ALL else ORIGINAL_STEP[0], None if polarity == "any" else polarity


def _take_original_step(against: str) -> None:
    st.session_state["data_fmp"] = ORIGINAL_STEP[1]
    st.session_state["data_fmp_against"] = against


def _gain_table(recordings: FilteredCohort, before, after, names: tuple[str, str]) -> None:
    change = gained_by_class(recordings.table, before, after)
    rows = "".join(
        f"<tr><td>{r.hearing}</td><td>{r.before:,}</td><td>{r.after:,}</td><td>{_signed(r.change)}</td></tr>"
        for r in change.itertuples()
    )
    with st.container(border=True, key="data_gain_box", gap="xsmall"):
        st.markdown("**By hearing** :gray[ · recordings]")
        st.html(
            f'{_CSS}<table class="gain"><thead><tr><th></th><th>{names[0]}</th><th>{names[1]}</th><th>change</th></tr>'
            f"</thead><tbody>{rows}</tbody></table>"
        )


_CSS = """<style>
table.gain {width: 100%; border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums;}
table.gain th {font-weight: 400; opacity: 0.65; text-align: right; padding: 0.2rem 0;}
table.gain td {text-align: right; padding: 0.3rem 0;}
table.gain td:first-child {text-align: left;}
table.gain tbody tr {border-top: 1px solid rgba(128, 140, 155, 0.22);}
table.gain tbody tr:last-child {font-weight: 650;}
</style>"""


def _signed(change: int) -> str:
    return f"+{change:,}" if change > 0 else f"−{-change:,}" if change < 0 else "0"


def as_table(bins: list[Binned], before, after, marked, names: tuple[str, str]) -> pd.DataFrame:
    """``quantity``, ``bin``, and recordings in either selection; for the marked waves the shares."""
    parts = [
        pd.DataFrame({"quantity": b.title, "bin": bin_names(b), names[0]: b.counts(before), names[1]: b.counts(after)})
        for b in bins
    ]
    shares = pd.DataFrame({"quantity": "share marked", "bin": [f"wave {w}" for w in WAVES]})
    parts.append(shares.assign(**{names[0]: marked[0].round(4), names[1]: marked[1].round(4)}))
    return pd.concat(parts, ignore_index=True)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(key: str, fmp: float, polarity: str | None, _table: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    return kept_by(_table, SelectionRules(fmp_above=fmp, polarity=polarity))


@st.cache_resource(max_entries=8, show_spinner=False)
def _marginals(key: str, _table: pd.DataFrame) -> list[Binned]:
    return marginals(_table)
