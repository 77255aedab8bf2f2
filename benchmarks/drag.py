"""How fast the trace follows the intensity slider while it is dragged, and the page after the age slider is let go.

    python benchmarks/drag.py --model MODEL --cohort FILE [--moves 200] [--ages 9] [--json result.json]

MODEL is a model folder, a run, or the name of a shipped model; FILE a cohort. Starts a dashboard of its own and
headless Chromium without a graphics card. Times in ms, median and 95th percentile. "draw" is the drawing of one frame;
"input to frame" begins with the time stamp of the pointer event and ends when the frame's drawing is handed to the
browser; "frame to frame" is the time between frames during the drag, not below what the driver needs to send a pointer
event. "release to new trace" begins when a key moves the age slider and ends with the first frame of another trace.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from browser import CHROMIUM, IDLE, dashboard, go_to

SETTLED = ".scrub[data-settled=true]"


def open_page(page, url: str) -> None:
    """The page at rest."""
    go_to(page, url)
    page.wait_for_selector(IDLE)
    page.locator(SETTLED).wait_for()
    page.wait_for_timeout(1000)


def drag(page, moves: int) -> dict[str, list[float]]:
    """Frames of a drag to and fro over the whole track."""
    track = page.get_by_role("slider", name="Intensity").bounding_box()
    middle, left, length = track["y"] + track["height"] / 2, track["x"] + 8, track["width"] - 16
    page.mouse.move(left + 0.8 * length, middle)
    page.mouse.down()
    page.evaluate("window.abrScrubFrames = []")
    for i in range(moves):
        page.mouse.move(left + (0.5 + 0.5 * np.sin(i / 12)) * length, middle)
    frames = page.evaluate("window.abrScrubFrames")
    page.evaluate("window.abrScrubFrames = undefined")
    page.mouse.up()
    page.locator(SETTLED).wait_for()
    began = np.array([f["began"] for f in frames])
    return {
        "draw": [f["drawn"] - f["began"] for f in frames],
        "input_to_frame": [f["drawn"] - f["touched"] for f in frames if f.get("touched")],
        "frame_to_frame": np.diff(began).tolist(),
    }


WATCH = """() => {
  window.abrScrubFrames = []; // nothing is drawn at rest: the first frame is the new trace
  return new Promise((resolve) => {
    addEventListener("keydown", (event) => {
      const look = () => {
        const first = window.abrScrubFrames[0];
        if (first) resolve(first.drawn - event.timeStamp);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, { once: true, capture: true });
  });
}"""


def release(page, slider: str, key: str, times: int) -> list[float]:
    """From the key that moves a slider of Streamlit to the first frame of another trace."""
    control = page.get_by_role("slider", name=slider)
    control.focus()
    waits = []
    for _ in range(times):
        page.evaluate(f"() => {{ window.scrubWaited = ({WATCH})(); }}")
        page.keyboard.press(key)
        waits.append(page.evaluate("() => window.scrubWaited"))
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(700)
    return waits


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--ages", type=int, default=9)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("no Chromium on this machine (Debian: apt-get install chromium; or set CHROMIUM)")
    from playwright.sync_api import sync_playwright

    from abr_model.cli.generate import find_model

    folder = find_model(arguments.model).resolve()
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        (Path(data) / "cohorts").mkdir()
        shutil.copy(arguments.cohort, Path(data) / "cohorts" / "cohort.parquet")
        shutil.copytree(folder, Path(data) / "pretrained" / "measured")
        with dashboard(Path(data)) as address:
            arguments_of_browser = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments_of_browser)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            open_page(page, f"{address}/generation")
            times = drag(page, arguments.moves)
            times["age_release_to_new_trace"] = release(page, "Age", "ArrowRight", arguments.ages)
            browser.close()
    result = {
        name: {"n": len(t), "median": round(float(np.median(t)), 2), "p95": round(float(np.quantile(t, 0.95)), 2)}
        for name, t in times.items()
    }
    for name, numbers in result.items():
        print(f"{name:28s} n = {numbers['n']:4d}   median {numbers['median']:8.2f} ms   p95 {numbers['p95']:8.2f} ms")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
