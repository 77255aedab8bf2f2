"""Each format is written in parts, read again by our own readers and by pandas without settings."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.generation.conditions import conditions_table
from abr_model.generation.export import export
from abr_model.generation.formats.eclipse import METADATA
from abr_model.generation.formats.formats import FORMATS, format_of
from abr_model.generation.generate import generate
from abr_model.schema import CONDITION_NAMES, HEARING_LOSS_CODES, LABEL_NAMES
from abr_model.sources.reading import read_recordings

ENDINGS = {"csv": ".csv", "csv-long": ".csv", "parquet": ".parquet", "eclipse": ".xlsx", "wfdb": ".zip"}
R_NAME = re.compile(r"((([A-Za-z]|[.][._A-Za-z])[._A-Za-z0-9]*)|[.])")
"""What R calls a syntactic name; make.names would change any other one."""


@pytest.fixture(scope="module")
def cohort(default_model):
    codes = list(HEARING_LOSS_CODES)
    conditions = conditions_table([0.0, 0.25, 4.5, 30.0, 71.2], [80, 40, 20, 100, 60], 33.1, codes, n=3)
    return generate(default_model, conditions, seed=7)


@pytest.fixture(scope="module")
def files(cohort, tmp_path_factory):
    """Every format, written in parts of four recordings."""
    folder = tmp_path_factory.mktemp("formats")
    paths = {}
    for key, ending in ENDINGS.items():
        paths[key] = folder / f"{key}{ending}"
        with FORMATS[key].writer(paths[key], cohort.sampling, cohort.samples, cohort.provenance) as writer:
            for _, part in cohort.blocks(size=4):
                writer.write(part)
    return paths


def test_every_format_is_tried(files):
    assert set(files) == set(FORMATS)
    assert {p.name for p in next(iter(files.values())).parent.iterdir()} == {p.name for p in files.values()}


@pytest.mark.parametrize("key", list(ENDINGS))
def test_the_parts_do_not_show_in_the_file(cohort, files, key, tmp_path):
    if key in ("eclipse", "wfdb"):  # their files carry a date: that of the batch, here of now
        pytest.skip("compared with the date of a batch in the tests of batches")
    export(cohort, tmp_path / f"whole{ENDINGS[key]}", key)
    assert (tmp_path / f"whole{ENDINGS[key]}").read_bytes() == files[key].read_bytes()


def same_conditions(found: pd.DataFrame, cohort: Cohort) -> None:
    for name in (*CONDITION_NAMES, *LABEL_NAMES):
        if name == "hearing_loss":
            assert found[name].tolist() == cohort.table[name].tolist()
        else:
            np.testing.assert_allclose(found[name].to_numpy(float), cohort.table[name].to_numpy(float), atol=6e-5)


def test_wide_csv(files, cohort):
    table = pd.read_csv(files["csv"])
    same_conditions(table, cohort)
    np.testing.assert_allclose(table.filter(like="uv_at_"), cohort.waveforms, atol=6e-7)


def test_long_csv(files, cohort):
    table = pd.read_csv(files["csv-long"])
    assert len(table) == len(cohort) * cohort.samples
    wide = table.pivot(index="recording_id", columns="time_ms", values="waveform_uv")
    assert wide.index.tolist() == cohort.table["recording_id"].tolist()
    np.testing.assert_allclose(wide.columns, cohort.time_ms, atol=1e-6)
    np.testing.assert_allclose(wide, cohort.waveforms, atol=6e-7)
    first = table.groupby("recording_id").first().reset_index()
    same_conditions(first.reindex(columns=[*CONDITION_NAMES, *LABEL_NAMES]), cohort)
    assert (table["kind"] == "generated").all()


@pytest.mark.parametrize("key", ["csv", "csv-long"])
def test_the_conventions_of_r(files, key):
    """``read.csv`` without settings: names stay as they are, numbers are numbers, an empty cell of one is NA."""
    lines = files[key].read_text(encoding="ascii").splitlines()
    header = lines[0].replace('"', "").split(",")
    assert all(R_NAME.fullmatch(name) for name in header)
    assert len(set(header)) == len(header)
    assert not any("#" in line for line in lines), "read.table would take it for a comment"
    table = pd.read_csv(files[key], na_values=["NA"], keep_default_na=False, dtype=str)
    for name in (*LABEL_NAMES, *CONDITION_NAMES[:3]):
        cells = table[name]
        assert all(re.fullmatch(r"-?\d+(\.\d+)?|", cell) for cell in cells), name
    assert (table[list(LABEL_NAMES)] == "").any().any()


def test_parquet_is_a_cohort_and_a_plain_table(files, cohort):
    again = Cohort.read(files["parquet"])
    assert again.digest() == cohort.digest()
    table = pd.read_parquet(files["parquet"])
    np.testing.assert_array_equal(np.stack(table["waveform_uv"]), cohort.waveforms)


def test_eclipse_shape(files, cohort):
    table = pd.read_excel(files["eclipse"])
    assert list(table.columns[:29]) == list(METADATA)
    assert len(METADATA) == 29
    assert [str(name) for name in table.columns[29:]] == [str(i) for i in range(1, cohort.samples + 1)]
    np.testing.assert_allclose(table.iloc[:, 29:], cohort.waveforms, atol=6e-7)
    assert table["Hear_Loss"].unique().tolist() == ["NORMAL", "ITIK", "SNIK", "NOROPATI", "TOTAL"]
    assert table[["Name", "Birth Date", "Test Date", "FMP", "ResNo", "Gender"]].isna().all().all()
    np.testing.assert_allclose(table["V Latancy"], cohort.table["latency_V_ms"], atol=6e-5)
    assert table["Protocol"].str.contains("research use only").all()
    second = pd.read_excel(files["eclipse"], sheet_name="Provenance", header=None).set_index(0)[1]
    assert second["Sampling rate (Hz)"] == "15000"
    assert "research use only" in second["Notice"]


def test_eclipse_by_our_own_reader(files, cohort):
    result = read_recordings(files["eclipse"], sampling_rate_hz=15_000, start_ms=0, salt=b"x" * 16)
    read = result.cohort
    assert result.report.recordings_refused == 0
    np.testing.assert_allclose(read.waveforms, cohort.waveforms, atol=6e-7)
    same_conditions(read.table, cohort)
    assert read.table["patient_id"].nunique() == len(cohort)


def test_wfdb_by_our_own_reader(files, cohort, tmp_path):
    with zipfile.ZipFile(files["wfdb"]) as archive:
        archive.extractall(tmp_path)
    names = (tmp_path / "RECORDS").read_text().split()
    assert names == cohort.table["recording_id"].tolist()
    read = read_recordings([tmp_path / f"{name}.hea" for name in names], salt=b"x" * 16).cohort
    assert read.sampling == cohort.sampling
    np.testing.assert_allclose(read.waveforms, cohort.waveforms, atol=5.1e-5)
    for name in CONDITION_NAMES:
        ours, theirs = cohort.table[name], read.table[name]
        assert theirs.tolist() == (ours.tolist() if name == "hearing_loss" else pytest.approx(ours.tolist()))


def test_wfdb_by_its_own_library(files, cohort, tmp_path):
    import wfdb

    with zipfile.ZipFile(files["wfdb"]) as archive:
        archive.extractall(tmp_path)
    for row, name in enumerate(cohort.table["recording_id"]):
        record = wfdb.rdrecord(str(tmp_path / name))
        assert (record.fs, record.units, record.sig_name) == (15000, ["uV"], ["ABR"])
        np.testing.assert_allclose(record.p_signal[:, 0], cohort.waveforms[row], atol=5.1e-5)
        digital = wfdb.rdrecord(str(tmp_path / name), physical=False)
        assert (digital.calc_checksum()[0] - digital.checksum[0]) % 65_536 == 0
        assert any("research use only" in comment for comment in record.comments)


def test_large_traces_fit_into_wfdb(cohort, tmp_path):
    import wfdb

    large = Cohort(cohort.waveforms * 100, cohort.table, cohort.sampling, cohort.provenance)
    export(large, tmp_path / "records", "wfdb")
    record = wfdb.rdrecord(str(tmp_path / "records" / "generated-000001"))
    assert np.abs(record.p_signal).max() > 10
    np.testing.assert_allclose(record.p_signal[:, 0], large.waveforms[0], atol=0.0051)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1+cmd|'/c calc'!A1", "@SUM(A1)", "-2+3"])
def test_no_cell_is_a_formula(cohort, tmp_path, text):
    table = cohort.table.copy()
    table["stimulus_type"] = text
    hostile = Cohort(cohort.waveforms, table, cohort.sampling, cohort.provenance)
    export(hostile, tmp_path / "h.csv", "csv")
    assert (pd.read_csv(tmp_path / "h.csv")["stimulus_type"] == f"'{text}").all()
    said = cohort.provenance.model_copy(update={"details": {"batch": {"made": "x", "design": text}}})
    export(replace(hostile, provenance=said, _checked=True), tmp_path / "h.xlsx", "eclipse")
    book = openpyxl.load_workbook(tmp_path / "h.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert text in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}, "no formula"


def test_too_many_recordings_for_a_format():
    FORMATS["csv"].check(10**8)
    for key in ("eclipse", "wfdb"):
        FORMATS[key].check(FORMATS[key].most)
        with pytest.raises(InputError, match="too many recordings"):
            FORMATS[key].check(FORMATS[key].most + 1)


def test_the_ending_says_the_format_and_must_fit():
    assert format_of(Path("a.XLSX")).key == "eclipse"
    assert format_of(Path("a.zip")).key == "wfdb"
    assert format_of(Path("a.csv"), "csv-long").key == "csv-long"
    assert format_of(Path("records"), "wfdb").key == "wfdb"
    for path, name in (("a.txt", None), ("a", None), ("a.csv", "parquet"), ("a.csv", "excel")):
        with pytest.raises(InputError):
            format_of(Path(path), name)


@pytest.mark.parametrize("key", list(ENDINGS))
def test_after_an_error_nothing_is_left(cohort, key, tmp_path):
    path = tmp_path / f"batch{ENDINGS[key]}"
    path.write_text("from before")
    with (
        pytest.raises(RuntimeError),
        FORMATS[key].writer(path, cohort.sampling, cohort.samples, cohort.provenance) as writer,
    ):
        writer.write(cohort.take(range(4)))
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "from before"
