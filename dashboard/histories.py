"""What each run has logged, read once for all windows of the dashboard."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from abr_model.runs.history import History
from abr_model.runs.run import Run


def history_of(run: Run) -> History:
    """The history of ``run``: one for all sessions. As it was at its last ``update()``: ask for that first."""
    return _history(Path(run.folder).as_posix())


@st.cache_resource(max_entries=200, show_spinner=False)  # 20,000 rows of 15 numbers have 2.4 MB
def _history(folder: str) -> History:
    return History(folder)
