"""What the measurements in a browser share: a dashboard of their own, Chromium, a page that has answered."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


@contextmanager
def dashboard(data: Path, script: Path = ROOT / "dashboard" / "Home.py") -> Iterator[str]:
    """The address of a dashboard on a free port, with ``data`` as its data folder; it ends with the block.

    ``script`` is the Streamlit script that is run, the product's by default.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    environment = os.environ | {"ABR_DATA": str(data), "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(
        [*command, "--server.headless=true"], cwd=ROOT, env=environment, start_new_session=True, **quiet
    )
    try:
        yield f"http://localhost:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def go_to(page, url: str) -> None:
    """The address, as soon as its server answers."""
    for _ in range(60):
        try:
            page.goto(url)
            break
        except Exception:  # the server is still starting
            time.sleep(0.5)
