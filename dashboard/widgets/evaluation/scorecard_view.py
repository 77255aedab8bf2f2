"""The first view: may these recordings stand for real ones? What is asked of them, not met first."""

from __future__ import annotations

import html
from dataclasses import replace

import streamlit as st

from abr_model.evaluation.score import Score
from abr_model.evaluation.scorecard import Scorecard
from abr_model.evaluation.sections import SECTIONS
from abr_model.evaluation.words import (
    interval_words,
    limit_words,
    met_words,
    number_words,
    required_words,
    value_words,
)
from abr_model.schema import KIND_NOTICES, Kind
from dashboard import session
from dashboard.charts.evaluation.score_rows import score_key, score_rows
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.evaluation.export import export_buttons
from dashboard.widgets.problem import plain

BETTER = {"lower": "lower is better", "higher": "higher is better", "near limit": "best near real against real"}
_SCORE, _OPEN = "evaluation_score", "evaluation_score_open"


def scorecard_view(scorecard: Scorecard) -> None:
    """Answer, required figures, then every other number a click away."""
    left, right = st.columns([3, 1], vertical_alignment="top")
    with left:
        _answer(scorecard)
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        export_buttons(scorecard)
    st.html(score_key(scorecard.beside, scorecard.subject.kind, session.theme()))
    _required(scorecard)
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _choose(scorecard)
    with right:
        _about(scorecard)
    _others(scorecard)
    if st.session_state.pop(_OPEN, False):
        _dialog(scorecard)


def answer_words(scorecard: Scorecard) -> str:
    """The first sentence: how many of the figures that are asked for are reached, and which are not."""
    tally, missed = scorecard.tally, [score for score in scorecard.required if score.met is False]
    if not scorecard.required:
        return "None of the sections that were measured asks anything of the recordings."
    asked = len(scorecard.required)
    if tally["met"] == asked:
        return f"**All {asked} figures that are asked of the recordings are met.**"
    words = f"**{tally['met']} of {asked} figures that are asked of the recordings are met.**"
    if missed:
        names = "; ".join(f"{score.name} ({number_words(score.value, score.unit)})" for score in missed[:3])
        more = f" and {len(missed) - 3} more" if len(missed) > 3 else ""
        words += f" Not met: {plain(names)}{more}."
    if tally["untold"]:
        words += f" {tally['untold']} cannot be told."
    return words


def _answer(scorecard: Scorecard) -> None:
    subject = scorecard.subject
    st.markdown(answer_words(scorecard))
    if subject.split != "patient":
        st.warning("The split is by recording: the same patients are in training and held out. These are too good.")
    if subject.is_other_cohort:
        st.markdown(
            f":gray[Measured on another cohort than the one the model learned from ({plain(subject.learned_from)}): "
            "all patients are new to it.]"
        )
    if subject.kind == Kind.SIMULATED:
        st.markdown(
            ":gray[The patients are simulated: this says how well the model learned the simulator. How near the "
            "simulator is to a clinic is another question; the Realism page answers it.]"
        )
    if scorecard.unfinished:
        titles = {entry.key: entry.title for entry in SECTIONS}
        left = "; ".join(titles.get(key, key) for key in scorecard.unfinished)
        st.info(f"Still to be measured: {left}.")


def _required(scorecard: Scorecard) -> None:
    groups = (("Not met", False), ("Cannot be told", None), ("Met", True))
    for title, met in groups:
        scores = [score for score in scorecard.required if score.met is met]
        if not scores:
            continue
        key = f"evaluation_rows_{'met' if met else 'missed' if met is False else 'untold'}"
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{title}** :gray[ · {len(scores)}]")
            _chart(scorecard, scores, key)
            for score in scores if met is None else ():
                st.caption(plain(f"{score.name}: {score.untold}."))


def _chart(scorecard: Scorecard, scores: list[Score], key: str) -> None:
    figure = score_rows(scores, scorecard.beside, scorecard.subject.kind, session.theme())
    told = "; ".join(
        f"{s.name}: {value_words(s)}, {met_words(s.met) if s.is_asked else 'nothing asked'}" for s in scores
    )
    st.plotly_chart(
        figure,
        key=key,
        config=PLOTLY_CONFIG,
        theme=None,
        alt=told,
        on_select=lambda: _clicked(key),
        selection_mode="points",
    )


def _clicked(key: str) -> None:
    points = st.session_state[key].selection.points
    found = [point["customdata"] for point in points if point.get("customdata")]
    if found:
        st.session_state[_SCORE] = found[0][0] if isinstance(found[0], list) else found[0]
        st.session_state[_OPEN] = True


def _choose(scorecard: Scorecard) -> None:
    """One figure in a list, for those who do not click: everything about it."""
    scores = {score.key: score for score in [*sorted(scorecard.required, key=_missed_first), *scorecard.scores]}
    if not scores:
        return
    if st.session_state.get(_SCORE) not in scores:
        st.session_state[_SCORE] = next(iter(scores))
    with st.container(border=True, gap="small"):
        st.markdown("**About a figure** :gray[ · or click its mark above]")
        key = st.selectbox(
            "Figure", list(scores), format_func=lambda k: scores[k].name, key=_SCORE, label_visibility="collapsed"
        )
        _details(scorecard, scores[key])


@st.dialog("About this figure", width="medium")
def _dialog(scorecard: Scorecard) -> None:
    score = scorecard.score(st.session_state[_SCORE])
    st.markdown(f"**{plain(score.name)}**")
    _details(scorecard, score)


def _details(scorecard: Scorecard, score: Score) -> None:
    """Numbers, note and source of one score, and of every other generator."""
    rows = {
        "Generated": number_words(score.value, score.unit),
        "95 % interval": interval_words(score.interval),
        "Real against real": limit_words(score) if score.limit == score.limit else "",
        "Allowed": required_words(score),
        "Verdict": met_words(score.met) if score.is_asked else "nothing is asked",
        "Better": BETTER.get(score.better, ""),
        "Measured on": f"{score.n:,} {score.of}" if score.n else "",
    }
    for other in scorecard.beside:
        if (value := other.values.get(score.key)) is not None:
            rows[other.subject.title.replace("_", " ")] = number_words(value, score.unit)
    lines = "".join(f"<tr><td>{_html(k)}</td><td>{_html(v)}</td></tr>" for k, v in rows.items() if v)
    st.html(f'<table class="facts">{lines}</table>')
    for words in (score.untold, score.note, score.source and f"Source: {score.source}"):
        if words:
            st.caption(plain(words[:1].upper() + words[1:]))


def _others(scorecard: Scorecard) -> None:
    """Every other number, a section a part."""
    with st.container(border=True, gap="small"):
        st.markdown("**Every other number** :gray[ · nothing is asked of them; a good one is near real against real]")
        for section in scorecard.sections:
            scores = [replace(score, allowed=(None, None)) for score in section.scores if not score.is_asked]
            if scores:
                with st.expander(f"{section.title} · {len(scores)}"):
                    _chart(scorecard, scores, f"evaluation_rows_of_{section.key}")
        titles = {entry.key: entry.title for entry in SECTIONS}
        for key, why in scorecard.left_out.items():
            st.caption(plain(f"Left out: {titles.get(key, key)} ({why})."))


def _about(scorecard: Scorecard) -> None:
    subject = scorecard.subject
    names = {"train": "Training", "other": "Other held-out", "real": "Held-out"}
    if subject.is_other_cohort:
        names["train"] = "To teach readers"
    rows = {"Model": subject.title, "Cohort": subject.cohort}
    rows |= {"Learned from": subject.learned_from, "Only": "; ".join(subject.filter.in_words())}
    for part, n in scorecard.recordings.items():
        rows[names.get(part, part)] = f"{n:,} of {scorecard.patients[part]:,} patients"
    rows |= {"Made": scorecard.made, "Seed": str(scorecard.seed)}
    with st.container(border=True, gap="small"):
        st.markdown("**What was measured on what**")
        lines = "".join(f"<tr><td>{_html(k)}</td><td>{_html(v)}</td></tr>" for k, v in rows.items() if v)
        st.html(f'<table class="facts">{lines}</table>')
        st.caption(f"{KIND_NOTICES[subject.kind].capitalize()}. {KIND_NOTICES[Kind.GENERATED].capitalize()}.")


def _missed_first(score: Score) -> int:
    return {False: 0, None: 1, True: 2}[score.met]


def _html(words: str) -> str:
    return html.escape(str(words))
