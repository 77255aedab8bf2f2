"""The list of runs on the page Training."""

from __future__ import annotations

import pytest


@pytest.fixture
def many(make_run, history):
    """Twenty stopped runs, one that failed, and three trials of a search."""
    runs = [make_run(f"run {i}", state="stopped", epochs_done=1) for i in range(20)]
    failed = make_run("the bad one", state="failed", message="no")
    trials = [make_run("", options={"search": "lr-3f2a"}, state="finished") for _ in range(3)]
    return runs, failed, trials


def options(app) -> list[str]:
    return app.radio(key="training_list").options


def test_the_newest_is_on_top_and_looked_at(open_page, make_run, finished, words):
    newer = make_run("newer", state="stopped", epochs_done=3)
    app = open_page("training")
    assert [o.split("**")[1] for o in options(app)] == ["newer", "six epochs"]
    assert app.radio(key="training_list").value == newer.id
    captions = list(app.radio(key="training_list").proto.captions)
    assert "3/80 epochs" in captions[0]
    assert "6/6 epochs · error 0.061 µV" in captions[1]


def test_a_run_that_trains_is_looked_at_first(open_page, make_run, alive):
    busy = make_run("busy", state="running")
    make_run("newer", state="stopped")
    alive(busy)
    assert open_page("training").radio(key="training_list").value == busy.id


def test_another_one_is_looked_at(open_page, make_run, finished, words):
    make_run("newer", state="stopped")
    app = open_page("training")
    app.radio(key="training_list").set_value(finished.id).run()
    assert "6 of 6 epochs done" in words(app)
    assert app.query_params["run"] == finished.id or app.query_params["run"] == [finished.id]
    app.run()
    assert app.radio(key="training_list").value == finished.id


def test_a_long_list_is_cut_and_shown_on_demand(open_page, many):
    app = open_page("training")
    assert len(options(app)) == 15
    app.button(key="training_more").click().run()
    assert len(options(app)) == 21


def test_trials_of_searches_are_folded(open_page, many):
    _, failed, _ = many
    app = open_page("training")
    app.radio(key="training_list").set_value(failed.id).run()
    assert not any("trial" in option for option in options(app))
    assert app.toggle(key="training_show_trials").label == "Show 3 trials of 1 search"
    app.toggle(key="training_show_trials").set_value(True).run()
    assert sum("trial" in option for option in options(app)) == 3


def test_a_long_list_is_searched_by_text_and_state(open_page, many, words):
    app = open_page("training")
    app.selectbox(key="training_search_state").set_value("ended badly").run()
    assert [o.split("**")[1] for o in options(app)] == ["the bad one"]
    app.selectbox(key="training_search_state").set_value("all")
    app.text_input(key="training_search_runs").set_value("RUN 7").run()
    assert [o.split("**")[1] for o in options(app)] == ["run 7"]
    app.text_input(key="training_search_runs").set_value("nothing like it").run()
    assert "No run fits the filter" in words(app)
    assert not app.exception


def test_a_short_list_has_nothing_to_search_in(open_page, finished):
    assert "training_search_runs" not in [text.key for text in open_page("training").text_input]


def test_a_folder_that_is_damaged_is_listed_and_does_no_harm(open_page, finished, make_run):
    damaged = make_run("damaged", state="stopped")
    (damaged.folder / "config.yaml").write_text("label: [")
    app = open_page("training")
    assert not app.exception
    assert len(options(app)) == 2


def test_the_bin_is_emptied_only_after_a_check_mark(open_page, finished, make_run):
    from abr_model.runs.bin import delete, deleted_runs

    gone = make_run("gone", state="stopped")
    delete(gone)
    app = open_page("training")
    assert "training_empty" not in [button.key for button in app.button]
    app.checkbox(key="training_empty_sure").check().run()
    app.button(key="training_empty").click().run()
    assert not app.exception
    assert deleted_runs(finished.folder.parent) == []
