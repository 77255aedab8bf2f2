"""The Evaluation page in a browser: the shipped scorecard at once, a cell opened, a small evaluation seen through, and
the report opened from disk without a network."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from abr_model.evaluation.background.folder import list_evaluations
from abr_model.evaluation.scorecard import Scorecard
from tests.e2e.at_rest import settle

ASKED = re.compile("figures? that (are|is) asked of the recordings")
SECTIONS = 12
QUICK = ("Conditional fidelity, cell by cell", "Pass bands of physiology", "Reported waves against the trace")


@pytest.fixture(scope="module")
def data(tmp_path_factory, project_root: Path) -> Path:
    """A data folder with a small simulated clinic and, in use, a model that is said to have learned from it."""
    import torch

    from abr_model.model import TrainedModel
    from abr_model.sources.simulator import simulate
    from abr_model.training.parts import prepare_parts

    folder = tmp_path_factory.mktemp("data")
    clinic = simulate(patients=200, seed=3)
    clinic.write(folder / "cohorts" / "simulated-200-patients-seed-3.parquet")
    model = TrainedModel.load(project_root / "data" / "pretrained" / "default")
    with torch.no_grad():
        next(model.network.parameters()).mul_(1.0001)  # another model, by its weights
    parts = prepare_parts(clinic, model.preset)
    made = {"cohort": clinic.provenance.title, "cohort_digest": clinic.digest(), "recordings": parts.split.sizes}
    provenance = model.provenance.model_copy(update=made | {"patients": parts.patients})
    replace(model, provenance=provenance).save(folder / "pretrained" / "small")
    (folder / "model_in_use.json").write_text(json.dumps({"in": "data", "folder": "pretrained/small"}))
    return folder


@pytest.fixture(scope="module")
def url(serve, data) -> str:
    return serve(data)


@pytest.fixture(scope="module")
def shipped_url(serve, tmp_path_factory) -> str:
    """Nothing but the shipped model, and a first cohort that need not be simulated."""
    from abr_model.sources.simulator import simulate

    folder = tmp_path_factory.mktemp("data")
    simulate(patients=20, seed=5).write(folder / "cohorts" / "simulated-20-patients-seed-5.parquet")
    return serve(folder)


def open_tab(page: Page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_role("radio", name=name, exact=True).click()


def test_the_shipped_scorecard_stands_there_and_a_mark_opens_its_note(page, shipped_url):
    page.goto(f"{shipped_url}/evaluation")
    expect(page.get_by_text(ASKED)).to_be_visible()
    mark = page.locator(".js-plotly-plot .scatterlayer path.point").first
    mark.wait_for()
    settle(page)
    # The last of the points is the value itself: baselines lie below it.
    page.locator(".js-plotly-plot").first.locator(".scatterlayer path.point").last.click(force=True)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Real against real", exact=True)).to_be_visible()
    expect(dialog.get_by_text("Source:")).to_be_visible()


def test_the_report_opens_from_disk_without_a_network(browser, page, shipped_url, tmp_path):
    page.goto(f"{shipped_url}/evaluation")
    expect(page.get_by_text(ASKED)).to_be_visible()
    with page.expect_download() as numbers:
        page.get_by_role("button", name="Numbers (JSON)").click()
    scorecard = Scorecard.from_json(Path(numbers.value.path()).read_bytes())
    assert scorecard.subject.name == "default" and len(scorecard.sections) == SECTIONS
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    text = report.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//|url\(|@import|<script[^>]+src|<link\b""", text)
    offline = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    opened, asked, problems = offline.new_page(), [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(report.as_uri())
    expect(opened.get_by_role("heading", name="Evaluation of default")).to_be_visible()
    expect(opened.locator("svg.plot").first).to_be_visible()
    assert asked == [report.as_uri()] and not problems
    offline.close()


def test_a_small_evaluation_from_start_to_end_then_a_cell_is_opened(page, url, data):
    page.goto(f"{url}/evaluation")
    expect(page.get_by_text("This model has not been evaluated yet")).to_be_visible()
    page.get_by_text("Sections and seed").click()
    pills = page.locator(".st-key-evaluation_sections_own").get_by_role("button")
    expect(pills).to_have_count(SECTIONS)
    for words in pills.all_inner_texts():
        if words.strip() not in QUICK:
            pill = pills.filter(has_text=words.strip())
            pill.click()
            expect(pill).to_have_attribute("aria-pressed", "false")
    for words in QUICK:
        expect(pills.filter(has_text=words)).to_have_attribute("aria-pressed", "true")
    settle(page)
    page.get_by_role("button", name="Evaluate now").click()
    expect(page.get_by_text("Every other number")).to_be_visible()  # it came by itself
    (evaluation,) = list_evaluations(data)
    assert evaluation.state == "finished"
    made = Scorecard.read(evaluation.folder)
    assert [section.key for section in made.sections] == ["cells", "physiology", "coherence"]

    open_tab(page, "Cells")
    expect(page.get_by_text("What is coloured")).to_be_visible()
    page.reload()
    expect(page.get_by_text("What is coloured")).to_be_visible()
    assert "view=cells" in page.url and f"scorecard={evaluation.id}" in page.url
    expect(page.get_by_text("held-out recordings and")).to_be_visible()
    settle(page)
    shown = page.get_by_text("held-out recordings and")
    before = shown.inner_text()
    places = page.locator(".st-key-evaluation_cell_map .scatterlayer path.point")
    cells = len(made.section("cells").tables["cells"])
    assert cells > 1
    expect(places).to_have_count(cells)
    for n in range(cells):
        places.nth(n).click(force=True)
        settle(page)
        if shown.inner_text() != before:
            break
    expect(shown).not_to_have_text(before)

    open_tab(page, "Reconstruction")
    expect(page.get_by_text("What is left")).to_be_visible()
    page.get_by_role("button", name="Wave V latency").click()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("spinbutton")).to_have_value("2")
    assert "simulated-0" not in page.url  # no recording and no patient in the address
