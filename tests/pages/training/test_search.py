from __future__ import annotations

import json

import numpy as np
import optuna
import pytest
from streamlit.testing.v1 import AppTest

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run, list_runs
from abr_model.search import launch as search_launch
from abr_model.search.folder import Search, list_searches
from abr_model.search.space import distributions
from abr_model.search.workers import Worker
from dashboard.widgets.training.searching import search_form

SPACE = {
    "training.learning_rate": {"low": 0.001, "high": 0.01, "log": True},
    "network.layers": {"low": 1, "high": 4},
    "training.optimiser": {"choices": ["adam", "adamw"]},
}


def _page() -> None:
    import streamlit as st

    from dashboard.widgets.problem import show_problem
    from dashboard.widgets.training.searching.search import search_view

    if problem := st.session_state.pop("training_problem", None):
        show_problem(problem)
    search_view()


@pytest.fixture
def started(monkeypatch) -> list:
    """Searches whose worker the view asked to start, and how; none is started."""
    searches = []
    monkeypatch.setattr(search_launch, "start_worker", lambda search, **how: searches.append((search, how)))
    return searches


@pytest.fixture(autouse=True)
def no_estimate(monkeypatch):
    """Nothing is measured."""
    monkeypatch.setattr(search_form, "estimated", lambda *_: None)


@pytest.fixture
def view(sample_cohort, started, launched):
    """Opens the view."""

    def view_() -> AppTest:
        app = AppTest.from_function(_page, default_timeout=60).run()
        assert not app.exception
        return app

    return view_


@pytest.fixture
def search(sample_cohort, data_folder) -> Search:
    """Six trials are done, one ended early, one failed, of ten."""
    made = Search.create(data_folder, load_preset("default"), sample_cohort, SPACE, trials=10, epochs=2, label="mine")
    study, dimensions, rng = made.study(), distributions(made.config.space), np.random.default_rng(0)

    def trial(state: str, value: float | None, course: list[float], attributes: dict):
        params = {
            "training.learning_rate": float(rng.uniform(0.001, 0.01)),
            "network.layers": int(rng.integers(1, 5)),
            "training.optimiser": str(rng.choice(["adam", "adamw"])),
        }
        return optuna.trial.create_trial(
            state=optuna.trial.TrialState[state], value=value, params=params, distributions=dimensions,
            intermediate_values=dict(enumerate(course)), user_attrs=attributes,
        )  # fmt: skip

    for value in (5.0, 7.0, 4.0, 6.0, 5.5, 4.5):
        run = Run.create(made.runs_folder, made.config.preset, sample_cohort, epochs=2, search=made.id)
        study.add_trial(trial("COMPLETE", value, [value + 1, value], {"run": run.id}))
    study.add_trial(trial("PRUNED", None, [9.0], {"reason": "worse than others after 1 epochs"}))
    study.add_trial(trial("FAIL", None, [], {"reason": "the disk is full"}))
    return made


def figures(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_before_the_first_search_the_form_is_there_and_starts_one(view, shown, started, data_folder):
    app = view()
    app.text_input(key="search_label").set_value("first")
    app.number_input(key="search_trials_asked").set_value(12)
    app.number_input(key="search_default_epochs").set_value(3)
    app.number_input(key="search_default_loss_training.learning_rate_from").set_value(0.001).run()
    app.button(key="search_start").click().run()
    assert not app.exception
    (made,) = list_searches(data_folder)
    assert started == [(made, {})]
    config = made.config
    assert (config.label, config.trials, config.epochs, config.recordings) == ("first", 12, 3, None)
    assert list(config.space) == ["training.learning_rate", "training.batch_size", "network.width"]
    assert (config.space["training.learning_rate"].low, config.space["training.learning_rate"].high) == (0.001, 0.008)
    assert config.space["network.width"].choices == (32, 64, 128)
    assert app.selectbox(key="training_search").value == made.id
    assert "0 of 12 trials ended" in str([bar.proto.text for bar in app.get("progress")])


def test_every_setting_can_be_chosen_and_is_filled_with_what_is_allowed(view):
    app = view()
    settings = app.multiselect(key="search_default_loss_settings")
    for start in range(0, len(settings.options), 9):
        app.multiselect(key="search_default_loss_settings").set_value(
            [option for option in _paths("default")[start : start + 9]]
        ).run()
        assert not app.exception
        assert not app.warning, [w.value for w in app.warning]
        assert not app.button(key="search_start").disabled


def _paths(name: str) -> list[str]:
    from abr_model.search.space import settings_of

    return list(settings_of(load_preset(name), "validation_loss_final_beta"))


def test_a_space_that_cannot_be_is_explained_and_not_started(view, shown):
    app = view()
    app.text_input(key="search_default_loss_network.width_values").set_value("9, 11").run()
    assert not app.exception
    assert "No combination of these values is possible" in shown(app)
    assert app.button(key="search_start").disabled
    app.text_input(key="search_default_loss_network.width_values").set_value("32, many").run()
    assert "“Token width” is out of range" in shown(app)
    app.multiselect(key="search_default_loss_settings").set_value([]).run()
    assert "Choose at least one setting" in shown(app)
    assert app.button(key="search_start").disabled


def test_the_weights_of_the_loss_are_offered_for_a_figure_with_a_unit_alone(view):
    app = view()
    assert "Weight of the wave labels" not in app.multiselect(key="search_default_loss_settings").options
    app.selectbox(key="search_figure").set_value("validation_rmse_uv").run()
    assert not app.exception
    assert "Weight of the wave labels" in app.multiselect(key="search_default_unit_settings").options


def test_a_worker_that_cannot_be_started_is_said_and_the_search_is_kept(view, shown, monkeypatch, data_folder):
    def refuse(search, **how):
        raise InputError("the worker cannot be started: no room")

    monkeypatch.setattr(search_launch, "start_worker", refuse)
    app = view()
    app.button(key="search_start").click().run()
    assert not app.exception
    assert "no room" in shown(app)
    assert len(list_searches(data_folder)) == 1
    app.button(key="search_go_on").click().run()
    assert "no room" in shown(app)


def test_what_was_found_is_shown(view, shown, search):
    app = view()
    text = shown(app)
    assert "mine" in text
    assert "trial 2" in text
    assert app.metric[0].value == "4"
    (history,) = figures(app)
    assert [trace["name"] for trace in history["data"]] == ["best so far", "done", "ended early"]
    table = app.dataframe[0].value
    assert list(table["State"]) == ["done", "done", "best", "done", "done", "done", "ended early", "failed"]
    assert table["Remark"].iloc[-1] == "the disk is full"
    assert {"Learning rate", "Transformer layers", "Optimiser"} <= set(table.columns)
    for name, titles in (
        ("importance", {"Learning rate", "Transformer layers", "Optimiser"}), ("settings", None), ("together", None),
        ("courses", None),
    ):  # fmt: skip
        app.segmented_control(key="search_chart").set_value(name).run()
        assert not app.exception
        (figure,) = figures(app)
        if titles is not None:
            assert set(figure["data"][0]["y"]) == titles


def test_the_best_is_trained_whole(view, search, launched, data_folder):
    app = view()
    trials = {run.id for run in list_runs(data_folder / "runs")}
    app.button(key="search_train_best").click().run()
    assert not app.exception
    ((run, options),) = launched
    assert run.id not in trials
    assert options == {"queue": True}
    best = search.study().get_trials()[2].params
    assert run.preset.training.learning_rate == best["training.learning_rate"]
    assert run.preset.training.epochs == load_preset("default").training.epochs
    assert run.config.search is None
    assert (app.session_state["training_run"], app.session_state["training_view"]) == (run.id, "runs")


def test_the_best_goes_into_the_form_of_a_new_training(view, search):
    app = view()
    app.button(key="search_clone_best").click().run()
    assert not app.exception
    assert app.session_state["training_view"] == "new"
    draft = app.session_state["training_draft"]
    best = search.study().get_trials()[2].params
    assert draft.own.training.learning_rate == best["training.learning_rate"]
    assert draft.own.network.layers == best["network.layers"]
    assert "trial 2 of mine" in draft.bases[draft.base].words


def test_a_trial_opens_as_a_run(view, search):
    app = view()
    app.selectbox(key="search_trial").set_value(1).run()
    app.button(key="search_open_run").click().run()
    assert not app.exception
    assert app.session_state["training_run"] == search.study().get_trials()[1].user_attrs["run"]
    assert app.session_state["training_view"] == "runs"


def test_a_worker_at_work_can_be_stopped_and_joined_by_another(view, search, started):
    worker = Worker.new(search.folder)
    worker.write_status(state="running", message="trial 8")
    lock = Lock(worker.lock_file)
    assert lock.acquire()
    try:
        app = view()
        assert "training" in app.selectbox(key="training_search").options[0]
        app.button(key="search_more").click().run()
        assert started == [(search, {"parallel": True})]
        app.button(key="search_stop").click().run()
        assert search.stop_requested
        assert app.button(key="search_stop").disabled
    finally:
        lock.release()


def test_a_worker_that_died_is_said_to_have_died(view, shown, search, started):
    worker = Worker.new(search.folder)
    worker.write_status(state="running", message="trial 8")
    app = view()
    assert "died without a word" in shown(app)
    app.button(key="search_go_on").click().run()
    assert started == [(search, {})]


def test_a_damaged_search_does_not_hide_the_others(view, shown, search, data_folder):
    broken = data_folder / "searches" / "2026-01-01-0000-search-dead"
    broken.mkdir()
    (broken / "search.yaml").write_text("- nothing")
    app = view()
    assert any("damaged" in option for option in app.selectbox(key="training_search").options)
    app.selectbox(key="training_search").set_value(broken.name).run()
    assert not app.exception
    assert "damaged" in shown(app)
    app.selectbox(key="training_search").set_value(search.id).run()
    assert not app.exception
    assert app.metric[0].value == "4"


def test_it_is_a_view_of_the_page(open_page, sample_cohort, search, started, launched):
    app = open_page("training")
    app.session_state["training_view"] = "search"
    app.run()
    assert not app.exception
    assert app.selectbox(key="training_search").value == search.id
