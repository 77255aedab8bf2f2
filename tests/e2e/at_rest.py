"""When a page has answered: what the browser tests wait for after everything they do."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_MS = 180_000
"""A limit in a test only ends a test that would never end: a busy machine is slow, not wrong."""
QUIET_MS = 400
"""Longer than Streamlit holds back a slider's or a text's value before it sends it."""

LISTEN = """(() => {
  if (window.askedServer) return;
  window.askedServer = { unanswered: false, at: 0 };
  window.WebSocket = class extends window.WebSocket {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", () => Object.assign(window.askedServer, { unanswered: false }));
    }
    send(data) {
      Object.assign(window.askedServer, { unanswered: true, at: performance.now() });
      super.send(data);
    }
  };
})()"""
"""Runs before the page's own scripts: the page says ``notRunning`` until the server answers, so it is told here whether
an answer is still to come."""

_RESTS = """([look, quietMs, forgottenMs]) => {
  const now = performance.now(), app = document.querySelector("[data-testid=stApp]"), asked = window.askedServer;
  const waits = asked?.unanswered && now - asked.at < forgottenMs;
  if (app?.dataset.testScriptState !== "notRunning" || waits) { window.rests = undefined; return false; }
  const top = document.querySelector("[data-testid=stMain]")?.scrollTop;
  if (window.rests?.look !== look || window.rests.top !== top) window.rests = { look, top, since: now };
  return now - window.rests.since >= quietMs;
}"""
"""An open list closes when the page is scrolled, as it is to what was opened: nothing may move any more."""
_FORGOTTEN_MS = 30_000
"""Streamlit does not answer everything: what asks for a part that is gone meanwhile gets no answer."""
_looks = 0


def settle(page, timeout: float = LIMIT_MS) -> None:
    """Wait until everything that was asked of the page is done, and it shows no exception.

    For a page that looks for news several times a second (a training at work) wait for what it shall show instead:
    on a busy machine it never rests.
    """
    global _looks
    _looks += 1
    page.wait_for_function(_RESTS, arg=[_looks, QUIET_MS, _FORGOTTEN_MS], polling=50, timeout=timeout)
    no_exception(page)


def no_exception(page) -> None:
    """Fails where the page shows one."""
    exceptions = page.get_by_test_id("stException")
    assert exceptions.count() == 0, exceptions.all_inner_texts()


def wait_until(met: Callable[[], object], what: str, seconds: float = 600) -> None:
    """Look at what lies on the disk until it is so."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.2)
