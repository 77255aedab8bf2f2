from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Sampling
from abr_model.errors import InputError
from abr_model.generation.conditions import conditions_table
from abr_model.generation.export import export, export_bytes, safe_cell, sample_columns
from abr_model.generation.generate import generate
from abr_model.schema import COLUMN_NAMES, CONDITION_NAMES, LABEL_NAMES


@pytest.fixture(scope="module")
def cohort(default_model):
    conditions = conditions_table([0.25, 109.0], [80, 40], 33.1, ["normal", "total"], n=10)
    return generate(default_model, conditions, seed=7)


@pytest.fixture(scope="module")
def csv(cohort):
    return pd.read_csv(io.BytesIO(export_bytes(cohort, "csv")))


def test_samples_come_back_in_microvolt(cohort, csv):
    names = [name for name in csv.columns if name.startswith("uv_at_")]
    assert names[:2] == ["uv_at_0.000_ms", "uv_at_0.067_ms"]
    assert len(names) == cohort.samples
    np.testing.assert_allclose(csv[names].to_numpy(), cohort.waveforms, atol=0.5e-6 + 1e-9)
    written = [float(re.fullmatch(r"uv_at_(.+)_ms", name)[1]) for name in names]
    np.testing.assert_allclose(written, cohort.time_ms, atol=0.0005)


def test_the_table_comes_back(cohort, csv):
    assert len(csv) == 20
    for name in CONDITION_NAMES + LABEL_NAMES:
        ours, theirs = cohort.table[name], csv[name]
        if name == "hearing_loss":
            assert theirs.tolist() == ours.tolist()
        else:
            np.testing.assert_allclose(theirs, ours, atol=0.5e-4)
    assert set(COLUMN_NAMES) <= set(csv.columns)
    assert csv[list(LABEL_NAMES)].isna().any().any()  # missing is an empty cell, not 0
    assert not (csv[list(LABEL_NAMES)] == 0).any().any()


def test_every_row_says_what_it_is(cohort, csv, default_model):
    assert (csv["kind"] == "generated").all()
    assert csv["notice"].str.contains("synthetic").all()
    assert csv["notice"].str.contains("research use only").all()
    assert (csv["model_id"] == f"model-{default_model.model_id}").all()
    assert (csv["seed"] == 7).all()
    assert (csv["content"] == "recording").all()
    assert (csv["sampling_rate_hz"] == 15000).all()
    assert csv["training_support"].str.startswith("outside: age_years").tolist() == [False] * 10 + [True] * 10


def test_the_file_is_plain(cohort):
    content = export_bytes(cohort, "csv")
    content.decode("ascii")  # neither byte-order mark nor a dash that Excel would misread
    lines = content.decode().splitlines()
    assert len(lines) == 21
    samples = [line.rsplit(",", cohort.samples)[1:] for line in lines[1:]]
    assert all(
        re.fullmatch(r"-?[0-9]+([.][0-9]{1,6})?", cell) for row in samples for cell in row
    )  # no exponent, no nan


def test_tiny_samples_are_written_without_exponent(cohort):
    tiny = replace(cohort, waveforms=np.full_like(cohort.waveforms, -1.2e-6), _checked=True)
    assert export_bytes(tiny, "csv").decode().splitlines()[1].endswith(",-0.000001")
    nothing = replace(cohort, waveforms=np.full_like(cohort.waveforms, -1e-9), _checked=True)
    assert export_bytes(nothing, "csv").decode().splitlines()[1].endswith(",0")


def test_a_model_id_that_looks_like_a_number_stays_text(cohort):
    details = cohort.provenance.details | {"model_id": "12e34567"}
    like_a_number = replace(cohort, provenance=cohort.provenance.model_copy(update={"details": details}))
    back = pd.read_csv(io.BytesIO(export_bytes(like_a_number, "csv")))
    assert (back["model_id"] == "model-12e34567").all()


def test_headers_stay_unique_in_r(cohort, csv):
    """R's make.names: whatever is not a letter, digit, dot or underscore becomes a dot."""
    in_r = [re.sub(r"[^A-Za-z0-9._]", ".", name) for name in csv.columns]
    assert in_r == list(csv.columns)
    assert len(set(in_r)) == len(in_r)
    assert all(re.match(r"[A-Za-z]", name) for name in in_r)


def test_dense_samples_get_more_decimals(cohort):
    dense = replace(cohort, sampling=Sampling(rate_hz=1e6, start_ms=0.0), _checked=True)
    assert sample_columns(dense)[:2] == ["uv_at_0.000_ms", "uv_at_0.001_ms"]
    odd = replace(cohort, sampling=Sampling(rate_hz=999_999.0, start_ms=0.0004), _checked=True)
    assert len(set(sample_columns(odd))) == cohort.samples


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1+1", "-A1", "-5-5", "@SUM(A1)", " =1", "\t=1", "\tx", "\rx", '=HYPERLINK("http://x")', "\n=1"]
)
def test_a_formula_becomes_text(cell):
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["click", "a=b", "P-1", "", None, 1.5, -3, "-5", "+1", "-0.5", "-1,5", "-1e-3"])
def test_other_cells_are_left_alone(cell):
    assert safe_cell(cell) == cell


def test_a_hostile_table_is_defused_and_quoted(cohort):
    table = cohort.table.copy()
    table.loc[0, "stimulus_type"] = '=cmd|"/c calc"!A1'
    table.loc[1, "patient_id"] = "@evil, with comma"
    table.loc[2, "stimulus_type"] = 'say "click"\nnow'
    hostile = Cohort(cohort.waveforms, table, cohort.sampling, cohort.provenance)
    back = pd.read_csv(io.BytesIO(export_bytes(hostile, "csv")))
    assert back.loc[0, "stimulus_type"] == '\'=cmd|"/c calc"!A1'
    assert back.loc[1, "patient_id"] == "'@evil, with comma"
    assert back.loc[2, "stimulus_type"] == 'say "click"\nnow'
    assert len(back) == len(hostile)


def test_negative_numbers_stay_numbers(cohort, csv):
    names = [name for name in csv.columns if name.startswith("uv_at_")]
    assert (csv[names].dtypes == "float64").all()
    assert (csv[names].to_numpy() < 0).any()


def test_a_simulated_cohort_is_exported_as_such(small_cohort):
    back = pd.read_csv(io.BytesIO(export_bytes(small_cohort.take(range(5)), "csv")))
    assert (back["kind"] == "simulated").all()
    assert back["notice"].str.contains("no real patients").all()
    assert back[["model_id", "training_support"]].isna().all().all()


def test_files(cohort, tmp_path, csv):
    export(cohort, tmp_path / "new" / "batch.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "batch.csv"), csv)
    export(cohort, tmp_path / "batch.parquet")
    again = Cohort.read(tmp_path / "batch.parquet")
    assert (again.digest(), again.provenance) == (cohort.digest(), cohort.provenance)
    (tmp_path / "bytes.parquet").write_bytes(export_bytes(cohort, "parquet"))
    assert Cohort.read(tmp_path / "bytes.parquet").digest() == cohort.digest()
    assert {p.name for p in tmp_path.iterdir()} == {"new", "batch.parquet", "bytes.parquet"}  # nothing half-written


def test_bad_targets_are_refused(cohort, tmp_path):
    with pytest.raises(InputError, match="no such export format"):
        export(cohort, tmp_path / "batch.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written") as refused:
        export(cohort, tmp_path / "file" / "batch.csv")
    assert str(tmp_path) not in str(refused.value)
