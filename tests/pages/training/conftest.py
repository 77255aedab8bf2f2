"""The view New training, without the rest of the page; what it would start is only noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from abr_model.runs import launch as background
from dashboard.widgets.training.starting import launch as launch_view


def _page() -> None:
    import streamlit as st

    from abr_model.runs import launch as background
    from dashboard.widgets.problem import show_problem
    from dashboard.widgets.training.starting.launch import new_training

    st.session_state.setdefault("training_view", "new")
    if problem := st.session_state.pop("training_problem", None):
        show_problem(problem)
    if st.session_state["training_view"] == "new":
        new_training(lambda run, **options: background.launch(run, **options))


@pytest.fixture
def launched(monkeypatch) -> list[tuple]:
    """What the view asked to start; nothing is trained."""
    runs = []
    monkeypatch.setattr(background, "launch", lambda run, **options: runs.append((run, options)))
    return runs


@pytest.fixture
def estimates(monkeypatch) -> list:
    """What the view asked an estimate for; nothing is measured."""
    asked = []
    monkeypatch.setattr(launch_view, "estimate_card", lambda *arguments: asked.append(arguments))
    return asked


@pytest.fixture
def new_training(sample_cohort, launched, estimates) -> AppTest:
    """The view, opened."""
    opened = AppTest.from_function(_page, default_timeout=60).run()
    assert not opened.exception
    return opened


@pytest.fixture
def root(data_folder) -> Path:
    """Folder of the runs."""
    return data_folder / "runs"


@pytest.fixture
def open_part() -> Callable[[AppTest, str], AppTest]:
    """A click on the heading of a closed part: ``open_part(app, "network")``."""

    def open_(app: AppTest, name: str) -> AppTest:
        app.session_state[f"training_part_{name}"] = True
        app.run()
        assert not app.exception
        return app

    return open_


@pytest.fixture
def shown() -> Callable[[AppTest], str]:
    """Everything that stands on the page as one text, without the signs that keep markdown away."""

    def shown_(app: AppTest) -> str:
        kinds = (app.markdown, app.caption, app.error, app.warning, app.info)
        return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\\", "")

    return shown_
