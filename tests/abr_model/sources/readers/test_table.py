"""Plain tables through a mapping, whatever they are stored in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.columns.remembered import remember
from abr_model.sources.readers.reader import NotStatedError
from abr_model.sources.reading import read_recordings

SALT = b"s" * 32
SAMPLES = 200
RATE_HZ = 20_000.0
COLUMNS = {
    "patient_id": "Subject",
    "intensity_db_nhl": "Level",
    "age_years": "Age",
    "latency_V_ms": "lat V",
    "amplitude_V_uv": "amp V",
    "hearing_loss": "Group",
}
MAPPING = ColumnMapping(
    columns=COLUMNS,
    samples={"prefix": "s"},
    sampling_rate_hz=RATE_HZ,
    start_ms=0,
    waveform_unit="µV",
    missing_values={"latency_V_ms": ["0"]},
)


def changed(**fields) -> ColumnMapping:
    return ColumnMapping.model_validate(MAPPING.model_dump() | fields)


@pytest.fixture
def people():
    """``people(n)`` → a table of n recordings of three listeners, wave V marked on its peak."""

    def make(n: int = 12) -> pd.DataFrame:
        random = np.random.default_rng(5)
        time_ms = np.arange(SAMPLES) / RATE_HZ * 1000
        latency = (8 - 0.2 * (np.arange(n) % 12)).round(2)
        traces = 0.3 * np.exp(-(((time_ms - latency[:, None]) / 0.35) ** 2)) + random.normal(0, 0.01, (n, SAMPLES))
        table = pd.DataFrame(
            {
                "Name": [("Ayse", "Mehmet", "Zeynep")[i % 3] for i in range(n)],
                "Subject": [f"A{i % 3}" for i in range(n)],
                "Level": [20.0 + 5 * (i % 12) for i in range(n)],
                "Age": [(3.0, 40.0, 12.5)[i % 3] for i in range(n)],
                "lat V": latency,
                "amp V": 0.3,
                "Group": [("normal hearing", "SNHL", "iletim tipi")[i % 3] for i in range(n)],
            }
        )
        return pd.concat([table, pd.DataFrame(traces.round(6), columns=[f"s{k}" for k in range(SAMPLES)])], axis=1)

    return make


@pytest.fixture
def read(tmp_path):
    """``read(table, mapping, ending, …)`` → the import of the table written in this way."""

    def run(table, mapping=MAPPING, ending="csv", **options):
        path = tmp_path / f"table.{ending}"
        if ending == "parquet":
            table.to_parquet(path)
        elif ending == "xlsx":
            table.to_excel(path, index=False)
        else:
            table.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
        return read_recordings(path, salt=SALT, mapping=mapping, **options)

    return run


def test_every_kind_of_file_gives_the_same_cohort(read, people):
    table = people()
    results = [read(table, ending=ending) for ending in ("csv", "tsv", "xlsx", "parquet")]
    assert len({result.cohort.digest() for result in results}) == 1
    cohort, report = results[0].cohort, results[0].report
    assert len(cohort) == 12 and cohort.samples == SAMPLES and cohort.sampling.rate_hz == RATE_HZ
    assert cohort.table["hearing_loss"][:3].tolist() == ["normal", "sensorineural", "conductive"]
    assert cohort.table["latency_V_ms"].tolist() == table["lat V"].tolist()
    np.testing.assert_allclose(cohort.waveforms, table.iloc[:, 7:].to_numpy(), atol=1e-6)
    assert cohort.patients == 3 and cohort.provenance.source == "table with one row per recording"
    assert report.identifying_columns == ("Name", "Subject") and "stimulus rate" in report.absent_columns
    assert "Ayse" not in cohort.table.to_csv() + "\n".join(report.lines()) + cohort.provenance.model_dump_json()


def test_the_patients_column_is_told_whatever_its_name_and_a_used_one_is_not(read, people):
    table = people().rename(columns={"Subject": "Kennung", "Age": "Patient Age"})
    report = read(table, changed(columns=COLUMNS | {"patient_id": "Kennung", "age_years": "Patient Age"})).report
    assert report.identifying_columns == ("Name", "Kennung")


def test_samples_as_a_list_a_row(tmp_path, people, read):
    table = people()
    lists = table.iloc[:, :7].copy()
    traces = [row.tolist() for row in table.iloc[:, 7:].to_numpy(dtype=np.float64)]
    traces[4] = traces[4][:-3]
    traces[7] = None
    path = tmp_path / "lists.parquet"
    arrow = pa.Table.from_pandas(lists, preserve_index=False).append_column("trace", pa.array(traces))
    pq.write_table(arrow, path)
    result = read_recordings(path, salt=SALT, mapping=changed(samples={"list_column": "trace"}))
    assert len(result.cohort) == 11 and result.cohort.samples == SAMPLES - 3
    assert result.report.refused[["row", "column"]].values.tolist() == [[8, "trace"]]
    np.testing.assert_allclose(result.cohort.waveforms[0], table.iloc[0, 7:-3].astype(float), atol=1e-6)


def test_units_are_turned_into_those_of_a_cohort(read, people):
    table = people()
    reference = read(table).cohort
    other = table.copy()
    other.iloc[:, 7:] *= 1000
    other["lat V"] = (other["lat V"] / 1000).round(6)
    other["amp V"] *= 1000
    other["Age"] *= 12
    other["Level"] += 30
    mapping = changed(waveform_unit="nV", latency_unit="s", amplitude_unit="nV", age_unit="months", level_offset_db=-30)
    cohort = read(other, mapping).cohort
    np.testing.assert_allclose(cohort.waveforms, reference.waveforms, rtol=1e-5)
    for name in ("latency_V_ms", "amplitude_V_uv", "age_years", "intensity_db_nhl"):
        np.testing.assert_allclose(cohort.table[name], reference.table[name], rtol=1e-9)


def test_what_is_given_wins_over_the_mapping(read, people):
    result = read(people(), sampling_rate_hz=16_000, start_ms=-1, unit="nV", level_offset_db=-5)
    assert (result.cohort.sampling.rate_hz, result.cohort.sampling.start_ms) == (16_000, -1)
    assert np.abs(result.cohort.waveforms).max() < 0.001
    assert result.cohort.table["intensity_db_nhl"].min() == 15


def test_missing_and_no_response_are_not_the_same(read, people):
    table = people().astype({"lat V": object, "amp V": object, "Group": object})
    table.loc[0, ["lat V", "amp V"]] = ["NR", ""]
    table.loc[1, "lat V"] = 0
    table.loc[2, ["lat V", "Age"]] = ["", 999]
    table.loc[3, ["lat V", "amp V"]] = ["", "Yok"]
    table.loc[4, "Group"] = "?"
    mapping = changed(missing_values={"latency_V_ms": ["0"], "age_years": ["999"], "hearing_loss": ["?"]})
    result = read(table, mapping)
    found = result.cohort.table
    assert found["response_V"].fillna("").tolist()[:5] == ["absent", "", "", "absent", ""]
    assert found["latency_V_ms"].isna().tolist()[:5] == [True, True, True, True, False]
    assert np.isnan(found["age_years"][2]) and found["hearing_loss"].isna()[4]
    assert result.report.zeros_as_missing == {"lat V": 1}
    notes = " | ".join(result.report.notes)
    assert "1 times '999' in 'Age' read as missing" in notes and "1 times '?' in 'Group'" in notes
    assert "1 times 'lat V' says that there is no response" in notes


def test_a_wave_both_absent_and_marked_is_refused(read, people):
    table = people().astype({"amp V": object})
    table.loc[2, "amp V"] = "no response"
    refused = read(table).report.refused
    assert refused["row"].tolist() == [3] and "absent, and has a latency" in refused["reason"].item()


def test_a_column_of_its_own_can_say_what_was_judged(read, people):
    table = people().assign(judged=["yes", "no"] + [""] * 10)
    table.loc[1, ["lat V", "amp V"]] = np.nan
    found = read(table, changed(columns=COLUMNS | {"response_V": "judged"})).cohort.table["response_V"]
    assert found.fillna("").tolist()[:3] == ["present", "absent", ""]


def test_words_of_a_clinic_can_be_taught(read, people):
    table = people().assign(Group=["Gruppe A", "Gruppe B", "Gruppe C"] * 4)
    words = {"hearing_loss": {"Gruppe A": "normal", "gruppe b": "total"}}
    result = read(table, changed(words=words))
    assert set(result.cohort.table["hearing_loss"]) == {"normal", "total"}
    assert result.report.recordings_refused == 4
    assert "Gruppe" in result.report.refused["value"][0]  # resembles a taught word: a typing error may be shown


def test_rows_are_refused_with_their_reason_never_silently(read, people):
    table = people().astype({"Level": object, "Subject": object})
    table.loc[1, "Level"] = "Mehmet Demir"
    table.loc[3, "Level"] = 300
    table.loc[5, "Subject"] = ""
    table.loc[6, "s7"] = np.nan
    table.loc[8, [f"s{k}" for k in range(SAMPLES)]] = 0.5
    table.loc[9] = table.loc[10]
    result = read(table)
    assert result.report.recordings_read == 6 and result.report.recordings_refused == 6
    found = {(r["row"], r["column"]) for r in result.report.refused.to_dict("records")}
    assert found == {(2, "Level"), (4, "Level"), (6, "Subject"), (7, "s7"), (9, "s0"), (11, "")}
    assert "Mehmet" not in result.report.refused.to_csv()


def test_a_rate_of_its_own_for_each_row(read, people):
    table = people().assign(fs=[20_000, 10_000] * 6)
    half = table["fs"] == 10_000
    slow = table.loc[half].iloc[:, 7 : 7 + SAMPLES : 2].to_numpy()
    table.loc[half, [f"s{k}" for k in range(SAMPLES)]] = np.hstack([slow, np.full_like(slow, np.nan)])
    mapping = changed(sampling_rate_hz=None, sampling_rate_column="fs")
    result = read(table, mapping)
    assert result.cohort.sampling.rate_hz == 20_000 and len(result.cohort) == 12
    assert any("6 recordings were resampled from 10000 Hz to 20000 Hz" in note for note in result.report.notes)
    order = np.argsort(result.cohort.table["latency_V_ms"].to_numpy())
    peaks = result.cohort.time_ms[result.cohort.waveforms[order].argmax(axis=1)]
    np.testing.assert_allclose(peaks, np.sort(table["lat V"]), atol=0.2)


def test_a_rate_that_a_row_lacks_is_refused(read, people):
    table = people().assign(fs=[20_000.0, np.nan, 7.0] * 4)
    result = read(table, changed(sampling_rate_hz=None, sampling_rate_column="fs"))
    assert len(result.cohort) == 4 and set(result.report.refused["column"]) == {"fs"}
    stated = read(table, changed(sampling_rate_column="fs"))  # the mapping's own where a cell is empty
    assert len(stated.cohort) == 8


def test_a_file_that_is_one_patient(tmp_path, people):
    columns = {name: column for name, column in COLUMNS.items() if name != "patient_id"}
    mapping = changed(columns=columns, one_patient_per_file=True)
    paths = []
    for k in range(2):
        paths.append(tmp_path / f"Mrs Doe {k}.csv")
        people(12).iloc[6 * k : 6 * k + 6].drop(columns=["Subject", "Name"]).to_csv(paths[-1], index=False)
    cohort = read_recordings(paths, salt=SALT, mapping=mapping).cohort
    assert cohort.patients == 2 and "Doe" not in cohort.table.to_csv()


@pytest.mark.parametrize(
    ("fields", "what", "said"),
    [
        ({"sampling_rate_hz": None}, "sampling_rate_hz", "--sampling-rate"),
        ({"start_ms": None}, "start_ms", "--start"),
        ({"waveform_unit": None}, "unit", "--unit"),
    ],
)
def test_what_the_mapping_leaves_open_is_asked(read, people, fields, what, said):
    with pytest.raises(NotStatedError, match=said) as error:
        read(people(), changed(**fields))
    assert error.value.what == what and error.value.file == "table.csv"


def test_without_a_mapping_nothing_is_guessed(read, people, monkeypatch, tmp_path):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    table = people()
    with pytest.raises(NotStatedError, match="--mapping") as error:
        read(table, None)
    assert error.value.what == "mapping"
    remember(list(table.columns), MAPPING)
    result = read(table, None)
    assert len(result.cohort) == 12
    assert any("as confirmed for an earlier file" in note for note in result.report.notes)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"columns": COLUMNS | {"sex": "Gender"}}, "'Gender': the column is missing"),
        ({"columns": COLUMNS | {"sex": "Group"}}, "'Group': the mapping uses the column twice"),
        ({"columns": {"intensity_db_nhl": "Level"}}, "which column is the patient"),
        ({"samples": {"first": "s0", "last": "s900"}}, "s900"),
    ],
)
def test_a_mapping_that_does_not_fit_says_where(read, people, fields, said, monkeypatch, tmp_path):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    with pytest.raises(InputError, match=said):
        read(people(), changed(**fields))


def test_corrections_of_a_mapping_are_applied_and_said(read, people):
    table = people()
    plain = read(table).cohort
    result = read(table, changed(invert_polarity=True, label_shift_ms=0.5))
    np.testing.assert_array_equal(result.cohort.waveforms, -plain.waveforms)
    np.testing.assert_allclose(result.cohort.table["latency_V_ms"], plain.table["latency_V_ms"] + 0.5)
    assert result.cohort.table["recording_id"].tolist() == plain.table["recording_id"].tolist()
    assert any("12 recordings were turned over" in note for note in result.report.notes)
    assert any("latencies of 12 recordings were moved by +0.5 ms" in note for note in result.report.notes)
    assert result.cohort.provenance.details["corrections"] == {"invert_polarity": True, "label_shift_ms": 0.5}
    overruled = read(table, changed(invert_polarity=True, label_shift_ms=0.5), invert_polarity=False, label_shift_ms=0)
    assert overruled.cohort.digest() == plain.digest()
    told = read(table, invert_polarity=True, label_shift_ms=0.5)
    assert told.cohort.digest() == result.cohort.digest()


def test_a_latency_that_a_shift_moves_out_of_range_is_refused(read, people):
    table = people()
    table.loc[0, "lat V"] = 24.9
    result = read(table, label_shift_ms=0.5)
    assert result.report.refused[["row", "value"]].values.tolist() == [[1, "24.9"]]
    assert len(result.cohort) == 11 and "moved by +0.5 ms" in result.report.refused["reason"].item()


def test_ages_above_89_are_pooled_and_counted(read, people):
    table = people()
    table.loc[[0, 3], "Age"] = [89.0, 97.0]
    table.loc[5, "Age"] = 89.5
    result = read(table)
    assert result.cohort.table["age_years"][[0, 3, 5]].tolist() == [89, 90, 90]
    assert "2 recordings: ages above 89 became 90" in result.report.notes
    assert result.cohort.provenance.details["ages_pooled"] == 2


def test_a_cohort_is_opened_not_imported(small_cohort, tmp_path):
    path = small_cohort.take(np.arange(5)).write(tmp_path / "cohort.parquet")
    with pytest.raises(InputError, match="opened, not imported"):
        read_recordings(path, salt=SALT, mapping=MAPPING)


def test_a_truncated_parquet_is_damaged(tmp_path, people):
    path = tmp_path / "table.parquet"
    people().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match="truncated"):
        read_recordings(path, salt=SALT, mapping=MAPPING)


def test_numbers_with_a_decimal_comma(read, people, tmp_path):
    path = tmp_path / "comma.csv"
    people().to_csv(path, index=False, sep=";", decimal=",")
    assert read_recordings(path, salt=SALT, mapping=MAPPING).cohort.digest() == read(people()).cohort.digest()


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "lists.parquet"])
def test_a_table_of_samples_alone_is_one_patient(tmp_path, people, ending):
    samples = people(5).filter(regex=r"^s\d+$")
    path = tmp_path / f"samples.{ending}"
    where = {"prefix": "s"}
    if ending == "csv":
        samples.to_csv(path, index=False)
    elif ending == "xlsx":
        samples.to_excel(path, index=False)
    elif ending == "parquet":
        samples.to_parquet(path)
    else:
        pd.DataFrame({"trace": samples.to_numpy().tolist()}).to_parquet(path)
        where = {"list_column": "trace"}
    mapping = changed(columns={}, samples=where, one_patient_per_file=True, missing_values={})
    cohort = read_recordings(path, mapping=mapping, salt=SALT).cohort
    np.testing.assert_allclose(cohort.waveforms, samples.to_numpy(), atol=1e-6)
    assert cohort.patients == 1


def test_the_rows_of_a_workbook_without_other_columns(tmp_path, people):
    from abr_model.sources.sheets.workbook_sheet import workbook_sheets

    samples = people(3).filter(regex=r"^s\d+$")
    samples.to_excel(tmp_path / "samples.xlsx", index=False)
    sheet = next(workbook_sheets(tmp_path / "samples.xlsx"))
    (block,) = sheet.blocks([], list(range(SAMPLES)), lambda row, why: None)
    np.testing.assert_allclose(block.samples, samples.to_numpy(), atol=1e-6)
    assert block.text.shape == (3, 0)
