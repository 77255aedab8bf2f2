"""The parts of the import that need no page: corrections, columns, words, excerpts, sentences."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abr_model.errors import InputError
from abr_model.sources.checks.findings import Correction, Finding
from abr_model.sources.columns.mapping import ColumnMapping, SampleColumns
from abr_model.sources.preview import Preview, look
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import ImportReport
from dashboard.widgets.importing.checks import example_rows
from dashboard.widgets.importing.columns import first_values, with_columns
from dashboard.widgets.importing.corrections import can_apply, corrected, in_words
from dashboard.widgets.importing.excerpt import Excerpt, excerpt_of
from dashboard.widgets.importing.files import in_short, size_text, what_hinders, what_it_is
from dashboard.widgets.importing.report import changed_words, refused_by_reason, removed_words, report_text
from dashboard.widgets.importing.rows import rows_frame
from dashboard.widgets.importing.samples import between, positions_of
from dashboard.widgets.importing.samples import in_words as samples_in_words
from dashboard.widgets.importing.state import Settings, Step
from dashboard.widgets.importing.steps import step_line_html
from dashboard.widgets.importing.words import as_codes, unknown_words


@pytest.fixture
def mapping() -> ColumnMapping:
    return ColumnMapping(
        columns={"patient_id": "Case", "latency_V_ms": "V", "ear": "Side"},
        samples=SampleColumns(prefix="t"),
        missing_values={"latency_V_ms": ("0", "99")},
        words={"ear": {"D": "right"}},
    )


# --- corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("label_shift_ms", 0.85, "Set the shift of all latencies to +0.85 ms"),
        ("invert_polarity", True, "Turn every trace over"),
        ("unit", "nV", "Read the samples as nV"),
        ("residual_noise_unit", "µV", "Read residual noise as µV"),
    ],
)
def test_a_correction_sets_the_whole_value(mapping, name, value, words):
    correction = Correction(name, value, "it mends")
    settings = Settings.of(mapping)
    assert can_apply(settings, correction)
    after = corrected(settings, correction)
    holder = after if hasattr(after, name) else after.mapping
    assert getattr(holder, name) == value
    assert in_words(correction) == words


def test_a_code_for_missing_is_added_to_those_that_there_are(mapping):
    correction = Correction("missing_values.latency_V_ms", "-1", "they become missing")
    after = corrected(Settings.of(mapping), correction)
    assert after.mapping.missing_values["latency_V_ms"] == ("0", "99", "-1")
    after = corrected(Settings.of(mapping), Correction("missing_values.age_years", "0", "ages of 0 become missing"))
    assert after.mapping.missing_values["age_years"] == ("0",)


def test_a_correction_of_columns_needs_a_mapping():
    assert not can_apply(Settings(), Correction("age_unit", "months", "x"))
    assert not can_apply(Settings(), Correction("missing_values.age_years", "0", "x"))
    assert can_apply(Settings(), Correction("invert_polarity", True, "x"))


def test_every_answer_is_in_the_mapping_that_is_kept_and_comes_back_from_it(mapping):
    settings = Settings(mapping, 15_000.0, 0.5, "mV", True, 0.85, -30.0)
    kept = settings.whole_mapping
    assert (kept.sampling_rate_hz, kept.start_ms, kept.waveform_unit) == (15_000.0, 0.5, "mV")
    assert (kept.invert_polarity, kept.label_shift_ms, kept.level_offset_db) == (True, 0.85, -30.0)
    again = Settings.of(kept)
    assert again.arguments() == settings.arguments()


# --- columns, samples, words ------------------------------------------------------------------------------------------


def test_another_column_takes_nothing_over_from_the_one_before(mapping):
    after = with_columns(mapping, {"latency_V_ms": "Zipfel", "ear": "Side"}, one_patient_per_file=True)
    assert after.columns == {"latency_V_ms": "Zipfel", "ear": "Side"} and after.one_patient_per_file
    assert after.missing_values == {"latency_V_ms": ("0",)}, "a latency of 0 cannot be, in any column"
    assert after.words == {"ear": {"D": "right"}}
    assert with_columns(mapping, {"patient_id": "Case"}, False).words == {}
    ColumnMapping.model_validate(after.model_dump())


def test_first_values_are_different_ones_and_short():
    preview = Preview("f", "table", header=("a", "b"), rows=(("1", "x" * 40), ("1", ""), ("2", "y")))
    assert first_values(preview, "a") == ["1", "2"]
    assert first_values(preview, "b") == ["x" * 20, "y"]
    assert first_values(preview, "c") == []


def test_the_patients_column_is_masked_in_the_first_rows(mapping):
    header = ("Case", "V", *(f"t{i}" for i in range(20)))
    preview = Preview("f", "table", header=header, rows=(("4711", "5.6", *["0.1"] * 20),))
    frame = rows_frame(preview, mapping)
    assert "4711" not in frame.to_string() and list(frame["V"]) == ["5.6"]
    assert [c for c in frame.columns if c.startswith("t")] == ["t0", "t1", "t2"] and "17 more" in frame.columns[-1]


def test_columns_of_one_name_do_not_hide_one_another():
    frame = rows_frame(Preview("f", "table", header=("a", "a", ""), rows=(("1", "2", "3"),)), None)
    assert list(frame.columns) == ["a", "a (2)", "(column 3)"] and list(frame.iloc[0]) == ["1", "2", "3"]


def test_samples_go_from_the_first_to_the_last_column():
    header = ["id", *(f"x{i}" for i in range(9))]
    samples = between(header, 2, 5)
    assert positions_of(samples, header) == [2, 3, 4, 5]
    assert samples_in_words(header, [2, 3, 4, 5]) == "4 samples a trace, in the columns x1 … x4"
    assert positions_of(None, header) == [] and positions_of(samples, ["other"]) == []
    with pytest.raises(InputError, match="before the first"):
        between(header, 5, 2)


def test_words_that_are_known_are_not_asked_and_long_text_is_never_shown(mapping):
    excerpt = Excerpt("x", ("Case", "Side"), (("1", "D"), ("2", "left"), ("3", "S"), ("4", None)))
    assert unknown_words(mapping, excerpt) == {"ear": ("D", "S")}
    names = Excerpt("x", ("Case", "Side"), (("1", "Erika Mustermann of the third ward"),))
    assert unknown_words(mapping, names) == {}
    many = Excerpt("x", ("Case", "Side"), tuple((str(i), f"word {i}") for i in range(40)))
    assert unknown_words(mapping, many) == {}
    named = mapping.model_copy(update={"columns": {"ear": "Name"}})
    assert unknown_words(named, Excerpt("x", ("Name",), (("Erika",),))) == {}


def test_codes_are_read_from_a_line():
    assert as_codes(" 0, 999 ,,0 ") == ("0", "999") and as_codes("") == ()


# --- excerpts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"Patient": [f"P{i}" for i in range(300)], "Level": 80.0, "Note": "a, b; c\td"})
    return pd.concat([frame, pd.DataFrame(rng.normal(0, 0.2, (300, 150)).round(5)).add_prefix("t")], axis=1)


def written(table: pd.DataFrame, path, kind: str):
    match kind:
        case "csv":
            table.to_csv(path, index=False)
        case "semicolon":
            table.to_csv(path, index=False, sep=";", decimal=",")
        case "utf-16":
            table.to_csv(path, index=False, encoding="utf-16")
        case "xlsx":
            table.to_excel(path.with_suffix(".xlsx"), index=False)
            path.with_suffix(".xlsx").rename(path)
        case "parquet":
            table.to_parquet(path)
        case "lists":
            samples = list(table.filter(regex="^t").to_numpy())
            pq.write_table(pa.table({"Patient": table["Patient"], "Level": table["Level"], "trace": samples}), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "semicolon", "utf-16", "xlsx", "parquet", "lists"])
def test_an_excerpt_reads_as_the_first_rows_of_the_whole_file(table, tmp_path, kind, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    path = written(table, tmp_path / "upload-1", kind)
    preview = look([path])[0]
    assert preview.problem is None, preview.problem
    excerpt = excerpt_of(path, preview, rows=40)
    given = {"mapping": preview.mapping, "sampling_rate_hz": 15_000.0, "start_ms": 0.0, "unit": "µV", "salt": b"s"}
    first, whole = (read_recordings(p, **given).cohort for p in (excerpt.path, path))
    assert len(first) == 40 and len(excerpt.rows) == 40 and len(whole) == 300
    np.testing.assert_array_equal(first.waveforms, whole.waveforms[:40])
    pd.testing.assert_frame_equal(first.table, whole.table.iloc[:40])


# --- words ------------------------------------------------------------------------------------------------------------


def test_what_files_can_go_on_together(mapping):
    table = Preview("a", "table", header=("Case", "V", "Side", "t1", "t2"), mapping=mapping)
    other = Preview("b", "table", header=("Patient", "t1", "t2"), mapping=mapping)
    cohort, recordings = Preview("c", "cohort"), Preview("d", "recordings")
    broken = Preview("e", "unknown", problem=InputError("the file is empty"))
    assert what_hinders([table, recordings]) is None and what_hinders([cohort, cohort]) is None
    assert "different columns" in what_hinders([table, other])
    assert "both cannot be done at once" in what_hinders([table, cohort])
    assert "remove it" in what_hinders([table, broken])


def test_a_file_is_named_by_what_it_is():
    assert what_it_is(Preview("a", "cohort", "cohort")) == "cohort file: opened as it is"
    assert what_it_is(Preview("a", "companion", "WFDB")) == "belongs to another of these files"
    assert what_it_is(Preview("a", "unknown", problem=InputError("x"))) == "cannot be read"
    assert [size_text(n) for n in (0, 1_400, 2_210_000, 3e9)] == ["0 bytes", "1.4 kB", "2.21 MB", "3 GB"]


def test_a_problem_in_short_keeps_its_place_in_the_file():
    assert in_short(InputError("the file is empty", file="a", allowed="b (.c)")) == "the file is empty"
    error = InputError("it must be a number", file="a", row=3, column="Age", value="x", allowed="0 to 110")
    assert in_short(error) == "row 3, column 'Age': it must be a number (found 'x'); allowed: 0 to 110"


@pytest.fixture
def report() -> ImportReport:
    refused = pd.DataFrame(
        [
            {"file": "Mustermann.csv", "row": r, "column": "Age", "value": "-1", "reason": "age is out of range"}
            for r in (4, 7)
        ]
        + [{"file": "Mustermann.csv", "row": 9, "column": "", "value": "", "reason": "duplicate"}]
    )
    files = pd.DataFrame({"file": ["Mustermann.csv"], "format": ["x"], "read": [10], "refused": [3]})
    return ImportReport(files, refused, ("Name",), ("Room",), ("sex",), {"V": 4}, None, ("age stated",), ("a note",))


def test_refused_recordings_are_counted_by_reason(report):
    table = refused_by_reason(report)
    assert list(table["Times"]) == [2, 1] and list(table["First in row"]) == [4, 9]


def test_what_was_removed_and_changed_is_all_said(report):
    assert any("Name" in line for line in removed_words(report)) and any(
        "Room" in line for line in removed_words(report)
    )
    changed = " ".join(changed_words(report))
    assert all(words in changed for words in ("V 4", "age stated", "a note", "sex"))


def test_the_report_as_text_names_no_file(report):
    text = report_text(report, ["Turn every trace over"])
    assert "10 recordings read, 3 refused" in text and "Turn every trace over" in text
    assert "Mustermann" not in text


def test_examples_are_of_the_recordings_concerned_loudest_first(small_cohort):
    level = small_cohort.table["intensity_db_nhl"].to_numpy()
    rows = np.flatnonzero(level <= 40)
    found = example_rows(Finding("clipped", "look", "x", len(rows), len(level), rows), small_cohort)
    assert len(found) == 3 and set(found) <= set(rows) and (level[found] == level[rows].max()).all()
    marks = example_rows(Finding("wave_v_offset", "problem", "x", 9, 9), small_cohort)
    assert np.isfinite(small_cohort.table["latency_V_ms"].to_numpy()[marks]).all()
    assert not len(example_rows(Finding("refused", "look", "x", 1, 2), small_cohort))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_step_line_says_where_one_is_not_by_colour_alone(theme):
    html = step_line_html(Step.CHECKS, theme)
    assert html.count('aria-current="step"') == 1 and html.count("✓") == 2
    assert html.index("aria-current") < html.index("Checks") and "4</span> Done" in html


def test_settings_are_values_that_can_be_compared(mapping):
    assert Settings.of(mapping) == Settings.of(mapping.model_copy())
    json.dumps(Settings.of(mapping).arguments()["stated"])
