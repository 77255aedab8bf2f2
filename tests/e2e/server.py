"""A dashboard as the README starts it, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


class Server:
    """``streamlit run`` on a data folder; it can be killed and started again at the same address.

    Parameters
    ----------
    root
        The checkout.
    data
        The data folder.
    log
        Where what it says is kept.
    """

    def __init__(self, root: Path, data: Path, log: Path):
        self._root, self._data, self._log = root, data, log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> Server:
        """Returns when it answers."""
        command = [str(Path(sys.executable).with_name("streamlit")), "run", str(self._root / "dashboard" / "Home.py")]
        options = [f"--server.port={self._port}", "--server.address=127.0.0.1", "--server.headless=true"]
        environment = os.environ | {
            "ABR_DATA": str(self._data),
            "ABR_LOCKS": str(self._data / "locks"),
            "OMP_NUM_THREADS": "1",
        }
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                command + options, cwd=self._root, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=20)
                return self
            except OSError:
                assert self._process.poll() is None, f"the dashboard did not start: {self.said(30)}"
                time.sleep(0.2)

    def kill(self) -> None:
        """At once, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As with Ctrl+C; a busy machine may need a while for it."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, by)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def said(self, lines: int) -> str:
        """The end of its log."""
        text = self._log.read_text(errors="replace") if self._log.is_file() else ""
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
