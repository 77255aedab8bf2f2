"""A batch in the browser: design a grid, generate, download, read again."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.generation.formats.formats import FORMATS
from abr_model.sources.reading import read_recordings
from tests.e2e.at_rest import settle

pytestmark = pytest.mark.e2e


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
    page.get_by_role("button", name="With card (zip)").wait_for()
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


def read_again(folder, name: str) -> tuple[np.ndarray, list[float]]:
    """Traces in µV and levels of a batch, by the reader that its format is for."""
    path = folder / name
    if path.suffix == ".parquet":
        cohort = Cohort.read(path)
    elif path.suffix == ".xlsx":
        cohort = read_recordings(path, sampling_rate_hz=15_000, start_ms=0, salt=b"x" * 16).cohort
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder / "records")
        headers = [folder / "records" / f"{name}.hea" for name in (folder / "records" / "RECORDS").read_text().split()]
        cohort = read_recordings(headers, salt=b"x" * 16).cohort
    else:
        table = pd.read_csv(path)
        if "waveform_uv" in table:
            wide = table.pivot(index="recording_id", columns="time_ms", values="waveform_uv")
            return wide.to_numpy(), table.groupby("recording_id")["intensity_db_nhl"].first().tolist()
        return table.filter(like="uv_at_").to_numpy(), table["intensity_db_nhl"].tolist()
    return cohort.waveforms, cohort.table["intensity_db_nhl"].tolist()


def test_every_format_is_exported_and_read_again(page, serve, tmp_path):
    """The same seed in five formats: the same recordings."""
    page.goto(f"{serve(tmp_path / 'data')}/generation?view=batches")
    settle(page)
    fill(page, "Levels (dB nHL)", "40, 80")
    fill(page, "Recordings of each condition", "3")
    page.get_by_text("6 recordings", exact=True).wait_for()
    bundles = page.get_by_role("button", name="With card (zip)")
    found = {}
    for number, format in enumerate(FORMATS.values(), 1):
        page.get_by_role("combobox", name=re.compile("Format")).click()
        page.get_by_role("option", name=format.label, exact=True).click()
        settle(page)
        page.get_by_role("button", name="Generate", exact=True).click()
        bundles.nth(number - 1).wait_for()
        settle(page)
        with page.expect_download() as started:
            bundles.first.click()  # the newest stands first
        folder = tmp_path / str(number)
        started.value.save_as(folder / "bundle.zip")
        with zipfile.ZipFile(folder / "bundle.zip") as archive:
            archive.extractall(folder)
            names = archive.namelist()
        assert any(name.endswith("provenance.json") for name in names)
        assert any("card" in name for name in names)
        found[format.label] = read_again(folder, names[0])
    first, levels = next(iter(found.values()))
    assert first.shape == (6, 200)
    for label, (traces, of_levels) in found.items():
        np.testing.assert_allclose(traces, first, atol=1e-4, err_msg=label)
        assert of_levels == levels == [40, 40, 40, 80, 80, 80], label
