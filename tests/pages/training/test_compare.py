"""The view Compare of the Training page: choose runs, see where they differ and which did best, take a model."""

from __future__ import annotations

import base64
import json
import shutil

import numpy as np
import pytest

from abr_model.configuration import load_preset
from abr_model.runs.lock import Lock
from abr_model.runs.notes import write_notes
from abr_model.runs.previews import FixedCondition, HeldOut, Preview, Previews
from abr_model.runs.run import Run
from abr_model.schema import Kind
from dashboard import model_in_use


@pytest.fixture
def make(sample_cohort, root):
    """Runs that have logged five epochs."""

    def make_(label: str, error: float, dry_run: bool = False, **training) -> Run:
        run = Run.create(root, load_preset("default").changed(training={"epochs": 5} | training), sample_cohort,
                         label=label, dry_run=dry_run)  # fmt: skip
        rows = []
        for step in range(1, 51):
            common = {"epoch": (step - 1) // 10, "step": step, "minutes": step / 10, "beta": 1.0}
            rows.append({"kind": "step", **common, "train_loss": 10 / step, "train_kl": 1.0})
            if step % 10 == 0:
                rows.append({"kind": "epoch", **common, "train_loss": 10 / step, "validation_loss": 11 / step,
                             "validation_loss_final_beta": error + 1 / step, "validation_rmse_uv": error + 1 / step,
                             "recordings_per_second": 100.0})  # fmt: skip
        (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        run.write_status(state="finished", epochs_done=5, step=50, steps_per_epoch=10,
                         figures={"waveform_rmse_uv": error, "waveform_correlation": 1 - error})  # fmt: skip
        return run

    return make_


@pytest.fixture
def two(make) -> list[Run]:
    return [make("slow", 0.2, learning_rate=0.0001), make("quick", 0.1, learning_rate=0.005)]


@pytest.fixture
def compare(open_page):
    """The page with the view open."""

    def open_():
        app = open_page("training")
        return app.segmented_control(key="training_view_control").set_value("compare").run()

    return open_


def give_model(run: Run, project_root) -> None:
    shutil.copytree(project_root / "data" / "pretrained" / "default", run.model_folder)


def tables(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html") if 'class="runs"' in element.proto.body)


def drawn(app) -> dict:
    """The figure of the overlaid curves."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    (spec,) = [spec for spec in specs if spec["data"] and spec["data"][0]["type"] == "scatter"]
    return spec


def lines(app) -> list[str]:
    return sorted({trace["name"] for trace in drawn(app)["data"]})


def points(app, name: str) -> int:
    """How many points the line of a run has."""
    (trace,) = [trace for trace in drawn(app)["data"] if trace["name"] == name]
    return len(base64.b64decode(trace["x"]["bdata"])) // 4


# --- runs -----------------------------------------------------------------------------------------


def test_two_runs_are_laid_over_one_another_and_the_better_is_marked(compare, two, words):
    app = compare()
    assert not app.exception
    assert lines(app) == ["quick", "slow"]
    assert drawn(app)["layout"]["yaxis"]["title"]["text"] == "Error of the trace, validation (µV RMS)"
    body = tables(app)
    assert "Learning rate" in body and "0.0001" in body and "0.005" in body
    assert '<td class="best">★ 0.1</td>' in body and "★ 0.2" not in body
    assert '<td class="best">★ 0.9</td>' in body, "of a correlation the larger is the better"
    assert not app.warning


def test_with_one_run_there_is_nothing_to_compare(compare, make, words):
    make("alone", 0.1)
    app = compare()
    assert not app.exception
    assert "Two trainings are needed" in words(app)


def test_the_metric_and_the_axis_can_be_chosen(compare, two):
    app = compare()
    app.selectbox(key="compare_metric").set_value("step:train_loss").run()
    app.segmented_control(key="compare_axis").set_value("minutes").run()
    figure = drawn(app)
    assert figure["layout"]["xaxis"]["title"]["text"] == "Minutes of training"
    assert figure["layout"]["yaxis"]["title"]["text"] == "Loss, training"
    assert len(figure["data"]) == 4, "of each run what was logged, and the smoothed line"
    app.slider(key="compare_smoothing").set_value(0.0).run()
    assert len(drawn(app)["data"]) == 2
    app.toggle(key="compare_log").set_value(True).run()
    assert drawn(app)["layout"]["yaxis"]["type"] == "log"
    assert not app.exception


def test_the_chosen_runs_stand_in_the_address_by_their_ids_alone(compare, two, make, open_page):
    third = make("Jane Doe", 0.3)
    app = compare()
    assert set(app.query_params["compare"].split(",")) == {run.id for run in (*two, third)}
    app.multiselect(key="compare_runs").set_value([two[0].id, third.id]).run()
    assert lines(app) == ["Jane Doe", "slow"]
    assert "Jane" not in str(dict(app.query_params))

    app = open_page("training")  # a reload: another session, the same address
    app.query_params["compare"] = f"{two[1].id},{third.id},no-such-run"
    app.segmented_control(key="training_view_control").set_value("compare").run()
    assert lines(app) == ["Jane Doe", "quick"]


def test_the_choice_is_kept_on_another_page_and_a_deleted_run_leaves_it(compare, two, make, go):
    third = make("third", 0.3)
    app = compare()
    app.multiselect(key="compare_runs").set_value([two[0].id, two[1].id]).run()
    app = go(go(app, "data"), "training")
    assert app.multiselect(key="compare_runs").value == [two[0].id, two[1].id]
    shutil.rmtree(two[0].folder)
    app.run()
    assert not app.exception
    assert app.multiselect(key="compare_runs").value == [two[1].id]
    app.button(key="compare_all").click().run()
    assert set(app.multiselect(key="compare_runs").value) == {two[1].id, third.id}


def test_a_run_that_goes_on_grows_in_the_picture(compare, two):
    app = compare()
    before = points(app, "quick")
    row = {"kind": "epoch", "epoch": 5, "step": 60, "minutes": 6.0, "validation_rmse_uv": 0.01}
    two[1].write_status(state="running")
    lock = Lock(two[1].folder / "lock")
    assert lock.acquire()
    try:
        with (two[1].folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        app.run()
        assert (before, points(app, "quick"), points(app, "slow")) == (5, 6, 5)
        assert set(app.multiselect(key="compare_runs").value) == {run.id for run in two}
    finally:
        lock.release()


def test_a_new_label_is_shown_and_the_run_stays_chosen(compare, two):
    app = compare()
    write_notes(two[0], label="renamed")
    app.run()
    assert lines(app) == ["quick", "renamed"]
    assert set(app.multiselect(key="compare_runs").value) == {run.id for run in two}


def test_runs_of_one_name_are_told_apart(compare, make):
    a, b = make("same", 0.1), make("same", 0.2)
    assert lines(compare()) == sorted(f"same · {run.id[-4:]}" for run in (a, b))


def test_a_label_is_text_and_not_markup(compare, make):
    make("<img src=x onerror=alert(1)>", 0.1)
    make("b", 0.2)
    body = tables(compare())
    assert "<img" not in body and "&lt;img src=x" in body


# --- what can be said -----------------------------------------------------------------------------------------


def test_on_other_recordings_nothing_is_called_best_and_that_is_said(compare, make, sample_cohort, root):
    a = make("a", 0.1)
    preset = load_preset("default").changed(preparation={"fmp_above": 2.0})
    b = Run.create(root, preset, sample_cohort, label="b")
    shutil.copy(a.folder / "metrics.jsonl", b.folder)
    app = compare()
    assert 'class="best"' not in tables(app)
    assert any("not measured on the same recordings" in warning.value for warning in app.warning)


def test_settings_are_drawn_against_the_figure_that_was_chosen(compare, two):
    app = compare()

    def axes():
        (spec,) = [json.loads(c.proto.spec) for c in app.get("plotly_chart")
                   if json.loads(c.proto.spec)["data"][0]["type"] == "parcoords"]  # fmt: skip
        return [axis["label"].replace("<br>", " ") for axis in spec["data"][0]["dimensions"]]

    assert axes() == ["Run", "Learning rate", "Trace error, test (µV)"]
    app.selectbox(key="compare_figure").set_value("waveform_correlation").run()
    assert axes() == ["Run", "Learning rate", "Correlation, test"]


# --- the model in use -----------------------------------------------------------------------------------------


def test_the_model_in_use_is_chosen_here_and_survives_a_new_session(compare, two, project_root, open_page):
    for run in two:
        give_model(run, project_root)
    app = compare()
    app.selectbox[[s.label for s in app.selectbox].index("Use another")].set_value(str(two[0].model_folder)).run()
    app.button(key="compare_use_model").click().run()
    assert not app.exception and not app.error
    assert model_in_use.is_in_use(two[0].model_folder)
    assert app.button(key="compare_use_model").disabled
    assert any("in use" in m.value and "slow" in m.value for m in app.markdown)
    app = open_page("home")  # another session
    assert app.sidebar.selectbox(key="model").value == str(two[0].model_folder)


def test_the_model_of_a_dry_run_is_not_offered(compare, two, make, project_root):
    dry = make("dry", 0.01, dry_run=True)
    give_model(dry, project_root)
    give_model(two[0], project_root)
    app = compare()
    assert dry.id not in app.multiselect(key="compare_runs").value, "not among the first that are compared"
    app.multiselect(key="compare_runs").set_value([two[0].id, dry.id]).run()
    assert not app.exception
    (offered,) = [s for s in app.selectbox if s.label == "Use another"]
    assert offered.options == ["slow"]
    assert any("dry run is not offered" in c.value for c in app.caption)


def test_a_model_that_is_damaged_is_not_taken(compare, two, project_root):
    give_model(two[0], project_root)
    give_model(two[1], project_root)
    (two[0].model_folder / "weights.safetensors").write_bytes(b"no weights")
    app = compare()
    app.selectbox[[s.label for s in app.selectbox].index("Use another")].set_value(str(two[0].model_folder)).run()
    app.button(key="compare_use_model").click().run()
    assert not app.exception
    assert any("weights" in error.value for error in app.error)
    assert model_in_use.model_in_use() is None


# --- previews -----------------------------------------------------------------------------------------


def test_previews_stand_side_by_side_where_they_are(compare, two):
    app = compare()
    assert not any(s.label == "Condition" for s in app.selectbox)
    time_ms = np.linspace(0, 13, 40)
    conditions = tuple(
        FixedCondition(level, "Normal hearing", "18–45 years", "33.1 /s", 30.0, 80.0, 33.1, "normal", 12, 5)
        for level in ("80 dB nHL", "40 dB nHL")
    )
    for height, run in enumerate(two, 1):
        mean = np.stack([np.sin(time_ms), np.cos(time_ms)])
        held = HeldOut(Kind.SIMULATED, time_ms, conditions, mean, np.full_like(mean, 0.1), "s", np.array([80.0]),
                       np.ones((1, 3)), np.array([12]))  # fmt: skip
        previews = Previews(run.folder)
        previews.write_held_out(held)
        previews.write(Preview(4, "posteriors", 64, True, height * mean, np.full_like(mean, 0.1), np.ones(1)))
    app.run()
    assert not app.exception
    (charts,) = [c for c in app.get("plotly_chart") if "means differ by" in c.proto.spec]
    titles = " ".join(note["text"] for note in json.loads(charts.proto.spec)["layout"]["annotations"])
    assert "slow" in titles and "quick" in titles and "epoch 4" in titles
    (choice,) = [s for s in app.selectbox if s.label == "Condition"]
    assert [option.split(",")[0] for option in choice.options] == ["80 dB nHL", "40 dB nHL"]
