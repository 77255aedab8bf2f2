"""What an import did, in words and tables: refused recordings, what was removed, what was changed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.sources.report import ImportReport
from dashboard.widgets.problem import plain, sentence


def in_number(count: int, noun: str) -> str:
    """``"1 recording"``, ``"1,200 recordings"``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def refused_box(report: ImportReport, key: str) -> None:
    """Refused recordings by reason, and all of them as a file; nothing where none was."""
    if not len(report.refused):
        return
    with st.container(border=True):
        title, button = st.columns([3, 1], vertical_alignment="center")
        title.markdown(f"**{in_number(report.recordings_refused, 'recording')} refused** :gray[ · left out, and why]")
        with button:
            refused_download(report.refused_csv(), key)
        st.dataframe(refused_by_reason(report), hide_index=True, key=f"{key}_refused_table")


def refused_by_reason(report: ImportReport) -> pd.DataFrame:
    """One line per reason and column: how many cells, and the row of the first, most frequent first."""
    grouped = report.refused.groupby(["reason", "column"], sort=False)
    counted = grouped.agg(times=("row", "size"), row=("row", "first"), value=("value", "first")).reset_index()
    counted = counted.sort_values("times", ascending=False, kind="stable", ignore_index=True)
    names = {"reason": "Reason", "column": "Column", "times": "Times", "row": "First in row", "value": "Value there"}
    return counted.rename(columns=names)


def refused_download(content: bytes, key: str) -> None:
    """All refused cells, one a line."""
    st.download_button(
        "Refused rows (CSV)", content, "refused-rows.csv", "text/csv", on_click="ignore", key=f"{key}_refused",
        width="stretch",
    )  # fmt: skip


def removed_and_changed(report: ImportReport) -> None:
    """The report's sentences that are neither counts nor findings."""
    removed, changed = removed_words(report), changed_words(report)
    left, right = st.columns(2)
    for place, title, lines in ((left, "Removed", removed), (right, "Changed and filled in", changed)):
        with place:
            st.markdown(f"**{title}**")
            st.markdown("\n".join(f"- {plain(sentence(line))}" for line in lines) or ":gray[Nothing.]")


def removed_words(report: ImportReport) -> list[str]:
    """What of the files did not come into the cohort."""
    lines = []
    if report.identifying_columns:
        names = ", ".join(report.identifying_columns)
        lines.append(f"may tell who a person is (the patient's number became a pseudonym): {names}")
    if report.unused_columns:
        lines.append(f"has no place in a cohort: {', '.join(report.unused_columns)}")
    return lines


def changed_words(report: ImportReport) -> list[str]:
    """What of the files is different in the cohort."""
    zeros = ", ".join(f"{name} {count:,}" for name, count in report.zeros_as_missing.items())
    lines = [f"zeros read as missing: {zeros}"] if zeros else []
    lines += [*report.stated, *report.notes]
    if report.absent_columns:
        lines.append(f"not in the files, so missing: {', '.join(report.absent_columns)}")
    return lines


def report_text(report: ImportReport, applied: list[str]) -> str:
    """The report as a text file. Names of files are not in it: they may hold a patient's."""
    lines = ["Import of recordings", "", *(sentence(line) for line in report.lines())]
    if applied:
        lines += ["", "Corrections that were applied:", *(f"- {sentence(words)}" for words in applied)]
    return "\n".join(lines) + "\n"
