"""The import in a real browser: real recordings, a badly described table put right, and a long reading stopped."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from abr_model.cohort import Cohort
from abr_model.sources.simulator import simulate
from tests.e2e.at_rest import settle

pytestmark = pytest.mark.e2e


def press(page, name: str | re.Pattern) -> None:
    page.get_by_role("button", name=name).first.click()
    settle(page)


def type_number(page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True).first
    field.fill(value)
    field.press("Enter")
    settle(page)


def pick(page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).first.click()
    page.keyboard.type(option)
    page.get_by_role("option", name=option, exact=True).first.click()
    settle(page)


def bring(page, url: str, *files: Path) -> None:
    """Open the import and choose files."""
    page.goto(f"{url}/data")
    settle(page)
    press(page, "Import recordings")
    page.locator("input[type=file]").first.set_input_files(list(files))
    page.get_by_role("button", name="Next: what is what").wait_for()
    settle(page)
    press(page, "Next: what is what")


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dashboard_url(serve, data_folder) -> str:
    """A dashboard of its own: what is imported here is no other test's newest cohort."""
    return serve(data_folder)


@pytest.fixture
def badly_described(tmp_path) -> tuple[Path, Cohort]:
    """Odd column names, samples in mV and upside down, labels 0.85 ms early, 0 where not marked; and the truth."""
    cohort = simulate(patients=16, seed=12)
    table = cohort.table
    frame = pd.DataFrame(
        {
            "Vor- und Zuname": "Erika Mustermann",
            "Fall": 9_001 + table["patient_id"].factorize()[0],
            "Messohr": table["ear"].map({"right": "rechts", "left": "links"}),
            "Lautheit": table["intensity_db_nhl"],
            "Zipfel 5": (table["latency_V_ms"] - 0.85).round(3).fillna(0),
        }
    )
    samples = pd.DataFrame(-1e-3 * cohort.waveforms, columns=[f"t{i}" for i in range(cohort.samples)]).round(9)
    path = tmp_path / "Klinik.csv"
    pd.concat([frame, samples], axis=1).to_csv(path, index=False)
    return path, cohort


def test_a_badly_described_table_is_put_right_stored_and_seen(page, dashboard_url, data_folder, badly_described):
    path, truth = badly_described
    bring(page, dashboard_url, path)
    type_number(page, "Sampling rate (Hz)", "15000")
    type_number(page, "Time of the first sample (ms)", "0")
    pick(page, "Patient", "Fall")
    pick(page, "Ear", "Messohr")
    pick(page, "Intensity (dB nHL)", "Lautheit")
    pick(page, "Wave V latency (ms)", "Zipfel 5")
    unit = page.get_by_test_id("stButtonGroup")
    unit.get_by_role("radio", name="µV", exact=True).or_(unit.get_by_role("button", name="µV", exact=True)).click()
    page.get_by_text("which is unusual for an ABR").first.wait_for()
    unit.get_by_role("radio", name="mV", exact=True).or_(unit.get_by_role("button", name="mV", exact=True)).click()
    page.get_by_text("traces are upside down").wait_for()
    page.get_by_text("Turn traces over").click()
    page.get_by_text("traces are upside down").wait_for(state="detached")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    press(page, "Next: read and check")
    page.get_by_text(re.compile("0.8. ms before the nearest peak")).wait_for()
    expect(page.get_by_role("button", name="Store cohort")).to_be_disabled()
    press(page, re.compile("Set the shift of all latencies to"))
    page.get_by_role("button", name="Store cohort").wait_for()
    settle(page)
    press(page, "Store cohort")
    press(page, "Show it")
    page.get_by_text(f"{len(truth):,} recordings read, 0 refused").first.wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    expect(page.get_by_text("clinical cohort")).not_to_have_count(0)

    newest = max(data_folder.glob("cohorts/clinical-*.parquet"), key=lambda file: file.stat().st_mtime_ns)
    stored = Cohort.read(newest)
    assert np.abs(stored.waveforms - truth.waveforms).max() < 2e-6
    np.testing.assert_allclose(stored.table["latency_V_ms"], truth.table["latency_V_ms"], atol=0.03)
    assert "import" not in page.url and "Klinik" not in page.url
    assert not [file for file in data_folder.rglob("*") if "Klinik" in file.name]
    assert b"Mustermann" not in newest.read_bytes()


def test_real_recordings_are_imported_and_seen(page, dashboard_url, human_recordings):
    files = sorted((human_recordings / "native").glob("*.TXT"))
    bring(page, dashboard_url, *files)
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_text("20,000 Hz").first.wait_for()
    type_number(page, "Age (years)", "25")
    pick(page, "Hearing", "Normal hearing")
    press(page, "Next: read and check")
    page.get_by_role("button", name="Store cohort").wait_for()
    settle(page)
    press(page, "Store cohort")
    page.get_by_text("Hearing loss normal stated by the person").first.wait_for()
    press(page, "Show it")
    page.locator(".js-plotly-plot").first.wait_for()
    expect(page.get_by_text("IHS SmartEP text export")).not_to_have_count(0)


def test_a_long_reading_can_be_stopped(page, dashboard_url, data_folder, tmp_path):
    cohort = simulate(patients=8, seed=1)
    header = ["Patient_ID", "Age", "Intensity", "Stimulus Rate", "Hear_Loss", *map(str, range(1, cohort.samples + 1))]
    rows = "".join(
        f"{i},30,80,33.1,NORMAL," + ",".join(f"{v:.5f}" for v in trace) + "\n"
        for i, trace in enumerate(cohort.waveforms)
    )
    path = tmp_path / "long.csv"
    path.write_text(",".join(header) + "\n" + rows * (120_000_000 // len(rows)))
    before = sorted(data_folder.rglob("*.parquet"))
    bring(page, dashboard_url, path)
    type_number(page, "Sampling rate (Hz)", "15000")
    type_number(page, "Time of the first sample (ms)", "0")
    page.get_by_role("button", name="Next: read and check").click()
    page.get_by_role("button", name="Stop reading").click()
    page.get_by_label("Sampling rate (Hz)", exact=True).wait_for()
    settle(page)
    expect(page.get_by_label("Sampling rate (Hz)", exact=True)).to_have_value("15000")  # what was said is still there
    expect(page.get_by_role("button", name="Store cohort")).to_have_count(0)
    press(page, "Cancel import")
    assert sorted(data_folder.rglob("*.parquet")) == before
