"""What surrounds a training: its log, Lightning kept quiet, signals that stop it, deterministic algorithms."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from abr_model.runs.run import Run

log = logging.getLogger("abr_model.training")


class Stop:
    """Whether Ctrl-C or SIGTERM came."""

    def __init__(self):
        self._asked = threading.Event()

    def __call__(self) -> bool:
        return self._asked.is_set()

    def on_signal(self, number, frame) -> None:
        """Remember the first; a second one ends at once."""
        if self._asked.is_set():
            raise KeyboardInterrupt
        self._asked.set()


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Gives what says whether Ctrl-C or SIGTERM came."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def log_file(run: Run) -> Iterator[None]:
    """What is logged goes into ``train.log``."""
    handler = logging.FileHandler(run.folder / "train.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()


@contextmanager
def quiet() -> Iterator[None]:
    """Without Lightning's advice about workers, cloud services and devices: a person trains here, not a developer."""
    logs = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [lightning_log.level for lightning_log in logs]
    for lightning_log in logs:
        lightning_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning(\.|$)")
            yield
    finally:
        for lightning_log, level in zip(logs, levels, strict=True):
            lightning_log.setLevel(level)


@contextmanager
def algorithms(deterministic: bool) -> Iterator[None]:
    """With ``deterministic`` an operation that could give another result the next time is refused; put back after."""
    import torch

    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    if deterministic:
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]
