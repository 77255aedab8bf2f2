"""A real dashboard (``streamlit run`` as a subprocess) and a real browser (headless Chromium)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.at_rest import LIMIT_MS
from tests.e2e.server import Server
from tests.e2e.window import open_window, shown_in

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
LOG_LINES = 8
_servers_now: list[Server] = []


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of the system; skips with a reason where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium; or set CHROMIUM)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=LIMIT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@contextmanager
def _servers(project_root: Path, tmp_path_factory) -> Iterator[Callable[[Path], Server]]:
    made: list[Server] = []

    def new(data: Path) -> Server:
        server = Server(project_root, data, tmp_path_factory.mktemp("log") / "streamlit.log")
        made.append(server)
        _servers_now.append(server)
        return server

    yield new
    for server in made:
        _servers_now.remove(server)
        server.stop()


@pytest.fixture(scope="module")
def new_server(project_root: Path, tmp_path_factory) -> Iterator[Callable[[Path], Server]]:
    """Makes a dashboard on a data folder, not started yet. It ends with the file of tests."""
    with _servers(project_root, tmp_path_factory) as new:
        yield new


@pytest.fixture(scope="module")
def serve(new_server) -> Callable[[Path], str]:
    """Starts a dashboard on a data folder, as the README says; gives its URL."""
    return lambda data: new_server(data).start().url


@pytest.fixture(scope="session")
def dashboard_url(project_root: Path, tmp_path_factory) -> Iterator[str]:
    """A dashboard with an empty data folder, which the tests share."""
    with _servers(project_root, tmp_path_factory) as new:
        yield new(tmp_path_factory.mktemp("data")).start().url


@pytest.fixture
def page(browser):
    """A fresh browser window, 1440 × 900."""
    window = open_window(browser, 1440, 900)
    yield window.new_page()
    window.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """What the page showed, and what the dashboard said last, stand below a test that failed."""
    report = yield
    if report.failed and report.when == "call" and (browser := item.funcargs.get("browser")):
        try:
            shown = shown_in(browser)
        except Exception as error:  # the browser has died: the test's own failure is told all the same
            shown = f"cannot be told: {str(error).splitlines()[0]}"
        report.sections.append(("What the page showed", shown))
        for server in _servers_now:
            if server.url in shown:
                report.sections.append(("What the dashboard said last", server.said(LOG_LINES)))
    return report
