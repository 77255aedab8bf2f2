"""Real files of a recording system, each with one thing broken: none may be imported as if it were sound."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.preview import look
from abr_model.sources.reading import read_recordings

SALT = b"s" * 32


@pytest.fixture(scope="module")
def native(human_recordings):
    """Text of a real SmartEP export: nine recordings of one listener at 60 dB."""
    return (human_recordings / "native" / "TEMP-03-60db.TXT").read_text(encoding="latin-1")


@pytest.fixture
def read(tmp_path):
    """``read(text, …)`` → the import of that text as a file."""

    def run(text, **options):
        path = tmp_path / "export.TXT"
        path.write_text(text, encoding="latin-1")
        return read_recordings(path, salt=SALT, **options)

    return run


def header_changed(text, key, values):
    """The text with other values in a header row; ``values`` is recording (0 = first) → text."""
    lines = text.splitlines()
    index = next(i for i, line in enumerate(lines) if line.startswith(key))
    cells = lines[index].split(",")
    for recording, value in values.items():
        cells[1 + 6 * recording] = value
    lines[index] = ",".join(cells)
    return "\n".join(lines) + "\n"


def microvolts_changed(text, change):
    """The text with every value in µV replaced by ``change(value)``."""
    head, key, body = text.partition("Data Pnt:")
    columns = body.splitlines()[0]
    lines = [key + columns]
    for line in body.splitlines()[1:]:
        cells = line.split(",")
        lines.append(",".join(c if i % 2 or not c.strip() else f"{change(float(c)):.4f}" for i, c in enumerate(cells)))
        lines[-1] = ",".join([cells[0], *lines[-1].split(",")[1:]])
    return head + "\n".join(lines) + "\n"


def codes(result, severity="problem"):
    return {finding.code for finding in result.report.findings if finding.severity == severity}


def test_the_sound_file(read, native):
    result = read(native)
    assert result.report.recordings_read == 9 and codes(result) == set()
    assert {"unit", "polarity", "time_axis"} <= codes(result, "fine")


def test_truncated_between_lines(read, native):
    result = read("\n".join(native.splitlines()[:700]) + "\n")
    assert any("may be cut off" in note for note in result.report.notes)
    assert codes(result) or codes(result, "look")


def test_truncated_within_the_stimulus_time(read, native):
    result = read("\n".join(native.splitlines()[:620]) + "\n")  # 3.4 ms of trace are left
    assert "time_axis" in codes(result)


def test_truncated_within_a_line(read, native):
    lines = native.splitlines()[:800]
    cut = ",".join(lines[-1].split(",")[:16])  # within the third recording's cells
    result = read("\n".join([*lines[:-1], cut]))
    refused = result.report.refused
    assert set(refused["row"]) == set(range(3, 10)) and set(refused["reason"]) == {"the line of this point ends early"}
    assert any("may be cut off" in note for note in result.report.notes)


def test_a_look_says_that_a_file_is_cut_off(native, tmp_path):
    lines = native.splitlines()[:800]
    path = tmp_path / "cut.txt"
    path.write_text("\n".join([*lines[:-1], ",".join(lines[-1].split(",")[:16])]))
    (preview,) = look(path)
    assert any("may be cut off" in warning for warning in preview.warnings)
    assert "7 recordings would be refused: the line of this point ends early" in preview.warnings
    path.write_text(native)
    assert look(path)[0].warnings == ()


def test_a_lost_line(read, native):
    lines = native.splitlines()
    with pytest.raises(InputError, match="not consecutive"):
        read("\n".join(lines[:300] + lines[301:]))


def test_nanovolts_in_the_columns_of_microvolts(read, native):
    assert "unit" in codes(read(microvolts_changed(native, lambda v: 1000 * v)))


def test_upside_down(read, native):
    result = read(microvolts_changed(native, lambda v: -v))
    finding = next(f for f in result.report.findings if f.code == "polarity")
    assert finding.severity == "look" and finding.correction.name == "invert_polarity"
    mended = read(microvolts_changed(native, lambda v: -v), invert_polarity=True)
    np.testing.assert_array_equal(mended.cohort.waveforms, read(native).cohort.waveforms)
    assert "polarity" in codes(mended, "fine")


def test_clipped(read, native):
    result = read(microvolts_changed(native, lambda v: min(max(v, -0.1), 0.1)))
    assert "clipped" in codes(result)


def test_a_name_where_the_level_belongs(read, native):
    result = read(header_changed(native, "Intensity:", {2: "Jane Doe"}))
    refused = result.report.refused
    assert refused[["row", "column"]].values.tolist() == [[3, "Intensity:"]]
    assert "Jane" not in refused.to_csv() + "\n".join(result.report.lines()) and result.report.recordings_read == 8


def test_the_same_file_twice_and_a_recording_twice(tmp_path, native, read):
    paths = [tmp_path / "a.TXT", tmp_path / "b.TXT"]
    for path in paths:
        path.write_text(native, encoding="latin-1")
    result = read_recordings(paths, salt=SALT)
    assert result.report.recordings_read == 9 and "duplicates" in codes(result, "look")


def test_another_sampling_period_within_the_file(read, native):
    sound = read(native)
    result = read(header_changed(native, "Smp. Period:", {1: "25.00"}))
    assert result.cohort.sampling.rate_hz == 40_000 and len(result.cohort) == 9
    assert any("8 recordings were resampled from 20000 Hz to 40000 Hz" in note for note in result.report.notes)
    # The eight others keep their time: the peak of each stays where it was.
    time, before = result.cohort.time_ms, sound.cohort.waveforms
    kept = sound.cohort.time_ms <= time[-1]
    original = sound.cohort.time_ms[kept][before[0][kept].argmax()]
    assert any(abs(time[trace.argmax()] - original) < 0.06 for trace in result.cohort.waveforms)


def test_no_sampling_period(read, native):
    text = re.sub(r"^Smp\. Period:.*\n", "", native, flags=re.MULTILINE)
    with pytest.raises(InputError, match="--sampling-rate"):
        read(text)


# --- the same recordings as a table with labels, as a person would bring them --------------------------------------


@pytest.fixture(scope="module")
def labelled(human_recordings):
    """Real averages at 45–60 dB of one listener, wave V picked on each listener's grand average, as a table."""
    arrays = np.load(human_recordings / "waveforms.npz")
    records = pd.read_csv(human_recordings / "records.csv")
    labels = pd.read_csv(human_recordings / "auto_labels_subject_level.csv").set_index(["subject", "level_db"])
    chosen = records[(records["subject"] == "P3") & (records["level_db"] >= 45)].index
    table = pd.DataFrame(
        {
            "Subject": records.loc[chosen, "subject"],
            "Level (dB nHL)": records.loc[chosen, "level_db"],
            "Rate": records.loc[chosen, "rate_hz"],
            "lat V (ms)": [
                labels.loc[(s, d), "v_lat_ms"] for s, d in records.loc[chosen, ["subject", "level_db"]].values
            ],
        }
    )
    samples = pd.DataFrame(arrays["average_uv"][chosen], columns=[f"s{k}" for k in range(495)], index=chosen)
    return pd.concat([table, samples], axis=1).reset_index(drop=True)


MAPPING = ColumnMapping(
    columns={
        "patient_id": "Subject",
        "intensity_db_nhl": "Level (dB nHL)",
        "stimulus_rate_per_s": "Rate",
        "latency_V_ms": "lat V (ms)",
    },
    samples={"prefix": "s"},
    sampling_rate_hz=20_000,
    start_ms=0,
    waveform_unit="µV",
)


@pytest.fixture
def table(tmp_path):
    """``table(frame, **changes of the mapping)`` → the import."""

    def run(frame, **changes):
        path = tmp_path / "table.csv"
        frame.to_csv(path, index=False)
        mapping = ColumnMapping.model_validate(MAPPING.model_dump() | changes)
        return read_recordings(path, salt=SALT, mapping=mapping)

    return run


def offered(result, code):
    finding = next(f for f in result.report.findings if f.code == code)
    return None if finding.correction is None else finding.correction.value


def test_the_sound_table(table, labelled):
    result = table(labelled)
    assert len(result.cohort) == len(labelled) >= 30 and codes(result) == set()
    assert {"wave_v_offset", "polarity"} <= codes(result, "fine")


def test_labels_shifted_by_the_tube(table, labelled):
    result = table(labelled.assign(**{"lat V (ms)": labelled["lat V (ms)"] - 0.85}))
    assert "wave_v_offset" in codes(result)
    assert offered(result, "wave_v_offset") == pytest.approx(0.85, abs=0.1)
    shifted = labelled.assign(**{"lat V (ms)": labelled["lat V (ms)"] - 0.85})
    assert "wave_v_offset" not in codes(table(shifted, label_shift_ms=offered(result, "wave_v_offset")))


def test_polarity_flipped(table, labelled):
    flipped = labelled.copy()
    flipped.iloc[:, 4:] *= -1
    result = table(flipped)
    assert codes(result) == {"polarity"} and offered(result, "polarity") is True
    assert codes(table(flipped, invert_polarity=True)) == set()


def test_units_swapped(table, labelled):
    result = table(labelled, waveform_unit="mV")
    assert "unit" in codes(result) and offered(result, "unit") == "µV"


def test_zeros_for_missing(table, labelled):
    zeros = labelled.copy()
    zeros.loc[zeros.index[::4], "lat V (ms)"] = 0.0
    result = table(zeros)
    assert "zeros" in codes(result)
    mended = table(zeros, missing_values=offered(result, "zeros"))
    assert codes(mended) == set() and mended.report.zeros_as_missing == {"lat V (ms)": len(zeros[::4])}


def test_half_the_sampling_rate(table, labelled):
    assert "wave_v_offset" in codes(table(labelled, sampling_rate_hz=10_000))


def test_a_recording_copied_to_another_patient(table, labelled):
    copied = pd.concat([labelled, labelled.iloc[[3]].assign(Subject="P9")])
    result = table(copied)
    assert result.report.recordings_refused == 1 and "another patient" in result.report.refused["reason"].item()
