from __future__ import annotations

import json
import time

import psutil
import pytest

from abr_model.batches import background
from abr_model.batches.background import BatchFolder, launch, list_batches, prepare, work_on
from abr_model.cohort import Cohort
from abr_model.errors import InputError


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="module")
def model_folder(trained_on_small, tmp_path_factory):
    return trained_on_small.save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture
def order(model_folder, trained_on_small, request_of):
    def prepared(n: int = 4, **changes) -> BatchFolder:
        request = request_of(n, **changes)
        return prepare(request, model_folder, trained_on_small.model_id, 8 * n)

    return prepared


def wait_for(condition, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def test_a_process_of_its_own_makes_the_batch(order, trained_on_small):
    batch = order()
    assert (batch.state, batch.active) == ("pending", False)
    launch(batch)
    assert batch.active
    with pytest.raises(InputError, match="another batch"):
        order()
    with pytest.raises(InputError, match="is at work"):
        batch.delete()
    wait_for(lambda: not batch.active)
    assert batch.state == "finished", (batch.message, (batch.folder / "worker.log").read_text())
    cohort = Cohort.read(batch.bundle.data)
    assert len(cohort) == batch.status["exported"] == 32
    assert batch.bundle.data.name == f"abr-generated-{trained_on_small.model_id}-seed-7-n-32.parquet"
    assert not batch.provenance.copies.checked, "the training cohort is not in the data folder"
    assert list_batches() == [batch]
    batch.delete()
    assert list_batches() == []


def test_near_copies_are_looked_for_where_the_training_cohort_is(order, small_cohort, data):
    small_cohort.write(data / "cohorts" / "clinic.parquet")
    batch = order()
    work_on(batch.folder)
    assert batch.state == "finished"
    assert batch.provenance.copies.checked
    assert batch.provenance.recordings.exported + batch.provenance.recordings.withheld == 32


def test_another_cohort_under_the_name_of_the_training_cohort_is_none(order, small_cohort, data):
    louder = Cohort(small_cohort.waveforms * 2, small_cohort.table, small_cohort.sampling, small_cohort.provenance)
    louder.write(data / "cohorts" / "clinic.parquet")
    batch = order()
    work_on(batch.folder)
    assert batch.state == "finished", batch.message
    assert "a cohort of the same name is, but another one" in batch.provenance.copies.why_not


def test_a_stop_leaves_no_file(order, monkeypatch):
    batch = order(400)
    tell = background.write_status

    def stop_while_generating(folder, **changes):
        tell(folder, **changes)
        if changes.get("stage") == "generating":
            batch.request_stop()

    monkeypatch.setattr(background, "write_status", stop_while_generating)
    work_on(batch.folder)
    assert batch.state == "stopped"
    assert "nothing was kept" in batch.message
    assert not any((batch.folder / "batch").glob("*")), "also nothing hidden"
    with pytest.raises(InputError, match="has ended"):
        work_on(batch.folder)


def test_a_killed_process_is_seen(order):
    batch = order(4_000)
    launch(batch)
    wait_for(lambda: batch.status.get("stage") == "generating")
    process = psutil.Process(json.loads((batch.folder / "launch.json").read_text())["pid"])
    process.kill()
    wait_for(lambda: batch.state == "crashed")
    assert "died without a word" in batch.message
    batch.delete()
    assert not batch.folder.exists()


def test_what_goes_wrong_is_said(order, model_folder, request_of):
    lost = prepare(request_of(), model_folder / "gone", "abcd", 32)
    with pytest.raises(InputError):
        work_on(lost.folder)
    assert lost.state == "failed"
    assert "model.json" in lost.message
    (lost.folder / "request.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        _ = lost.order


def test_other_folders_are_no_batches(data):
    (data / "exports" / "mine").mkdir(parents=True)
    assert list_batches() == []
