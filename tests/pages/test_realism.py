from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from abr_model.cohort import Provenance
from abr_model.realism import EXPLAINED, compare, true_physiology
from abr_model.schema import Kind
from dashboard.widgets import realism as widgets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_realism(data_folder):
    def open_() -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=120).run()
        return app.switch_page(str(ROOT / "pages" / "7_Realism.py")).run()

    return open_


@pytest.fixture(autouse=True)
def small_experiment(monkeypatch):
    """Twelve patients of each age answer as quickly as they need to here."""
    monkeypatch.setattr(widgets, "true_physiology", lambda: true_physiology(patients=12))


@pytest.fixture
def generated(data_folder, small_cohort) -> Path:
    """A cohort as a model makes it: without Fmp, polarity, ear and sex. Older than ``sample_cohort``."""
    table = small_cohort.table.assign(fmp=np.nan, residual_noise_nv=np.nan, stimulus_polarity=None, ear=None, sex=None)
    cohort = replace(small_cohort, table=table, provenance=Provenance(kind=Kind.GENERATED, source="a model"))
    path = cohort.write(data_folder / "cohorts" / "generated.parquet")
    os.utime(path, (1, 1))
    return path


def charts(app) -> dict:
    return {chart.proto.id.rsplit("-", 1)[-1]: chart.proto for chart in app.get("plotly_chart")}


def answer(app) -> tuple[int, int]:
    found = re.search(r"(\d+) of (\d+) checks met", "\n".join(m.value for m in app.markdown))
    return int(found[1]), int(found[2])


@pytest.fixture
def app(open_realism, sample_cohort):
    return open_realism()


def test_answers_first_then_shows_what_is_not_met(app, words):
    assert not app.exception
    assert not app.error
    assert [t.value for t in app.title] == ["Realism"]
    text = words(app)
    assert "How real is the simulation?" in text
    met, judged = answer(app)
    assert 0 < met < judged
    assert f"**Not met** :gray[ · {judged - met}]" in text
    assert charts(app)["realism_unmet_rows"].alt.count("not met") == judged - met


def test_says_what_it_cannot_show(app, words):
    assert "only aggregates of one clinic" in words(app).lower()
    assert "Nothing here says anything about a" in words(app)


def test_draws_the_average_trace_and_wave_v_with_words_for_those_who_cannot_see(app):
    drawn = charts(app)
    assert "22,746 published" in drawn["realism_trace"].alt
    assert "Gorga 1989" in drawn["realism_wave_v"].alt
    assert "80 dB" in drawn["realism_wave_v"].alt


def groups(app) -> list[str]:
    """Names of the groups, without their counts."""
    return [re.sub(r" \d+/\d+$", "", option) for option in app.pills(key="realism_group").options]


def test_shows_one_group_at_a_time(app):
    seen = set()
    for group in groups(app):
        app.pills(key="realism_group").set_value(group).run()
        assert not app.exception, group
        seen.add(charts(app)["realism_rows"].alt)
    assert len(seen) == 8


def test_another_cohort_without_the_open_group_shows_the_first(app, generated):
    app.pills(key="realism_group").set_value("Physiology, true responses").run()
    app.switch_page(str(ROOT / "pages" / "1_Data.py")).run()
    app.selectbox(key="data_cohort").set_value(str(generated)).run()
    app.switch_page(str(ROOT / "pages" / "7_Realism.py")).run()
    assert not app.exception
    assert "Physiology, true responses" not in groups(app)
    assert charts(app)["realism_rows"].alt.startswith("Kept with Fmp above 1.0")


def test_the_whole_table_can_be_taken_along(app):
    assert [b.proto.label for b in app.get("download_button")][-1] == "Download all (CSV)"


def test_a_conflict_is_explained_beside_its_row(app, small_cohort, words, monkeypatch):
    name, *_ = charts(app)["realism_unmet_rows"].alt.split(":")
    key = next(c.key for c in compare(small_cohort) if c.name == name)
    monkeypatch.setitem(EXPLAINED, key, "two published numbers pull apart here")
    assert "two published numbers pull apart here" not in words(app)
    assert f"**{name}:** two published numbers pull apart here" in words(app.run())


def test_a_generated_cohort_is_compared_with_what_selection_keeps(open_realism, generated, words):
    app = open_realism()
    assert not app.exception
    assert "How real are the generated recordings?" in words(app)
    assert "cannot be told" in words(app)
    assert "Physiology, true responses" not in groups(app)


def test_clinical_recordings_without_quality_marks_or_length_still_open(open_realism, data_folder, small_cohort, words):
    columns = [c for c in small_cohort.table if c.startswith(("latency", "amplitude", "response"))]
    table = small_cohort.table.assign(fmp=np.nan, hearing_loss=None, **{c: None for c in columns})
    clinical = replace(
        small_cohort,
        waveforms=small_cohort.waveforms[:, :100],
        table=table,
        provenance=Provenance(kind=Kind.CLINICAL, source="an import"),
    )
    clinical.write(data_folder / "cohorts" / "clinical.parquet")
    app = open_realism()
    assert not app.exception
    assert not app.error
    assert "do not cover 0 to 13.3 ms" in words(app)
    assert "No level has ten normal ears" in words(app)
