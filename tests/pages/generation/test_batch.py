"""The view of batches without a browser: designs, what they give, generation in the background, the list."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from abr_model.batches.background import list_batches, prepare, work_on
from abr_model.generation.designs.table import TEMPLATE
from dashboard.widgets.generation.batch import batch as batch_view_module


@pytest.fixture
def started(monkeypatch):
    """Batches that the page starts; they are made at once, in this process."""
    found = []

    def make(batch) -> None:
        found.append(batch)
        work_on(batch.folder)

    monkeypatch.setattr(batch_view_module, "launch", make)
    return found


@pytest.fixture
def app(open_page, sample_cohort, data_folder, model, project_root):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("home")
    app.query_params["view"] = "batches"
    app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()
    assert not app.exception
    return app


def design(app, kind: str):
    app.radio(key="batch_kind").set_value(kind).run()
    assert not app.exception
    return app


def bar(app) -> str:
    return next(
        h.proto.body
        for h in app.get("html")
        if re.search(r"\d (in|out)side the training data|few training data", h.proto.body)
    )


def head(app) -> str:
    return next(m.value for m in app.markdown if m.value.startswith("### "))


def test_a_grid_says_how_many_and_where(app):
    assert head(app) == "### 400 recordings"
    app.text_input(key="batch_ages").set_value("0.25, 109").run()
    assert head(app) == "### 800 recordings"
    assert "outside the training data" in bar(app)
    app.segmented_control(key="batch_outside").set_value("leave out").run()
    left_out = next(int(m[1]) for c in app.caption if (m := re.search(r"(\d+) outside left out", c.value)))
    assert left_out >= 400, "nobody is 109 years old"
    assert head(app) == f"### {800 - left_out} recordings"
    table = app.dataframe[0].value
    assert table.columns[0] == "Age (years)"
    assert set(table.iloc[:, 1]) == {20, 40, 60, 80}


def test_a_wrong_range_is_one_message_and_nothing_can_be_generated(app, words):
    app.text_input(key="batch_levels").set_value("20:80:-5").run()
    assert not app.exception
    assert "first:last:step" in words(app).replace("\\", "")
    assert not [b for b in app.button if b.key == "batch_generate"]
    app.text_input(key="batch_levels").set_value("20, 300").run()
    assert not app.exception
    assert "out of range" in words(app)
    app.multiselect(key="batch_classes").set_value([]).run()
    assert not app.exception
    assert "no hearing class is chosen" in words(app).lower()


def test_a_batch_is_made_listed_shown_and_deleted(app, started, words):
    app.number_input(key="batch_n_grid").set_value(3).run()
    assert head(app) == "### 12 recordings"
    app.button(key="batch_generate").click().run()
    assert not app.exception
    (batch,) = started
    assert batch.state == "finished", batch.message
    assert len(pd.read_csv(batch.bundle.data)) == 12
    text = words(app)
    assert "**12 recordings**" in text
    assert "not checked for near-copies" in text
    assert "Synthetic – research use only" in text, "the data card"
    labels = [b.proto.label for b in app.get("download_button")]
    assert any(re.match(r"File \(", label) for label in labels)
    assert "With card (zip)" in labels
    app.button(key=f"batch_delete_{batch.id}").click().run()
    assert not app.exception
    assert list_batches() == []


def test_recordings_as_of_another_number_of_sweeps(app, started, words, small_cohort):
    assert app.selectbox(key="batch_sweeps").value is None
    app.number_input(key="batch_n_grid").set_value(1).run()
    app.selectbox(key="batch_sweeps").set_value(500).run()
    app.button(key="batch_generate").click().run()
    noise = started[-1].provenance.request.residual_noise
    assert noise.sweeps == 500
    near_threshold = small_cohort.table.query("18 < intensity_db_nhl < 22")["sweeps_accepted"].median()
    assert {at.level_db_nhl: at.sweeps for at in noise.learned}[20] == near_threshold
    assert "residual noise as of 500 sweeps instead of " in words(app)
    assert "the median of the chosen cohort at the level" in words(app), "the data card"
    app.segmented_control(key="batch_content").set_value("response").run()
    assert app.selectbox(key="batch_sweeps").disabled
    app.button(key="batch_generate").click().run()
    assert started[-1].provenance.request.residual_noise is None


def test_like_the_cohort_and_balanced(app, started, small_cohort):
    design(app, "cohort")
    app.number_input(key="batch_n_cohort").set_value(20).run()
    app.button(key="batch_generate").click().run()
    assert started[-1].state == "finished", started[-1].message
    assert started[-1].provenance.request.design.cohort_digest == small_cohort.digest()
    design(app, "balanced")
    app.number_input(key="batch_n_balanced").set_value(2).run()
    classes = small_cohort.table["hearing_loss"].nunique()
    assert head(app) == f"### {2 * classes} recordings"


def test_the_sliders_condition(app):
    design(app, "condition")
    app.number_input(key="batch_n_condition").set_value(1).run()
    assert head(app) == "### 1 recording"
    assert any("3 months, 80 dB nHL" in c.value for c in app.caption)


def test_an_own_table_and_its_bad_rows(app, words):
    design(app, "table")
    assert "conditions of the batch appear here" in words(app)
    uploader = app.file_uploader(key="batch_table")
    uploader.set_value([("own.csv", TEMPLATE.encode(), "text/csv")]).run()
    assert not app.exception
    assert head(app) == "### 250 recordings"
    bad = TEMPLATE.replace("0.25,40", "0.25,400").encode()
    app.file_uploader(key="batch_table").set_value([("own.csv", bad, "text/csv")]).run()
    assert not app.exception
    text = words(app).replace("\\", "")
    assert "row 2" in text
    assert "out of range" in text
    assert "-10 to 110 dB nHL" in text
    assert app.dataframe[0].value["Row"].tolist() == [2]


def test_what_was_filled_in_is_there_after_a_look_elsewhere(app, go, project_root):
    app.text_input(key="batch_levels").set_value("30:60:30").run()
    go(app, "home")
    app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()
    assert app.text_input(key="batch_levels").value == "30:60:30"


def test_a_batch_at_work_shows_its_progress_and_can_be_stopped(app, model, data_folder, monkeypatch):
    from abr_model.batches import background
    from abr_model.batches.request import BatchRequest
    from abr_model.generation.designs.design import design_of
    from abr_model.runs.lock import Lock
    from abr_model.runs.status import write_status

    values = {"age_years": 1, "intensity_db_nhl": 80, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal", "n": 90}
    request = BatchRequest(design=design_of({"kind": "grid"} | values))
    batch = prepare(request, data_folder / "pretrained" / "tiny", model.model_id, 90)
    lock = Lock(batch.folder / "lock")
    assert lock.acquire()
    write_status(
        batch.folder, state="running", stage="generating", began=background.time.time() - 10, done=30, total=90
    )
    app.run()
    assert not app.exception
    (bar,) = app.get("progress")
    assert re.match(r"30 of 90 recordings · about 2\d s left", bar.proto.text)
    assert app.button(key="batch_generate").disabled, "one at a time"
    app.button(key=f"batch_stop_{batch.id}").click().run()
    assert batch.stop_requested
    assert app.button(key=f"batch_stop_{batch.id}").disabled
    lock.release()
    app.run()
    assert not app.exception
    assert any("crashed" in m.value for m in app.markdown)
    assert not app.button(key="batch_generate").disabled


def test_too_many_for_a_format_or_the_page(app, words):
    app.number_input(key="batch_n_grid").set_value(30_000).run()
    assert not app.button(key="batch_generate").disabled
    app.selectbox(key="batch_format").set_value("wfdb").run()
    assert "Too many recordings for WFDB" in words(app)
    assert app.button(key="batch_generate").disabled
    app.selectbox(key="batch_format").set_value("parquet").run()
    app.number_input(key="batch_n_grid").set_value(300_000).run()
    assert "Too many recordings for the page" in words(app)
    assert "abr generate" in words(app)


def test_no_id_gets_into_the_address(app, started):
    app.number_input(key="batch_n_grid").set_value(1).run()
    app.button(key="batch_generate").click().run()
    assert set(app.query_params) <= {"view", "model"}
