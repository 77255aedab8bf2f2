"""The curves of a run on the page Training."""

from __future__ import annotations

import json

import pytest

from dashboard.widgets.training.watching import curves as curves_view
from dashboard.widgets.training.watching.log import serious_lines


def group(app, name: str):
    app.segmented_control(key="curves").set_value(name).run()
    assert not app.exception
    return app


def test_loss_comes_first_with_the_best_epoch_and_every_other_term(open_page, finished, charts, numbers):
    figures = charts(open_page("training"))
    assert list(figures) == ["Loss", "Trace"]
    training, validation = (t for t in figures["Loss"]["data"] if t.get("showlegend") is not False)
    assert (training["name"], validation["name"]) == ("training", "validation")
    assert numbers(validation["x"]).tolist() == [1, 2, 3, 4, 5, 6]
    assert figures["Loss"]["layout"]["annotations"][0]["text"] == "best: epoch 4"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("latent", {"KL in all", "Active units", "β", "Heat map of the KL of each latent unit over epochs"}),
        ("errors", {"Reconstructed trace", "Latency error by wave", "Amplitude error by wave"}),
        ("optimiser", {"Learning rate", "Gradient norm", "Speed"}),
    ],
)
def test_each_group_shows_its_own_curves(open_page, finished, charts, name, shown):
    assert set(charts(group(open_page("training"), name))) == shown


def test_the_latent_unit_that_says_most_in_the_end_is_on_top(open_page, finished, charts, numbers):
    figures = charts(group(open_page("training"), "latent"))
    heat_map = figures["Heat map of the KL of each latent unit over epochs"]
    assert heat_map["layout"]["yaxis"]["ticktext"] == ["4", "2", "3", "1"]
    assert numbers(heat_map["data"][0]["z"])[:, -1].tolist() == [2.0, 1.0, 0.5, 0.0]


def test_each_wave_has_its_own_line_in_its_unit(open_page, finished, charts, numbers, words):
    app = group(open_page("training"), "errors")
    lines = charts(app)["Latency error by wave"]["data"]
    assert [line["name"] for line in lines] == ["I", "III", "V"]
    assert [numbers(line["y"])[0] for line in lines] == pytest.approx([0.1, 0.2, 0.3])
    assert len({line["line"]["dash"] for line in lines}) == 3
    assert "**Latency error** :gray[ · ms]" in words(app)
    assert "**Amplitude error** :gray[ · µV]" in words(app)


def test_axis_range_and_scale_change_what_is_drawn(open_page, finished, charts, numbers):
    app = open_page("training")
    app.segmented_control(key="axis").set_value("steps").run()
    loss = charts(app)["Loss"]
    assert loss["layout"]["xaxis"]["title"]["text"] == "Steps"
    assert numbers(loss["data"][-1]["x"]).tolist() == [10, 20, 30, 40, 50, 60]
    app.selectbox(key="last").set_value(5).run()
    assert numbers(charts(app)["Loss"]["data"][-1]["x"]).tolist() == [10, 20, 30, 40, 50, 60]
    app.segmented_control(key="scale").set_value("log").run()
    assert charts(app)["Loss"]["layout"]["yaxis"]["type"] == "log"
    app.segmented_control(key="axis").set_value("minutes").run()
    assert numbers(charts(app)["Loss"]["data"][-1]["x"]).tolist() == pytest.approx(
        [i / 6 for i in range(1, 7)], abs=1e-5
    )


def test_only_the_last_epochs(open_page, make_run, history, charts, numbers):
    make_run("long", history(30), state="finished", epochs_done=30)
    app = open_page("training")
    app.selectbox(key="last").set_value(5).run()
    assert numbers(charts(app)["Loss"]["data"][-1]["x"]).min() >= 25


def test_without_smoothing_one_line_is_drawn(open_page, finished, charts):
    app = open_page("training")
    assert len(charts(app)["Loss"]["data"]) == 3
    app.slider(key="smoothing").set_value(0.0).run()
    assert [line["name"] for line in charts(app)["Loss"]["data"]] == ["training", "validation"]


def test_the_view_is_taken_from_the_address(open_page, go, finished, charts):
    app = open_page("home")
    app.query_params.update({"curves": "Latent space", "axis": "Steps", "smoothing": "0.5"})
    app = go(app, "training")
    assert not app.exception
    assert charts(app)["KL in all"]["layout"]["xaxis"]["title"]["text"] == "Steps"
    assert app.slider(key="smoothing").value == 0.5


def test_steps_done_twice_after_a_resumption_are_drawn_once(open_page, finished, charts, numbers):
    with (finished.folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "resumed", "epoch": 5, "step": 55}) + "\n")
        file.write(json.dumps({"kind": "step", "epoch": 5, "step": 56, "minutes": 1, "train_loss": 1.0}) + "\n")
    app = open_page("training")
    app.slider(key="smoothing").set_value(0.0).run()
    assert numbers(charts(app)["Loss"]["data"][0]["y"])[-2:].tolist() == [945.0, 1.0]


def test_nothing_is_built_anew_while_nothing_was_written(open_page, make_run, alive, history, monkeypatch):
    run = make_run("on its way", history(2), state="running", step=20, epochs_done=2)
    alive(run)
    built = []
    build = curves_view.chart
    monkeypatch.setattr(curves_view, "chart", lambda *a, **k: built.append(1) or build(*a, **k))
    app = open_page("training")
    first = len(built)
    assert first
    app.run()
    assert len(built) == first
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in history(1, first=2)))
    app.run()
    assert len(built) == 2 * first


def test_paused_curves_stay_while_the_training_goes_on(open_page, make_run, alive, history, charts, numbers):
    run = make_run("on its way", history(2), state="running", step=20, epochs_done=2)
    alive(run)
    app = open_page("training")
    app.segmented_control(key="training_live").set_value("Paused").run()
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in history(1, first=2)))
    app.run()
    assert numbers(charts(app)["Loss"]["data"][-1]["x"]).tolist() == [1, 2]
    app.segmented_control(key="training_live").set_value("Live").run()
    assert numbers(charts(app)["Loss"]["data"][-1]["x"]).tolist() == [1, 2, 3]


def test_a_zoom_is_kept_as_long_as_the_axis_is_the_same(open_page, finished, charts):
    app = open_page("training")
    revision = charts(app)["Loss"]["layout"]["uirevision"]
    assert finished.id in revision
    app.segmented_control(key="axis").set_value("steps").run()
    assert charts(app)["Loss"]["layout"]["uirevision"] != revision


def test_the_log_and_its_warnings(open_page, finished):
    app = group(open_page("training"), "log")
    assert "70 recordings for training" in app.code[-1].value
    app.segmented_control(key="training_log").set_value("Warnings and errors").run()
    assert app.code[-1].value == "2026-11-22 10:01:00 UserWarning: odd\n  its second line"
    (finished.folder / "train.log").unlink()
    app.run()
    assert not app.exception
    assert "No warning and no error" in app.code[-1].value


def test_a_traceback_stays_with_its_entry():
    text = (
        "2026-11-22 10:00:00 fine\n2026-11-22 10:00:01 defect\nTraceback (most recent call last):\n  line 1\nKeyError"
    )
    assert serious_lines(text).splitlines()[0] == "2026-11-22 10:00:01 defect"
    assert "fine" not in serious_lines(text)


def test_a_torn_line_and_a_run_without_files_do_no_harm(open_page, finished, charts):
    with (finished.folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "epo')
    (finished.folder / "train.log").unlink()
    app = open_page("training")
    assert not app.exception
    assert "Loss" in charts(app)
    (finished.folder / "metrics.jsonl").unlink()
    app.run()
    assert not app.exception
    assert not charts(app)
