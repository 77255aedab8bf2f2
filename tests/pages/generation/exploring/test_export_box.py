"""The bar at the foot: a batch at these conditions."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.batches.sweeps import NoiseOfSweeps
from abr_model.cohort import Cohort
from dashboard.session import LoadedModel
from dashboard.widgets.generation.exploring.export_box import batch_bytes


def unpacked(content: bytes, folder) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return archive.namelist()


@pytest.fixture
def chosen(model, tmp_path, data_folder):
    return LoadedModel(model, "tiny · 1234", tmp_path / "no scorecard here")


def test_the_batch_is_a_csv_of_these_conditions_with_its_card(chosen, tmp_path):
    condition = {"age_years": 0.5, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "conductive"}
    names = unpacked(batch_bytes(chosen, condition, 12, 7, "recording", "csv"), tmp_path)
    assert [name.split(".csv")[1] for name in names] == ["", ".provenance.json", ".card.md", ".card.html"]
    assert "12 generated ABR recordings" in (tmp_path / names[2]).read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / names[0])
    assert len(table) == 12
    assert (table["kind"] == "generated").all()
    assert (table["intensity_db_nhl"] == 60).all()
    assert (table["hearing_loss"] == "conductive").all()
    assert table.filter(like="uv_at_").shape == (12, 200)


def test_the_batch_is_a_cohort_file(chosen, tmp_path):
    condition = {"age_years": 0.5, "intensity_db_nhl": 60.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}
    names = unpacked(batch_bytes(chosen, condition, 5, 7, "response", "parquet"), tmp_path)
    cohort = Cohort.read(tmp_path / names[0])
    assert len(cohort) == 5
    assert cohort.provenance.details["content"] == "response"
    assert np.isfinite(cohort.waveforms).all()


def test_the_export_carries_the_noise_that_is_shown(app, chosen, tmp_path, words, settings):
    app.session_state["generation_settings"] = replace(settings(app), show="recordings", sweeps=500)
    app.run()
    assert "recordings at these conditions · residual noise of 500 sweeps · seed 7" in words(app)
    noise = NoiseOfSweeps(sweeps=500, learned=[{"level_db_nhl": 80, "sweeps": 2000}])
    names = unpacked(batch_bytes(chosen, settings(app).condition, 2, 7, "recording", "csv", noise), tmp_path)
    card = (tmp_path / names[2]).read_text(encoding="utf-8")
    assert "averages over 2,000 sweeps" in card
    assert "multiplied by 2.00" in card
    app.segmented_control(key="export_content").set_value("response").run()
    assert "responses at these conditions · seed 7" in words(app)


def test_the_export_buttons_offer_both_files(app):
    buttons = [b for b in app.get("download_button") if b.proto.label in ("Export CSV", "Parquet")]
    assert [b.proto.label for b in buttons] == ["Export CSV", "Parquet"]
    assert all(not b.proto.disabled for b in buttons)
