"""The end of what a training said, all of it or only what is a warning."""

from __future__ import annotations

import re

import streamlit as st

from abr_model.runs.run import Run

LINES, FEW_LINES = 2000, 400
_STARTS = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
_SERIOUS = re.compile(
    r"warning|error|exception|traceback|critical|collapse|not a number|\bnan\b|killed|failed|disk is full|memory",
    re.IGNORECASE,
)


def log(run: Run) -> None:
    """The tail of ``train.log`` with a filter."""
    with st.container(border=True):
        chosen = st.segmented_control(
            "Log",
            ["All lines", "Warnings and errors"],
            default="All lines",
            required=True,
            key="training_log",
            label_visibility="collapsed",
        )
        text = run.log_tail(LINES)
        if chosen != "All lines":
            text = serious_lines(text)
        shown = "\n".join(text.splitlines()[-FEW_LINES:])
        nothing = "Nothing has been logged yet." if chosen == "All lines" else "No warning and no error in the log."
        st.code(shown or nothing, language=None, height=430)


def serious_lines(text: str) -> str:
    """Entries of a log that speak of a warning or an error, each with the lines that belong to it (a traceback)."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        if _STARTS.match(line) or not entries:
            entries.append([])
        entries[-1].append(line)
    return "\n".join("\n".join(entry) for entry in entries if _SERIOUS.search("\n".join(entry)))
