"""How fast the Generation page follows a hand, beside a plain Streamlit and Plotly version of it, in one run.

    python benchmarks/explorer.py --model MODEL --cohort FILE [--moves 200] [--releases 12] [--json result.json]

MODEL is a model folder, a run, or the name of a shipped model; FILE a cohort. Starts two dashboards of its own on one
data folder and headless Chromium without a graphics card. Times in ms, median and 95th percentile.

drag, for each slider, its whole axis being there: "draw" is the drawing of one frame; "input to frame" begins with the
time stamp of the pointer event and ends when the frame's drawing is handed to the browser; "frame to frame" is the time
between frames, not below what the driver needs to send a pointer event.
release: from letting go of another slider, clicked at a new place without a hand having come near it before, to the
first frame of the new picture, the page having been at rest, so that the axis was asked for ahead; "at once": the same
before it was, nothing being worked out ahead (the page believes that it cannot be seen, and so does not ask);
"prepared": once a hand had been near.
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

SEEN = """() => {
  window.abrSeen = true;
  Object.defineProperty(document, "visibilityState", { get: () => (window.abrSeen ? "visible" : "hidden") });
  window.abrSee = (seen) => { window.abrSeen = seen; document.dispatchEvent(new Event("visibilitychange")); };
}"""
COLUMNS = {"Age": "age_years", "Stimulus rate": "stimulus_rate_per_s"}
AHEAD = {"release": "rest", "release, at once": "nothing", "release, prepared": "hand"}
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


def release(page, slider: str, share: float, ahead: str) -> float:
    """One click on a slider's track, from its release to the first frame of the new picture.

    ``ahead``: why its axis is there: ``"rest"``, the page was; ``"hand"``, one had been near; ``"nothing"``: it is not.
    """
    at = track(page, slider)
    page.mouse.move(5, 5)
    page.evaluate(f"abrSee({'true' if ahead == 'rest' else 'false'})")
    # the slider that was moved last is another one: no hand has been near this one
    page.get_by_role("radio", name="Mean").first.focus()
    rest(page, SETTLED)
    if ahead == "rest":
        page.locator(f".explorer[data-ready*={COLUMNS[slider]}]").wait_for()
    if ahead == "hand":
        page.mouse.move(*at(share))
    rest(page, SETTLED)
    is_there = COLUMNS[slider] in page.locator(SETTLED).get_attribute("data-ready")
    if is_there != (ahead != "nothing"):
        raise SystemExit(f"the axis of {slider} is {'' if is_there else 'not '}there ahead ({ahead})")
    page.evaluate(f"window.abrPictureShown = {page.locator(SETTLED).get_attribute('data-picture')}")
    page.evaluate(f"() => {{ window.waited = ({FIRST_OF_NEW_PICTURE.replace('LONGEST', str(1000 * LONGEST_S))})(); }}")
    page.mouse.move(*at(share))
    page.mouse.down()
    page.mouse.up()
    return page.evaluate("() => window.waited")


def press(page, slider: str) -> float:
    """One key on a slider of the plain page, to the first frame of its new figure."""
    rest(page, None)
    page.evaluate(f"() => {{ window.waited = ({FIRST_OF_NEW_FIGURE.replace('LONGEST', str(1000 * LONGEST_S))})(); }}")
    page.get_by_role("slider", name=slider).press("ArrowRight")
    return page.evaluate("() => window.waited")


def measure(open_window, product: str, plain: str, moves: int, releases: int) -> dict[str, list[float]]:
    """All times, by what they are of. Each page has a browser of its own: one that is hidden draws no frames."""
    page, other = open_window(), open_window()
    page.add_init_script(f"({SEEN})()")
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
        # never on the thumb itself: a click there moves nothing
        share = (0.55, 0.15, 0.75, 0.35, 0.65, 0.25)[turn // 2 % 6] + 0.02 * (turn // 12)
        sliders = ("Age", "Stimulus rate") if turn % 2 else ("Stimulus rate", "Age")
        # one after the other: along a slider that was just moved the axis is still there
        for step, (name, ahead) in enumerate(AHEAD.items()):
            found = release(page, sliders[step % 2], share + 0.05 * step, ahead)
            times.setdefault(name, []).append(found)
        times.setdefault("plain", []).append(press(other, sliders[0]))
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
