from __future__ import annotations

import json
import os
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling, concatenate
from abr_model.cohort_digest import digest_version_1
from abr_model.cohort_file import CohortFile
from abr_model.cohort_storage import FORMAT, WAVEFORM_FIELD, StoredRecordings
from abr_model.cohort_writer import ROW_GROUP, CohortWriter, write_recordings
from abr_model.errors import InputError
from abr_model.exploration.level_means import level_means
from abr_model.schema import RESPONSES

SAMPLES = 30
N = 3 * ROW_GROUP + 7


def make(n: int, prefix="r", seed=0) -> Cohort:
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "recording_id": [f"{prefix}{i}" for i in range(n)],
            "patient_id": [f"{prefix}p{i // 20}" for i in range(n)],
            "age_years": np.where(random.random(n) < 0.1, np.nan, random.uniform(0, 90, n)),
            "intensity_db_nhl": random.choice([20.0, 40, 60, 80, np.nan], n),
            "ear": random.choice(np.array(["left", "right", None], dtype=object), n),
            "stimulus_type": random.choice(np.array(["click", "Ton “µ”", None], dtype=object), n),
        }
    )
    provenance = Provenance(kind="simulated", source="a test", details={"seed": seed})
    return Cohort(random.normal(size=(n, SAMPLES)), table, Sampling(rate_hz=10_000, start_ms=-1), provenance)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return make(N)


@pytest.fixture
def path(cohort, tmp_path):
    return cohort.write(tmp_path / "clinic.parquet")


@pytest.fixture
def lazy(path) -> CohortFile:
    return CohortFile.open(path, read_at_once=0)


def same(a: Cohort, b: Cohort) -> None:
    np.testing.assert_array_equal(a.waveforms, b.waveforms)
    pd.testing.assert_frame_equal(a.table, b.table)
    assert (a.sampling, a.provenance) == (b.sampling, b.provenance)


# --- reading parts ---------------------------------------------------------------------------------------------------


def test_it_is_what_the_cohort_is(lazy, cohort, path):
    assert not lazy.in_memory
    assert (len(lazy), lazy.samples, lazy.kind, lazy.patients) == (N, SAMPLES, cohort.kind, cohort.patients)
    assert (lazy.sampling, lazy.provenance, lazy.name) == (cohort.sampling, cohort.provenance, "clinic.parquet")
    assert lazy.digest == cohort.digest()
    np.testing.assert_array_equal(lazy.time_ms, cohort.time_ms)
    pd.testing.assert_frame_equal(lazy.table, cohort.table)
    small = CohortFile.open(path)
    assert small.in_memory and small.digest == lazy.digest
    same(small.take([3]), lazy.take([3]))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [0],
        [N - 1, 0, N - 1],
        list(range(ROW_GROUP - 3, ROW_GROUP + 3)),
        list(range(2 * ROW_GROUP, ROW_GROUP - 1, -1)),
        list(range(N)),
        [5, ROW_GROUP * 2, 4, ROW_GROUP, 6],
    ],
    ids=["none", "first", "twice, unordered", "across a border", "backwards", "all", "mixed"],
)
def test_take_gives_the_same_as_in_memory(lazy, cohort, rows):
    same(lazy.take(rows), cohort.take(rows))


def test_take_by_mask_and_beyond_the_end(lazy, cohort):
    mask = (cohort.table["age_years"] > 50).to_numpy()
    same(lazy.take(mask), cohort.take(mask))
    with pytest.raises(IndexError):
        lazy.take([N])


def test_only_the_row_groups_that_are_needed_are_read(lazy, monkeypatch):
    read = []
    original = StoredRecordings._row_group
    monkeypatch.setattr(StoredRecordings, "_row_group", lambda s, f, g: (read.append(g), original(s, f, g))[1])
    lazy.take([1, ROW_GROUP - 1, 2 * ROW_GROUP + 5])
    assert sorted(read) == [0, 2]


@pytest.mark.parametrize("size", [1_000, ROW_GROUP, 4_321, 10 * N])
def test_blocks_together_are_the_whole(lazy, cohort, size):
    blocks = list(lazy.blocks(size=size))
    assert all(len(rows) == len(part) <= size for rows, part in blocks)
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), np.arange(N))
    same(concatenate([part for _, part in blocks]), cohort)
    assert [len(part) for _, part in cohort.blocks(size=size)] == [len(part) for _, part in blocks]


def test_blocks_of_some_recordings(lazy, cohort):
    mask = (cohort.table["ear"] == "left").to_numpy(dtype=bool)
    blocks = list(lazy.blocks(mask, size=777))
    same(concatenate([part for _, part in blocks]), cohort.take(mask))
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), np.flatnonzero(mask))


def test_a_part_of_a_part_is_read_only_when_asked_for(lazy, cohort, monkeypatch):
    part = lazy.part(cohort.table["ear"].eq("left").to_numpy(dtype=bool)).part([3, 1])
    assert (
        part.table["recording_id"].tolist() == cohort.table.query("ear == 'left'")["recording_id"].iloc[[3, 1]].tolist()
    )
    same(part.take([1, 0]), cohort.take(cohort.table["recording_id"].isin(part.table["recording_id"]).to_numpy()))
    monkeypatch.setattr(StoredRecordings, "waveforms", None)
    assert len(lazy.part([5, 6, 7])) == 3


def test_whole_and_read(lazy, cohort):
    same(lazy.read(), cohort)
    same(lazy.part(np.arange(N)).whole(), cohort)


def test_means_by_level_are_the_same_from_blocks(lazy, cohort):
    from_file, in_memory = level_means(lazy), level_means(cohort)
    np.testing.assert_allclose(from_file.mean, in_memory.mean)
    at_60 = cohort.waveforms[(cohort.table["intensity_db_nhl"] == 60).to_numpy()].astype(np.float64)
    place = list(from_file.levels).index(60)
    np.testing.assert_allclose(from_file.mean[place], at_60.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(from_file.sd[place], at_60.std(axis=0, ddof=1), rtol=1e-9)
    assert from_file.counts.sum() == cohort.table["intensity_db_nhl"].notna().sum()
    right = (cohort.table["ear"] == "right").to_numpy(dtype=bool)
    np.testing.assert_allclose(level_means(lazy, among=right).mean, level_means(cohort.take(right)).mean)


def test_a_large_cohort_is_not_in_memory(tmp_path):
    block = make(4_000)
    path = tmp_path / "large.parquet"
    with CohortWriter(path, block.sampling, 1_000, block.provenance) as writer:
        for number in range(8):  # 32,000 × 1,000 samples: 128 MB
            waveforms = np.full((4_000, 1_000), number, dtype=np.float32)
            table = block.table.assign(recording_id=block.table["recording_id"] + f"-{number}")
            writer.write(Cohort(waveforms, table, block.sampling, block.provenance))
    tracemalloc.start()
    pa_before = pa.total_allocated_bytes()
    cohort = CohortFile.open(path, read_at_once=1_000_000)
    taken = cohort.take([0, 31_999])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken.waveforms[:, 0].tolist() == [0, 7]
    assert peak + pa.total_allocated_bytes() - pa_before < 60e6


# --- writing in parts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[N], [1, 5, N - 6], [ROW_GROUP] * 3 + [7], [N - 1, 1]])
def test_the_file_does_not_depend_on_the_parts_it_was_written_in(tmp_path, cohort, sizes):
    path = tmp_path / "parts.parquet"
    with CohortWriter(path, cohort.sampling, SAMPLES, cohort.provenance) as writer:
        start = 0
        for size in sizes:
            writer.write(cohort.take(np.arange(start, start + size)))
            start += size
    assert writer.digest == cohort.digest() and writer.recordings == N
    same(Cohort.read(path), cohort)
    groups = pq.read_metadata(path)
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [ROW_GROUP] * 3 + [7]


def test_provenance_can_be_said_at_the_end(tmp_path, cohort):
    with CohortWriter(tmp_path / "c.parquet", cohort.sampling, SAMPLES, cohort.provenance) as writer:
        writer.write(cohort)
        writer.provenance = cohort.provenance.model_copy(update={"details": {"refused": 3}})
    assert CohortFile.open(tmp_path / "c.parquet").provenance.details == {"refused": 3}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda c: c.windowed(0, 5), "sampling|length"),
        (lambda c: Cohort(c.waveforms, c.table, c.sampling, Provenance(kind="clinical", source="x")), "kind"),
        (lambda c: c, "more than once"),
    ],
)
def test_parts_that_do_not_fit_leave_no_file_and_the_old_one_as_it_was(tmp_path, other, words):
    path = make(5).write(tmp_path / "c.parquet")
    before = path.read_bytes()
    part = make(50, prefix="s")
    with (
        pytest.raises(InputError, match=words),
        CohortWriter(path, part.sampling, SAMPLES, part.provenance) as writer,
    ):
        writer.write(part)
        writer.write(other(part))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["c.parquet"]


def test_an_interrupted_writing_leaves_nothing(tmp_path, cohort):
    with (
        pytest.raises(KeyboardInterrupt),
        CohortWriter(tmp_path / "c.parquet", cohort.sampling, SAMPLES, cohort.provenance) as writer,
    ):
        writer.write(cohort)
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    with (
        pytest.raises(InputError, match="no recording"),
        CohortWriter(tmp_path / "c.parquet", cohort.sampling, SAMPLES, cohort.provenance),
    ):
        pass


def test_a_part_of_a_file_is_written_without_reading_the_rest(tmp_path, lazy, cohort):
    rows = np.flatnonzero((cohort.table["age_years"] > 80).to_numpy())
    same(Cohort.read(write_recordings(lazy.part(rows), tmp_path / "old.parquet")), cohort.take(rows))


# --- damage ----------------------------------------------------------------------------------------------------------


def rewritten(path, change=None, metadata=None):
    """The file with another table and its old description."""
    content = pq.read_table(path)
    kept = json.loads(pq.read_metadata(path).metadata[FORMAT.encode()]) | (metadata or {})
    content = (change or (lambda t: t))(content)
    pq.write_table(content.replace_schema_metadata({FORMAT: json.dumps(kept)}), path, row_group_size=ROW_GROUP)
    return path


def with_column(name, values):
    return lambda t: t.set_column(t.column_names.index(name), name, pa.array(values))


def other_traces(change):
    def changed(table):
        waveforms = np.array(table.column(WAVEFORM_FIELD).combine_chunks().flatten())
        change(waveforms.reshape(-1, SAMPLES))
        traces = pa.FixedSizeListArray.from_arrays(pa.array(waveforms), SAMPLES)
        return table.set_column(table.column_names.index(WAVEFORM_FIELD), WAVEFORM_FIELD, traces)

    return changed


def test_verify_passes_and_tells_how_far_it_is(lazy):
    said = []
    lazy.verify(lambda done, of: said.append((done, of)))
    assert said[-1] == (N, N) and said == sorted(said)


def test_a_changed_table_is_noticed_at_once(path, cohort):
    rewritten(path, with_column("age_years", cohort.table["age_years"].fillna(3.0).to_numpy()))
    with pytest.raises(InputError, match="checksum"):
        CohortFile.open(path, read_at_once=0)


def test_a_changed_trace_is_noticed_by_verify(path):
    def louder(waveforms):
        waveforms[N - 2, 3] += 0.5

    cohort = CohortFile.open(rewritten(path, other_traces(louder)), read_at_once=0)
    cohort.take([N - 2])
    with pytest.raises(InputError, match="checksum"):
        cohort.verify()
    with pytest.raises(InputError, match="checksum"):
        cohort.read()
    with pytest.raises(InputError, match="checksum"):
        CohortFile.open(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_not_a_number_is_noticed_when_it_is_read(path, value):
    def broken(waveforms):
        waveforms[ROW_GROUP + 4, 3] = value

    cohort = CohortFile.open(rewritten(path, other_traces(broken)), read_at_once=0)
    cohort.take([3])
    with pytest.raises(InputError, match="not a number") as error:
        cohort.take([ROW_GROUP + 5])
    assert (error.value.row, error.value.file) == (ROW_GROUP + 5, "clinic.parquet")


def test_a_bad_value_in_the_table_names_its_place(path, cohort):
    ages = cohort.table["age_years"].to_numpy(copy=True)
    ages[4] = 300
    with pytest.raises(InputError, match="out of range") as error:
        CohortFile.open(rewritten(path, with_column("age_years", ages)), name="mine", read_at_once=0)
    assert (error.value.row, error.value.column, error.value.file) == (5, "age_years", "mine")


def test_damaged_bytes_are_said_to_be_that(path):
    content = bytearray(path.read_bytes())
    cohort = CohortFile.open(path, read_at_once=0)
    for position in range(200, len(content) // 2, 97):
        content[position] ^= 0x5A
    times = path.stat()
    with path.open("r+b") as file:  # in place: as a disk does it
        file.write(bytes(content))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(InputError) as error:
        cohort.read()
    assert error.value.file == "clinic.parquet"


def test_a_file_that_was_removed_or_replaced(lazy, path, cohort):
    cohort.write(path)  # the same content: goes on
    same(lazy.take([N - 1]), cohort.take([N - 1]))
    make(N, seed=5).write(path)
    with pytest.raises(InputError, match="replaced"):
        lazy.take([0])
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        lazy.take([0])


# --- the format before -----------------------------------------------------------------------------------------------


@pytest.fixture
def version_1(tmp_path, cohort):
    """As format version 1 wrote it: no columns for what was judged, the description in the schema, another checksum."""
    table = pa.Table.from_pandas(cohort.table.drop(columns=[c.name for c in RESPONSES]), preserve_index=False)
    traces = pa.FixedSizeListArray.from_arrays(pa.array(cohort.waveforms.reshape(-1)), SAMPLES)
    metadata = {
        "format": FORMAT,
        "version": 1,
        "digest": digest_version_1(cohort.sampling, cohort.waveforms, cohort.table),
        "sampling": cohort.sampling.model_dump(),
        "provenance": cohort.provenance.model_dump(mode="json"),
    }
    table = table.append_column(WAVEFORM_FIELD, traces).replace_schema_metadata({FORMAT: json.dumps(metadata)})
    pq.write_table(table, tmp_path / "old.parquet", row_group_size=20_000)
    return tmp_path / "old.parquet"


def test_files_of_version_1_are_still_read(version_1, cohort):
    same(Cohort.read(version_1), cohort)
    lazy = CohortFile.open(version_1, read_at_once=0)
    same(lazy.take([N - 1, 2]), cohort.take([N - 1, 2]))
    lazy.verify()
    assert all(lazy.table[c.name].isna().all() for c in RESPONSES)


def test_the_checksum_of_version_1_is_compared(version_1, cohort):
    rewritten(version_1, with_column("age_years", cohort.table["age_years"].fillna(3.0).to_numpy()))
    lazy = CohortFile.open(version_1, read_at_once=0)
    for check in (lazy.verify, lambda: Cohort.read(version_1)):
        with pytest.raises(InputError, match="checksum"):
            check()


def test_the_bytes_of_a_file_do_not_depend_on_its_parts(tmp_path, small_cohort):
    """Of traces so long that a row group has several pages."""
    cohort = small_cohort
    for size in (77, 1_000, len(cohort)):
        path = tmp_path / f"{size}.parquet"
        writing = CohortWriter(path, cohort.sampling, cohort.samples, cohort.provenance, check_ids=False)
        with writing as writer:
            for _, part in cohort.blocks(size=size):
                writer.write(part)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
