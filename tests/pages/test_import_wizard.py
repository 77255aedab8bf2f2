"""The import of the Data page, step by step, with files as clinics have them and with broken ones."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.sources.simulator import simulate

ODD_COLUMNS = {
    "patient_id": "Fall",
    "ear": "Messohr",
    "intensity_db_nhl": "Lautheit",
    "stimulus_rate_per_s": "Klickfolge",
    "hearing_loss": "Befund",
    "latency_V_ms": "Zipfel 5",
    "amplitude_V_uv": "Hub 5",
}


@pytest.fixture(scope="module")
def clinic() -> Cohort:
    cohort = simulate(patients=14, seed=3)
    return cohort.take(cohort.table["ear"].notna().to_numpy())


@pytest.fixture
def uploads_folder(tmp_path, monkeypatch):
    """Where uploaded files are laid down."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def app(open_page, sample_cohort, uploads_folder):
    app = open_page("data")
    return app.button(key="data_import_open").click().run()


def widget(app, kind: str, name: str):
    """The widget of an answer; its key ends in a number that grows when the answers come from elsewhere."""
    found = [w for w in app.get(kind) if re.fullmatch(rf"import_{re.escape(name)}_\d+", w.key or "")]
    assert len(found) == 1, f"{kind} {name}: {[w.key for w in app.get(kind)]}"
    return found[0]


def upload(app, *files: tuple[str, bytes]):
    brought = [(name, content, "application/octet-stream") for name, content in files]
    uploader = next(u for u in app.file_uploader if u.key.startswith("import_upload_"))
    uploader.set_value(brought).run()
    assert not app.exception
    return app


def press(app, key: str):
    """``key`` may be a regular expression; keys of answers end in a number."""
    button = next(b for b in app.button if re.fullmatch(rf"{key}(_\d+)?", b.key or ""))
    assert not button.disabled, key
    button.click().run()
    assert not app.exception
    return app


def exists(app, key: str) -> bool:
    return any(b.key == key for b in app.button)


def chosen(app) -> str:
    return app.session_state["session_cohort_path"]


def eclipse_csv(recordings: int = 24, bad_level: bool = True) -> bytes:
    """A small Eclipse export in the words of that device, 250 samples a recording; the first level cannot be."""
    rng = np.random.default_rng(5)
    time = np.arange(250) / 15.0
    rows = []
    for row in range(recordings):
        wave = 0.3 * np.exp(-(((time - 5.6) / 0.4) ** 2)) - 0.2 * np.exp(-(((time - 7.2) / 0.8) ** 2))
        cells = {
            "ID": row, "Name": "Erika Mustermann", "Patient_ID": f"P{row // 2}", "Stimulus Side": "Right", "Age": 34,
            "Intensity": 300 if bad_level and row == 0 else 80, "Stimulus Rate": 33.1, "Hear_Loss": "NORMAL",
            "Stimulus Polarity": "Alternating", "FMP": 2.5, "ResNo": 20, "V Latancy": 5.6, "V Amplitude": 0.5,
        }  # fmt: skip
        trace = wave + 0.01 * rng.standard_normal(len(time))
        rows.append(cells | {str(i + 1): f"{value:.5f}" for i, value in enumerate(trace)})
    return pd.DataFrame(rows).to_csv(index=False).encode()


def odd_csv(clinic: Cohort) -> bytes:
    """A table with odd column names, samples in mV and upside down, labels 0.85 ms too early, 0 where not marked."""
    table = clinic.table
    frame = pd.DataFrame(
        {
            "Nachname": "Mustermann",
            "Fall": 70_001 + table["patient_id"].factorize()[0],
            "Messohr": table["ear"].map({"right": "re", "left": "lnk"}),
            "Alter Monate": (12 * table["age_years"]).round(0),
            "Lautheit": table["intensity_db_nhl"],
            "Klickfolge": table["stimulus_rate_per_s"],
            "Befund": table["hearing_loss"],
            "Zipfel 5": (table["latency_V_ms"] - 0.85).round(3).fillna(0),
            "Hub 5": table["amplitude_V_uv"].round(4),
        }
    )
    samples = pd.DataFrame(-1e-3 * clinic.waveforms, columns=[f"t{i}" for i in range(clinic.samples)]).round(9)
    return pd.concat([frame, samples], axis=1).to_csv(index=False).encode()


def say_columns(app) -> None:
    for name, column in ODD_COLUMNS.items():
        widget(app, "selectbox", f"column_{name}").set_value(column)
    app.run()
    next(box for box in app.selectbox if "lnk" in box.label).set_value("left").run()


def say_sampling(app, rate: float = 15_000.0, start: float = 0.0) -> None:
    widget(app, "number_input", "rate").set_value(rate)
    widget(app, "number_input", "start").set_value(start).run()
    assert not app.exception


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.parquet", b"these are my notes, not a cohort", "not of a kind"),
        ("empty.parquet", b"", "empty"),
        ("notes.csv", b"a text file; with no recording in it\n", "not of a kind"),
        ("letter.txt", b"Dear colleague,\nplease find attached ...\n", "not of a kind"),
        ("empty.csv", b"", "empty"),
        ("table.xlsx", b"PK\x03\x04 not a workbook", "damaged"),
    ],
)
def test_a_malformed_file_is_explained_and_goes_no_further(app, words, name, content, said):
    before = chosen(app)
    upload(app, (name, content))
    assert name in words(app).replace("\\", "")
    assert said in words(app)
    assert "upload-1" not in words(app)
    assert app.button(key="import_next").disabled
    assert chosen(app) == before


def test_a_file_that_cannot_be_read_can_be_removed(app, words):
    upload(app, ("empty.csv", b""), ("export.csv", eclipse_csv()))
    assert "1 of 2 files cannot be read" in "\n".join(i.value for i in app.info)
    press(app, "import_remove_0_upload-1")
    assert "empty.csv" not in words(app)
    assert not app.button(key="import_next").disabled


def test_a_workbook_under_another_ending_is_read_by_its_content(app, words, tmp_path):
    path = tmp_path / "book.xlsx"
    pd.read_csv(io.BytesIO(eclipse_csv())).to_excel(path, index=False)
    upload(app, ("export.csv", path.read_bytes()))
    assert "Eclipse" in words(app) and not app.button(key="import_next").disabled


def test_a_truncated_cohort_is_explained_and_the_cohort_is_kept(app, words, small_cohort, tmp_path):
    before = chosen(app)
    content = small_cohort.write(tmp_path / "c.parquet").read_bytes()
    upload(app, ("half.parquet", content[: len(content) // 2]))
    assert "truncated" in words(app)
    assert chosen(app) == before and not exists(app, "import_open")


def test_a_cohort_is_opened_under_a_name_of_ours(app, tmp_path, data_folder, uploads_folder):
    content = simulate(patients=4, seed=9).write(tmp_path / "c.parquet").read_bytes()
    upload(app, ("../../Mustermann, Erika.parquet", content))
    press(app, "import_open")
    assert not app.error
    assert "simulated-" in chosen(app)
    assert not any("Mustermann" in path.name for path in [*data_folder.rglob("*"), *uploads_folder.rglob("*")])
    assert not list(uploads_folder.iterdir()), "what was brought is removed"
    assert "Mustermann" not in str(app.query_params)


def test_of_two_cohorts_with_a_changed_one_neither_is_kept(app, tmp_path, data_folder):
    before, files = chosen(app), sorted(data_folder.rglob("*.parquet"))
    good = simulate(patients=4, seed=9).write(tmp_path / "c.parquet").read_bytes()
    changed = good.replace(b"normal", b"mormal")
    assert changed != good
    upload(app, ("good.parquet", good), ("changed.parquet", changed))
    press(app, "import_open")
    assert "changed" in app.error[0].value and "kept" in app.error[0].value
    assert chosen(app) == before and sorted(data_folder.rglob("*.parquet")) == files


def test_a_cohort_and_an_export_are_not_taken_together(app, tmp_path):
    content = simulate(patients=4, seed=9).write(tmp_path / "c.parquet").read_bytes()
    upload(app, ("c.parquet", content), ("export.csv", eclipse_csv()))
    assert "both cannot be done at once" in app.info[0].value
    assert app.button(key="import_next").disabled


def test_tables_with_different_columns_are_not_taken_together(app, clinic):
    upload(app, ("export.csv", eclipse_csv()), ("odd.csv", odd_csv(clinic)))
    assert "different columns" in app.info[0].value
    assert app.button(key="import_next").disabled


def test_an_export_is_asked_what_it_does_not_say_then_stored_without_names(app, data_folder, uploads_folder, words):
    before = chosen(app)
    upload(app, ("export of Mustermann.csv", eclipse_csv()))
    press(app, "import_next")
    assert app.button(key="import_next").disabled
    assert "Still needed: the sampling rate and the time of the first sample" in words(app)
    assert not app.get("plotly_chart")
    say_sampling(app)
    assert "Mean of 23 recordings at 80 dB nHL" in app.get("plotly_chart")[0].proto.alt
    first_rows = app.dataframe[0].value
    assert "Name" in first_rows and "Erika" not in first_rows.to_string()
    press(app, "import_next")
    assert "23 recordings of 12 patients" in words(app) and "1 refused" in words(app)
    assert chosen(app) == before and not list(data_folder.rglob("clinical-*")), "nothing is stored by checking"
    refused = next(d.value for d in app.dataframe if "Reason" in d.value)
    assert list(refused["Value there"]) == ["300"] and list(refused["First in row"]) == [1]
    press(app, "import_store")
    assert "Stored: 23 recordings of 12 patients" in words(app)
    assert "Name" in words(app), "the columns that were removed are listed"
    press(app, "import_show")
    loaded = Cohort.read(chosen(app))
    assert loaded.kind == "clinical" and len(loaded) == 23 and loaded.sampling.rate_hz == 15_000
    for file in data_folder.rglob("*.*"):
        assert not file.is_file() or b"Mustermann" not in file.read_bytes(), file
    assert not list(uploads_folder.iterdir())
    assert "23 recordings read, 1 refused" in words(app)
    app.run()
    assert "23 recordings read, 1 refused" in words(app), "the report stays until it is closed"
    press(app, "import_outcome_close")
    assert "23 recordings read" not in words(app)


def test_odd_columns_unit_polarity_and_shift_are_put_right(app, clinic, words):
    upload(app, ("odd.csv", odd_csv(clinic)))
    press(app, "import_next")
    say_sampling(app)
    say_columns(app)
    assert widget(app, "segmented_control", "unit").value == "mV", "judged by the size of the samples"
    widget(app, "segmented_control", "unit").set_value("µV").run()
    assert "which is unusual for an ABR" in words(app)
    widget(app, "segmented_control", "unit").set_value("mV").run()
    assert "which is unusual for an ABR" not in words(app)
    assert "upside down" in words(app)
    widget(app, "toggle", "invert").set_value(True).run()
    assert "upside down" not in words(app)
    press(app, "import_next")
    assert re.search(r"0\.8[4-6] ms before the nearest peak", words(app))
    assert app.button(key="import_store").disabled, "a problem must be seen before it is stored"
    press(app, r"import_apply_\d_wave_v_offset")
    assert re.search(r"Applied: Set the shift of all latencies to \+0\.8[4-6] ms", words(app))
    assert "before the nearest peak" not in words(app)
    press(app, "import_undo")
    assert re.search(r"0\.8[4-6] ms before the nearest peak", words(app)), "a correction can be taken back"
    press(app, r"import_apply_\d_wave_v_offset")
    press(app, "import_store")
    press(app, "import_show")
    stored = Cohort.read(chosen(app))
    assert len(stored) == len(clinic)
    assert np.abs(stored.waveforms - clinic.waveforms).max() < 2e-6
    table, truth = stored.table, clinic.table
    np.testing.assert_allclose(table["latency_V_ms"], truth["latency_V_ms"], atol=0.03)
    np.testing.assert_allclose(table["age_years"], np.minimum(truth["age_years"], 90), atol=0.05)
    assert list(table["ear"]) == list(truth["ear"])
    assert table["patient_id"].nunique() == truth["patient_id"].nunique()
    assert not table["patient_id"].str.contains("7000").any()
    assert stored.provenance.details["corrections"] == {
        "invert_polarity": True,
        "label_shift_ms": pytest.approx(0.85, abs=0.02),
    }


def test_problems_are_stored_only_when_they_were_seen(app, clinic):
    upload(app, ("odd.csv", odd_csv(clinic)))
    press(app, "import_next")
    say_sampling(app)
    say_columns(app)
    press(app, "import_next")
    assert app.button(key="import_store").disabled
    widget(app, "checkbox", "seen").check().run()
    press(app, "import_store")
    assert any("that you have seen" in e.label for e in app.expander)


def test_the_answers_are_remembered_for_the_next_file_with_these_columns(app, clinic, words):
    content = odd_csv(clinic)
    upload(app, ("odd.csv", content))
    press(app, "import_next")
    say_sampling(app)
    say_columns(app)
    widget(app, "toggle", "invert").set_value(True).run()
    press(app, "import_next")
    widget(app, "checkbox", "seen").check().run()
    press(app, "import_store")
    press(app, "import_close")
    press(app, "data_import_open")
    upload(app, ("next month.csv", content))
    press(app, "import_next")
    assert "remembered" in words(app)
    assert widget(app, "selectbox", "column_patient_id").value == "Fall"
    assert widget(app, "number_input", "rate").value == 15_000
    assert widget(app, "toggle", "invert").value is True
    press(app, "import_next")
    assert "the same file was imported before" in words(app).lower()


def test_a_mapping_file_is_taken_over_and_one_of_another_table_is_refused(app, clinic):
    from abr_model.sources.columns.mapping import ColumnMapping
    from dashboard.widgets.importing.mapping_file import as_yaml

    samples = {"prefix": "t"}
    fitting = ColumnMapping(columns=ODD_COLUMNS, samples=samples, sampling_rate_hz=15_000, start_ms=0.5)
    other = ColumnMapping(columns={"patient_id": "Patient_ID"}, samples=samples)
    upload(app, ("odd.csv", odd_csv(clinic)))
    press(app, "import_next")
    widget(app, "file_uploader", "mapping_upload").upload("m.yaml", as_yaml(other)).run()
    assert "another table" in app.error[0].value
    widget(app, "file_uploader", "mapping_upload").set_value(("m.yaml", b"[1, 2", "text/yaml")).run()
    assert "not YAML" in app.error[0].value
    widget(app, "file_uploader", "mapping_upload").set_value(("m.yaml", as_yaml(fitting), "text/yaml")).run()
    assert not app.exception and not app.error
    assert widget(app, "selectbox", "column_patient_id").value == "Fall"
    assert widget(app, "number_input", "start").value == 0.5


def test_where_every_recording_is_refused_each_reason_is_listed_and_nothing_is_lost(app, words):
    before = chosen(app)
    upload(app, ("export.csv", eclipse_csv().replace(b",80,33.1", b",900,33.1")))
    press(app, "import_next")
    say_sampling(app)
    press(app, "import_next")
    assert "no recording could be imported" in app.error[0].value
    assert "kept" in app.error[0].value
    assert "24 recordings refused" in words(app)
    assert not exists(app, "import_store")
    press(app, "import_back")
    assert widget(app, "number_input", "rate").value == 15_000
    press(app, "import_close")
    assert chosen(app) == before


def test_closing_stores_nothing_and_removes_what_was_brought(app, data_folder, uploads_folder):
    files = sorted(data_folder.rglob("*.parquet"))
    upload(app, ("export.csv", eclipse_csv()))
    assert [path.name for path in uploads_folder.rglob("upload-*")] == ["upload-1"]
    press(app, "import_close")
    assert not list(uploads_folder.iterdir())
    assert sorted(data_folder.rglob("*.parquet")) == files
    assert exists(app, "data_import_open")


def test_a_reload_in_the_middle_is_told_gently(app, open_page):
    assert app.query_params["import"] in ("open", ["open"])
    fresh = open_page("data")
    fresh.query_params["import"] = "open"
    fresh.run()
    assert "page was reloaded" in fresh.info[0].value
    assert any(u.key.startswith("import_upload_") for u in fresh.file_uploader)


def test_the_import_waits_while_another_page_is_looked_at(app, clinic):
    upload(app, ("odd.csv", odd_csv(clinic)))
    press(app, "import_next")
    say_sampling(app)
    app.switch_page("home_page.py").run()
    app.switch_page(str(Path(__file__).parents[2] / "pages" / "1_Data.py")).run()
    assert not app.exception
    assert widget(app, "number_input", "rate").value == 15_000


def test_real_text_exports_say_what_they_hold_and_take_age_and_hearing(app, human_recordings, words):
    file = sorted((human_recordings / "native").glob("*.TXT"))[0]
    upload(app, (file.name, file.read_text(encoding="latin-1").encode("utf-16")))
    assert "SmartEP" in words(app)
    press(app, "import_next")
    assert not app.button(key="import_next").disabled, "the file says all that is needed"
    widget(app, "number_input", "age").set_value(25.0)
    widget(app, "selectbox", "say_hearing_loss").set_value("normal").run()
    press(app, "import_next")
    press(app, "import_store")
    press(app, "import_show")
    table = Cohort.read(chosen(app)).table
    assert (table["age_years"] == 25).all() and (table["hearing_loss"] == "normal").all()
    assert any("age 25 years stated by the person" in m.value.lower() for m in app.markdown)


def test_a_record_in_two_files_is_one(app, words, tmp_path):
    import wfdb

    time = np.arange(480) / 48.0
    trace = 0.4 * np.exp(-(((time - 5.6) / 0.4) ** 2))
    comments = ["<Subject>: 7", "<dB nHL>: 80", "<Ear>: right"]
    wfdb.wrsamp("rec1", 48_000, ["uV"], ["ABR"], p_signal=trace[:, None], fmt=["16"], comments=comments,
                write_dir=str(tmp_path))  # fmt: skip
    upload(app, *[(f"rec1.{end}", (tmp_path / f"rec1.{end}").read_bytes()) for end in ("dat", "hea")])
    assert "belongs to another of these files" in words(app) and "WFDB" in words(app)
    press(app, "import_next")
    for name, value in (("rate", 48_000.0), ("start", 0.0)):
        if any((w.key or "").startswith(f"import_{name}_") for w in app.number_input):
            widget(app, "number_input", name).set_value(value).run()
    assert "One recording" in app.get("plotly_chart")[0].proto.alt
    press(app, "import_next")
    assert "1 recording of 1 patient" in words(app)


def test_columns_of_samples_that_were_not_found_can_be_named(app):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"Fall": ["a", "b", "c"] * 4})
    for i, letters in enumerate("abcdefghijklmnopqrstuvw"):
        frame[f"{letters}{letters}"] = rng.normal(0, 0.2, 12).round(4) if i % 9 else "x"
    upload(app, ("table.csv", frame.to_csv(index=False).encode()))
    press(app, "import_next")
    assert app.button(key="import_next").disabled
    header = list(frame.columns)
    widget(app, "selectbox", "first_sample").set_value(header.index("bb"))
    widget(app, "selectbox", "last_sample").set_value(header.index("ii")).run()
    assert not app.exception
    assert widget(app, "selectbox", "column_patient_id").value


def test_of_many_files_those_that_cannot_be_read_are_listed_and_removed_at_once(app):
    good, broken = ("a.csv", eclipse_csv()), [(f"{i}.csv", b"") for i in range(13)]
    upload(app, good, *broken)
    listed = app.dataframe[0].value
    assert len(listed) == 14 and (listed["Problem"] != "").sum() == 13
    press(app, "import_remove_broken")
    assert not app.button(key="import_next").disabled
