from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from abr_model.cohort import Cohort, Provenance, Sampling, concatenate, read_metadata
from abr_model.cohort_storage import FORMAT
from abr_model.errors import InputError
from abr_model.schema import COLUMN_NAMES, Kind

SAMPLES = 40


def make(n=5, *, kind=Kind.SIMULATED, rate_hz=10_000.0, start_ms=-1.0, prefix="r", samples=SAMPLES, **columns):
    random = np.random.default_rng(n)
    table = pd.DataFrame(
        {
            "recording_id": [f"{prefix}{i}" for i in range(n)],
            "patient_id": [f"p{i // 2}" for i in range(n)],
            "age_years": [np.nan, 0.0, 1 / 3, 40, 80][:n] + [1.0] * max(0, n - 5),
            "ear": ["right", "left", None, "left", "right"][:n] + ["left"] * max(0, n - 5),
        }
        | columns
    )
    provenance = Provenance(kind=kind, source="a test", details={"seed": 3, "nested": {"µ": [1, None]}})
    return Cohort(random.normal(size=(n, samples)), table, Sampling(rate_hz=rate_hz, start_ms=start_ms), provenance)


@pytest.fixture
def cohort():
    return make()


@pytest.fixture
def written(cohort, tmp_path):
    return cohort.write(tmp_path / "cohort.parquet")


# --- what a cohort is ------------------------------------------------------------------------------------------------


def test_waveforms_are_float32_and_times_in_ms(cohort):
    assert cohort.waveforms.dtype == np.float32 and cohort.waveforms.flags.c_contiguous
    assert (len(cohort), cohort.samples, cohort.patients, cohort.kind) == (5, SAMPLES, 3, Kind.SIMULATED)
    np.testing.assert_allclose(cohort.time_ms[:3], [-1.0, -0.9, -0.8])
    assert tuple(cohort.table.columns) == COLUMN_NAMES


@pytest.mark.parametrize(
    ("waveforms", "problem"),
    [
        (np.zeros((4, SAMPLES)), "4 waveforms but 5 rows"),
        (np.zeros(5), "recordings × samples"),
        (np.zeros((5, 0)), "recordings × samples"),
        (np.zeros((5, 2, 2)), "recordings × samples"),
    ],
)
def test_shapes_that_do_not_agree(cohort, waveforms, problem):
    with pytest.raises(InputError, match=problem):
        Cohort(waveforms, cohort.table, cohort.sampling, cohort.provenance)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_a_sample_that_is_not_a_finite_number_names_its_row(cohort, value):
    waveforms = cohort.waveforms.astype(np.float64)
    waveforms[3, 7] = value
    with pytest.raises(InputError, match="not a number") as error:
        Cohort(waveforms, cohort.table, cohort.sampling, cohort.provenance)
    assert error.value.row == 4


@pytest.mark.parametrize(
    ("columns", "column", "row"),
    [
        ({"intensity_db_nhl": [60, 60, 300, 60, 60]}, "intensity_db_nhl", 3),
        ({"age_years": [1, -1, 1, 1, 1]}, "age_years", 2),
        ({"age_years": ["old", 1, 1, 1, 1]}, "age_years", 1),
        ({"recording_id": list("abcda")}, "recording_id", None),
    ],
)
def test_bad_tables_name_the_place(columns, column, row):
    with pytest.raises(InputError) as error:
        make(**columns)
    assert error.value.column == column and (row is None or error.value.row == row)


def test_a_cohort_cannot_be_given_other_parts(cohort):
    with pytest.raises(AttributeError):
        cohort.waveforms = np.zeros((5, 3))


@pytest.mark.parametrize("wrong", [{"rate_hz": 0}, {"rate_hz": -1}, {"rate_hz": np.nan}, {"start_ms": np.inf}])
def test_sampling_that_cannot_be(wrong):
    with pytest.raises(ValidationError):
        Sampling(**({"rate_hz": 1000.0, "start_ms": 0.0} | wrong))


# --- parts of a cohort -----------------------------------------------------------------------------------------------


def test_take_by_mask_and_position(cohort):
    taken = cohort.take([3, 0])
    assert taken.table["recording_id"].to_list() == ["r3", "r0"] and taken.table.index.to_list() == [0, 1]
    np.testing.assert_array_equal(taken.waveforms, cohort.waveforms[[3, 0]])
    assert cohort.take(cohort.table["ear"].eq("left").to_numpy()).table["recording_id"].to_list() == ["r1", "r3"]
    assert len(cohort.take([])) == 0 and cohort.take([]).samples == SAMPLES


def test_window_by_time(cohort):
    window = cohort.windowed(0.0, 5)
    assert window.time_ms[0] == pytest.approx(0) and window.samples == 5
    np.testing.assert_array_equal(window.waveforms, cohort.waveforms[:, 10:15])
    for start, samples in ((-1.2, 3), (0.0, 31)):
        with pytest.raises(InputError, match="too short"):
            cohort.windowed(start, samples)


@pytest.mark.parametrize("rate_hz", [20_000.0, 15_000.0, 5_000.0])
def test_resampling_keeps_times_and_shapes(rate_hz):
    cohort = make(2, samples=400)
    times = cohort.time_ms
    smooth = np.stack([np.exp(-(((times - peak) / 1.5) ** 2)) for peak in (10.0, 20.0)])
    cohort = Cohort(smooth, cohort.table, cohort.sampling, cohort.provenance)
    again = cohort.resampled(rate_hz)
    assert again.sampling.rate_hz == rate_hz and again.time_ms[0] == times[0] and again.waveforms.dtype == np.float32
    expected = np.stack([np.exp(-(((again.time_ms - peak) / 1.5) ** 2)) for peak in (10.0, 20.0)])
    np.testing.assert_allclose(again.waveforms, expected, atol=2e-3)
    assert cohort.resampled(cohort.sampling.rate_hz) is cohort


def test_digest_sees_each_part_of_the_content_and_not_the_provenance(cohort):
    waveforms = cohort.waveforms.copy()
    waveforms[0, 0] += 1e-3
    other_age = cohort.table.assign(age_years=[5, 0, 1 / 3, 40, 80])
    digests = {
        cohort.digest(),
        Cohort(waveforms, cohort.table, cohort.sampling, cohort.provenance).digest(),
        Cohort(cohort.waveforms, other_age, cohort.sampling, cohort.provenance).digest(),
        Cohort(cohort.waveforms, cohort.table, Sampling(rate_hz=10_000, start_ms=0), cohort.provenance).digest(),
        cohort.take([1, 0, 2, 3, 4]).digest(),
    }
    assert len(digests) == 5
    named = Cohort(cohort.waveforms, cohort.table, cohort.sampling, Provenance(kind="clinical", source="else"))
    assert named.digest() == cohort.digest()


# --- on disk ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("n", [1, 5, 300])
def test_round_trip_is_exact(tmp_path, kind, n):
    cohort = make(n, kind=kind, rate_hz=44_100 / 3, start_ms=-1 / 3)
    again = Cohort.read(cohort.write(tmp_path / "new folder" / "c.parquet"))
    assert again.waveforms.tobytes() == cohort.waveforms.tobytes() and again.waveforms.dtype == np.float32
    pd.testing.assert_frame_equal(again.table, cohort.table)
    assert again.sampling == cohort.sampling and again.provenance == cohort.provenance
    assert again.digest() == cohort.digest()


def test_round_trip_of_no_recordings(tmp_path, cohort):
    again = Cohort.read(cohort.take([]).write(tmp_path / "none.parquet"))
    assert len(again) == 0 and again.samples == SAMPLES


def test_round_trip_of_several_row_groups(tmp_path):
    cohort = make(20_001, samples=3)
    assert Cohort.read(cohort.write(tmp_path / "many.parquet")).digest() == cohort.digest()


def test_writing_again_replaces_and_leaves_nothing_behind(written, cohort):
    cohort.take([0]).write(written)
    assert len(Cohort.read(written)) == 1
    assert [p.name for p in written.parent.iterdir()] == ["cohort.parquet"]


def test_metadata_without_reading_the_recordings(written, cohort):
    metadata = read_metadata(written)
    assert metadata["recordings"] == 5 and metadata["digest"] == cohort.digest()
    assert metadata["provenance"]["kind"] == "simulated" and metadata["sampling"]["rate_hz"] == 10_000


@pytest.fixture(params=[Cohort.read, read_metadata], ids=["read", "read_metadata"])
def opening(request):
    return request.param


def test_no_such_file(tmp_path, opening):
    with pytest.raises(InputError, match="no such file") as error:
        opening(tmp_path / "gone.parquet")
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "empty"), (b"a,b\n1,2\n", "not a Parquet"), (b"PAR1" * 3, "not a Parquet"), (b"\0" * 5000, "not a Parquet")],
)
def test_files_of_another_kind(tmp_path, opening, content, problem):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        opening(path)


def test_a_folder_is_no_file(tmp_path, opening):
    with pytest.raises(InputError):
        opening(tmp_path)


@pytest.mark.parametrize("keep", [10, 0.3, 0.9, -1])
def test_truncated(written, opening, keep):
    content = written.read_bytes()
    size = int(len(content) * keep) if isinstance(keep, float) else keep
    written.write_bytes(content[:size])
    with pytest.raises(InputError, match=r"truncated|not a Parquet"):
        opening(written)


def test_parquet_that_is_not_a_cohort(tmp_path, opening):
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="not a cohort"):
        opening(tmp_path / "other.parquet")


def _rewritten(path, *, metadata=None, table=None, raw=None):
    """The cohort file with other metadata or columns."""
    content = pq.read_table(path)
    kept = json.loads(pq.read_metadata(path).metadata[FORMAT.encode()]) | (metadata or {})
    content = table(content) if table else content
    pq.write_table(content.replace_schema_metadata({FORMAT: raw or json.dumps(kept)}), path)
    return path


def test_changed_content_is_noticed(written):
    ages = pa.array([9.0, 0, 1, 40, 80])
    with pytest.raises(InputError, match="checksum"):
        Cohort.read(
            _rewritten(written, table=lambda t: t.set_column(t.column_names.index("age_years"), "age_years", ages))
        )


def test_changed_sampling_is_noticed(written):
    with pytest.raises(InputError, match="checksum"):
        Cohort.read(_rewritten(written, metadata={"sampling": {"rate_hz": 15_000, "start_ms": -1.0}}))


def test_flipped_bytes_are_noticed(written):
    content = bytearray(written.read_bytes())
    for position in range(200, len(content) // 2, 97):
        content[position] ^= 0x5A
    written.write_bytes(bytes(content))
    with pytest.raises(InputError):
        Cohort.read(written)


@pytest.mark.parametrize(
    "metadata",
    [
        {"version": 99},
        {"version": None},
        {"sampling": {"rate_hz": 0, "start_ms": 0}},
        {"sampling": None},
        {"provenance": {"kind": "real", "source": "x"}},
        {"provenance": {}},
    ],
)
def test_metadata_that_cannot_be(written, metadata):
    with pytest.raises(InputError) as error:
        Cohort.read(_rewritten(written, metadata=metadata))
    assert error.value.file == "cohort.parquet"


@pytest.mark.parametrize("raw", ["not json", "[1, 2]", "3", "{}"])
def test_metadata_that_is_nonsense(written, opening, raw):
    with pytest.raises(InputError):
        opening(_rewritten(written, raw=raw))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.drop_columns(["waveform_uv"]),
        lambda t: t.set_column(t.column_names.index("waveform_uv"), "waveform_uv", pa.array([1.0] * 5)),
        lambda t: t.set_column(
            t.column_names.index("waveform_uv"), "waveform_uv", pa.array([[1.0], [1.0, 2.0], [], [1.0], [1.0]])
        ),
        lambda t: t.set_column(
            t.column_names.index("waveform_uv"),
            "waveform_uv",
            pa.array([[1.0]] * 4 + [None], pa.list_(pa.float32(), 1)),
        ),
        lambda t: t.drop_columns(["patient_id"]),
        lambda t: t.append_column("name", pa.array(["Mrs Doe"] * 5)),
    ],
    ids=["no waveforms", "numbers", "ragged", "a null trace", "no patient", "extra column"],
)
def test_columns_that_are_not_those_of_a_cohort(written, change):
    with pytest.raises(InputError) as error:
        Cohort.read(_rewritten(written, table=change))
    assert error.value.file == "cohort.parquet"


def test_bad_value_in_a_file_names_file_row_and_column(written):
    levels = pa.array([60.0, 300, 60, 60, 60])
    position = pq.read_table(written).column_names.index("intensity_db_nhl")
    with pytest.raises(InputError, match=r"'cohort.parquet', row 2, column 'intensity_db_nhl'.*300"):
        Cohort.read(_rewritten(written, table=lambda t: t.set_column(position, "intensity_db_nhl", levels)))


def test_another_name_in_the_message(written):
    written.write_bytes(b"")
    with pytest.raises(InputError, match="'upload'"):
        Cohort.read(written, name="upload")


# --- together --------------------------------------------------------------------------------------------------------


def test_concatenate(cohort):
    other = make(3, prefix="s")
    both = concatenate([cohort, other])
    assert len(both) == 8 and both.table["recording_id"].to_list()[4:6] == ["r4", "s0"]
    np.testing.assert_array_equal(both.waveforms[5:], other.waveforms)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"kind": Kind.CLINICAL}, "kind"),
        ({"rate_hz": 15_000.0}, "sampling"),
        ({"start_ms": 0.0}, "sampling"),
        ({"samples": 20}, "length"),
        ({"prefix": "r"}, "more than once"),
    ],
)
def test_what_cannot_be_put_together(cohort, other, problem):
    with pytest.raises(InputError, match=problem):
        concatenate([cohort, make(3, **({"prefix": "s"} | other))])
    with pytest.raises(InputError, match="no recording"):
        concatenate([])
