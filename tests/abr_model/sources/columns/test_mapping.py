from __future__ import annotations

import pytest

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping, SampleColumns, position_of
from abr_model.sources.columns.remembered import mapping_file, recall, remember

HEADER = ["Subject", "Level (dB nHL)", "V latency [ms]", "s1", "s2", "s3"]
MAPPING = ColumnMapping(
    columns={"patient_id": "Subject", "intensity_db_nhl": "Level (dB nHL)", "latency_V_ms": "V latency [ms]"},
    samples=SampleColumns(prefix="s"),
    sampling_rate_hz=20_000,
    start_ms=-1.5,
    waveform_unit="nV",
    age_unit="months",
    invert_polarity=True,
    label_shift_ms=0.85,
    level_offset_db=-30,
    words={"hearing_loss": {"Gruppe A": "normal"}},
    missing_values={"latency_V_ms": (0, 999), "age_years": "-1"},
    no_response_words=("keine",),
)


def test_a_mapping_survives_the_disk(tmp_path):
    path = MAPPING.save(tmp_path / "folder" / "mapping.yaml")
    assert ColumnMapping.load(path) == MAPPING
    assert MAPPING.missing_values == {"latency_V_ms": ("0", "999"), "age_years": ("-1",)}


@pytest.mark.parametrize("spelling", ["µV", "μV", "uV"])
def test_micro_is_written_in_several_ways(spelling):
    mapping = ColumnMapping(columns={"patient_id": "p"}, samples={"prefix": ""}, waveform_unit=spelling)
    assert mapping.waveform_unit == "µV"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b", "not a mapping"),
        ("a: [", "not YAML"),
        ("columns: {}\nsamples: {prefix: s}\nunit: mV", "unit is not a field"),
        ("columns: {}\nsamples: {}", "prefix; first and last; list_column"),
        ("columns: {}\nsamples: {first: a}", "prefix; first and last; list_column"),
        ("columns: {}\nsamples: {prefix: s, list_column: w}", "prefix; first and last; list_column"),
        ("columns: {name: Name}\nsamples: {prefix: s}", "not a column of a cohort"),
        ("columns: {recording_id: ID}\nsamples: {prefix: s}", "not a column of a cohort"),
        ("columns: {}\nsamples: {prefix: s}\nwaveform_unit: kV", "µV, mV, nV, V"),
        ("columns: {}\nsamples: {prefix: s}\nsampling_rate_hz: 10", "1000"),
        ("columns: {}\nsamples: {prefix: s}\nwords: {ear: {x: middle}}", "right, left"),
        ("columns: {patient_id: p}\nsamples: {prefix: s}\none_patient_per_file: true", "not both"),
    ],
)
def test_a_mapping_that_cannot_be_says_why(tmp_path, text, said):
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r".") as error:
        ColumnMapping.load(path)
    assert said in str(error.value) and "mapping.yaml" in str(error.value) and str(tmp_path) not in str(error.value)


def test_a_mapping_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        ColumnMapping.load(tmp_path / "gone.yaml")


def test_what_a_table_lacks_is_named():
    assert MAPPING.lacking(HEADER) == []
    assert MAPPING.lacking(["subject", "LEVEL (db nhl)", "s1"]) == ["V latency [ms]"]


def test_columns_are_found_however_they_are_written():
    assert position_of("Hear_Loss", ["x", "hear loss"]) == 1
    assert position_of("V", ["v", "V"]) == 1  # exact spelling wins
    with pytest.raises(InputError, match="more than once"):
        position_of("a b", ["a_b", "A B"])
    with pytest.raises(InputError, match="missing"):
        position_of("a", ["b"])


@pytest.mark.parametrize(
    ("samples", "header", "positions"),
    [
        ({"prefix": "s"}, ["p", "s10", "s9", "s8"], [3, 2, 1]),
        ({"prefix": ""}, ["p", "1", "2", "3"], [1, 2, 3]),
        ({"prefix": "sample_"}, ["sample_001", "sample_000"], [1, 0]),
        ({"first": "0.0", "last": "0.2"}, ["p", "0.0", "0.1", "0.2", "x"], [1, 2, 3]),
        ({"list_column": "trace"}, ["p", "trace"], [1]),
    ],
)
def test_where_samples_stand(samples, header, positions):
    assert SampleColumns(**samples).positions(header) == positions


@pytest.mark.parametrize(
    ("samples", "header", "said"),
    [
        ({"prefix": "s"}, ["s1", "s2", "s4"], "'s3'"),
        ({"prefix": "s"}, ["p", "x"], "samples are missing"),
        ({"first": "b", "last": "a"}, ["a", "b"], "before the first"),
    ],
)
def test_samples_that_are_not_there(samples, header, said):
    with pytest.raises(InputError, match=said):
        SampleColumns(**samples).positions(header)


def test_a_mapping_is_remembered_for_the_same_columns_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    assert recall(HEADER) is None
    assert remember(HEADER, MAPPING).parent == tmp_path / "mappings"
    assert recall([name.upper() for name in HEADER]) == MAPPING
    assert recall([*HEADER, "s4"]) is None
    mapping_file(HEADER).write_text("columns: 3")
    assert recall(HEADER) is None
