from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from abr_model.batches.batch import make_batch
from abr_model.batches.workers import workers
from abr_model.errors import InputError


def test_results_come_in_order_and_few_wait():
    asked = []

    def tasks():
        for number in range(40):
            asked.append(number)
            yield (number,)

    with workers(2) as run:
        results = run(abs, tasks())
        assert next(results) == 0
        time.sleep(0.5)
        assert len(asked) <= 8, "no more than two windows of two workers, however slow the taker is"
        assert list(results) == list(range(1, 40))


@pytest.mark.parametrize("jobs", [0, -2, 5000, True])
def test_a_number_of_jobs_that_cannot_be(jobs):
    with pytest.raises(InputError, match="number of jobs"), workers(jobs):
        pass


def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr("abr_model.batches.workers.CONNECT_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(InputError, match="no Dask scheduler answers"), workers(1, address):
            pass


@pytest.fixture(scope="module")
def scheduler(project_root, tmp_path_factory):
    """Address of a Dask scheduler with two workers, each a process of its own, started by the commands of Dask."""
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install -r requirements-test.txt"
    )
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH") or str(project_root)}

    def dask(*words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(file), "--no-dashboard"]
        with (folder / f"{len(processes)}.log").open("wb") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    worker = ("worker", "--no-nanny", "--nthreads", "1", "--local-directory", str(folder))
    processes = []
    try:
        processes.append(dask("scheduler", "--host", "127.0.0.1", "--port", "0"))
        processes += [dask(*worker, "--name", name) for name in ("first", "second")]
        while not file.is_file():
            assert all(process.poll() is None for process in processes), _logs(folder)
            time.sleep(0.1)
        with distributed.Client(scheduler_file=str(file), set_as_default=False, timeout=120) as client:
            client.wait_for_workers(2, timeout=120)
            address = client.scheduler.address
        yield address
    finally:
        for process in reversed(processes):
            process.kill()
        for process in processes:
            process.wait()


def _logs(folder) -> str:
    return "\n".join(log.read_text(errors="replace") for log in sorted(folder.glob("*.log")))


def test_two_dask_workers_give_the_same_bytes_as_one_process(
    scheduler, trained_on_small, small_cohort, request_of, tmp_path
):
    from abr_model.batches.batch import Fixed
    from abr_model.batches.copies import training_of

    request = request_of(160)  # five blocks
    training = training_of(trained_on_small, small_cohort)
    alone = make_batch(trained_on_small, request, tmp_path / "alone.parquet", training=training)
    together = make_batch(
        trained_on_small, request, tmp_path / "dask.parquet", training=training, scheduler=scheduler, blocks=1
    )
    assert together.provenance.copies == alone.provenance.copies
    assert together.provenance.recordings == alone.provenance.recordings
    # Byte for byte, with the date of the first one.
    fixed = Fixed(alone.provenance.made, alone.provenance.copies, alone.provenance.conditions_sha256)
    again = make_batch(
        trained_on_small, request, tmp_path / "again.parquet", scheduler=scheduler, blocks=1, fixed=fixed
    )
    assert again.bundle.data.read_bytes() == alone.bundle.data.read_bytes()
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        pids = client.run(os.getpid)
    assert len(set(pids.values()) - {os.getpid()}) == 2
