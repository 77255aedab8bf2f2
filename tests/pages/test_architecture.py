from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from abr_model.configuration import load_preset
from abr_model.diagrams.folder import DIAGRAMS
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run
from dashboard import diagrams as page_diagrams

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "network": {"width": 16, "heads": 2, "layers": 1, "feed_forward": 16, "latent": 4},
    "training": {"epochs": 3},
}


@pytest.fixture
def open_architecture(data_folder, sample_cohort):
    """Opens the page, with an address if one is given: ``open_architecture(view="transformer")``."""

    def open_(**address: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=120).run()
        for name, value in address.items():
            app.query_params[name] = value
        return app.switch_page(str(ROOT / "pages" / "5_Architecture.py")).run()

    return open_


@pytest.fixture
def saved_model(data_folder, model) -> Path:
    return model.save(data_folder / "pretrained" / "default")


@pytest.fixture
def run(data_folder, sample_cohort) -> Run:
    preset = load_preset("reference").changed(**SMALL)
    return Run.create(data_folder / "runs", preset, sample_cohort, label="first try")


@pytest.fixture(autouse=True)
def times(monkeypatch):
    """What blocks take is measured elsewhere; here a second for each would be long."""
    from abr_model.diagrams.times import Times

    def measured(subject):
        names = [name for name, _ in subject.network.named_modules() if name]
        seconds = dict.fromkeys(names, 0.001)
        return Times("m", "2026-11-29", 8, seconds, {"sampler": 1.0, "decoder": 1.0})

    monkeypatch.setattr(page_diagrams, "measured_times", measured)


def component(app, view: str = "main_architecture") -> dict:
    """What the browser is given."""
    found = [element for element in app.get("bidi_component") if f"architecture_{view}" in str(element.proto)]
    assert found, "the figure is on the page"
    return json.loads(found[-1].proto.json)


def address(app, name: str) -> str:
    """What stands in the address, which comes as a text or as a list of one."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[-1]


def charts(app) -> int:
    return len(app.get("plotly_chart"))


def shown(app, words) -> str:
    return words(app) + "\n".join(str(e.value) for e in app.get("html"))


def test_without_a_model_or_a_run_the_presets_are_drawn(open_architecture, words):
    app = open_architecture()
    assert not app.exception
    assert "Preset “default”, not trained" in words(app)
    picker = app.selectbox(key="architecture_subject_control")
    assert picker.options == ["preset default, not trained", "preset reference, not trained"]
    picker.set_value("preset-reference").run()
    assert "520,335 parameters of the network" in words(app)
    assert address(app, "of") == "preset-reference"


def test_the_model_in_use_is_drawn_first(open_architecture, saved_model, run, words):
    app = open_architecture()
    assert not app.exception
    assert app.selectbox(key="architecture_subject_control").value == "default"
    assert re.search(r"Model \w{8}, preset “default”", words(app))
    options = app.selectbox(key="architecture_subject_control").options
    assert options[1] == "first try (not started)"


def test_the_figure_follows_the_model_that_is_chosen_in_the_sidebar(open_architecture, saved_model, model, data_folder):
    model.save(data_folder / "pretrained" / "other")
    app = open_architecture()
    assert address(app, "of") == "default"
    app.selectbox(key="architecture_subject_control").set_value("preset-reference").run()
    assert address(app, "of") == "preset-reference"
    app.sidebar.selectbox(key="model").set_value(str(data_folder / "pretrained" / "other")).run()
    assert not app.exception
    assert address(app, "of") == "other"


@pytest.mark.parametrize("view", list(DIAGRAMS))
def test_each_figure_opens_from_its_address(open_architecture, saved_model, view):
    app = open_architecture(view=view)
    assert not app.exception
    shown = component(app, view)
    assert shown["svg"].startswith("<svg")
    assert shown["selected"] == ""
    assert address(app, "view") == view


def test_a_block_in_the_address_is_open_and_explained(open_architecture, saved_model, words):
    app = open_architecture(block="encoder")
    assert not app.exception
    everything = shown(app, words)
    assert "Transformer encoder" in everything
    assert "[B, 10, 64]" in everything
    assert "100,096" in everything
    assert "abr_model/network/patch.py" in everything
    assert str(ROOT) not in everything
    assert any("q(z | recording" in code.value for code in app.code), "the code's own words"
    weights = app.dataframe[0].value
    assert weights["number"].sum() == 100_096
    assert component(app)["selected"] == "encoder"


@pytest.mark.parametrize(
    ("block", "pictures"),
    [
        ("encoder", 3),
        ("decoder", 3),
        ("posterior", 1),
        ("prior", 2),
        ("patches", 2),
        ("waveform_out", 1),
        ("tokens", 1),
    ],
)
def test_a_recording_flows_through_each_kind_of_block(open_architecture, saved_model, block, pictures):
    app = open_architecture(block=block)
    assert not app.exception
    assert not app.error
    assert charts(app) == pictures


def test_labels_are_beside_the_marked_ones(open_architecture, saved_model):
    app = open_architecture(block="labels_out")
    table = app.dataframe[-1].value
    assert list(table["label"])[:3] == ["Wave I latency (ms)", "Wave III latency (ms)", "Wave V latency (ms)"]
    assert table["marked in the cohort"].ne("").all()


def test_another_patient_and_another_recording(open_architecture, saved_model):
    app = open_architecture(block="posterior")
    before = app.get("plotly_chart")[0].proto.spec
    app.button(key="data_patient_next").click().run()
    assert not app.exception
    assert app.get("plotly_chart")[0].proto.spec != before
    assert "simulated-" not in str(dict(app.query_params)), "no pseudonym in the address"
    picker = next(s for s in app.selectbox if str(s.key).startswith("architecture_recording"))
    assert re.match(r"(right|left) ear · \d+ dB nHL · ", picker.options[0])
    before = app.get("plotly_chart")[0].proto.spec
    picker.set_value(1).run()
    assert app.get("plotly_chart")[0].proto.spec != before


def test_next_previous_and_close(open_architecture, saved_model):
    app = open_architecture(block="encoder")
    app.button(key="architecture_next").click().run()
    assert component(app)["selected"] == "token_features"
    assert address(app, "block") == "token_features"
    app.button(key="architecture_previous").click().run()
    assert component(app)["selected"] == "encoder"
    app.button(key="architecture_close").click().run()
    assert component(app)["selected"] == ""
    assert "block" not in app.query_params


def test_an_address_of_something_that_there_is_not(open_architecture, saved_model):
    app = open_architecture(view="nothing", of="../../etc", block="<b>")
    assert not app.exception
    assert address(app, "view") == "main_architecture"
    assert address(app, "of") == "default"
    assert "block" not in app.query_params


def test_weights_of_chance_have_nothing_to_show(open_architecture, words):
    app = open_architecture(of="preset-reference", block="encoder")
    assert not app.exception
    assert "Choose a trained model" in words(app)
    assert charts(app) == 0


def test_a_run_is_drawn_as_it_is_now(open_architecture, run, words):
    app = open_architecture(view="training_flow", of=run.id)
    assert not app.exception
    assert "not started" in words(app)
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        counts = {"train": 10, "validation": 3, "test": 4}
        run.write_status(state="running", stage="training", epochs_done=1, recordings=counts)
        app.run()
        assert not app.exception
        assert "training, epoch 2 of 3" in words(app)
        assert ">17<" in component(app, "training_flow")["svg"], "kept recordings"
    finally:
        lock.release()
    app.run()
    assert "broken off after 1 of 3 epochs" in words(app)


def test_a_filter_that_leaves_no_recording(open_architecture, saved_model, words):
    from abr_model.filtering import CohortFilter

    app = open_architecture(block="encoder")
    app.session_state["session_filter"] = CohortFilter(ranges={"intensity_db_nhl": {"minimum": 109, "maximum": 110}})
    app.run()
    assert not app.exception
    assert "No recording passes the filter" in words(app)


def test_a_damaged_model_is_told(open_architecture, saved_model, words, run):
    (run.folder / "model").mkdir()
    (run.folder / "model" / "model.json").write_text("{")
    app = open_architecture(of=run.id)
    assert not app.exception
    assert app.error, "the model of the run is damaged, and the page says so"


def test_downloads_are_there(open_architecture, saved_model):
    app = open_architecture(view="transformer")
    labels = {str(e.proto.label) for e in app.get("download_button")}
    assert {"This figure (SVG)", "This figure (PNG)", "This figure (Mermaid source)"} <= labels
    assert "All three with a README (ZIP)" in labels
