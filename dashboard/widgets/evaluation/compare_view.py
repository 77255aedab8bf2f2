"""Scorecards beside one another: which figures differ by more than chance, and which way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from abr_model.errors import InputError
from abr_model.evaluation.difference import SOURCE, Difference, differences
from abr_model.evaluation.scorecard import Beside, Scorecard
from abr_model.evaluation.words import interval_words, number_words, value_words
from dashboard import session
from dashboard.charts.evaluation.score_rows import score_key, score_rows
from dashboard.scorecards import KnownScorecard
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.download import csv_bytes
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.problem import plain

_CHOSEN = "evaluation_compared"


def compare_view(scorecard: Scorecard, own_id: str, known: Sequence[KnownScorecard]) -> None:
    """The scorecard that is looked at, against others.

    Parameters
    ----------
    scorecard
        With every generator on the same held-out recordings beside it.
    known
        All scorecards, those on other recordings too.
    """
    others = _others(scorecard, own_id, known)
    if not others:
        empty_state(
            "Nothing to compare yet",
            "Evaluate a second model on the same cohort, or this one on another cohort; it appears here.",
        )
        return
    # Kept by name: a list of numbers would change its meaning with every new scorecard.
    kept = [name for name in st.session_state.get(_CHOSEN, []) if name in others]
    st.session_state[_CHOSEN] = kept or list(others)[:1]
    chosen = st.multiselect("Beside " + scorecard.subject.title, list(others), key=_CHOSEN)
    if not chosen:
        st.markdown(":gray[Choose one or more to compare with.]")
        return
    besides = [others[name] for name in chosen]
    comparable = {}
    for name, other in zip(chosen, besides, strict=True):
        try:
            scorecard.subject.check_comparable(other.subject)
            comparable[name] = True
        except InputError:
            comparable[name] = False
            st.warning(
                f"“{plain(name)}” was measured on other recordings ({plain(other.subject.cohort)}): differences are "
                "those of the recordings, too."
            )
    for name, other in zip(chosen, besides, strict=True):
        _against(name, differences(scorecard, other), comparable[name])
    _figure(scorecard, besides)


def _others(scorecard: Scorecard, own_id: str, known: Sequence[KnownScorecard]) -> dict[str, Beside]:
    """By name: those on the same recordings first."""
    found: dict[str, Beside] = {}
    for beside in scorecard.beside:
        found[beside.subject.title.replace("_", " ")] = beside
    for one in known:
        beside = Beside.of(one.scorecard)
        if one.id == own_id or any(beside.subject == b.subject and beside.values == b.values for b in found.values()):
            continue
        found[f"{beside.subject.title} · {one.title}"] = beside
    return found


def _against(name: str, found: list[Difference], comparable: bool) -> None:
    changed = [one for one in found if one.differs]
    better = sum(one.other_is_better is True for one in changed)
    worse = sum(one.other_is_better is False for one in changed)
    with st.container(border=True, gap="small"):
        st.markdown(
            f"**{plain(name)}** :gray[ · of {len(found)} figures that both have, {len(changed)} differ beyond their "
            f"interval: {better} better there, {worse} worse]"
        )
        if not found:
            return
        table = difference_table(found)
        st.dataframe(table, hide_index=True, width="stretch", height=min(38 + 35 * len(table), 430))
        st.download_button(
            "Differences (CSV)",
            data=lambda: csv_bytes(table),
            file_name="differences.csv",
            mime="text/csv",
            key=f"evaluation_differences_{name}",
            on_click="ignore",
        )
        words = f"Difference: there minus here. Its interval comes from both intervals: {SOURCE}."
        if comparable:
            words += (
                " It takes the patients for different ones; they are the same, so the true interval is narrower and "
                "what is called a difference is one."
            )
        st.caption(words)


def difference_table(found: Sequence[Difference]) -> pd.DataFrame:
    """A row a figure, in words."""
    verdicts = {True: "better there", False: "worse there", None: "differs"}
    return pd.DataFrame(
        {
            "Figure": [one.score.name for one in found],
            "Here": [value_words(one.score) for one in found],
            "There": [
                number_words(one.other, one.score.unit)
                + (f" [{interval_words(one.other_interval)}]" if one.other_interval else "")
                for one in found
            ],
            "Difference": [
                number_words(one.value, one.score.unit) + (f" [{interval_words(one.interval)}]" if one.interval else "")
                for one in found
            ],
            "Beyond chance": [
                verdicts[one.other_is_better] if one.differs else "no" if one.differs is False else "no interval"
                for one in found
            ],
        }
    )


def _figure(scorecard: Scorecard, besides: list[Beside]) -> None:
    scores = [replace(score) for score in scorecard.required]
    if not scores:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Required figures** :gray[ · those beside as open marks]")
        st.html(score_key(besides, scorecard.subject.kind, session.theme()))
        st.plotly_chart(
            score_rows(scores, besides, scorecard.subject.kind, session.theme()),
            key="evaluation_compare_rows",
            config=PLOTLY_CONFIG,
            theme=None,
            alt="Required figures of the scorecards that are compared",
        )
