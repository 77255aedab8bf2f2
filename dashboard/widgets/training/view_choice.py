"""Which view of the Training page is open, and which run is looked at; both stand in the address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from abr_model.runs.run import Run
from dashboard.widgets.view_choice import view_choice

VIEWS = {"runs": "Runs", "new": "New training", "compare": "Compare", "search": "Search"}
_RUN = "training_run"


def chosen_view(runs: Sequence[Run]) -> str:
    """The control, and the key of the view that is open; at first what the address says, else the runs, if any."""
    if "training_clone" in st.session_state:
        st.session_state["training_view"] = "new"
    return view_choice("training", VIEWS, "runs" if runs else "new")


def run_from_address(runs: Sequence[Run]) -> None:
    """After a reload: the run that was looked at. Ids are generated and say nothing about patients."""
    asked = st.query_params.get("run")
    if _RUN not in st.session_state and asked in {run.id for run in runs}:
        st.session_state[_RUN] = asked


def run_to_address(run: Run | None) -> None:
    """So that a reload, or a second window, shows the same run."""
    if run is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run.id
