"""Several processes that train one network together (Lightning's DDP): who they are, and how they start and end.

The process that holds the run's lock is the first. It starts the others of its node, which read the run folder by
themselves and write nothing into it. None of them outlives the first: a process whose parent is gone ends, and one
whose partner is gone gets an error from the connection.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

from lightning.pytorch.plugins.environments import ClusterEnvironment
from lightning.pytorch.strategies import DDPStrategy

from abr_model.errors import InputError
from abr_model.runs.detached import environment
from abr_model.runs.run import Run
from abr_model.training.place import Place, node_rank

READY = "ready"
"""What a process says when it has prepared its recordings and waits for the others."""
PATIENCE = timedelta(minutes=10)
"""How long a process waits for another one before it gives up."""
GRACE_S = 60
_PARENT_PAUSE_S = 1.0


@dataclass(frozen=True)
class Member:
    """One of the processes that train together.

    Parameters
    ----------
    node, local
        Which node, and which process of this node; from 0.
    devices, nodes
        Processes of each node; nodes.
    address, port
        Where the first process listens.
    """

    node: int
    local: int
    devices: int
    nodes: int
    address: str
    port: int

    @property
    def rank(self) -> int:
        """Number among all processes; the first, 0, owns the run folder."""
        return self.node * self.devices + self.local

    @property
    def processes(self) -> int:
        """Processes in all."""
        return self.devices * self.nodes


class _Environment(ClusterEnvironment):
    """Tells Lightning who we are. It does not start processes: started again, our command would make a new run."""

    def __init__(self, member: Member):
        super().__init__()
        self.member = member

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return self.member.address

    @property
    def main_port(self) -> int:
        return self.member.port

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self.member.processes

    def set_world_size(self, size: int) -> None:
        pass

    def global_rank(self) -> int:
        return self.member.rank

    def set_global_rank(self, rank: int) -> None:
        pass

    def local_rank(self) -> int:
        return self.member.local

    def node_rank(self) -> int:
        return self.member.node


def first_member(place: Place) -> Member | None:
    """Who this process is, the first of its node; None when it trains alone."""
    if place.processes == 1:
        return None
    if place.nodes == 1:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return Member(0, 0, place.devices, 1, "127.0.0.1", port)
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return Member(node_rank(), 0, place.devices, place.nodes, address, port)


def distribution(place: Place, member: Member | None, unused_weights: bool = False) -> dict:
    """Arguments of Lightning's ``Trainer`` for one or several processes.

    ``unused_weights``: some weights have no part in the loss, so no gradient of theirs is to be waited for.
    """
    if member is None:
        return {"accelerator": place.accelerator, "devices": 1}
    strategy = DDPStrategy(
        process_group_backend="gloo" if place.accelerator == "cpu" else "nccl",
        # What the objective measures between epochs is passed on when it changes, not in every step.
        broadcast_buffers=False,
        find_unused_parameters=unused_weights,
        timeout=PATIENCE,
    )
    return {
        "accelerator": place.accelerator,
        "devices": place.devices,
        "num_nodes": place.nodes,
        "strategy": strategy,
        "plugins": [_Environment(member)],
        "use_distributed_sampler": False,
    }


@contextmanager
def partners(run: Run, member: Member | None, threads: int) -> Iterator[None]:
    """The other processes of this node live as long as the block; they are ready when it begins.

    Raises
    ------
    InputError
        One of them could not prepare itself, or failed later; says what it said.
    """
    if member is None:
        yield
        return
    started: list[tuple[subprocess.Popen, IO]] = []
    try:
        for local in range(1, member.devices):
            started.append(_start(run, member, local, threads))
        for process, errors in started:
            if process.stdout.readline().strip() != READY:
                process.wait()
                raise _failed(process, errors)
        yield
        for process, errors in started:
            process.wait(GRACE_S)
            if process.returncode:
                raise _failed(process, errors)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        # The connection broke: where a partner failed, what it says is the cause.
        raise _first_failure(started) or error from error
    finally:
        for process, errors in started:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
            errors.close()
        _leave()


def _start(run: Run, member: Member, local: int, threads: int) -> tuple[subprocess.Popen, IO]:
    errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by partners
    who = (member.node, local, member.devices, member.nodes, member.address, member.port)
    process = subprocess.Popen(
        [sys.executable, "-m", "abr_model.training.worker", str(run.folder), *map(str, who)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,  # Ctrl-C on a terminal is for the first process, which stops all at the same step
        env=os.environ | environment(threads),
    )
    return process, errors


def _first_failure(started: list[tuple[subprocess.Popen, IO]]) -> Exception | None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for process, errors in started:
            if process.poll():
                return _failed(process, errors)
        time.sleep(0.1)
    return None


def _failed(process: subprocess.Popen, errors: IO) -> Exception:
    errors.seek(0)
    said = errors.read().strip().splitlines() or ["no reason given"]
    if process.returncode == 2:
        return InputError(said[-1].removeprefix("abr: "))
    return RuntimeError(f"one of the processes that train together ended: {said[-1]}")


def _leave() -> None:
    import torch.distributed as distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_PAUSE_S)
        os._exit(1)

    threading.Thread(target=watch, name="watch the first process", daemon=True).start()
