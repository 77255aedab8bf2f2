"""The model in use outlives sessions, restarts and moves of the data folder; a dry run's is never it."""

from __future__ import annotations

import json
import shutil

import pytest
import streamlit as st

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs.run import Run
from dashboard import model_in_use as in_use
from dashboard import session


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setenv("ABR_DATA", str(data))
    monkeypatch.setattr(session, "SHIPPED_MODELS", tmp_path / "shipped")
    monkeypatch.setattr(in_use, "pretrained_folder", lambda: tmp_path / "shipped")
    monkeypatch.setattr(session, "_load_model", lambda model: session.LoadedModel(None, model.parent.name, model))
    monkeypatch.setattr(st, "session_state", {})
    st.cache_resource.clear()
    return data


def describe(model, model_id="0123abcd"):
    model.mkdir(parents=True, exist_ok=True)
    text = {"preset": {"name": "default"}, "model_id": model_id,
            "provenance": {"kind": "simulated", "cohort": "s", "recordings": {"train": 7}}}  # fmt: skip
    (model / "model.json").write_text(json.dumps(text))
    return model


@pytest.fixture
def models(folder):
    """The shipped one, and those of two runs."""
    return [
        describe(folder.parent / "shipped" / "default"),
        describe(folder / "runs" / "a" / "model", "1111aaaa"),
        describe(folder / "runs" / "b" / "model", "2222bbbb"),
    ]


def new_session(monkeypatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    st.cache_resource.clear()


def test_the_choice_holds_in_this_session_and_in_every_new_one(models, monkeypatch):
    shipped, _, b = models
    assert session.chosen_model_folder().folder == shipped
    session.use_model(b)
    assert session.chosen_model_folder().folder == b
    new_session(monkeypatch)
    assert session.chosen_model_folder().folder == b
    assert session.chosen_model().folder == b


def test_a_session_keeps_its_own_choice(models, monkeypatch):
    _, a, b = models
    session.use_model(b)
    new_session(monkeypatch)
    session.choose_model(a)
    assert session.chosen_model_folder().folder == a
    new_session(monkeypatch)
    assert session.chosen_model_folder().folder == b
    assert in_use.is_in_use(b) and not in_use.is_in_use(a)


def test_a_shipped_model_can_be_in_use_again(models, monkeypatch):
    shipped, a, _ = models
    session.use_model(a)
    session.use_model(shipped)
    new_session(monkeypatch)
    assert session.chosen_model_folder().folder == shipped and in_use.is_in_use(shipped)


def test_it_moves_with_the_data_folder(models, folder, monkeypatch):
    session.use_model(models[2])
    moved = folder.parent / "elsewhere"
    shutil.move(folder, moved)
    monkeypatch.setenv("ABR_DATA", str(moved))
    new_session(monkeypatch)
    assert session.chosen_model_folder().folder == moved / "runs" / "b" / "model"
    assert str(folder) not in (moved / in_use.FILE).read_text()


def test_a_deleted_model_gives_way_and_comes_back(models, folder, monkeypatch):
    shipped, _, b = models
    session.use_model(b)
    new_session(monkeypatch)
    away = shutil.move(b.parent, folder / "bin")
    assert in_use.model_in_use() is None
    assert session.chosen_model_folder().folder == shipped
    shutil.move(away, b.parent)
    assert session.chosen_model_folder().folder == b


@pytest.mark.parametrize(
    "written", ["", "{", "[]", "null", '{"in": "data"}', '{"in": "nowhere", "folder": "runs/a/model"}',
                '{"in": "data", "folder": "../shipped/default"}', '{"in": "data", "folder": 3}']
)  # fmt: skip
def test_a_damaged_choice_is_none(models, folder, written):
    (folder / in_use.FILE).write_text(written)
    assert in_use.model_in_use() is None
    assert session.chosen_model_folder().folder == models[0]


def test_what_is_no_model_or_lies_elsewhere_is_refused(models, folder):
    session.use_model(models[1])
    for wrong in (folder / "runs" / "c" / "model", describe(folder.parent / "elsewhere" / "m")):
        with pytest.raises(InputError):
            in_use.set_model_in_use(wrong)
    assert in_use.is_in_use(models[1])


def test_a_folder_that_cannot_be_written_is_said(models, folder):
    (folder / in_use.FILE).mkdir()
    with pytest.raises(InputError, match="cannot be kept"):
        session.use_model(models[1])
    assert [p.name for p in folder.iterdir() if "partial" in p.name] == []


def test_the_model_of_a_dry_run_is_never_in_use(folder, small_cohort):
    cohort = small_cohort.write(folder / "cohorts" / "c.parquet")
    dry = Run.create(folder / "runs", load_preset("default"), cohort, dry_run=True)
    real = Run.create(folder / "runs", load_preset("default"), cohort)
    describe(dry.model_folder)
    describe(real.model_folder)
    with pytest.raises(InputError, match="dry run"):
        session.use_model(dry.model_folder)
    assert in_use.model_in_use() is None
    session.use_model(real.model_folder)
    assert in_use.is_in_use(real.model_folder)


def test_to_forget_it_is_as_before_any_choice(models, monkeypatch):
    session.use_model(models[2])
    new_session(monkeypatch)
    in_use.forget_model_in_use()
    assert session.chosen_model_folder().folder == models[0]
