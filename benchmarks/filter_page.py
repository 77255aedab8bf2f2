"""How fast the Data page answers to a change of the filter, measured in the browser, view by view.

    python benchmarks/filter_page.py --cohort FILE [--changes 10] [--views Traces,Averages] [--json result.json]

FILE is a cohort. Starts a dashboard of its own and headless Chromium without a graphics card, opens the filter and
moves the lower end of the level range, one step a change, so that no answer comes from a cache. Times in ms: from the
key press in the browser to the first frame after the last change of a figure (of the page where no figure changes).
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from browser import CHROMIUM, IDLE, dashboard, go_to

VIEWS = ("Traces", "Averages", "Latency–intensity", "Distributions", "Quality", "Missing", "Selection", "Table")
LONGEST_S = 30
WATCH = """() => {
  const watch = window.abrWatch = {pressed: null, figure: null, page: null};
  document.addEventListener("keydown", () => {
    watch.pressed = performance.now(); watch.figure = watch.page = null;
  }, true);
  const inside = (node, what) => (node.nodeType === 1 ? node : node.parentElement)?.closest(what);
  new MutationObserver((changes) => {
    const figure = changes.some((c) => inside(c.target, ".js-plotly-plot"));
    const page = changes.some((c) => inside(c.target, "[data-testid=stMainBlockContainer]"));
    requestAnimationFrame((now) => {
      if (figure) watch.figure = now;
      if (page) watch.page = now;
    });
  }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def open_page(page, url: str) -> None:
    """The page at rest, watched."""
    go_to(page, url)
    settle(page)
    page.locator(".js-plotly-plot").first.wait_for()
    page.evaluate(WATCH)


def settle(page, ms: int = 700) -> None:
    page.wait_for_timeout(ms)
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(200)


def open_view(page, url: str, view: str) -> None:
    """A view in a session of its own, everything passing the filter, the filter open."""
    open_page(page, url)
    page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).or_(
        page.get_by_test_id("stButtonGroup").get_by_text(view, exact=True)
    ).first.click()
    settle(page, 2500)
    page.locator(".st-key-filter_popover button").first.click()
    page.get_by_role("slider", name="Intensity (dB nHL)").first.wait_for()
    settle(page)


def changes(page, count: int) -> list[float]:
    """From key to figure, of ``count`` changes one after the other."""
    times = []
    for _ in range(count):
        before = page.evaluate("document.querySelector('.st-key-filter_box p').innerText")
        lower = page.get_by_role("slider", name="Intensity (dB nHL)").first
        lower.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => document.querySelector('.st-key-filter_box p').innerText !== before",
            arg=before,
            timeout=1000 * LONGEST_S,
        )
        settle(page, 900)
        watch = page.evaluate("window.abrWatch")
        drawn = watch["figure"] or watch["page"]  # a patient without recordings at that level looks the same
        times.append(drawn - watch["pressed"])
    return times


def measure(cohort: Path, views: tuple[str, ...], count: int) -> dict[str, list[float]]:
    """Times of each view, ms."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "cohorts").mkdir()
        shutil.copy(cohort, data / "cohorts" / "cohort.parquet")
        with dashboard(data) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(60_000)
            times = {}
            for view in views:
                open_view(page, f"{address}/data", view)
                times[view] = changes(page, count)
            browser.close()
            return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--views", default=",".join(VIEWS))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    times = measure(args.cohort, tuple(args.views.split(",")), args.changes)
    print(f"{'view':<20}{'median':>9}{'worst':>9}   ms")
    for view, values in times.items():
        print(f"{view:<20}{np.median(values):>9.0f}{max(values):>9.0f}")
    if args.json:
        args.json.write_text(json.dumps(times, indent=1))


if __name__ == "__main__":
    main()
