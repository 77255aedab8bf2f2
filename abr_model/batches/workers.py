"""Who makes the parts of a batch: this process, several on this machine, or those of a Dask cluster.

Results come in order, and no more of them wait than two windows hold, however slowly they are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

from abr_model.errors import InputError

WINDOW = 2
"""Parts of each worker that are asked for together."""
CONNECT_S = 10

Run = Callable[[Callable, Iterable[tuple]], Iterator]
"""``run(function, tasks)`` gives ``function(*task)`` of each task, in their order."""


@contextmanager
def workers(jobs: int = 1, scheduler: str | None = None) -> Iterator[Run]:
    """Workers for as long as the block lasts.

    Parameters
    ----------
    jobs
        Processes on this machine; -1: one for each processor.
    scheduler
        Address of a Dask scheduler, ``tcp://host:8786``: all of its workers then. They must have the same version of
        this package; what a scheduler is sent it executes, so it must be one of your own.

    Raises
    ------
    InputError
        No such number of jobs, Dask is not installed, nobody answers at the address, or it has no workers.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not (jobs == -1 or 1 <= jobs <= 1_024):
        raise InputError("the number of jobs is not allowed", value=jobs, allowed="1 to 1024, or -1: all processors")
    if scheduler is not None:
        with _dask(scheduler) as run:
            yield run
    elif jobs == 1:
        yield lambda function, tasks: (function(*task) for task in tasks)
    else:
        from joblib import Parallel, cpu_count

        with Parallel(n_jobs=jobs, batch_size=1) as parallel:
            yield _windowed(parallel, WINDOW * (cpu_count() if jobs == -1 else jobs))


@contextmanager
def _dask(address: str) -> Iterator[Run]:
    try:
        from distributed import CancelledError, Client, KilledWorker
    except ImportError as error:
        raise InputError("Dask is not installed", value=address, allowed="pip install abr-synthesis[dask]") from error
    from joblib import Parallel
    from joblib._dask import DaskDistributedBackend

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            "no Dask scheduler answers there", value=address, allowed="tcp://host:port of a running dask scheduler"
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise InputError("the Dask scheduler has no workers", value=address, allowed="start dask worker first")
        client.gather([client.submit(_warm_up, workers=[name], pure=False) for name in client.nthreads()])
        try:
            with Parallel(n_jobs=-1, batch_size=1, backend=DaskDistributedBackend(client=client)) as parallel:
                yield _windowed(parallel, WINDOW * threads)
        except (KilledWorker, CancelledError) as error:
            raise InputError("the Dask cluster lost a worker that had work", value=address) from error


def _warm_up() -> None:
    """Import what a part needs, as a task. Done while the first part is unpacked, it would keep a worker from answering
    its scheduler, which gives it up after half a minute."""
    import abr_model.batches.parts
    import abr_model.evaluation.privacy.near_copies
    import abr_model.network
    import abr_model.sampler  # noqa: F401


def _windowed(parallel, size: int) -> Run:
    """One window of parts is made while those of the one before are taken."""
    from joblib import delayed

    def run(function: Callable, tasks: Iterable[tuple]) -> Iterator:
        tasks = iter(tasks)

        def next_window():
            window = [delayed(function)(*task) for task in islice(tasks, size)]
            return thread.submit(parallel, window) if window else None

        with ThreadPoolExecutor(1) as thread:
            waiting = next_window()
            while waiting is not None:
                made = waiting.result()
                waiting = next_window()
                yield from made

    return run
