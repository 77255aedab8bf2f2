from __future__ import annotations

import json
import os
import threading

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from abr_model.cohort_file import CohortFile
from abr_model.errors import InputError
from abr_model.exploration.level_means import level_means
from abr_model.filtering import CohortFilter
from abr_model.model import TrainedModel
from abr_model.selection import SelectionRules, select
from abr_model.sources.simulator import simulate
from abr_model.training_cohort import simulated_as
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


def test_the_first_clinic_shares_no_patient_with_the_shipped_models_training(project_root):
    shipped = TrainedModel.load(project_root / "data" / "pretrained" / "default")
    assert simulated_as(shipped.provenance.cohort)[1] != session.FIRST_SEED


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


# --- the filter ------------------------------------------------------------------------------------------------------

NORMAL = CohortFilter(classes={"hearing_loss": ["normal"]})


def test_without_a_filter_the_recordings_are_all_and_share_the_table(folder):
    session.choose_cohort(write(folder, "a.parquet"))
    recordings = session.chosen_recordings()
    assert session.chosen_filter().is_empty
    assert len(recordings) == len(session.chosen_cohort()) and recordings.key == session.chosen_cohort().digest
    assert recordings.table is session.chosen_cohort().table
    assert recordings.provenance == session.chosen_cohort().provenance


def test_the_filtered_recordings_are_those_of_the_cohort(folder):
    loaded = session.choose_cohort(write(folder, "a.parquet", patients=12))
    session.set_filter(NORMAL)
    recordings = session.chosen_recordings()
    expected = loaded.cohort.take((loaded.table["hearing_loss"] == "normal").to_numpy(dtype=bool))
    assert 0 < len(recordings) < len(loaded)
    pd.testing.assert_frame_equal(recordings.table, expected.table)
    np.testing.assert_array_equal(recordings.take([2, 0]).waveforms, expected.waveforms[[2, 0]])
    ears = (recordings.table["ear"] == "left").to_numpy(dtype=bool)
    np.testing.assert_array_equal(recordings.take(ears).waveforms, expected.waveforms[ears])
    blocks = list(recordings.blocks(size=7))
    np.testing.assert_array_equal(np.concatenate([part.waveforms for _, part in blocks]), expected.waveforms)
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), np.arange(len(expected)))
    assert recordings.take([0]).provenance.source.endswith(", filtered")


def test_equal_filters_share_their_recordings_and_their_key(folder):
    session.choose_cohort(write(folder, "a.parquet"))
    session.set_filter(CohortFilter().with_range("intensity_db_nhl", 60, 80))
    first = session.chosen_recordings()
    session.set_filter(CohortFilter().with_range("intensity_db_nhl", 60.0, 80.0))
    assert session.chosen_recordings() is first
    session.set_filter(CohortFilter().with_range("intensity_db_nhl", 60, 70))
    assert session.chosen_recordings().key != first.key


def test_another_cohort_keeps_the_filter_as_far_as_it_applies(folder):
    first = session.choose_cohort(write(folder, "a.parquet"))
    patient = first.table["patient_id"].iloc[-1]
    second = write(folder, "b.parquet", patients=2, seed=1)
    session.set_filter(NORMAL.changed(patients=(patient,)))
    session.choose_cohort(first.path)
    assert session.dropped_from_filter() == [] and session.chosen_filter().patients == (patient,)
    loaded = session.choose_cohort(second)
    fitted, lost = NORMAL.changed(patients=(patient,)).fitted(loaded.table)
    assert session.chosen_filter() == fitted and session.dropped_from_filter() == lost
    assert f"patient {patient}" in lost
    session.set_filter(NORMAL)
    assert session.dropped_from_filter() == []


# --- cohorts that are too large for memory ---------------------------------------------------------------------------


@pytest.fixture
def large(folder, monkeypatch):
    """A cohort file that is opened as a large one is."""
    path = write(folder, "large.parquet", patients=12)
    opened = CohortFile.open
    monkeypatch.setattr(CohortFile, "open", lambda path: opened(path, read_at_once=0))
    return session.choose_cohort(path)


def test_a_large_cohort_is_not_read_whole_and_says_so(large):
    assert not large.file.in_memory
    with pytest.raises(InputError, match="too large") as error:
        large.cohort  # noqa: B018
    assert f"{len(large):,} recordings" in str(error.value)


def test_a_large_cohort_is_filtered_compared_and_averaged_like_any_other(large, monkeypatch):
    from abr_model.cohort import Cohort
    from abr_model.configuration import load_preset
    from dashboard.comparison import comparison_cohort
    from dashboard.summaries import means_by_level

    whole = Cohort.read(large.path)
    monkeypatch.setattr(Cohort, "read", None)  # nobody may
    session.set_filter(NORMAL)
    recordings = session.chosen_recordings()
    expected = whole.take(NORMAL.mask(whole.table))
    np.testing.assert_array_equal(recordings.take([1]).waveforms, expected.waveforms[[1]])
    np.testing.assert_allclose(means_by_level(recordings).mean, level_means(expected).mean)
    compared = comparison_cohort(recordings, load_preset("default").preparation).cohort
    rules = SelectionRules.of(load_preset("default").preparation, conditions_present=False)
    np.testing.assert_array_equal(compared.take([0]).waveforms, select(expected, rules).cohort.waveforms[:1])
