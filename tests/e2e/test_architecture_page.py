"""The architecture in a real browser: a block is clicked, or reached with the keyboard, and figures are taken along."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from abr_model.configuration import load_preset
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run
from tests.e2e.at_rest import settle

pytestmark = pytest.mark.e2e
PANEL = ".st-key-architecture_panel"
FOCUSED = """() => {
  let found = document.activeElement;
  while (found.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found.dataset.block;
}"""
"""The block that has the focus; it lies in the component's own tree."""


@pytest.fixture
def outside(page) -> list[str]:
    """Everything that is asked of another machine: must stay empty."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.fixture
def architecture(page, dashboard_url, outside):
    page.goto(f"{dashboard_url}/architecture")
    block(page, "encoder").wait_for()
    settle(page)
    yield page
    foreign = [url for url in outside if not url.startswith((dashboard_url, "data:", "blob:"))]
    assert not foreign, foreign


def block(page, name: str):
    return page.locator(f".block[data-block={name}]")


def address(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def focused(page) -> str | None:
    """The block that has the focus."""
    return page.evaluate(FOCUSED)


def wait_for_selected(page, name: str) -> None:
    page.locator(f".diagram[data-selected='{name}']").wait_for()
    page.wait_for_function("name => (new URLSearchParams(location.search).get('block') ?? '') === name", arg=name)


def panel(page, words: str):
    found = page.locator(PANEL)
    found.get_by_text(words, exact=False).first.wait_for()
    return found


def test_a_click_opens_a_block_and_a_reload_keeps_it(architecture):
    page = architecture
    block(page, "encoder").click()
    panel(page, "100,096")
    panel(page, "Attention over time")
    page.wait_for_function(
        "() => document.querySelector('.st-key-architecture_panel').getBoundingClientRect().top < innerHeight"
    )  # what was opened is brought into sight
    wait_for_selected(page, "encoder")
    page.reload()
    panel(page, "100,096")
    assert address(page) == {"view": "main_architecture", "of": "default", "block": "encoder"}
    settle(page)
    block(page, "encoder").click()  # once more: it closes
    page.locator(PANEL).wait_for(state="detached")
    wait_for_selected(page, "")
    assert "block" not in address(page)


def test_the_keyboard_reaches_every_block(architecture):
    page = architecture
    names = page.locator(".block[tabindex='0']").evaluate_all("all => all.map(b => b.getAttribute('aria-label'))")
    assert len(names) >= 17
    assert all(names)
    block(page, "labels_in").focus()
    page.keyboard.press("Tab")
    page.wait_for_function(f"({FOCUSED})() === 'waveform_in'")
    page.keyboard.press("Enter")
    panel(page, "The recording and what is decoded from it")
    wait_for_selected(page, "waveform_in")
    expect(block(page, "waveform_in")).to_have_attribute("aria-pressed", "true")


def test_another_figure_and_another_model(architecture):
    page = architecture
    page.get_by_text("Transformer", exact=True).first.click()
    block(page, "decoder_self").wait_for()
    page.wait_for_function("() => new URLSearchParams(location.search).get('view') === 'transformer'")
    page.reload()
    block(page, "decoder_self").click()
    panel(page, "Attention over time")
    settle(page)
    model = page.get_by_role("combobox", name="Model").last
    model.scroll_into_view_if_needed()
    settle(page)  # an open list closes when the page scrolls, as a click on what is out of sight makes it do
    model.click()
    page.get_by_text("preset reference, not trained", exact=True).click()
    block(page, "decoder_cross").wait_for()
    page.wait_for_function("() => new URLSearchParams(location.search).get('of') === 'preset-reference'")


def test_words_stay_inside_their_boxes(architecture):
    """With the figure's font in the browser: every line ends before its block does."""
    page = architecture
    page.evaluate("() => document.fonts.ready")
    widths = page.locator(".diagram .block:not(.join)").evaluate_all(
        """blocks => blocks.flatMap((block) => {
             const box = block.firstElementChild.getBBox();
             return [...block.querySelectorAll('text')].map((text) => {
               const words = text.getBBox();
               return [text.textContent, words.x - box.x, box.x + box.width - words.x - words.width];
             });
           })"""
    )
    assert len(widths) > 60
    assert [words for words, left, right in widths if left < 0 or right < 0] == []
    assert page.evaluate("() => document.fonts.check(\"12px 'ABR Diagram'\")")


def test_figures_are_taken_along(architecture, tmp_path):
    page = architecture

    def download(label: str) -> Path:
        with page.expect_download() as started:
            page.get_by_role("button", name=label).click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        return path

    page.get_by_role("button", name="Download").first.click()
    shown = ElementTree.parse(download("This figure (SVG)")).getroot()
    assert shown.get("width") == "276.93mm"
    assert download("This figure (PNG)").read_bytes().startswith(b"\x89PNG")
    assert "flowchart TB" in download("This figure (Mermaid source)").read_text()
    with zipfile.ZipFile(download("All three with a README (ZIP)")) as archive:
        assert len(archive.namelist()) == 11
        assert b"511,700" in archive.read("architecture_diagrams/README.md")


def test_a_training_is_followed_without_losing_the_place(page, serve, tmp_path):
    from abr_model.sources.simulator import simulate

    data = tmp_path / "data"
    cohort = simulate(patients=12, seed=1).write(data / "cohorts" / "clinic.parquet")
    run = Run.create(data / "runs", load_preset("default"), cohort)
    lock = Lock(run.folder / "lock")
    assert lock.acquire()
    try:
        run.write_status(state="running", stage="training", epochs_done=1, recordings={"train": 10}, step=4)
        page.goto(f"{serve(data)}/architecture?view=training_flow&of={run.id}")
        page.get_by_text("training, epoch 2 of 20").first.wait_for()
        block(page, "objective").focus()
        row = {"kind": "epoch", "epoch": 4, "step": 20, "minutes": 1.0, "train_loss": 33.25}
        (run.folder / "metrics.jsonl").write_text(json.dumps(row) + "\n")
        block(page, "objective").get_by_text("33.25").wait_for()
        assert focused(page) == "objective", "the focus stays"
    finally:
        lock.release()
    page.get_by_text("broken off after 5 of 20 epochs").first.wait_for()
