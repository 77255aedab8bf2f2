from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.batches.sweeps import NoiseOfSweeps
from abr_model.cohort import Cohort
from abr_model.joint_support import JointSupport
from abr_model.schema import HEARING_LOSS_CODES
from dashboard.session import LoadedModel
from dashboard.widgets.generation.exploring.export_box import batch_bytes
from dashboard.widgets.generation.exploring.settings import ExploreSettings


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
    """What the component of sliders and trace is sent."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def settings(app) -> ExploreSettings:
    return app.session_state["generation_settings"]


def set_to(app, show: str | None = None, compare: str | None = None, **condition):
    """What the component does when a slider is let go or a button is clicked; it has no browser here."""
    before = settings(app)
    app.session_state["generation_settings"] = replace(
        before,
        condition=before.condition | condition,
        show=show or before.show,
        compare=compare or before.compare,
    )
    return app


def level_to(app, level: float):
    return set_to(app, intensity_db_nhl=float(level))


def array(sent: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(sent["of"]), "<i2").reshape(sent["shape"]) * sent["step"]


def mean_of(app) -> np.ndarray:
    """The generated mean, µV, where the sliders stand."""
    return array(shown(app)["picture"]["mean"])[0]


def axis_of(app, name: str) -> dict:
    return next(axis for axis in shown(app)["axes"] if axis["name"] == name)


def labels(app) -> list[str]:
    return [words for words in shown(app)["legend"].values() if words]


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


@pytest.mark.parametrize("axis", ["intensity_db_nhl", "age_years", "stimulus_rate_per_s", "hearing_loss"])
def test_the_browser_has_a_whole_axis_once_it_asks(app, axis):
    """Dragging needs no server: the sweep, not only the place that is shown. It is sent once."""
    assert shown(app)["sweep"] is None
    app.session_state["explorer_sweep"] = axis
    app.run()
    sent = shown(app)["sweep"]
    assert sent["axis"] == axis
    assert sent["stops"][-1] == len(axis_of(app, axis)["stops"]) - 1
    sweep = array(sent["mean"])
    assert sweep.shape == (len(sent["stops"]), 200)
    assert (np.ptp(sweep, axis=0) > 0).all()  # the stops differ
    here = axis_of(app, axis)["at"]
    np.testing.assert_allclose(sweep[sent["stops"].index(here)], mean_of(app), atol=1e-4)
    app.run()
    assert shown(app)["sweep"] is None


def test_what_is_set_stands_in_the_address(app):
    set_to(app, "mean", "difference", age_years=0.0).run()
    assert app.query_params["age"] == "newborn"
    assert app.query_params["show"] == "mean"
    assert app.query_params["compare"] == "difference"
    assert axis_of(app, "age_years")["stops"][axis_of(app, "age_years")["at"]] == "newborn"


@pytest.mark.parametrize(
    "change",
    [
        lambda app: level_to(app, 40),
        lambda app: set_to(app, age_years=30.0),
        lambda app: set_to(app, stimulus_rate_per_s=11.1),
        lambda app: set_to(app, hearing_loss="total"),
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
    before = shown(app)["near"]["traces"]
    level_to(app, 20).run()
    assert shown(app)["near"]["traces"] != before


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
    assert settings(app).condition["intensity_db_nhl"] == 35
    assert app.query_params["level"] == "35"


def test_an_address_that_is_changed_later_is_followed(app):
    level_to(app, 50).run()
    app.query_params["level"] = "20"  # as the browser's way back does
    app.run()
    assert settings(app).condition["intensity_db_nhl"] == 20


def test_draws_mean_or_recordings(app):
    assert "12 single draws" in labels(app)
    set_to(app, show="mean").run()
    assert array(shown(app)["picture"]["single"]).shape == (1, 0, 200)
    set_to(app, show="recordings").run()
    assert "12 generated recordings (with residual noise)" in labels(app)
    assert array(shown(app)["picture"]["single"]).shape == (1, 12, 200)


def test_fewer_draws_and_another_number_of_sweeps(app):
    responses = array(shown(app)["picture"]["single"])[0, :3]
    set_to(app, show="recordings").run()
    before = array(shown(app)["picture"]["single"])[0, :3] - responses
    app.slider(key="display_draws").set_value(3).run()
    app.selectbox(key="display_sweeps").set_value(500).run()
    assert "3 generated recordings (residual noise of 500 sweeps)" in labels(app)
    after = array(shown(app)["picture"]["single"])[0] - responses
    assert after.shape == (3, 200)
    factor = (after * before).sum() / (before**2).sum()
    assert factor > 1  # fewer sweeps than the median of such recordings, more noise
    np.testing.assert_allclose(after, factor * before, atol=2e-3)
    assert (app.query_params["draws"], app.query_params["sweeps"]) == ("3", "500")


def test_without_sweeps_in_the_cohort_no_other_number_is_offered(open_page, data_folder, model, small_cohort):
    table = small_cohort.table.assign(sweeps_accepted=np.nan)
    replace(small_cohort, table=table).write(data_folder / "cohorts" / "bare.parquet")
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("generation")
    assert app.selectbox(key="display_sweeps").disabled
    assert "do not say how many sweeps" in app.selectbox(key="display_sweeps").help


def test_the_ear_chooses_among_the_recordings_alone(app, words):
    generated, near = mean_of(app), shown(app)["near"]["traces"]
    app.segmented_control(key="display_ear").set_value("left").run()
    assert not app.exception
    np.testing.assert_array_equal(mean_of(app), generated)
    assert shown(app)["near"]["traces"] != near
    assert "left ear" in shown(app)["legend"]["near"]
    assert "makes no difference between ears" in words(app)


def test_the_recordings_as_mean_and_as_difference(app, words):
    set_to(app, compare="mean").run()
    assert re.search(r"mean ± SD of \d+ recordings near", " ".join(labels(app)))
    assert "Mean ± SD of " in words(app)
    assert array(shown(app)["near"]["traces"]).shape[0] == 0  # no trace is read that is not drawn
    set_to(app, compare="difference").run()
    sent = shown(app)["near"]
    np.testing.assert_allclose(array(sent["difference"]), mean_of(app) - array(sent["mean"]), atol=1e-3)
    set_to(app, compare="nothing").run()
    assert labels(app) == ["generated mean ± SD", "12 single draws"]


def test_no_mean_of_too_few_recordings(app, words):
    set_to(app, compare="mean", hearing_loss="neuropathy", age_years=90.0).run()
    assert not app.exception
    assert "Fewer than 3 recordings are near: no mean is drawn" in words(app)
    assert shown(app)["near"]["mean"] is None


def test_another_norm_is_drawn(app):
    app.selectbox(key="generation_norm").set_value("Prosser & Arslan 1987").run()
    assert trace(figure(app, 1), "Prosser")
    app.selectbox(key="generation_norm").set_value("no norm").run()
    assert not any("SD" in t.get("name", "") for t in figure(app, 1)["data"])


def test_named_settings_are_gone_to_kept_and_deleted(app):
    app.selectbox(key="settings_picked").set_value("Newborn screening, 35 dB nHL").run()
    assert not app.exception
    assert settings(app).condition["intensity_db_nhl"] == 35
    assert settings(app).condition["age_years"] == 0
    level_to(app, 40).run()
    app.text_input(key="settings_name").set_value("our screening").run()
    app.button(key="settings_keep").click().run()
    assert app.selectbox(key="settings_picked").value == "our screening"
    level_to(app, 90).run()
    app.selectbox(key="settings_picked").set_value("our screening").run()
    assert settings(app).condition["intensity_db_nhl"] == 40
    app.button(key="settings_forget").click().run()
    assert "our screening" not in app.selectbox(key="settings_picked").options


def test_a_name_that_is_refused_is_explained(app, words):
    app.text_input(key="settings_name").set_value("  ").run()
    app.button(key="settings_keep").click().run()
    assert not app.exception
    assert any("name is not allowed" in error.value for error in app.error)


def test_outside_the_training_data_is_said(app, words):
    set_to(app, age_years=90.0).run()
    text = words(app)
    assert "90 years is outside the training data" in text
    assert "inside training support" not in text
    assert set(axis_of(app, "intensity_db_nhl")["caution"]) == {"outside the training data"}
    assert axis_of(app, "age_years")["warns"]


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
        "hardly any recordings: conductive loss, sensorineural loss, auditory neuropathy, total loss"
        in axis_of(app, "hearing_loss")["note"]
    )
    assert axis_of(app, "intensity_db_nhl")["caution"][16] == ""  # 80 dB nHL
    assert axis_of(app, "intensity_db_nhl")["caution"][2] == "outside the training data"
    set_to(app, hearing_loss="total").run()
    assert "red-badge[fewer than 3 training patients near total loss, 3 months (3 or more near 21 years)]" in words(app)
    assert "inside training support" not in words(app)
    age = axis_of(app, "age_years")
    assert (age["note"], age["warns"]) == ("hardly any recordings below 20 years or above 55 years", True)
    assert set(axis_of(app, "intensity_db_nhl")["caution"]) == {"outside the training data"}


def test_few_patients_near_are_counted(app_with, words):
    app = app_with(joint_support_of(4, USUAL))
    assert "orange-badge[only 3 to 4 training patients with normal hearing near these conditions" in words(app)
    assert axis_of(app, "intensity_db_nhl")["caution"][16] == "few training recordings near"


def test_a_model_without_a_joint_support_speaks_of_each_condition(app_with, model, words):
    alone = {k: v for k, v in model.support.items() if k != "joint"}
    app = app_with(alone)
    assert "each condition inside training support" in words(app)
    assert 'title="training data: ' in axis_of(app, "age_years")["strip"]
    set_to(app, age_years=90.0).run()
    assert "90 years is outside the training data" in words(app)


@pytest.mark.parametrize(
    ("address", "level", "age", "hearing"),
    [
        ({"level": "40", "age": "30-years", "hearing": "total"}, 40, 30.0, "total"),
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
    condition = settings(app).condition
    assert (condition["intensity_db_nhl"], condition["age_years"], condition["hearing_loss"]) == (level, age, hearing)


def unpacked(content: bytes, folder) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return archive.namelist()


@pytest.fixture
def chosen(model, tmp_path, data_folder):
    return LoadedModel(model, "tiny · 1234", tmp_path / "no scorecard here")


def test_the_batch_is_a_csv_of_these_conditions_with_its_card(chosen, tmp_path):
    condition = {"age_years": 0.5, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "conductive"}
    names = unpacked(batch_bytes(chosen, condition, 12, 7, "recording", "csv"), tmp_path)
    assert [name.split(".csv")[1] for name in names] == ["", ".provenance.json", ".card.md", ".card.html"]
    assert "12 generated ABR recordings" in (tmp_path / names[2]).read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / names[0])
    assert len(table) == 12
    assert (table["kind"] == "generated").all()
    assert (table["intensity_db_nhl"] == 60).all()
    assert (table["hearing_loss"] == "conductive").all()
    assert table.filter(like="uv_at_").shape == (12, 200)


def test_the_batch_is_a_cohort_file(chosen, tmp_path):
    condition = {"age_years": 0.5, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}
    names = unpacked(batch_bytes(chosen, condition, 5, 7, "response", "parquet"), tmp_path)
    cohort = Cohort.read(tmp_path / names[0])
    assert len(cohort) == 5
    assert cohort.provenance.details["content"] == "response"
    assert np.isfinite(cohort.waveforms).all()


def test_the_export_carries_the_noise_that_is_shown(app, chosen, tmp_path, words):
    app.session_state["generation_settings"] = replace(settings(app), show="recordings", sweeps=500)
    app.run()
    assert "recordings at these conditions · residual noise of 500 sweeps · seed 7" in words(app)
    noise = NoiseOfSweeps(sweeps=500, learned=[{"level_db_nhl": 80, "sweeps": 2000}])
    names = unpacked(batch_bytes(chosen, settings(app).condition, 2, 7, "recording", "csv", noise), tmp_path)
    card = (tmp_path / names[2]).read_text(encoding="utf-8")
    assert "averages over 2,000 sweeps" in card
    assert "multiplied by 2.00" in card
    app.segmented_control(key="export_content").set_value("response").run()
    assert "responses at these conditions · seed 7" in words(app)


def test_the_export_buttons_offer_both_files(app):
    buttons = [b for b in app.get("download_button") if b.proto.label in ("Export CSV", "Parquet")]
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
    assert shown(app)["styles"]["mean"]["colour"] == TRACE_STYLES["generated"].colour(theme)


def test_the_address_names_the_model(app, model):
    assert app.query_params["model"] == model.model_id


def open_with(open_page, project_root, **address):
    app = open_page("home")
    for name, value in address.items():
        app.query_params[name] = value
    return app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()


@pytest.fixture
def other_model(model):
    """Another model, by its weights."""
    import copy

    import torch

    network = copy.deepcopy(model.network)
    with torch.no_grad():
        next(network.parameters()).add_(0.01)
    return replace(model, network=network)


def test_a_link_shows_the_model_it_was_made_with(
    open_page, sample_cohort, data_folder, model, other_model, project_root
):
    model.save(data_folder / "pretrained" / "default")
    other_model.save(data_folder / "pretrained" / "other")
    assert other_model.model_id != model.model_id
    app = open_with(open_page, project_root, model=other_model.model_id)
    assert not app.exception
    assert app.query_params["model"] == other_model.model_id
    assert app.sidebar.selectbox(key="model").value.endswith("other")
    app.sidebar.selectbox(key="model").set_value(str(data_folder / "pretrained" / "default")).run()
    assert app.query_params["model"] == model.model_id  # what a person picks later holds


def test_a_link_of_a_model_that_is_not_here_says_so(open_page, sample_cohort, data_folder, model, project_root, words):
    model.save(data_folder / "pretrained" / "default")
    app = open_with(open_page, project_root, model="0123456789ab")
    assert not app.exception
    assert "made with model 01234567, which is not here" in words(app)
    assert app.query_params["model"] == model.model_id
