"""The sidebar's list of models, on a page that draws with none of them and on the one that does."""

from __future__ import annotations

import json
import shutil

import pytest

from abr_model.errors import InputError
from dashboard import session


def describe(folder, model_id: str) -> str:
    folder.mkdir(parents=True)
    about = {"kind": "simulated", "cohort": "s", "recordings": {"train": 7}}
    text = {"preset": {"name": "default"}, "model_id": model_id, "provenance": about}
    (folder / "model.json").write_text(json.dumps(text))
    return str(folder)


@pytest.fixture
def models(data_folder, sample_cohort, monkeypatch) -> list[str]:
    """Two described models, the second of which cannot be read."""
    good = describe(data_folder / "pretrained" / "default", "0000aaaa")
    bad = describe(data_folder / "runs" / "r1" / "model", "1111bbbb")

    def load(folder):
        if str(folder) == bad:
            raise InputError("the weights are damaged", file="weights_1.safetensors")
        return session.LoadedModel(None, folder.name, folder)

    monkeypatch.setattr(session, "_load_model", load)
    return [good, bad]


def picked(app) -> str:
    return app.sidebar.selectbox(key="model").value


def test_one_model_needs_no_list(data_folder, sample_cohort, open_page):
    describe(data_folder / "pretrained" / "default", "0000aaaa")
    app = open_page("home")
    assert not app.exception
    assert not app.sidebar.selectbox
    assert any("default · 0000" in m.value for m in app.sidebar.markdown)


def test_a_model_that_cannot_be_read_is_not_chosen_and_that_is_said(models, open_page):
    good, bad = models
    app = open_page("home")
    assert picked(app) == good
    app.sidebar.selectbox(key="model").set_value(bad).run()
    assert not app.exception
    assert picked(app) == good
    (warning,) = app.sidebar.warning
    assert r"weights\_1.safetensors" in warning.value and "kept" in warning.value
    assert not app.run().sidebar.warning


def test_a_pick_is_kept_on_every_page_and_leads_back(models, data_folder, open_page):
    other = describe(data_folder / "runs" / "r2" / "model", "2222cccc")
    app = open_page("home")
    app.sidebar.selectbox(key="model").set_value(other).run()
    app = app.switch_page("home_page.py").run()
    assert picked(app) == other
    app.sidebar.selectbox(key="model").set_value(models[0]).run()
    assert picked(app) == models[0]


def test_generation_goes_on_with_the_next_model_that_can_be_read(
    data_folder, sample_cohort, open_page, project_root, words
):
    shipped = project_root / "data" / "pretrained" / "default"
    good, bad = data_folder / "runs" / "r1" / "model", data_folder / "pretrained" / "default"
    for folder in (good, bad):
        shutil.copytree(shipped, folder)
    (bad / "weights.safetensors").write_bytes(b"not weights")
    app = open_page("generation")
    assert not app.exception and not app.error
    assert picked(app) == str(good)
    assert app.get("plotly_chart")
    (warning,) = app.sidebar.warning
    assert "weights.safetensors" in warning.value and "is used instead" in warning.value
