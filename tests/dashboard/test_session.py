from __future__ import annotations

import json
import os
import threading

import pytest
import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.simulator import simulate
from dashboard import session


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    monkeypatch.setattr(session, "SHIPPED_MODELS", tmp_path / "shipped")
    st.cache_resource.clear()
    state = {}
    monkeypatch.setattr(st, "session_state", state)
    return tmp_path


def write(folder, name, patients=3, seed=0):
    return simulate(patients, seed).write(folder / "cohorts" / name)


def describe(model, name, model_id="0123abcd"):
    model.mkdir(parents=True)
    text = {"preset": {"name": name}, "model_id": model_id,
            "provenance": {"kind": "simulated", "cohort": "s", "recordings": {"train": 7}}}  # fmt: skip
    (model / "model.json").write_text(json.dumps(text))


def test_data_folder_is_the_checkout_without_the_variable(monkeypatch, project_root):
    monkeypatch.delenv("ABR_DATA")
    assert session.data_folder() == project_root / "data"


def test_lists_cohorts_newest_first_and_leaves_out_what_is_none(folder):
    old, new = write(folder, "a.parquet"), write(folder, "b.parquet", seed=1)
    os.utime(old, ns=(1, 1))
    (folder / "cohorts" / "c.parquet").write_text("not a cohort")
    assert [file.path for file in session.available_cohorts()] == [new, old]
    assert session.available_cohorts()[0].name == "Simulated clinic · 3 patients · seed 1"


def test_a_choice_is_kept_and_read_once(folder):
    first, second = write(folder, "a.parquet"), write(folder, "b.parquet", seed=1)
    session.choose_cohort(first)
    assert session.chosen_cohort().path == first
    assert session.chosen_cohort().cohort is session.chosen_cohort().cohort
    session.choose_cohort(second)
    assert session.chosen_cohort().path == second


def test_a_bad_choice_leaves_the_one_before(folder):
    good = write(folder, "a.parquet")
    session.choose_cohort(good)
    bad = folder / "cohorts" / "bad.parquet"
    bad.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"bad\.parquet"):
        session.choose_cohort(bad)
    assert session.chosen_cohort().path == good


def test_a_replaced_file_is_read_anew(folder):
    path = write(folder, "a.parquet")
    before = session.choose_cohort(path).digest
    write(folder, "a.parquet", patients=4, seed=3)
    assert session.chosen_cohort().digest != before


def test_two_sessions_at_once_simulate_the_first_clinic_once(folder, monkeypatch):
    import abr_model.sources.simulator as simulator

    calls, real = [], simulator.simulate
    monkeypatch.setattr(simulator, "simulate", lambda *a, **k: (calls.append(a), real(*a, **k))[1])
    threads = [threading.Thread(target=session.simulated_cohort_file, args=(3, 0)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(session.available_cohorts()) == 1


def test_a_damaged_simulated_clinic_is_made_anew(folder):
    path = session.simulated_cohort_file(3, 0)
    path.write_bytes(path.read_bytes()[:-2000])
    assert session.choose_cohort(session.simulated_cohort_file(3, 0)).cohort.patients == 3


def test_an_imported_cohort_is_named_by_kind_and_content(folder):
    cohort = simulate(3, 0)
    path = session.keep_cohort(cohort)
    assert path.name == f"simulated-{cohort.digest()[:8]}.parquet"
    assert session.keep_cohort(cohort) == path


def test_without_a_model_there_is_none(folder):
    assert session.available_models() == []
    assert session.chosen_model_folder() is None
    assert session.chosen_model() is None


def test_a_broken_model_folder_is_not_offered(folder):
    broken = folder / "runs" / "x" / "model"
    broken.mkdir(parents=True)
    (broken / "model.json").write_text("{ not json")
    assert session.available_models() == []


def test_shipped_models_come_first_and_default_first_of_them(folder):
    describe(folder / "runs" / "r" / "model", "mine")
    describe(folder / "shipped" / "a", "a")
    describe(folder / "shipped" / "default", "default")
    assert [(m.name, m.origin) for m in session.available_models()] == [
        ("default · 0123", "shipped"),
        ("a · 0123", "shipped"),
        ("mine · 0123", "trained here"),
    ]
    assert session.chosen_model_folder().recordings == 7


def test_a_simulated_clinic_of_another_simulator_is_made_anew(folder):
    from dataclasses import replace

    path = session.simulated_cohort_file(3, 0)
    cohort = simulate(3, 0)
    old = cohort.provenance.model_copy(update={"details": cohort.provenance.details | {"parameters_sha256": "0" * 64}})
    replace(cohort, provenance=old).write(path)
    assert session.simulated_cohort_file(3, 0) == path
    assert session.load_cohort(path).cohort.provenance.details == cohort.provenance.details
    written = path.stat().st_mtime_ns
    assert session.simulated_cohort_file(3, 0).stat().st_mtime_ns == written


class ReadsAll:
    """Stands in for loading: folders in ``damaged`` cannot be read."""

    def __init__(self, damaged):
        self.damaged = {str(folder) for folder in damaged}

    def __call__(self, folder):
        if str(folder) in self.damaged:
            raise InputError("the weights are damaged", file="weights.safetensors")
        return session.LoadedModel(None, f"model of {folder.name}", folder)


@pytest.fixture
def three_models(folder):
    folders = [folder / "shipped" / "default", folder / "runs" / "a" / "model", folder / "runs" / "b" / "model"]
    for number, model in enumerate(folders):
        describe(model, "default", f"{number}123abcd")
    os.utime(folders[1] / "model.json", ns=(2, 2))
    os.utime(folders[2] / "model.json", ns=(1, 1))
    return folders


def test_a_damaged_model_gives_way_to_the_next_and_that_is_said(three_models, monkeypatch):
    shipped, a, b = three_models
    monkeypatch.setattr(session, "_load_model", ReadsAll([shipped, a]))
    assert session.chosen_model().folder == b
    assert "weights.safetensors" in session.pop_model_problem()
    assert session.pop_model_problem() is None
    assert session.chosen_model_folder().folder == b
    assert session.chosen_model().folder == b and session.pop_model_problem() is None


def test_a_chosen_model_is_kept_until_it_breaks(three_models, monkeypatch):
    shipped, a, b = three_models
    monkeypatch.setattr(session, "_load_model", ReadsAll([a]))
    session.choose_model(b)
    assert session.chosen_model().folder == b
    with pytest.raises(InputError):
        session.choose_model(a)
    assert session.chosen_model().folder == b
    monkeypatch.setattr(session, "_load_model", ReadsAll([b]))
    assert session.chosen_model().folder == shipped


def test_only_damaged_models_are_an_error(three_models, monkeypatch):
    monkeypatch.setattr(session, "_load_model", ReadsAll(three_models))
    with pytest.raises(InputError, match="weights"):
        session.chosen_model()


def test_models_of_one_name_are_told_apart(folder):
    from dashboard.widgets.model_picker import model_names

    describe(folder / "shipped" / "default", "default")
    describe(folder / "runs" / "r7" / "model", "default")
    describe(folder / "runs" / "r8" / "model", "other")
    names = model_names(session.available_models())
    assert sorted(names.values()) == ["default · 0123 · default", "default · 0123 · r7", "other · 0123"]
