"""Step 3 of an import: what was read, what is suspicious about it, and the corrections that are offered."""

from __future__ import annotations

import numpy as np
import streamlit as st

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.schema import latency_column
from abr_model.sources.checks.findings import Finding
from dashboard import session
from dashboard.charts.import_preview import finding_examples
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.importing.corrections import correction_button, undo_button
from dashboard.widgets.importing.done import store
from dashboard.widgets.importing.reading import read_all, report_of
from dashboard.widgets.importing.report import in_number, refused_box, removed_and_changed
from dashboard.widgets.importing.state import ImportState, Step
from dashboard.widgets.problem import plain, sentence, show_problem

BADGES = {"problem": ":red-badge[problem]", "look": ":orange-badge[please look]", "fine": ":gray-badge[in order]"}
EXAMPLES = 3
KEPT = "Nothing was stored; the cohort loaded before is kept."
ABOUT_MARKS = ("wave_v", "label", "latency")
"""Findings whose code begins like this are about marks: marked recordings are the examples."""


def checks_step(state: ImportState) -> None:
    """Read where that is still to do; then findings, problems first, what was refused, and the way on."""
    if state.result is None and state.problem is None:
        read_all(state)
        return
    report = report_of(state)
    if state.result is None:
        show_problem(state.problem, KEPT)
    else:
        cohort = state.result.cohort
        st.markdown(
            f"**{in_number(len(cohort), 'recording')} of {in_number(cohort.patients, 'patient')}** read, "
            f"{report.recordings_refused:,} refused. :gray[Nothing is stored yet.]"
        )
        undo_button(state)
        _findings(state, report.findings)
    if report is not None:
        refused_box(report, "import_checks")
    if state.result is not None:
        with st.expander("What was removed and what was changed"):
            removed_and_changed(report)
    _onward(state, report.problems if state.result is not None else ())


def _findings(state: ImportState, findings: tuple[Finding, ...]) -> None:
    fine = [finding for finding in findings if finding.severity == "fine"]
    for number, finding in enumerate(f for f in findings if f.severity != "fine"):
        with st.container(border=True):
            _finding(state, finding, number)
    if fine:
        with st.expander(f"{len(fine)} checks in order", expanded=len(fine) == len(findings)):
            for finding in fine:
                st.markdown(f"- {plain(sentence(finding.sentence))} {_counted(finding)}")


def _finding(state: ImportState, finding: Finding, number: int) -> None:
    cohort = state.result.cohort
    rows = example_rows(finding, cohort)
    words, picture = st.columns([3, 2], vertical_alignment="center") if len(rows) else (st.container(), None)
    with words:
        st.markdown(f"{BADGES[finding.severity]} {_counted(finding)}")
        st.markdown(plain(sentence(finding.sentence)))
        correction_button(state, finding.correction, f"apply_{number}_{finding.code}")
    if picture is not None:
        with picture:
            figure = finding_examples(cohort, rows, session.theme())
            alt = f"{len(rows)} of the recordings concerned, with wave V as marked"
            st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=alt, key=f"import_examples_{number}")


def _counted(finding: Finding) -> str:
    return f":gray[{finding.n:,} of {finding.of:,}]" if finding.of else ""


def example_rows(finding: Finding, cohort: Cohort, count: int = EXAMPLES) -> np.ndarray:
    """Positions of a few recordings that show what was found; none where no trace shows it."""
    rows = np.asarray(finding.rows, dtype=np.int64)
    marked = np.isfinite(cohort.table[latency_column("V")].to_numpy(dtype=float))
    if not len(rows) and finding.code.startswith(ABOUT_MARKS):
        rows = np.flatnonzero(marked)
    elif not len(rows) and finding.code.startswith(("polarity", "unit", "amplitude")):
        rows = np.arange(len(cohort))
    level = np.nan_to_num(cohort.table["intensity_db_nhl"].to_numpy(dtype=float)[rows], nan=-np.inf)
    return rows[np.argsort(-level, kind="stable")][:count]


def _onward(state: ImportState, problems: tuple[Finding, ...]) -> None:
    seen = True
    if problems:
        count = "this problem" if len(problems) == 1 else f"these {len(problems)} problems"
        seen = st.checkbox(f"I have seen {count} and want to store the cohort as it is", key=state.key("seen"))
    with st.container(horizontal=True):
        if st.button("Back", key="import_back"):
            state.step = Step.MEANING
            st.rerun()
        if state.result is not None and st.button(
            "Store cohort", type="primary", disabled=not seen, key="import_store"
        ):
            try:
                store(state)
            except InputError as error:
                show_problem(error, KEPT)
                return
            st.rerun()
