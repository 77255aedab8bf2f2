"""How fresh the curves of the Training page are, and how fast the page answers beside many long trainings.

    python benchmarks/training_page.py [--parts page,fresh] [--runs 50] [--rows 20000] [--seconds 60] [--repeats 5]
                                       [--json result.json]

Makes so many run folders with so many made-up rows each, starts a dashboard of its own and headless Chromium without a
graphics card. Times in ms, the clock of this machine.

Freshness: a run gets a row every 0.43 s, as from a trainer (status.json, too). From the moment at which the row is
written to the first frame with it in the curve of the loss; of a run that has just begun and of one with all the rows.
"Server busy" is the processor time, ms in each second, that the dashboard needs meanwhile for this one window.

Page: from the start of the navigation, or from the click, to the first frame with another curve. "Nothing read yet"
means that the dashboard has just been started and not read a run; the first page that it ever shows is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from browser import CHROMIUM, IDLE, dashboard, go_to
from made_up_runs import LOG_EVERY, STEPS_PER_EPOCH, make_runs, written_to

from abr_model.runs.run import Run

EVERY_S = 0.43
"""Between two rows; no simple multiple of how often the page looks."""
SHORT = 300
LONGEST_MS = 120_000
WATCH = """
window.abrWatch = {pressed: 0, frames: [], before: null};
addEventListener("click", () => { window.abrWatch.pressed = performance.now(); }, true);
const look = () => {
  const figure = ["loss", "kl", "compare"]
    .map((name) => document.querySelector(`.st-key-training_chart_${name} .js-plotly-plot`)).find(Boolean);
  const lines = (figure?._fullData ?? []).filter((line) => line.visible === true && line.x?.length);
  if (lines.length) {
    const ends = ({x, y}) => [x.length, x[0], x.at(-1), y[0], y.at(-1)];
    const seen = JSON.stringify(lines.map(ends));
    if (seen !== window.abrWatch.before) {
      const newest = Math.max(...lines.map((line) => line.x.at(-1)));
      window.abrWatch.before = seen;
      window.abrWatch.frames.push({clock: Date.now(), page: performance.now(), newest, lines: lines.length});
    }
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""Notes every frame in which another curve stands: when, and how far it goes."""


def freshness(page, address: str, run: Run, rows: int, seconds: float) -> tuple[list[float], float]:
    """From written to drawn, ms, of every row written while the page was at rest; ms the server needs in a second."""
    with written_to(run, rows, EVERY_S) as written:
        go_to(page, f"{address}/training?view=runs&run={run.id}")
        page.wait_for_function("window.abrWatch?.frames.length > 2", timeout=LONGEST_MS)
        page.wait_for_timeout(3000)
        begin, spent = time.time(), server_seconds()
        page.wait_for_timeout(1000 * seconds)
        end, spent = time.time(), server_seconds() - spent
        last = (written[-1][1] - 0.1 * LOG_EVERY) / STEPS_PER_EPOCH
        page.wait_for_function(f"window.abrWatch.frames.at(-1).newest >= {last}", timeout=LONGEST_MS)
        frames = page.evaluate("window.abrWatch.frames")
    reached = np.maximum.accumulate([frame["newest"] for frame in frames])
    delays = []
    for at, step in written:
        if begin <= at < end:
            first = np.searchsorted(reached, (step - 0.1 * LOG_EVERY) / STEPS_PER_EPOCH)
            delays.append(frames[first]["clock"] - 1000 * at)
    return delays, 1000 * spent / (end - begin)


def server_seconds() -> float:
    """Processor time of the dashboard so far."""
    servers = [child for child in psutil.Process().children() if "streamlit" in child.cmdline()]
    return sum(sum(server.cpu_times()[:2]) for server in servers)


def opened(page, address: str, query: str, lines: int = 1) -> float:
    """From the start of the navigation to the first frame with that many curves, ms."""
    page.goto("about:blank")
    go_to(page, f"{address}/training?{query}")
    page.wait_for_function(f"window.abrWatch?.frames.at(-1)?.lines >= {lines}", timeout=LONGEST_MS)
    took = page.evaluate(f"window.abrWatch.frames.find((frame) => frame.lines >= {lines}).page")
    at_rest(page)
    return took


def clicked(page, locator) -> float:
    """From the click to the first frame with another curve, ms."""
    page.evaluate("window.abrWatch.frames = []")
    locator.click()
    page.wait_for_function("window.abrWatch.frames.length", timeout=LONGEST_MS)
    took = page.evaluate("window.abrWatch.frames[0].page - window.abrWatch.pressed")
    at_rest(page)
    return took


def at_rest(page) -> None:
    page.wait_for_timeout(1500)
    page.wait_for_selector(IDLE)


def choice(page, words: str):
    return page.get_by_test_id("stButtonGroup").get_by_text(words, exact=True).first


def page_times(page, address: str, runs: list[Run], repeats: int) -> dict[str, list[float]]:
    """Opening and clicking, ms; ``runs`` have not been read before."""
    times: dict[str, list[float]] = {}

    def note(what: str, took: float) -> None:
        times.setdefault(what, []).append(took)

    for run in runs[:repeats]:
        note("a run is opened, nothing read yet", opened(page, address, f"view=runs&run={run.id}"))
        note("a run is opened again", opened(page, address, f"view=runs&run={run.id}"))
    listed = page.locator(".st-key-training_list label")
    for place in range(1, repeats + 1):
        note("another run is chosen in the list", clicked(page, listed.nth(place)))
    for _ in range(repeats):
        note("another group of curves", clicked(page, choice(page, "Latent space")))
        note("back to the loss", clicked(page, choice(page, "Loss")))
    page.get_by_role("button", name="Axes and smoothing").click()
    for words in ("Minutes", "Steps", "Epochs"):
        note("another axis", clicked(page, choice(page, words)))
    for number in (4, len(runs)):
        query = "view=compare&compare=" + ",".join(run.id for run in runs[:number])
        if number == len(runs):
            note(f"{number} runs are compared, most not read yet", opened(page, address, query, lines=number))
        for _ in range(3):
            note(f"{number} runs are compared", opened(page, address, query, lines=number))
    return times


def measure(parts: list[str], runs: int, rows: int, seconds: float, repeats: int) -> dict[str, list[float]]:
    """All times, ms, by what was done."""
    from playwright.sync_api import sync_playwright

    os.environ["STREAMLIT_SERVER_FILE_WATCHER_TYPE"] = "none"  # as in production
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder)
        made = make_runs(data / "runs", runs, rows)
        (short,) = make_runs(data / "runs", 1, SHORT)
        with dashboard(data) as address:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(60_000)
            page.add_init_script(WATCH)
            opened(page, address, f"view=runs&run={short.id}")  # the dashboard reads its own code
            times = page_times(page, address, made[::-1], repeats) if "page" in parts else {}
            if "fresh" in parts:
                for words, run, has in (("a run that has just begun", short, SHORT), ("all the rows", made[0], rows)):
                    times[f"fresh: {words}"], busy = freshness(page, address, run, has, seconds)
                    times[f"server busy: {words}"] = [busy]
            browser.close()
        return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="page,fresh")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    times = measure(args.parts.split(","), args.runs, args.rows, args.seconds, args.repeats)
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{args.runs} runs of {args.rows:,} rows{'':<22}{'n':>6}{'median':>9}{'95 %':>9}{'worst':>9}   ms")
    for what, values in times.items():
        print(
            f"{what:<46}{len(values):>6}{np.median(values):>9.0f}{np.quantile(values, 0.95):>9.0f}{max(values):>9.0f}"
        )
    if args.json:
        args.json.write_text(json.dumps(times, indent=1))


if __name__ == "__main__":
    main()
