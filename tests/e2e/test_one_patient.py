"""An ear inferred in a browser: imported, shown under other conditions, exported and read again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from abr_model.cohort import Cohort
from abr_model.schema import Kind
from tests.e2e.at_rest import settle

pytestmark = pytest.mark.e2e


def open_one_patient(page, url: str) -> None:
    page.goto(f"{url}/generation?view=one-patient")
    settle(page)
    page.get_by_role("heading", name="Generation", exact=True).wait_for()


def choose(page, label: str, words: str) -> None:
    box = page.get_by_role("combobox", name=label).last
    box.click()
    box.fill(words)
    page.keyboard.press("Enter")
    settle(page)


def move_level(page, steps: int) -> None:
    level = page.get_by_role("slider", name="Level")
    for _ in range(steps):
        was = level.get_attribute("aria-valuetext")
        level.press("ArrowLeft")
        expect(level).not_to_have_attribute("aria-valuetext", was)
    settle(page)


def download(page, format: str, folder: Path) -> Path:
    page.get_by_role("button", name=re.compile("^Download 2")).click()
    with page.expect_download() as started:
        page.get_by_role("button", name=format, exact=True).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    page.keyboard.press("Escape")
    return path


def see_elsewhere_and_export(page, kind: str, folder: Path) -> pd.DataFrame:
    """Move the level, export both formats, read them again; gives the CSV."""
    page.get_by_text("Other conditions", exact=True).click()
    settle(page)
    title = page.get_by_text(re.compile("^The same ear at")).first
    before = title.inner_text()
    move_level(page, 4)
    page.get_by_text("generated from one recording").first.wait_for()
    expect(title).not_to_have_text(before)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()

    table = pd.read_csv(download(page, "CSV", folder))
    cohort = Cohort.read(download(page, "Parquet", folder))
    assert cohort.kind is Kind.GENERATED
    assert set(table["kind"]) == {"generated"}
    assert table["notice"].str.contains("research use only").all()
    assert table["source"].str.contains(f"inferred from a {kind} recording").all()
    assert table["intensity_db_nhl"].nunique() >= 21
    np.testing.assert_allclose(table.filter(regex="^uv_at_").to_numpy(), cohort.waveforms, atol=1e-5)
    about = cohort.provenance.details["inferred_from"][0]
    assert about["kind"] == kind
    assert re.fullmatch("[0-9a-f]{16}", about["traces_sha256"])
    assert not re.search(r"simulated-\d|p_[0-9a-f]{6}", page.url), "no pseudonym in the address"
    return table


def test_an_ear_of_the_simulated_clinic(page, serve, small_cohort, tmp_path):
    data = tmp_path / "data"
    small_cohort.write(data / "cohorts" / "clinic.parquet")
    open_one_patient(page, serve(data))
    page.get_by_text("Recording and response estimate").wait_for()
    table = see_elsewhere_and_export(page, "simulated", tmp_path)
    assert table["hearing_loss"].nunique() == 1

    page.get_by_text("Between two ears", exact=True).click()
    settle(page)
    page.get_by_text("50 % of the second").wait_for()


def test_an_ear_of_a_real_listener(page, serve, human_recordings, tmp_path):
    url = serve(tmp_path / "data")
    page.goto(f"{url}/data")
    settle(page)
    press(page, "Import recordings")
    page.locator("input[type=file]").first.set_input_files(sorted((human_recordings / "native").glob("*.TXT")))
    page.get_by_role("button", name="Next: what is what").wait_for()
    settle(page)
    press(page, "Next: what is what")
    press(page, "Next: read and check")
    page.get_by_role("button", name="Store cohort").wait_for()
    settle(page)
    press(page, "Store cohort")
    page.get_by_role("button", name="Show it").wait_for()

    open_one_patient(page, url)
    for patient in page_patients(page):
        choose(page, "Patient", patient)
        if page.get_by_role("combobox", name="Level").input_value() == "60 dB nHL":
            break
    else:
        pytest.fail("no listener was recorded at 60 dB nHL")  # pseudonyms are drawn, and with them the order
    page.get_by_text("To be stated: age and hearing loss.").wait_for()
    expect(page.get_by_text("Recording and response estimate")).to_have_count(0)  # nothing is assumed
    choose(page, "Age", "25 years")
    choose(page, "Hearing", "Normal")
    page.get_by_text("Recording and response estimate").wait_for()
    expect(page.get_by_text(re.compile(r"Estimate and recording correlate at 0\.\d\d"))).to_have_count(1)
    table = see_elsewhere_and_export(page, "clinical", tmp_path)
    assert set(table["age_years"]) == {25}
    loud = table[table["intensity_db_nhl"] == 60]["latency_V_ms"].iloc[0]
    quiet = table[table["intensity_db_nhl"] == 30]["latency_V_ms"].iloc[0]
    assert 5.5 < loud < 6.8 and loud < quiet < 9, "wave V comes later at a lower level"


def press(page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    settle(page)


def page_patients(page) -> list[str]:
    page.get_by_role("combobox", name="Patient").click()
    page.get_by_role("option").first.wait_for()
    names = [option.inner_text().split(" · ")[0] for option in page.get_by_role("option").all()]
    page.keyboard.press("Escape")
    return names
