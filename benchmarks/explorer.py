"""How fast the Generation page follows a hand, beside a plain Streamlit and Plotly version of it, in one run.

    python benchmarks/explorer.py --model MODEL --cohort FILE [--moves 200] [--releases 12] [--json result.json]

MODEL is a model folder, a run, or the name of a shipped model; FILE a cohort. Starts two dashboards of its own on one
data folder and headless Chromium without a graphics card. Times in ms, median and 95th percentile.

drag, for each slider, its whole axis being there: "draw" is the drawing of one frame; "input to frame" begins with the
time stamp of the pointer event and ends when the frame's drawing is handed to the browser; "frame to frame" is the time
between frames, not below what the driver needs to send a pointer event.
release: from letting go of another slider, clicked at a new place without a hand having come near it before, so that
nothing was worked out ahead, to the first frame of the new picture; "prepared": the same once a hand had been near.
"plain": from a key that moves the same slider of the plain page (``plain_generation.py``; it takes effect at once, as
letting go does) to the first frame after its figure has changed.
The pages take turns.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from browser import CHROMIUM, IDLE, ROOT, dashboard, go_to

SETTLED = ".explorer[data-settled=true]"
SLIDERS = ("Intensity", "Age", "Stimulus rate")

LONGEST_S = 20
FIRST_OF_NEW_PICTURE = """() => new Promise((resolve, reject) => {
  window.abrFrames = [];
  const known = window.abrPictureShown;
  addEventListener("pointerup", (event) => {
    const look = () => {
      const later = window.abrFrames.filter((f) => f.drawn > event.timeStamp);
      const found = later.find((f) => f.picture !== known || f.swept);
      if (found) resolve(found.drawn - event.timeStamp);
      else if (performance.now() - event.timeStamp > LONGEST) reject(new Error("no new picture"));
      else requestAnimationFrame(look);
    };
    look();
  }, { once: true, capture: true });
})"""
FIRST_OF_NEW_FIGURE = """() => new Promise((resolve, reject) => {
  addEventListener("keydown", (event) => {
    const figure = document.querySelector(".js-plotly-plot");
    const seen = figure.querySelector(".scatterlayer").innerHTML;
    const look = () => {
      const now = document.querySelector(".js-plotly-plot .scatterlayer")?.innerHTML;
      if (now && now !== seen) resolve(performance.now() - event.timeStamp);
      else if (performance.now() - event.timeStamp > LONGEST) reject(new Error("no new figure"));
      else requestAnimationFrame(look);
    };
    look();
  }, { once: true, capture: true });
})"""


def rest(page, settled: str | None) -> None:
    """Until nothing is under way any more."""
    page.wait_for_selector(IDLE)
    if settled:
        page.locator(settled).wait_for()
    page.wait_for_timeout(800)
    page.wait_for_selector(IDLE)


def track(page, name: str):
    """Where the shares of a slider's track are."""
    box = page.get_by_role("slider", name=name).bounding_box()
    return lambda share: (box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2)


def drag(page, slider: str, moves: int) -> dict[str, list[float]]:
    """Frames of a drag to and fro over the whole track."""
    at = track(page, slider)
    page.mouse.move(*at(0.8))
    rest(page, SETTLED)
    page.mouse.down()
    page.evaluate("window.abrFrames = []")
    for i in range(moves):
        page.mouse.move(*at(0.5 + 0.5 * np.sin(i / 12)))
    frames = page.evaluate("window.abrFrames")
    page.evaluate("window.abrFrames = undefined")
    page.mouse.up()
    rest(page, SETTLED)
    return {
        "draw": [f["drawn"] - f["began"] for f in frames],
        "input_to_frame": [f["drawn"] - f["touched"] for f in frames if f.get("touched")],
        "frame_to_frame": np.diff([f["began"] for f in frames]).tolist(),
    }


def release(page, slider: str, share: float, watch: str, settled: str | None, prepared: bool = False) -> float:
    """One click on a slider's track, from its release to the first frame of what it leads to."""
    at = track(page, slider)
    page.mouse.move(5, 5)
    if settled:  # the slider that was moved last is another one: nothing is worked out along this one
        page.get_by_role("radio", name="Mean").first.focus()
    rest(page, settled)
    if prepared:
        page.mouse.move(*at(share))
        rest(page, settled)
    if settled:
        page.evaluate(f"window.abrPictureShown = {page.locator(settled).get_attribute('data-picture')}")
    page.evaluate(f"() => {{ window.waited = ({watch.replace('LONGEST', str(1000 * LONGEST_S))})(); }}")
    if settled:
        page.mouse.move(*at(share))
        page.mouse.down()
        page.mouse.up()
    else:
        page.get_by_role("slider", name=slider).press("ArrowRight")
    return page.evaluate("() => window.waited")


def measure(open_window, product: str, plain: str, moves: int, releases: int) -> dict[str, list[float]]:
    """All times, by what they are of. Each page has a browser of its own: one that is hidden draws no frames."""
    page, other = open_window(), open_window()
    for each, url in ((page, f"{product}/generation"), (other, plain)):
        each.set_default_timeout(120_000)
        go_to(each, url)
    page.locator(SETTLED).wait_for()
    other.locator(".js-plotly-plot").nth(2).wait_for()
    times = {}
    for slider in SLIDERS:
        for name, found in drag(page, slider, moves).items():
            times[f"drag {slider.lower()}: {name}"] = found
    for turn in range(releases):
        slider = ("Age", "Stimulus rate")[turn % 2]
        # never on the thumb itself: a click there moves nothing
        share = (0.55, 0.15, 0.75, 0.35, 0.65, 0.25)[turn // 2 % 6] + 0.02 * (turn // 12)
        for name, each, watch, settled, prepared in (
            ("release", page, FIRST_OF_NEW_PICTURE, SETTLED, False),
            ("plain", other, FIRST_OF_NEW_FIGURE, None, False),
            ("release, prepared", page, FIRST_OF_NEW_PICTURE, SETTLED, True),
        ):
            place = share + (0.1 if prepared else 0)
            times.setdefault(name, []).append(release(each, slider, place, watch, settled, prepared))
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--releases", type=int, default=12)
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
        with (
            dashboard(Path(data)) as product,
            dashboard(Path(data), ROOT / "benchmarks" / "plain_generation.py") as plain,
        ):
            browser_arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browsers = []

            def open_window():
                browsers.append(playwright.chromium.launch(executable_path=CHROMIUM, args=browser_arguments))
                return browsers[-1].new_page(viewport={"width": 1440, "height": 900})

            times = measure(open_window, product, plain, arguments.moves, arguments.releases)
            for browser in browsers:
                browser.close()
    result = {
        name: {"n": len(t), "median": round(float(np.median(t)), 2), "p95": round(float(np.quantile(t, 0.95)), 2)}
        for name, t in times.items()
    }
    for name, numbers in result.items():
        print(f"{name:36s} n = {numbers['n']:4d}   median {numbers['median']:8.2f} ms   p95 {numbers['p95']:8.2f} ms")
    pairs = np.array(times["plain"]) / np.array(times["release"])
    result["plain over release"] = round(float(np.median(pairs)), 2)
    print(f"plain takes {result['plain over release']:.2f} times as long, median of {len(pairs)} pairs")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
