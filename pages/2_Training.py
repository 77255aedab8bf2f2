"""Training: start, watch and steer runs, compare them, and search for better settings."""

from __future__ import annotations

import streamlit as st

from abr_model.runs.run import Run, list_runs
from dashboard import session
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.page_header import page_header
from dashboard.widgets.problem import show_problem
from dashboard.widgets.training.comparing.compare import compare_view
from dashboard.widgets.training.searching.search import search_view
from dashboard.widgets.training.starting.launch import new_training
from dashboard.widgets.training.view_choice import chosen_view, run_from_address, run_to_address
from dashboard.widgets.training.watching.monitor import run_monitor
from dashboard.widgets.training.watching.run_list import run_list


def launch(run: Run, queue: bool = False) -> None:
    """Start a run as a process of its own: closing this page does not end it."""
    from abr_model.runs import launch as background

    background.launch(run, queue=queue)


def runs_view(runs: list[Run]) -> None:
    """The list of runs, and the one that is looked at."""
    run_from_address(runs)
    left, right = st.columns([1, 3], gap="medium")
    with left:
        run = run_list(runs)
    run_to_address(run)
    with right:
        if run is None:
            empty_state(
                "No training yet",
                "Open “New training”, choose a preset and a cohort and press “Start training”. The curves appear here "
                "while it learns; you may leave this page or close the browser, the training goes on.",
            )
        else:
            run_monitor(run, launch)


page_header(
    "Training", "Watch a model learn the cohort", [kind_badge_markdown(session.chosen_cohort().kind)], about="training"
)
if problem := st.session_state.pop("training_problem", None):
    show_problem(problem)
runs = list_runs(session.runs_folder())
view = chosen_view(runs)
if view == "new":
    new_training(launch)
elif view == "compare":
    compare_view(runs)
elif view == "search":
    search_view(launch=launch)
else:
    runs_view(runs)
