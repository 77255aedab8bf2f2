from __future__ import annotations

import os
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
def cluster(project_root):
    """Two processes of Dask on this machine."""
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install -r requirements-test.txt"
    )
    environment = {"PYTHONPATH": os.environ.get("PYTHONPATH") or str(project_root)}
    before = {name: os.environ.get(name) for name in environment}
    os.environ |= environment
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=40
    ) as cluster:
        yield cluster
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def test_two_dask_workers_give_the_same_bytes_as_one_process(
    cluster, trained_on_small, small_cohort, request_of, tmp_path
):
    from abr_model.batches.batch import Fixed
    from abr_model.batches.copies import training_of

    request = request_of(160)  # five blocks
    training = training_of(trained_on_small, small_cohort)
    alone = make_batch(trained_on_small, request, tmp_path / "alone.parquet", training=training)
    address = cluster.scheduler_address
    together = make_batch(
        trained_on_small, request, tmp_path / "dask.parquet", training=training, scheduler=address, blocks=1
    )
    assert together.provenance.copies == alone.provenance.copies
    assert together.provenance.recordings == alone.provenance.recordings
    # Byte for byte, with the date of the first one.
    fixed = Fixed(alone.provenance.made, alone.provenance.copies, alone.provenance.conditions_sha256)
    again = make_batch(trained_on_small, request, tmp_path / "again.parquet", scheduler=address, blocks=1, fixed=fixed)
    assert again.bundle.data.read_bytes() == alone.bundle.data.read_bytes()
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        pids = client.run(os.getpid)
    assert len(set(pids.values()) - {os.getpid()}) == 2
