"""The model of a dry run is never offered for generation."""

from __future__ import annotations

import json

import pytest
import streamlit as st

from abr_model.configuration import load_preset
from abr_model.runs.run import Run
from dashboard import session


@pytest.mark.parametrize("dry_run", [False, True])
def test_models_of_dry_runs_are_left_out(tmp_path, monkeypatch, small_cohort, dry_run):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    monkeypatch.setattr(session, "SHIPPED_MODELS", tmp_path / "nothing is shipped")
    st.cache_resource.clear()
    cohort = small_cohort.write(tmp_path / "cohorts" / "clinic.parquet")
    run = Run.create(session.runs_folder(), load_preset("reference"), cohort, dry_run=dry_run)
    run.model_folder.mkdir()
    about = {"kind": "simulated", "cohort": "s", "recordings": {"train": 7}}
    text = {"preset": {"name": "default"}, "model_id": "1234abcd", "provenance": about}
    (run.model_folder / "model.json").write_text(json.dumps(text))
    assert [model.folder for model in session.available_models()] == ([] if dry_run else [run.model_folder])
