"""Bring in a cohort file or a clinic's export, and say what the import did."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from abr_model.errors import InputError
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES
from abr_model.sources.part import UNITS
from abr_model.sources.report import ImportReport, NothingImportedError
from dashboard import session
from dashboard.uploads import COHORT, SAMPLING_UNKNOWN, Upload, import_recordings, read_cohort
from dashboard.widgets.problem import plain, sentence, show_problem

KEPT = "The cohort loaded before is kept."
_REPORT, _PROBLEM, _ROUND = "data_import_report", "data_import_problem", "data_import_round"


@dataclass(frozen=True)
class _Shown:
    """What is left of an import on the screen."""

    lines: tuple[str, ...]
    refused_csv: bytes | None
    failed: str | None = None


def import_form() -> None:
    """Upload, the questions that the file leaves open, and the import."""
    # A new key empties the uploader after an import: its files would otherwise be imported again.
    round_ = st.session_state.setdefault(_ROUND, 0)
    files = st.file_uploader(
        "Files",
        type=["parquet", "txt", "csv", "xlsx"],
        accept_multiple_files=True,
        key=f"data_upload_{round_}",
        help="A cohort file (.parquet), SmartEP text exports (.TXT), or an Eclipse research export (.xlsx, .csv). "
        "Names, birth dates and patient numbers are dropped or replaced by pseudonyms before anything is kept.",
    )
    if not files:
        st.caption("Cohort file, SmartEP text export, or Eclipse research export. Patients become pseudonyms.")
        return
    uploads = [Upload(file.name, file.getvalue()) for file in files]
    kinds = {upload.content_kind for upload in uploads}
    given, ready = {}, True
    if SAMPLING_UNKNOWN in kinds:
        given = _questions()
        ready = given["sampling_rate_hz"] is not None and given["start_ms"] is not None
        if not ready:
            st.caption("This export does not state how it was sampled. Both figures are needed; nothing is guessed.")
    if kinds != {COHORT}:
        given["stated"] = _statements()
    if st.button("Import", type="primary", disabled=not ready, key="data_import", width="stretch"):
        _import(uploads, kinds, given)


def _questions() -> dict:
    rate = st.number_input("Sampling rate (Hz)", 1_000.0, 1_000_000.0, None, 1_000.0, format="%.0f", key="data_rate",
                           placeholder="15000 or 30000 on an Eclipse")  # fmt: skip
    start = st.number_input("Time of the first sample (ms)", -1_000.0, 1_000.0, None, 0.1, key="data_start",
                            placeholder="0 if at stimulus onset")  # fmt: skip
    unit = st.segmented_control("Unit of the samples", list(UNITS), default="µV", key="data_unit", required=True)
    return {"sampling_rate_hz": rate, "start_ms": start, "unit": unit}


def _statements() -> dict:
    """What the person may add of all recordings. A file's own words win; nothing said stays missing."""
    oldest = float(AGE.maximum)
    age = st.number_input("Age, if the file does not say", 0.0, oldest, None, 1.0, format="%g", key="data_age",
                          placeholder="years, the same for all")  # fmt: skip
    names = {loss.code: loss.label for loss in HEARING_LOSSES}
    hearing = st.selectbox("Hearing, if the file does not say", list(names), None, format_func=names.get,
                           key="data_hearing_loss", placeholder="not known")  # fmt: skip
    return {AGE.name: age, HEARING_LOSS.name: hearing}


def _import(uploads: list[Upload], kinds: set[str], given: dict) -> None:
    """Import, choose what came of it, and leave the report for the page; a problem leaves everything as it was."""
    try:
        if kinds == {COHORT}:
            cohorts = [read_cohort(upload) for upload in uploads]  # all, before one is kept: a bad one leaves nothing
            for cohort in cohorts:
                path = session.keep_cohort(cohort)
            session.choose_cohort(path)
            shown = _Shown((f"{len(cohort):,} recordings of {cohort.patients:,} patients, {cohort.kind.value}",), None)
        elif COHORT in kinds:
            raise InputError(
                "cohort files and clinic exports cannot be imported together", allowed="one kind at a time"
            )
        else:
            bar = st.progress(0.0, "Reading …")
            result = import_recordings(uploads, **given, on_progress=lambda share, _: bar.progress(min(share, 1.0)))
            session.choose_cohort(session.keep_cohort(result.cohort))
            shown = _Shown(tuple(result.report.lines()), _refused_csv(result.report))
    except NothingImportedError as error:
        shown = _Shown(tuple(error.report.lines()), _refused_csv(error.report), str(error))
    except InputError as error:
        st.session_state[_PROBLEM] = error
        st.rerun()
    st.session_state[_REPORT] = shown
    st.session_state[_ROUND] += 1
    st.rerun()


def _refused_csv(report: ImportReport) -> bytes | None:
    return report.refused_csv() if len(report.refused) else None


def import_outcome() -> None:
    """What the last import did, until it is closed; a problem is shown once."""
    if (error := st.session_state.pop(_PROBLEM, None)) is not None:
        show_problem(error, KEPT)
    shown: _Shown | None = st.session_state.get(_REPORT)
    if shown is None:
        return
    with st.container(border=True):
        st.markdown("**Import**")
        if shown.failed:
            st.error(f"{plain(sentence(shown.failed))} {KEPT}")
        first, *rest = shown.lines
        st.markdown(plain(sentence(first)))
        if rest:
            with st.expander("Details"):
                st.markdown("\n".join(f"- {plain(sentence(line))}" for line in rest))
        with st.container(horizontal=True):
            if shown.refused_csv is not None:
                st.download_button(
                    "Refused rows (CSV)",
                    shown.refused_csv,
                    "refused-rows.csv",
                    "text/csv",
                    on_click="ignore",
                    key="data_refused_download",
                )
            st.button("Close", key="data_import_close", on_click=lambda: st.session_state.pop(_REPORT, None))
