"""A model whose training cohort is here, and a scorecard of it: the shipped one, said to be of this model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from abr_model.cohort import Cohort
from abr_model.evaluation.background import launch as background
from abr_model.evaluation.background.folder import Evaluation
from abr_model.evaluation.scorecard import Scorecard
from abr_model.evaluation.subject import Subject
from abr_model.model import TrainedModel
from abr_model.sources.simulator import simulate


@pytest.fixture(scope="session")
def measured_model(model: TrainedModel, small_cohort: Cohort) -> TrainedModel:
    """The untrained model of the page tests, said to have learned from ``small_cohort``."""
    made = {"cohort": small_cohort.provenance.title, "cohort_digest": small_cohort.digest()}
    return replace(model, provenance=model.provenance.model_copy(update=made))


@pytest.fixture
def model_folder(data_folder: Path, measured_model: TrainedModel) -> Path:
    """That model in the data folder."""
    return measured_model.save(data_folder / "pretrained" / "tiny")


@pytest.fixture(scope="session")
def scorecard(project_root: Path, measured_model: TrainedModel, small_cohort: Cohort) -> Scorecard:
    """The shipped scorecard with its baselines, as if it were of this model and cohort."""
    shipped = Scorecard.read(project_root / "data" / "pretrained" / "default")
    subject = Subject.of_model(measured_model, small_cohort)
    others = tuple(
        other.model_copy(update={"subject": subject.model_copy(update={"name": other.subject.name, "model_id": ""})})
        for other in shipped.beside
    )
    return replace(shipped, subject=subject, beside=others)


@pytest.fixture
def measured(model_folder: Path, sample_cohort: Path, scorecard: Scorecard) -> Scorecard:
    """Model, cohort and scorecard are there."""
    scorecard.write(model_folder)
    return scorecard


@pytest.fixture(scope="session")
def other_clinic() -> Cohort:
    """A clinic that the model has not seen."""
    return simulate(patients=12, seed=9)


@pytest.fixture
def launched(monkeypatch) -> list[Evaluation]:
    """What the page asked to start; nothing is measured."""
    asked = []
    monkeypatch.setattr(background, "launch", asked.append)
    return asked


@pytest.fixture
def open_view(open_page) -> Callable[[str], AppTest]:
    """Opens a view of the page: ``open_view("Cells")``."""

    def open_(view: str = "Scorecard") -> AppTest:
        app = open_page("evaluation")
        assert not app.exception, app.exception
        if view != "Scorecard":
            key = next(key for key, label in VIEWS.items() if label == view)
            app.segmented_control(key="evaluation_view_control").set_value(key).run()
        assert not app.exception, app.exception
        return app

    from dashboard.widgets.evaluation.view_choice import VIEWS

    return open_


@pytest.fixture
def charts() -> Callable[[AppTest], dict]:
    """The charts of a page by their key."""
    return lambda app: {chart.proto.id.rsplit("-", 1)[-1]: chart.proto for chart in app.get("plotly_chart")}


@pytest.fixture
def shown() -> Callable[[AppTest], str]:
    """Everything that stands on the page as one text, without the signs that keep markdown away."""

    def shown_(app: AppTest) -> str:
        kinds = (app.title, app.markdown, app.caption, app.error, app.warning, app.info)
        html = [element.proto.body for element in app.get("html")]
        return "\n".join([*(str(e.value) for kind in kinds for e in kind), *html]).replace("\\", "")

    return shown_


@pytest.fixture
def open_form(open_page) -> Callable[[], AppTest]:
    """Opens the page and the form of a new evaluation of a model that has a scorecard."""

    def open_() -> AppTest:
        app = open_page("evaluation")
        app.session_state["evaluation_new_0"] = True
        app.run()
        assert not app.exception
        return app

    return open_
