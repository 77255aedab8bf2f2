"""What a person does first: open every page, move a slider, download a batch, train a model and use it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.e2e.at_rest import settle

pytestmark = pytest.mark.e2e


def open_page(page, url: str) -> None:
    page.goto(url)
    settle(page)


def shown_trace(page) -> str:
    """The trace as the browser draws it, once slider and recordings have come to rest."""
    page.locator(".explorer[data-settled=true]").wait_for()
    return page.locator(".explorer canvas").evaluate("canvas => canvas.toDataURL()")


def download(page, button: str, folder: Path) -> Path:
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("", "Synthetic auditory brainstem responses"),
        ("data", "Data"),
        ("training", "Training"),
        ("generation", "Generation"),
        ("architecture", "Architecture"),
    ],
)
def test_every_page_opens(page, dashboard_url, address, heading):
    open_page(page, f"{dashboard_url}/{address}")
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    expect(page.get_by_text(re.compile("research use only", re.IGNORECASE))).not_to_have_count(0)


def test_a_slider_changes_the_waveform_and_a_batch_is_downloaded(page, dashboard_url, tmp_path):
    open_page(page, f"{dashboard_url}/generation")
    before = shown_trace(page)
    intensity = page.get_by_role("slider", name="Intensity")
    for _ in range(6):
        intensity.press("ArrowLeft")
    page.locator(".explorer[data-settled=true][data-intensity_db_nhl='50 dB nHL']").wait_for()
    settle(page)
    expect(intensity).to_have_attribute("aria-valuetext", "50 dB nHL")
    assert shown_trace(page) != before
    assert "level=50" in page.url, "the setting is in the address, so that a reload keeps it"

    with zipfile.ZipFile(download(page, "Export CSV", tmp_path)) as archive:
        names = archive.namelist()
        batch = pd.read_csv(archive.open(names[0]))
        card = archive.read(next(name for name in names if name.endswith("card.md"))).decode()
    assert "1,000 generated ABR recordings" in card
    assert len(batch) == 1000
    assert set(batch["intensity_db_nhl"]) == {50}
    assert set(batch["kind"]) == {"generated"}
    traces = batch.filter(regex=r"^uv_at_")
    assert traces.shape[1] == 200
    assert 0.02 < traces.to_numpy().std() < 2, "µV"

    page.reload()
    page.locator(".explorer[data-settled=true][data-intensity_db_nhl='50 dB nHL']").wait_for()
    settle(page)


def test_a_wrong_upload_is_explained_and_nothing_is_lost(page, dashboard_url, tmp_path):
    wrong = tmp_path / "cohort.parquet"
    wrong.write_bytes(b"PAR1 and then nothing that a cohort has")
    open_page(page, f"{dashboard_url}/data")
    page.get_by_role("button", name="Import recordings").click()
    settle(page)
    page.locator("input[type=file]").first.set_input_files(wrong)
    page.get_by_text("not a Parquet file, or it is truncated").wait_for()
    expect(page.get_by_role("button", name="Next: what is what")).to_be_disabled()
    page.get_by_role("button", name="Cancel import").click()
    settle(page)
    expect(page.get_by_text("Simulated clinic")).not_to_have_count(0)


def test_a_training_is_started_watched_and_its_model_used(page, dashboard_url):
    open_page(page, f"{dashboard_url}/training")
    epochs = page.get_by_label("Epochs", exact=True).first
    epochs.fill("2")
    epochs.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("finished", exact=False).first.wait_for(timeout=600_000)
    page.locator(".js-plotly-plot").first.wait_for()

    second = page.context.new_page()
    open_page(second, f"{dashboard_url}/training")
    second.get_by_text("finished", exact=False).first.wait_for()
    second.close()

    page.get_by_role("button", name="Use for generation").click(timeout=600_000)
    settle(page)
    page.get_by_role("link", name="Generation").first.click()
    settle(page)
    page.get_by_role("heading", name="Generation", exact=True).wait_for()
    assert shown_trace(page)
