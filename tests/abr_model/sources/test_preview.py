from __future__ import annotations

import pytest

from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.columns.remembered import remember
from abr_model.sources.preview import MASK, look


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Nothing is remembered from elsewhere."""
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))


@pytest.fixture
def plain(tmp_path):
    """A plain table with a name in it."""
    path = tmp_path / "plain.csv"
    samples = ",".join(f"s{k}" for k in range(20))
    cells = ",".join(f"0.{k:02d}" for k in range(20))
    lines = [f"Name,Subject,Level (dB SPL),Remarks2,lat V (ms),{samples}"]
    lines += [f"Ayse Yilmaz,A{i // 2},{90 - 5 * i},seen by Dr Demir,6.{i},{cells}" for i in range(6)]
    path.write_text("\n".join(lines))
    return path


def asked(preview, needed=True):
    return [question.name for question in preview.questions if question.needed == needed]


def test_an_export_of_a_table_is_guessed_and_masked(plain):
    (preview,) = look(plain)
    assert preview.kind == "table" and preview.problem is None and preview.recordings == 6
    assert preview.mapping.columns == {
        "patient_id": "Subject",
        "intensity_db_nhl": "Level (dB SPL)",
        "latency_V_ms": "lat V (ms)",
    }
    assert preview.confidence["patient_id"] > 0.5 and not preview.remembered
    assert preview.identifying_columns == ("Name", "Subject")
    assert preview.rows[0][:5] == (MASK, MASK, "90", "text of 16 characters", "6.0")
    assert "Ayse" not in str(preview) and "Demir" not in str(preview) and "A0" not in str(preview.rows)
    assert asked(preview) == ["sampling_rate_hz", "start_ms"]
    assert {"age_years", "hearing_loss", "stimulus_rate_per_s", "level_offset_db"} <= set(asked(preview, False))


def test_a_confirmed_mapping_is_found_again_and_a_given_one_wins(plain):
    (first,) = look(plain)
    confirmed = first.mapping.model_copy(update={"sampling_rate_hz": 20_000.0, "start_ms": 0.0})
    remember(list(first.header), confirmed)
    (again,) = look(plain)
    assert again.remembered and again.mapping == confirmed and asked(again) == []
    given = confirmed.model_copy(update={"start_ms": None})
    (third,) = look(plain, given)
    assert third.mapping == given and not third.remembered and asked(third) == ["start_ms"]


def test_what_a_table_does_not_say_is_asked(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x," + ",".join(str(k) for k in range(1, 21)) + "\na," + ",".join("0" for _ in range(20)))
    (preview,) = look(path)
    assert asked(preview) == ["patient_id", "sampling_rate_hz", "start_ms", "waveform_unit"]
    path.write_text(",".join(f"c{chr(97 + k)}" for k in range(20)) + "\n" + ",".join("x" for _ in range(20)))
    (preview,) = look(path)
    assert preview.mapping is None and asked(preview) == ["samples"]


def test_an_eclipse_export_knows_its_columns(clinic, write_csv, write_xlsx):
    for path in (write_csv(clinic(4)), write_xlsx(clinic(4))):
        (preview,) = look(path)
        assert preview.format == "Interacoustics Eclipse research export" and preview.recordings == 4
        assert preview.mapping.columns["latency_V_ms"] == "V Latancy" and preview.mapping.waveform_unit == "µV"
        assert asked(preview) == ["sampling_rate_hz", "start_ms"] and asked(preview, False) == []
        assert "Ayse" not in str(preview) and "98765001" not in str(preview)
    (preview,) = look(write_csv([{k: v for k, v in row.items() if k != "Age"} for row in clinic(2)]))
    assert "Age" in str(preview.problem) and preview.header


def test_a_format_that_says_everything(human_recordings):
    first, second = look(sorted((human_recordings / "native").glob("*.TXT")))
    assert first.kind == "recordings" and first.recordings == 9
    assert first.states["sampling rate"] == "20,000 Hz" and first.states["intensity"] == "60 dB nHL"
    assert second.states["intensity"] == "0 dB nHL" and first.states["time"] == "0.00 to 24.70 ms"
    assert asked(first) == [] and asked(first, False) == ["age_years", "hearing_loss"]
    assert "DEMO0066" not in str(first)


def test_what_such_a_file_lacks_is_asked_and_not_stated(tmp_path, smartep_text):
    path = tmp_path / "e.txt"
    path.write_text(smartep_text(zero="", **{"Smp. Period:": None}))
    (preview,) = look(path)
    assert asked(preview) == ["sampling_rate_hz", "start_ms"] and preview.recordings == 2
    assert "sampling rate" not in preview.states and "time" not in preview.states


def test_one_bad_file_does_not_hide_the_others(tmp_path, plain, small_cohort):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague")
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04" + b"x" * 400)
    cohort = small_cohort.take([0, 1, 2]).write(tmp_path / "cohort.parquet")
    found = look([letter, plain, broken, cohort, tmp_path / "gone.csv"])
    assert [p.kind for p in found] == ["unknown", "table", "unknown", "cohort", "unknown"]
    assert [p.problem is None for p in found] == [False, True, False, True, False]
    assert found[3].recordings == 3 and "damaged" in str(found[2].problem) and "no such file" in str(found[4].problem)


def test_samples_of_a_record_go_with_its_header(tmp_path):
    wfdb = pytest.importorskip("wfdb")
    import numpy as np

    signal = np.sin(np.linspace(0, 30, 500))[:, None]
    wfdb.wrsamp("rec", 20_000, ["uV"], ["ABR"], p_signal=signal, fmt=["16"], write_dir=str(tmp_path))
    header, data = look([tmp_path / "rec.hea", tmp_path / "rec.dat"])
    assert (header.kind, data.kind) == ("recordings", "companion")
    (alone,) = look([tmp_path / "rec.dat"])
    assert alone.kind == "unknown" and alone.problem is not None


def test_a_mapping_for_another_table_is_not_used(plain):
    other = ColumnMapping(columns={"patient_id": "Nobody"}, samples={"prefix": "s"})
    (preview,) = look(plain, other)
    assert preview.mapping.columns["patient_id"] == "Subject"


def test_levels_on_another_scale_ask_for_their_offset(tmp_path):
    wfdb = pytest.importorskip("wfdb")
    import numpy as np

    def record(name, *comments):
        wfdb.wrsamp(
            name, 20_000, ["uV"], ["ABR"], p_signal=np.sin(np.linspace(0, 30, 500))[:, None], fmt=["16"],
            comments=list(comments), write_dir=str(tmp_path),
        )  # fmt: skip
        (preview,) = look(tmp_path / f"{name}.hea")
        return {question.name: question.sentence for question in preview.questions}

    other = record("spl", "<SPL>: 90")
    assert "how many dB" in other["level_offset_db"] and "intensity_db_nhl" not in other
    assert "level_offset_db" not in record("nhl", "<nHL>: 60")
    silent = record("silent")
    assert "level_offset_db" not in silent
    assert "state" not in silent["intensity_db_nhl"], "a level differs within a file: it cannot be stated"
    assert "unless you state it" in silent["age_years"]
