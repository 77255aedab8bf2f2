"""A browser window of a test, and what it showed when the test failed."""

from __future__ import annotations

from tests.e2e.at_rest import LIMIT_MS, LISTEN

WIDTH = 120
TEXT_LINES, PROBLEM_LINES = 24, 5
"""So few that a log that is cut still holds them."""


def open_window(browser, width: int, height: int):
    """A window (a browser context) without any memory of others; it keeps what goes wrong in it."""
    window = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    window.set_default_timeout(LIMIT_MS)
    window.add_init_script(LISTEN)
    window.problems = []
    window.on("console", lambda said: said.type == "error" and window.problems.append(said.text))
    window.on("weberror", lambda problem: window.problems.append(str(problem.error)))
    return window


def shown_in(browser) -> str:
    """All pages that are open, in a few lines: address, state, visible text, and what went wrong in the browser."""
    pages = [page for window in browser.contexts for page in window.pages]
    lines = []
    for page in pages:
        app = page.locator("[data-testid=stApp]").first
        state = [app.get_attribute(f"data-test-{of}-state", timeout=2_000) for of in ("script", "connection")]
        lines.append(f"{page.url}  ({', '.join(str(part) for part in state)})")
        text = page.locator("body").inner_text(timeout=2_000)
        lines += _short(text.splitlines(), TEXT_LINES // len(pages))
    problems = dict.fromkeys(problem for window in browser.contexts for problem in getattr(window, "problems", []))
    return "\n".join(lines + ["! " + line for line in _short(list(problems), PROBLEM_LINES)])


def _short(lines: list[str], most: int) -> list[str]:
    """Without empty lines; short ones beside one another; of too many the beginning and the end."""
    joined: list[str] = []
    for line in (" ".join(line.split()) for line in lines):
        if line and joined and len(joined[-1]) + len(line) < WIDTH - 3:
            joined[-1] += " | " + line
        elif line:
            joined.append(line[:WIDTH])
    if len(joined) <= most:
        return joined
    begin = most // 2
    return [*joined[:begin], "…", *joined[begin + 1 - most :]]
