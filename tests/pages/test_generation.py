from __future__ import annotations

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.joint_support import JointSupport
from abr_model.schema import HEARING_LOSS_CODES
from dashboard.widgets.generation.exploring.export_box import batch_bytes


@pytest.fixture
def app(open_page, sample_cohort, data_folder, model):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("generation")
    assert not app.exception
    return app


def figure(app, number: int = 0) -> dict:
    return json.loads(app.get("plotly_chart")[number].proto.spec)


def trace(spec: dict, name: str) -> dict:
    found = [t for t in spec["data"] if name in t.get("name", "")]
    assert len(found) == 1, [t.get("name") for t in spec["data"]]
    return found[0]


def shown(app) -> dict:
    """What the component of slider and trace is sent."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def level_to(app, level: float):
    """The slider let go at ``level``; its component has no browser here."""
    app.session_state["generation_level"] = float(level)
    return app


def mean_of(app) -> np.ndarray:
    """The generated mean, µV, at the level that is shown."""
    payload = shown(app)
    mean = np.frombuffer(base64.b64decode(payload["mean"]), "<f4").reshape(len(payload["levels"]), -1)
    return mean[payload["levels"].index(payload["level"])]


def labels(app) -> list[str]:
    return [entry["label"] for entry in shown(app)["legend"]]


def test_asks_its_question_and_says_what_is_shown(app, words):
    text = words(app)
    assert [t.value for t in app.title] == ["Generation"]
    assert "What would this ear's ABR look like?" in text
    assert "simulated cohort" in text
    assert "recordings near" in text
    assert "research use only" in text
    assert "generated · cohort (n = " in text
    assert "Near = same hearing" in text


def test_nothing_stands_above_the_title(app):
    """A bare string in a page script would be written on the page."""
    assert app.main.children[0].type == "title"


def test_draws_three_figures_with_words_for_those_who_do_not_see_them(app):
    charts = app.get("plotly_chart")
    assert len(charts) == 2
    assert all(chart.proto.alt for chart in charts)
    assert "over 24 draws, with 7 nearest recordings" in shown(app)["alt"]
    assert "7 nearest recordings (simulated clinic)" in labels(app)
    assert trace(figure(app, 0), "wave V")
    assert trace(figure(app, 1), "Gorga 1989")


def test_the_browser_has_every_level_at_once(app):
    """Dragging needs no server: the sweep, not only the level that is shown."""
    payload = shown(app)
    assert payload["levels"] == list(range(0, 105, 5))
    assert payload["level"] == 80
    sweep = np.frombuffer(base64.b64decode(payload["mean"]), "<f4").reshape(21, 200)
    assert np.isfinite(sweep).all()
    assert (np.ptp(sweep, axis=0) > 0).all()  # the levels differ
    assert payload["support"].startswith('<div role="img"')


@pytest.mark.parametrize(
    "change",
    [
        lambda app: level_to(app, 40),
        lambda app: app.select_slider(key="age").set_value(30.0),
        lambda app: app.slider(key="rate").set_value(11.1),
        lambda app: app.segmented_control(key="hearing").set_value("total"),
    ],
)
def test_each_condition_changes_the_trace(app, change):
    before = mean_of(app)
    change(app).run()
    assert not app.exception
    assert not np.allclose(mean_of(app), before)


def test_the_same_position_gives_the_same_picture(app):
    before = mean_of(app)
    level_to(app, 40).run()
    level_to(app, 80).run()
    np.testing.assert_array_equal(mean_of(app), before)


def test_the_nearest_recordings_follow_the_level(app):
    before = shown(app)["nearest"]["uv"]
    level_to(app, 20).run()
    assert shown(app)["nearest"]["uv"] != before


def test_a_level_let_go_is_in_the_address_and_the_usual_one_is_not(app):
    level_to(app, 50).run()
    assert app.query_params["level"] == "50"
    level_to(app, 80).run()
    assert "level" not in app.query_params


def test_the_level_survives_a_page_change(app, project_root):
    level_to(app, 35).run()
    app.switch_page(str(project_root / "pages" / "1_Data.py")).run()
    app.query_params.clear()  # as a browser's address is after a page change
    app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()
    assert shown(app)["level"] == 35
    assert app.query_params["level"] == "35"


def test_an_address_that_is_changed_later_is_followed(app):
    level_to(app, 50).run()
    app.query_params["level"] = "20"  # as the browser's way back does
    app.run()
    assert shown(app)["level"] == 20


def test_draws_mean_or_recording(app):
    assert "16 single draws" in labels(app)
    app.segmented_control(key="show").set_value("mean").run()
    assert shown(app)["single"]["count"] == 0
    app.segmented_control(key="show").set_value("recording").run()
    assert "7 generated recordings (with residual noise)" in labels(app)
    assert shown(app)["single"]["count"] == 7


def test_outside_the_training_data_is_said(app, words):
    app.select_slider(key="age").set_value(90.0).run()
    text = words(app)
    assert "90 years is outside the training data" in text
    assert "inside training support" not in text
    assert set(shown(app)["caution"]) == {"outside the training data"}


def joint_support_of(patients: int, *conditions: dict) -> dict:
    """So many patients at each of some conditions."""
    table = pd.DataFrame([c | {"patient_id": f"{i}-{p}"} for i, c in enumerate(conditions) for p in range(patients)])
    known = {
        name: {"minimum": 0.0, "p1": 0.0, "p99": 100.0, "maximum": 100.0}
        for name in ("age_years", "intensity_db_nhl", "stimulus_rate_per_s")
    }
    joint = JointSupport.of(table).model_dump(mode="json")
    return known | {"hearing_loss": dict.fromkeys(HEARING_LOSS_CODES, 99), "joint": joint, "kind": "simulated"}


USUAL = {"age_years": 0.25, "intensity_db_nhl": 80.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}


@pytest.fixture
def app_with(open_page, sample_cohort, data_folder, model):
    """The page with a model of some support."""

    def open_(support: dict):
        replace(model, support=support).save(data_folder / "pretrained" / "tiny")
        app = open_page("generation")
        assert not app.exception
        return app

    return open_


def test_a_rare_combination_of_common_conditions_is_said(app_with, words):
    deaf_at_thirty = USUAL | {"hearing_loss": "total", "age_years": 30.0}
    app = app_with(joint_support_of(12, USUAL, deaf_at_thirty))
    assert "inside training support" in words(app)
    assert (
        "Hardly any recordings: conductive loss, sensorineural loss, auditory neuropathy, total loss"
        in app.segmented_control(key="hearing").help
    )
    assert shown(app)["caution"][16] == ""  # 80 dB nHL
    assert shown(app)["caution"][2] == "outside the training data"
    app.segmented_control(key="hearing").set_value("total").run()
    assert "red-badge[fewer than 3 training patients near total loss, 3 months (3 or more near 21 years)]" in words(app)
    assert "inside training support" not in words(app)
    assert ":orange[hardly any recordings below 20 years or above 55 years]" in words(app)  # under the age slider
    assert set(shown(app)["caution"]) == {"outside the training data"}


def test_the_hearing_class_stays_when_other_conditions_change(app):
    """Its help says where training data are few, which changes with the other conditions."""
    app.segmented_control(key="hearing").set_value("total").run()
    before = app.segmented_control(key="hearing").help
    app.select_slider(key="age").set_value(90.0).run()
    assert app.segmented_control(key="hearing").help != before
    assert app.segmented_control(key="hearing").value == "total"


def test_few_patients_near_are_counted(app_with, words):
    app = app_with(joint_support_of(4, USUAL))
    assert "orange-badge[only 3 to 4 training patients with normal hearing near these conditions" in words(app)
    assert shown(app)["caution"][16] == "few training recordings near"


def test_a_model_without_a_joint_support_speaks_of_each_condition(app_with, model, words):
    alone = {k: v for k, v in model.support.items() if k != "joint"}
    app = app_with(alone)
    assert "each condition inside training support" in words(app)
    assert 'title="training data: ' in shown(app)["support"]
    app.select_slider(key="age").set_value(90.0).run()
    assert "90 years is outside the training data" in words(app)


@pytest.mark.parametrize(
    ("address", "level", "age", "hearing"),
    [
        ({"level": "40", "age": "30 years", "hearing": "Total"}, 40, 30.0, "total"),
        ({"level": "300", "age": "-1", "hearing": "deaf"}, 80, 0.25, "normal"),
    ],
)
def test_settings_come_from_the_address_and_a_bad_one_is_ignored(
    open_page, sample_cohort, data_folder, model, project_root, address, level, age, hearing
):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("home")
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()
    assert not app.exception
    assert shown(app)["level"] == level
    assert app.select_slider(key="age").value == age
    assert app.segmented_control(key="hearing").value == hearing


def test_the_batch_is_a_csv_of_these_conditions(model):
    condition = {"age_years": 0.5, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "conductive"}
    table = pd.read_csv(io.BytesIO(batch_bytes(model, condition, 12, 7, "recording", "csv")))
    assert len(table) == 12
    assert (table["kind"] == "generated").all()
    assert (table["intensity_db_nhl"] == 60).all()
    assert (table["hearing_loss"] == "conductive").all()
    assert table.filter(like="uv_at_").shape == (12, 200)


def test_the_batch_is_a_cohort_file(model, tmp_path):
    condition = {"age_years": 0.5, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}
    (tmp_path / "batch.parquet").write_bytes(batch_bytes(model, condition, 5, 7, "response", "parquet"))
    cohort = Cohort.read(tmp_path / "batch.parquet")
    assert len(cohort) == 5
    assert cohort.provenance.details["content"] == "response"
    assert np.isfinite(cohort.waveforms).all()


def test_the_export_buttons_offer_both_files(app):
    buttons = app.get("download_button")
    assert [b.proto.label for b in buttons] == ["Export CSV", "Parquet"]
    assert all(not b.proto.disabled for b in buttons)


def test_without_a_model_the_page_says_what_to_do(open_page, sample_cohort, words):
    app = open_page("generation")
    assert not app.exception
    assert "There is no trained model yet" in words(app)
    assert "Train one" in words(app)
    assert not app.get("plotly_chart")
    assert not app.get("bidi_component")


def test_a_damaged_model_is_one_message(open_page, sample_cohort, data_folder, model, words):
    folder = model.save(data_folder / "pretrained" / "tiny")
    (folder / "weights.safetensors").write_bytes(b"not weights")
    app = open_page("generation")
    assert not app.exception
    assert "weights.safetensors" in words(app)


def test_a_cohort_without_ages_and_classes_is_compared_by_what_it_has(
    open_page, data_folder, model, small_cohort, words
):
    table = small_cohort.table.assign(age_years=np.nan, hearing_loss=None, fmp=np.nan)
    Cohort(small_cohort.waveforms, table, small_cohort.sampling, small_cohort.provenance).write(
        data_folder / "cohorts" / "bare.parquet"
    )
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("generation")
    assert not app.exception
    text = words(app)
    assert "age and hearing loss are not recorded in this cohort" in text
    assert "All recordings are compared" in text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes(app, theme, monkeypatch):
    from dashboard import session
    from dashboard.style import TRACE_STYLES

    monkeypatch.setattr(session, "theme", lambda: theme)
    app.run()
    assert not app.exception
    assert shown(app)["legend"][0]["style"]["colour"] == TRACE_STYLES["generated"].colour(theme)
