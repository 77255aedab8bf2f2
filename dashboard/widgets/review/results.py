"""Results: how far everyone is while a study is open; after it was closed, what came out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.review.analysis.analyse import analyse
from abr_model.review.analysis.results import ReviewResults
from abr_model.review.analysis.words import VERDICTS
from abr_model.review.export import answers_table, marks_table, progress_of
from abr_model.review.report import markdown
from abr_model.review.study import Study
from dashboard import session
from dashboard.charts.review import accuracy_figure, ratings_figure
from dashboard.widgets.download import csv_bytes, figure_box
from dashboard.widgets.problem import plain
from dashboard.widgets.review.closer_look import LOOKS
from dashboard.widgets.review.studies import store_of, study_name
from dashboard.widgets.review.study_picker import study_picker


def results_view(studies: list[Study]) -> None:
    """The study that is chosen: its progress, or its results."""
    study = study_picker(studies)
    store = store_of(study)
    if store.closed is None:
        _open(study)
    else:
        _closed(study)


# --- open: blinded ----------------------------------------------------------------------------------------------------


def _open(study: Study) -> None:
    store, config = store_of(study), study.config
    progress = progress_of(study, store)
    st.markdown(f"**{plain(study_name(study))}** is open: results stay blinded until it is closed.")
    st.caption(config.notice)
    if len(progress):
        _progress(progress)
    else:
        st.markdown(":gray[Nobody has answered yet.]")
    with st.container(horizontal=True, vertical_alignment="center"):
        _download("Answers so far (CSV)", lambda: csv_bytes(answers_table(store.answers())), "answers.csv", "text/csv")
        with st.popover("Close and unblind"):
            left = int((progress["of"] - progress["confirmed"]).sum()) if len(progress) else config.presentations
            st.markdown(
                "No answer is taken afterwards, the key is opened and results are shown. This cannot be taken back."
                + (f" **{left:,} items are still open.**" if left else "")
            )
            st.button("Close the study", type="primary", on_click=store.close, key="review_close")


def _progress(progress: pd.DataFrame) -> None:
    times = [f"{seconds:.0f} s" if np.isfinite(seconds) else "–" for seconds in progress["seconds"]]
    st.dataframe(
        progress.assign(seconds=times),
        hide_index=True,
        width=720,
        column_order=["reviewer", "confirmed", "of", "seconds", "last"],
        column_config={
            "reviewer": st.column_config.TextColumn("Reviewer"),
            "confirmed": st.column_config.NumberColumn("Answered"),
            "of": st.column_config.NumberColumn("Of"),
            "seconds": st.column_config.TextColumn("Time on an item (median)"),
            "last": st.column_config.DatetimeColumn("Last answer (UTC)", format="DD MMM, HH:mm"),
        },
    )


# --- closed -----------------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=8, show_spinner="Working out the results …")
def _results(folder: str) -> ReviewResults:
    return analyse(Study(folder))


def _closed(study: Study) -> None:
    results, theme = _results(str(study.folder)), session.theme()
    with st.container(border=True, gap="small"):
        st.markdown(f"**{plain(study_name(study))}: {VERDICTS[results.verdict]}**")
        st.markdown(plain(results.statement))
        st.caption(("**" + results.notice + "**") if results.kind == "simulated" else results.notice)
    if results.accuracy is not None:
        _figures(study, results, theme)
    _take_along(study, results)


def _figures(study: Study, results: ReviewResults, theme: str) -> None:
    _tiles(results)
    _answers_are_missing(results)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        figure_box(
            accuracy_figure(results, theme),
            "Right answers",
            f"Right answers of each reviewer with 95 % intervals. {results.statement}",
            "review_accuracy",
            note="95 % intervals",
            table=pd.DataFrame([r.model_dump() for r in results.reviewers]),
            caption=f"Dashed: chance. Band: the margin of ± {100 * results.margin:.0f} %, set before the study.",
        )
    with right:
        figure_box(
            ratings_figure(results, theme),
            "Ratings",
            f"Share of each rating on recorded and generated items: {results.ratings}.",
            "review_ratings",
            table=pd.DataFrame(results.ratings, index=range(1, 7)).rename_axis("rating").reset_index(),
            note="all reviewers",
            caption=_plausibility(results),
        )
    looks = {name: look for name, (there, look) in LOOKS.items() if there(results)}
    chosen = st.segmented_control(
        "Look closer",
        list(looks),
        default=next(iter(looks)),
        required=True,
        key="review_look",
        label_visibility="collapsed",
    )
    looks[chosen](study, results, theme)


def _plausibility(results: ReviewResults) -> str:
    found = results.plausibility
    if found is None:
        return ""
    return (
        f"Plausibility, 1 to 5: recorded items {found.recorded_mean:.1f}, generated ones {found.generated_mean:.1f}. A "
        f"generated item is rated higher with probability {found.superiority:.2f} (95 % interval "
        f"{_span(found.superiority_interval)}; 0.5 is the same)."
    )


def _tiles(results: ReviewResults) -> None:
    kappa = next((a for a in results.agreement if a.kappa is not None), None)
    alpha = results.agreement[0] if results.agreement else None
    tiles = [
        ("Right answers", _percent(results.accuracy), _span(results.accuracy_interval, _percent)),
        ("d′", _number(results.d_prime), _span(results.d_prime_interval)),
        ("Area under the ROC", _number(results.auc), _span(results.auc_interval)),
        ("Krippendorff's α", _number(alpha and alpha.alpha), f"agreement, {_span(alpha and alpha.alpha_interval)}"),
        ("Fleiss' κ", _number(kappa and kappa.kappa), "agreement of the calls"),
    ]
    for place, (label, value, below) in zip(st.columns(len(tiles)), tiles, strict=True):
        with place, st.container(border=True, gap=None):
            st.metric(label, value)
            st.caption(below)


def _answers_are_missing(results: ReviewResults) -> None:
    if results.answers < results.asked:
        st.caption(f":orange[{results.asked - results.answers:,} of {results.asked:,} answers were not given.]")
    if not results.held_out:
        st.caption(
            "It is not known that the model has never seen the recorded patients: items were drawn from another cohort "
            "than it was trained on, or it was split by recording."
        )


def _take_along(study: Study, results: ReviewResults) -> None:
    store = store_of(study)
    with st.container(horizontal=True):
        _download("Report (Markdown)", lambda: markdown(results), "report.md", "text/markdown")
        _download("Results (JSON)", lambda: results.model_dump_json(indent=1), "results.json", "application/json")
        answers = lambda: csv_bytes(answers_table(store.answers(), study.key(store)))  # noqa: E731
        _download("Answers (CSV)", answers, "answers.csv", "text/csv")
        _download("Marks (CSV)", lambda: csv_bytes(marks_table(store.answers())), "marks.csv", "text/csv")
        _download("Every change (CSV)", lambda: csv_bytes(answers_table(store.history())), "history.csv", "text/csv")


def _download(label: str, make: Callable, name: str, mime: str) -> None:
    st.download_button(
        label, data=make, file_name=f"review-{name}", mime=mime, on_click="ignore", key=f"review_get_{name}"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _span(interval, words=_number) -> str:
    return "–" if interval is None else f"{words(interval[0])} to {words(interval[1])}"
