from __future__ import annotations

import io

import pytest

from abr_model.cohort import Cohort
from abr_model.sources.simulator import simulate


@pytest.fixture
def app(open_page, sample_cohort):
    return open_page("data")


def upload(app, name: str, content: bytes):
    app.file_uploader(key="data_upload_0").set_value((name, content, "application/octet-stream")).run()
    return app


def chosen(app) -> str:
    return app.selectbox(key="data_cohort").value


def as_bytes(cohort: Cohort, tmp_path) -> bytes:
    return cohort.write(tmp_path / "elsewhere.parquet").read_bytes()


def test_asks_one_question_and_says_what_the_recordings_are(app, words):
    assert not app.exception
    assert [t.value for t in app.title] == ["Data"]
    assert "What is in this cohort, and what is missing?" in words(app)
    assert "simulated cohort" in words(app)


def test_draws_one_patient_with_the_levels_that_the_patient_has(app, small_cohort):
    chart = app.get("plotly_chart")[0]
    patient = app.selectbox(key="data_patient").value
    rows = small_cohort.table["patient_id"] == patient
    assert f"{int(rows.sum())} ABR recordings of one patient" in chart.proto.alt


def test_each_view_draws_without_a_fault(app):
    views = list(app.segmented_control(key="data_view").options)
    assert {"Traces", "Mean by level", "What is missing", "Selection", "Table"} <= set(views)
    for view in views:
        app.segmented_control(key="data_view").set_value(view).run()
        assert not app.exception, view
        assert not app.error, view


def test_only_the_open_view_is_drawn(app):
    app.segmented_control(key="data_view").set_value("Table").run()
    assert not app.get("plotly_chart")
    assert len(app.dataframe) == 1


def test_the_table_is_paged_and_carries_units(open_page, data_folder, small_cohort):
    small_cohort.write(data_folder / "cohorts" / "sample.parquet")
    app = open_page("data")
    app.segmented_control(key="data_view").set_value("Table").run()
    first = app.dataframe[0].value
    assert len(first) == 200 < len(small_cohort)
    assert "Intensity (dB nHL)" in app.dataframe[0].proto.columns
    page = next(n for n in app.number_input if n.label.startswith("Page"))
    page.set_value(2).run()
    second = app.dataframe[0].value
    assert list(second["recording_id"]) == list(small_cohort.table["recording_id"][200:400])


def test_selection_follows_the_threshold(app, small_cohort, words):
    app.segmented_control(key="data_view").set_value("Selection").run()
    loose = words(app)
    app.slider(key="data_fmp").set_value(4.0).run()
    assert words(app) != loose
    kept = (small_cohort.table["fmp"] > 4.0) & (small_cohort.table["stimulus_polarity"] == "alternating")
    kept &= (
        small_cohort.table[["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]].notna().all(axis=1)
    )
    assert f"**{int(kept.sum()):,} of {len(small_cohort):,} recordings are kept**" in words(app)


def test_simulating_a_clinic_chooses_it_and_the_choice_survives_a_page_change(app, data_folder):
    app.number_input(key="data_simulate_patients").set_value(10)
    app.number_input(key="data_simulate_seed").set_value(5)
    app.button(key="data_simulate").click().run()
    assert not app.exception
    assert chosen(app).endswith("simulated-10-patients-seed-5.parquet")
    home = app.switch_page("home_page.py").run()
    assert any("10 patients · seed 5" in m.value for m in home.sidebar.markdown)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.parquet", b"these are my notes, not a cohort"),
        ("empty.parquet", b""),
        ("notes.csv", b"a text file; with no recording in it\n"),
        ("letter.txt", b"Dear colleague,\nplease find attached ...\n"),
        ("empty.csv", b""),
        ("table.xlsx", b"PK\x03\x04 not a workbook"),
    ],
)
def test_a_malformed_upload_is_explained_and_the_cohort_is_kept(app, name, content):
    before = chosen(app)
    upload(app, name, content)
    if not name.endswith("parquet"):
        app.number_input(key="data_rate").set_value(15000.0)
        app.number_input(key="data_start").set_value(0.0).run()
    app.button(key="data_import").click().run()
    assert not app.exception
    assert len(app.error) == 1
    assert name.split(".")[0] in app.error[0].value
    assert "kept" in app.error[0].value
    assert "upload-1" not in app.error[0].value
    assert chosen(app) == before


def test_a_truncated_cohort_is_explained_and_the_cohort_is_kept(app, small_cohort, tmp_path):
    before = chosen(app)
    content = as_bytes(small_cohort, tmp_path)
    upload(app, "half.parquet", content[: len(content) // 2])
    app.button(key="data_import").click().run()
    assert not app.exception
    assert "half" in app.error[0].value
    assert chosen(app) == before


def test_an_uploaded_cohort_is_chosen_under_a_name_of_ours(app, tmp_path, data_folder):
    upload(app, "../../Mustermann, Erika.parquet", as_bytes(simulate(patients=4, seed=9), tmp_path))
    app.button(key="data_import").click().run()
    assert not app.exception
    assert not app.error
    assert "simulated-" in chosen(app)
    names = [p.name for p in data_folder.rglob("*")]
    assert not any("Mustermann" in name for name in names)


def eclipse_csv(recordings: int = 6) -> bytes:
    """A small Eclipse export in the words of that device: 20 samples a recording, one bad level."""
    header = ["ID", "Name", "Patient_ID", "Stimulus Side", "Age", "Intensity", "Stimulus Rate", "Hear_Loss",
              "Stimulus Polarity", "FMP", "ResNo"]  # fmt: skip
    buffer = io.StringIO()
    buffer.write(",".join(header + [str(i) for i in range(1, 21)]) + "\n")
    for row in range(recordings):
        level = "300" if row == 0 else "80"
        samples = [f"{0.1 * ((row + i) % 7 - 3):.3f}" for i in range(20)]
        cells = [str(row), "Erika Mustermann", f"P{row // 2}", "Right", "34", level, "33.1", "NORMAL", "Alternating",
                 "2.5", "20"]  # fmt: skip
        buffer.write(",".join(cells + samples) + "\n")
    return buffer.getvalue().encode()


def test_an_export_without_sampling_is_asked_for_it_then_imported_without_names(app, data_folder, words):
    upload(app, "export.csv", eclipse_csv())
    assert app.button(key="data_import").disabled
    app.number_input(key="data_rate").set_value(15000.0)
    app.number_input(key="data_start").set_value(0.0).run()
    app.button(key="data_import").click().run()
    assert not app.exception
    assert not app.error
    assert "5 recordings read, 1 refused" in words(app)
    assert app.get("download_button")
    loaded = Cohort.read(chosen(app))
    assert loaded.kind == "clinical"
    assert len(loaded) == 5
    assert loaded.sampling.rate_hz == 15000
    for file in data_folder.rglob("*.parquet"):
        assert b"Mustermann" not in file.read_bytes()


def test_of_two_cohort_files_with_a_bad_one_neither_is_kept(app, tmp_path, data_folder):
    before, files = chosen(app), sorted(data_folder.rglob("*.parquet"))
    good = as_bytes(simulate(patients=4, seed=9), tmp_path)
    both = [
        ("good.parquet", good, "application/octet-stream"),
        ("bad.parquet", good[:2000], "application/octet-stream"),
    ]
    app.file_uploader(key="data_upload_0").set_value(both).run()
    app.button(key="data_import").click().run()
    assert "bad" in app.error[0].value and "kept" in app.error[0].value
    assert chosen(app) == before and sorted(data_folder.rglob("*.parquet")) == files


def test_age_and_hearing_can_be_stated_for_text_exports(app, human_recordings):
    file = sorted((human_recordings / "native").glob("*.TXT"))[0]
    upload(app, file.name, file.read_text(encoding="latin-1").encode("utf-16"))
    app.number_input(key="data_age").set_value(25.0)
    app.selectbox(key="data_hearing_loss").set_value("normal").run()
    app.button(key="data_import").click().run()
    assert not app.exception and not app.error
    table = Cohort.read(chosen(app)).table
    assert (table["age_years"] == 25).all() and (table["hearing_loss"] == "normal").all()
    assert any("age 25 years stated by the person" in m.value.lower() for m in app.markdown)


def test_more_recordings_than_one_picture_holds_are_said_to_be_that(app, words, monkeypatch):
    from dashboard.widgets import cohort_views

    assert "Not drawn" not in words(app)
    monkeypatch.setattr(cohort_views, "MAXIMUM_TRACES", 5)
    app.run()
    assert "more than the 5 that one picture holds" in words(app) and "without a level" not in words(app)


def test_what_is_missing_together_is_a_picture_with_words(app, words):
    app.segmented_control(key="data_view").set_value("What is missing").run()
    alts = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert any(alt.startswith("Correlation of being missing") for alt in alts)
    assert "missing in the same recordings" in words(app)
