"""Start a command of ``abr`` as a process of its own, which survives whoever started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from abr_model.data_folder import checkout

NICENESS = 10
"""What works in the background gives way to whoever moves a slider."""


def start_detached(arguments: Sequence[str], folder: Path, log: str, environment: Mapping[str, str]) -> None:
    """Start ``abr ARGUMENTS`` and return at once; which process it is stands in ``launch.json`` of ``folder``.

    Own session: Ctrl-C in the terminal of whoever starts it, and their end, do not reach it. What it prints is appended
    to the file ``log`` of ``folder``.

    Raises
    ------
    OSError
        It cannot be started, or not be written down who it is: then it does not run.
    """
    process = None
    try:
        with (folder / log).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "abr_model.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | environment,
            )
        with suppress(psutil.Error):
            child = psutil.Process(process.pid)
            launched = {"pid": process.pid, "created": child.create_time()}
            (folder / "launch.json").write_text(json.dumps(launched), encoding="utf-8")
            child.nice(NICENESS if os.name == "posix" else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    except OSError:
        if process is not None:  # what cannot be found again must not work
            process.kill()
            process.wait()
        raise
    # Collects the exit status, so that no zombie stays while whoever started it lives.
    threading.Thread(target=process.wait, name=f"wait for {folder.name}", daemon=True).start()


def environment(threads: int) -> dict[str, str]:
    """What such a process needs besides the environment of this one."""
    # The same package as here, also from a checkout that is not installed, whatever the current folder is.
    path = filter(None, (str(checkout() or ""), *os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    return {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
    }
