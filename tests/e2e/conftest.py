"""A real dashboard (``streamlit run`` as a subprocess) and a real browser (headless Chromium)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of the system; skips with a reason where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium; or set CHROMIUM)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve(project_root: Path, tmp_path_factory) -> Iterator[Callable[[Path], str]]:
    """Starts a dashboard on a data folder, as the README says, from another folder than the checkout; gives its URL."""
    servers = []

    def serve_(data: Path) -> str:
        log = tmp_path_factory.mktemp("log") / "streamlit.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [str(Path(sys.executable).with_name("streamlit")), "run", str(project_root / "dashboard" / "Home.py")]
        options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
        environment = os.environ | {"ABR_DATA": str(data), "ABR_LOCKS": str(data / "locks"), "OMP_NUM_THREADS": "1"}
        with log.open("w") as output:
            server = subprocess.Popen(
                command + options, cwd=project_root, env=environment, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        servers.append(server)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health")
                break
            except OSError:
                if server.poll() is not None:
                    pytest.fail(f"the dashboard did not start: {log.read_text()[-2000:]}")
                time.sleep(0.2)
        return f"http://127.0.0.1:{port}"

    yield serve_
    for server in servers:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@pytest.fixture(scope="session")
def dashboard_url(serve, tmp_path_factory) -> str:
    """A dashboard with an empty data folder, which the tests share."""
    return serve(tmp_path_factory.mktemp("data"))


@pytest.fixture
def page(browser):
    """A fresh browser window, 1440 × 900."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    yield page
    context.close()
