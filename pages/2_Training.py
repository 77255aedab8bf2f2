"""Training: choose preset and cohort, start, and watch it learn."""

from __future__ import annotations

import streamlit as st

from abr_model.runs.run import list_runs
from dashboard import session
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.page_header import page_header
from dashboard.widgets.problem import show_problem
from dashboard.widgets.training.run_list import run_label, run_table
from dashboard.widgets.training.run_monitor import run_monitor
from dashboard.widgets.training.start_training import start_training


def launch(run) -> None:
    """Start a run as a process of its own: closing this page does not end it."""
    from abr_model.runs import launch as background

    background.launch(run)


page_header("Training", "Watch a model learn the cohort", [kind_badge_markdown(session.chosen_cohort().kind)])
if problem := st.session_state.pop("training_problem", None):
    show_problem(problem)
settings, view = st.columns([1, 2.6], gap="medium")
with settings:
    start_training(launch)
runs = list_runs(session.runs_folder())
with view:
    if not runs:
        empty_state(
            "No training yet",
            "Choose a preset and a cohort on the left and press “Start training”. The curves appear here while it "
            "learns; you may leave this page or close the browser, the training goes on.",
        )
    else:
        by_id = {run.id: run for run in runs}
        if st.session_state.get("training_run") not in by_id:
            st.session_state["training_run"] = runs[0].id
        chosen = st.selectbox(
            "Run", list(by_id), format_func=lambda run_id: run_label(by_id[run_id]), key="training_run"
        )
        run_monitor(by_id[chosen], launch)
        st.markdown("##### All runs")
        run_table(runs)
