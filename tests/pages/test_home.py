from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_first_start_simulates_a_cohort_and_says_so(open_page, data_folder, words):
    app = open_page("home")
    assert not app.exception
    files = list((data_folder / "cohorts").glob("*.parquet"))
    assert [f.name for f in files] == ["simulated-12-patients-seed-2.parquet"]
    text = words(app)
    assert "12 patients" in text
    assert "simulated cohort" in text
    assert "Research use only" in text
    assert "none yet" in text.lower()
    assert "There is no trained model yet: train one first" in text


def test_shows_the_counts_of_the_loaded_cohort(open_page, sample_cohort, small_cohort):
    app = open_page("home")
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown == {"Recordings": f"{len(small_cohort):,}", "Patients": f"{small_cohort.patients:,}"}


def test_links_to_every_page_that_exists(open_page, sample_cohort):
    app = open_page("home")
    labels = {link.proto.label for link in app.get("page_link")}
    assert {"Open Data", "Open Training"} <= labels


def test_the_first_steps_are_ticked_off_as_pages_are_opened(open_page, sample_cohort, data_folder, model, go, words):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("home")
    assert "Your first two minutes" in words(app)
    assert " · 0 of " in words(app)
    assert "Wave V comes later" in words(app)
    go(app, "data")
    go(app, "generation")
    go(app, "home")
    assert " · 1 of " in words(app)
    assert words(app).count("green-badge[done]") == 1


def test_no_model_is_loaded_for_the_first_page(open_page, sample_cohort, data_folder, model, monkeypatch):
    """It would be the wait of a first start."""
    from dashboard import session

    model.save(data_folder / "pretrained" / "tiny")
    monkeypatch.setattr(session, "_load_model", lambda folder: pytest.fail("a model was loaded"))
    app = open_page("home")
    assert not app.exception


def test_the_page_says_what_one_is_looking_at(open_page, sample_cohort, words):
    assert "far-field potential" in words(open_page("home"))


def test_draws_the_mean_traces(open_page, sample_cohort):
    chart = open_page("home").get("plotly_chart")
    assert len(chart) == 1
    assert "dB nHL" in chart[0].proto.alt


def test_a_damaged_newest_file_is_skipped(open_page, sample_cohort, data_folder, words):
    (data_folder / "cohorts" / "newer.parquet").write_bytes(b"PAR1 cut off")
    app = open_page("home")
    assert not app.exception
    assert not app.error


NOT_INSTALLED = """
import sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
sys.path = [{dashboard!r}] + [p for p in sys.path if p not in ("", {root!r})]
try:
    import abr_model
except ModuleNotFoundError:
    pass
else:
    sys.exit(77)
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({home!r}, default_timeout=120).run()
assert not app.exception, app.exception[0].stack_trace
import abr_model
print(abr_model.__file__, app.title[0].value)
"""


def test_runs_from_a_checkout_that_is_not_installed(data_folder: Path, sample_cohort, project_root: Path):
    """The console script puts only dashboard/ on the import path; Home.py then finds the packages beside itself."""
    home = project_root / "dashboard" / "Home.py"
    code = NOT_INSTALLED.format(dashboard=str(home.parent), root=str(project_root), home=str(home))
    environment = os.environ | {"PYTHONPATH": ""}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=data_folder, env=environment, capture_output=True, text=True, timeout=300
    )
    if result.returncode == 77:
        pytest.skip("the packages are installed as copies: the fallback is never reached")
    assert result.returncode == 0, result.stderr[-2000:]
    assert str(project_root / "abr_model") in result.stdout
