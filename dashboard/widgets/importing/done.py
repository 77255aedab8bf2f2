"""Step 4 of an import: store the cohort, say what was done, and show it. The report stays until it is closed."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from abr_model.cohort import Cohort
from abr_model.sources.columns.remembered import remember
from dashboard import session
from dashboard.uploads import Upload, read_cohort
from dashboard.widgets.importing import state as import_state
from dashboard.widgets.importing.report import (
    in_number,
    refused_box,
    refused_download,
    removed_and_changed,
    report_text,
)
from dashboard.widgets.importing.state import ImportState, Step
from dashboard.widgets.problem import plain, sentence

_OUTCOME = "import_outcome"


@dataclass(frozen=True)
class Outcome:
    """What is left of an import on the screen."""

    lines: tuple[str, ...]
    report: str | None = None
    refused_csv: bytes | None = None


def store(state: ImportState) -> None:
    """Write the cohort into the data folder and keep the mapping for the next file with these columns.

    Raises
    ------
    InputError
        The data folder cannot be written.
    """
    stored = session.keep_cohort(state.result.cohort)
    mapping = state.settings.whole_mapping
    for preview in state.previews.values():
        if mapping is not None and preview.kind == "table":
            remember(list(preview.header), mapping)
    state.stored, state.step = stored, Step.DONE


def open_cohorts(state: ImportState, uploads: list[Upload]) -> None:
    """Keep cohort files and choose the last of them; all are read before one is kept.

    Raises
    ------
    InputError
        One of them is damaged; then none is kept.
    """
    cohorts = [read_cohort(upload) for upload in uploads]
    for cohort in cohorts:
        path = session.keep_cohort(cohort)
    session.choose_cohort(path)
    lines = tuple(f"{_size(cohort)}, {cohort.kind.value}" for cohort in cohorts)
    import_state.end()
    st.session_state[_OUTCOME] = Outcome(lines)


def done_step(state: ImportState) -> None:
    """The report, its downloads, and the way to the new cohort."""
    report, cohort = state.result.report, state.result.cohort
    applied = [words for words, _ in state.changes]
    st.markdown(f"**Stored: {_size(cohort)}.** {in_number(report.recordings_refused, 'recording')} refused.")
    text = report_text(report, applied)
    with st.container(horizontal=True):
        if st.button("Show it", type="primary", key="import_show"):
            session.choose_cohort(state.stored)
            outcome = Outcome(tuple(report.lines()), text, report.refused_csv() if len(report.refused) else None)
            import_state.end()
            st.session_state[_OUTCOME] = outcome
            st.rerun()
        _report_download(text, "import_done")
    if applied:
        st.markdown("Corrections that were applied: " + "; ".join(plain(words) for words in applied) + ".")
    removed_and_changed(report)
    if report.problems:
        with st.expander(f"Stored with {in_number(len(report.problems), 'problem')} that you have seen"):
            for finding in report.problems:
                st.markdown(f"- {plain(sentence(finding.sentence))}")
    refused_box(report, "import_done")


def _size(cohort: Cohort) -> str:
    return f"{in_number(len(cohort), 'recording')} of {in_number(cohort.patients, 'patient')}"


def _report_download(text: str, key: str) -> None:
    st.download_button(
        "Report (text)", text.encode("utf-8"), "import-report.txt", "text/plain", on_click="ignore", key=f"{key}_report"
    )


def import_outcome() -> None:
    """What the last import did, until it is closed."""
    outcome: Outcome | None = st.session_state.get(_OUTCOME)
    if outcome is None:
        return
    with st.container(border=True):
        first, *rest = outcome.lines
        st.markdown(f"**Import** :gray[·] {plain(sentence(first))}")
        if rest:
            with st.expander("Details"):
                st.markdown("\n".join(f"- {plain(sentence(line))}" for line in rest))
        with st.container(horizontal=True):
            if outcome.report is not None:
                _report_download(outcome.report, "import_outcome")
            if outcome.refused_csv is not None:
                refused_download(outcome.refused_csv, "import_outcome")
            st.button("Close", key="import_outcome_close", on_click=lambda: st.session_state.pop(_OUTCOME, None))
