"""A batch in the browser: design a grid, generate, download, read again."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort

pytestmark = pytest.mark.e2e
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


def settle(page) -> None:
    page.wait_for_timeout(400)
    page.wait_for_selector(IDLE)
    exceptions = page.get_by_test_id("stException")
    assert exceptions.count() == 0, exceptions.all_inner_texts()


def fill(page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    settle(page)


def test_a_grid_is_designed_generated_downloaded_and_read_again(page, dashboard_url, tmp_path):
    page.goto(f"{dashboard_url}/generation?view=batches")
    settle(page)
    fill(page, "Ages (years)", "0.25, 30")
    fill(page, "Levels (dB nHL)", "40:80:20")
    fill(page, "Recordings of each condition", "7")
    page.get_by_text("42 recordings", exact=True).wait_for()
    page.get_by_role("combobox", name=re.compile("Format")).click()
    page.get_by_role("option", name="Parquet").click()
    settle(page)
    page.get_by_role("button", name="Generate", exact=True).click()
    page.get_by_role("button", name="With card (zip)").wait_for(timeout=120_000)
    address = page.url
    page.reload()
    settle(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="With card (zip)").click()
    started.value.save_as(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path)
        names = archive.namelist()
    cohort = Cohort.read(tmp_path / names[0])
    assert len(cohort) == 42
    assert cohort.table["intensity_db_nhl"].value_counts().to_dict() == {40: 14, 60: 14, 80: 14}
    traces = np.stack(pd.read_parquet(tmp_path / names[0])["waveform_uv"])
    assert 0.02 < traces.std() < 2, "µV"
    card = next(tmp_path / name for name in names if name.endswith("card.md"))
    assert "Synthetic – research use only" in card.read_text(encoding="utf-8")
    assert "export" not in address
    page.get_by_text("Data card", exact=True).click()
    page.get_by_text("Privacy of this batch").wait_for()
