from __future__ import annotations

import socket

import numpy as np
import pytest
import wfdb

from abr_model.errors import InputError
from abr_model.schema import LABEL_NAMES
from abr_model.sources.readers import wfdb_records, wfdb_trials
from abr_model.sources.readers.reader import NotStatedError
from abr_model.sources.reading import read_recordings
from abr_model.sources.report import NothingImportedError

SALT = b"s" * 32
RATE_HZ, TRIAL, ONSET_MS = 48_000, 2_002, 18.0
EARNDB = ["<SPL>: 100 <Ear>: r <Age>: 61 <Sex>: F"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def response(peak_ms=6.0, trial=TRIAL, rate=RATE_HZ, onset_ms=ONSET_MS, height=0.5):
    time_ms = np.arange(trial) * 1000 / rate - onset_ms
    return height * np.exp(-(((time_ms - peak_ms) / 0.5) ** 2))


def trials(n=25, noise_uv=2.0, seed=1, **kind):
    """[n × trial] µV, trials one after the other."""
    one = response(**kind)
    return (one + np.random.default_rng(seed).normal(0, noise_uv, (n, len(one)))).ravel()


@pytest.fixture
def write(tmp_path):
    """``write(signals [T, n], …)`` → path of the header; samples are kept to 0.1 nV in 32 bits."""

    def write(
        signals,
        name="N1evoked_raw_F1_R1",
        comments=EARNDB,
        names=("ABR",),
        units=("uV",),
        rate=RATE_HZ,
        gain=1e4,
        **more,
    ):
        signals = np.asarray(signals, dtype=float).reshape(-1, len(names))
        wfdb.wrsamp(
            name, fs=rate, units=list(units), sig_name=list(names), p_signal=signals, fmt=["32"] * len(names),
            adc_gain=[gain] * len(names), baseline=[0] * len(names), comments=list(comments), write_dir=str(tmp_path),
            **more,
        )  # fmt: skip
        return tmp_path / f"{name}.hea"

    return write


@pytest.fixture
def rewrite():
    """``rewrite(path, old, new)`` changes the header's text."""

    def rewrite(path, old, new):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return path

    return rewrite


def read(path, **options):
    return read_recordings(path, salt=SALT, **options)


# --- trials ---------------------------------------------------------------------------------------------------------


def test_trials_become_one_average_at_the_right_time(write):
    signal = trials()
    result = read(write(signal), start_ms=-ONSET_MS)
    cohort = result.cohort
    assert len(cohort) == 1 and cohort.sampling.rate_hz == RATE_HZ and cohort.sampling.start_ms == 0
    first = int(ONSET_MS * 48)
    np.testing.assert_allclose(cohort.waveforms[0], signal.reshape(-1, TRIAL).mean(axis=0)[first:], atol=1e-4)
    clean = read(write(trials(noise_uv=0), name="clean"), start_ms=-ONSET_MS).cohort
    assert clean.time_ms[clean.waveforms[0].argmax()] == pytest.approx(6.0, abs=0.02)
    assert clean.waveforms.max() == pytest.approx(0.5, abs=1e-3)


def test_header_comments_are_used(write):
    table = read(write(trials()), start_ms=-18, level_offset_db=-25).cohort.table
    row = table.iloc[0]
    assert (row["ear"], row["sex"], row["age_years"]) == ("right", "female", 61)
    assert row["intensity_db_nhl"] == 75
    assert row["stimulus_rate_per_s"] == pytest.approx(RATE_HZ / TRIAL)
    assert row["sweeps_accepted"] == 25 and row["sweeps_rejected"] == 0
    assert table[["fmp", "hearing_loss", *LABEL_NAMES]].isna().all(axis=None)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_residual_noise_is_that_of_the_average(write, n):
    expected = 2000 / np.sqrt(n)  # 2 µV of white noise in each trial; an odd number has halves of other sizes
    path = [write(trials(n, seed=s), comments=[*EARNDB, "<Samples per trial>: 2002"], name=f"r{s}") for s in range(4)]
    noise = read(path, start_ms=-ONSET_MS).cohort.table["residual_noise_nv"]
    assert noise.mean() == pytest.approx(expected, rel=0.035)
    without = read(write(trials(n, noise_uv=0), name="clean"), start_ms=-18).cohort.table["residual_noise_nv"].iloc[0]
    assert without < 0.1  # a response is not noise


def test_average_does_not_depend_on_the_blocks(write, monkeypatch):
    path = write(trials(11))
    whole = read(path, start_ms=-18)
    shares = []
    monkeypatch.setattr(wfdb_trials, "_BLOCK_SAMPLES", 3 * TRIAL + 5)
    blocks = read(path, start_ms=-18, on_progress=lambda share, _: shares.append(share))
    np.testing.assert_allclose(blocks.cohort.waveforms, whole.cohort.waveforms, atol=1e-6)
    np.testing.assert_allclose(blocks.cohort.table["residual_noise_nv"], whole.cohort.table["residual_noise_nv"])
    assert len(shares) >= 4 and shares == sorted(shares) and shares[-1] == 1


def test_level_in_spl_is_not_taken_for_nhl(write):
    result = read(write(trials()), start_ms=-18)
    assert np.isnan(result.cohort.table["intensity_db_nhl"].iloc[0])
    assert any("dB SPL (100)" in note and "--level-offset" in note for note in result.report.notes)
    stated = read(write(response(), comments=["<nHL>: 60 <Ear>: l"], name="x"), start_ms=-18)
    assert stated.cohort.table["intensity_db_nhl"].iloc[0] == 60


def test_an_incomplete_last_trial_and_trials_with_gaps_are_left_out_and_told(write):
    signal = trials(12)
    signal[5 * TRIAL + 100] = np.nan
    whole = np.delete(signal.reshape(-1, TRIAL), 5, axis=0)
    result = read(write(np.append(signal, np.zeros(300))), start_ms=-ONSET_MS)
    np.testing.assert_allclose(result.cohort.waveforms[0], whole.mean(axis=0)[int(ONSET_MS * 48) :], atol=1e-4)
    assert result.cohort.table["sweeps_accepted"].iloc[0] == 11
    assert result.cohort.table["sweeps_rejected"].iloc[0] == 1
    notes = "\n".join(result.report.notes)
    assert "last 300 samples" in notes and "1 trials with a missing sample" in notes


def test_two_blocks_are_half_averages(write):
    two = np.stack([response(height=0.5) + 0.01, response(height=0.5) - 0.01])
    result = read(write(two.ravel()), start_ms=-18)
    table = result.cohort.table
    assert table["residual_noise_nv"].iloc[0] == pytest.approx(10.0, abs=0.1)
    assert table[["sweeps_accepted", "stimulus_rate_per_s"]].isna().all(axis=None)
    assert any("half-averages" in note for note in result.report.notes)


def test_trial_length_can_be_stated(write):
    signal = trials(30, trial=500, rate=20_000, onset_ms=5)
    path = write(signal, rate=20_000, comments=["<Samples per trial>: 500", "<Stimulus onset>: 5 ms"])
    cohort = read(path).cohort
    assert cohort.samples == 400 and cohort.table["sweeps_accepted"].iloc[0] == 30
    assert cohort.table["stimulus_rate_per_s"].iloc[0] == 40
    assert cohort.time_ms[cohort.waveforms[0].argmax()] == pytest.approx(6.0, abs=0.5)
    with pytest.raises(InputError, match="trial cannot be that"):
        read(write(signal, rate=20_000, comments=["<Samples per trial>: many", "<Stimulus onset>: 5 ms"], name="b"))


# --- averages of any system -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1.0), ("mV", 1e-3), ("nV", 1e3), ("V", 1e-6)])
def test_an_average_in_any_unit(write, unit, factor):
    wave = response(trial=300, rate=15_000, onset_ms=0)
    path = write(wave * factor, rate=15_000, units=(unit,), gain=1e5 / factor, comments=["Age: 3", "Sweeps: 2000"])
    cohort = read(path, start_ms=0).cohort
    np.testing.assert_allclose(cohort.waveforms, [wave], atol=2e-5)
    assert cohort.sampling.rate_hz == 15_000 and cohort.sampling.start_ms == 0
    assert cohort.table["age_years"].iloc[0] == 3 and cohort.table["sweeps_accepted"].iloc[0] == 2000
    assert cohort.table[["residual_noise_nv", "stimulus_rate_per_s", "intensity_db_nhl"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("names", "units", "position"),
    [
        (("OAE", "ABR"), ("uV", "uV"), 1),
        (("OAE mic", "channel"), ("uV", "uV"), 1),
        (("Pressure", "A1"), ("Pa", "uV"), 1),
        (("one", "two"), ("uV", "uV"), 0),
    ],
)
def test_signal_is_chosen_by_name_and_told(write, names, units, position):
    waves = np.stack([response(5.0, 300, 15_000, 0), response(7.0, 300, 15_000, 0)], axis=1)
    result = read(write(waves, rate=15_000, names=names, units=units, comments=[]), start_ms=0)
    np.testing.assert_allclose(result.cohort.waveforms, [waves[:, position]], atol=1e-4)
    assert any(f"signal {position + 1} of 2" in note for note in result.report.notes)


def test_one_recording_per_level_where_the_signals_name_levels(write):
    waves = np.stack([response(p, 300, 15_000, 0) for p in (5.5, 6.0, 6.5)], axis=1)
    names = ("ABR 80 dB nHL", "ABR 60 dB nHL", "ABR 40 dB nHL")
    path = write(waves, rate=15_000, names=names, units=("uV",) * 3, comments=["Subject: J. Doe"])
    cohort = read(path, start_ms=0).cohort
    assert cohort.table["intensity_db_nhl"].tolist() == [80, 60, 40] and cohort.patients == 1
    np.testing.assert_allclose(cohort.waveforms, waves.T, atol=1e-4)


def test_gain_without_a_unit_is_millivolts_as_wfdb_says(write, rewrite):
    wave = response(trial=300, rate=15_000, onset_ms=0)
    path = rewrite(write(wave * 1e-3, rate=15_000, units=("mV",), gain=1e7, comments=[]), "/mV", "")
    result = read(path, start_ms=0)
    np.testing.assert_allclose(result.cohort.waveforms, [wave], atol=1e-3)
    assert any("mV, as the WFDB format says" in note for note in result.report.notes)


# --- asked, never guessed -------------------------------------------------------------------------------------------


def test_time_zero_is_asked_for_with_a_hint(write):
    with pytest.raises(NotStatedError, match="18 ms into a trial") as error:
        read(write(trials()))
    assert error.value.what == "start_ms" and error.value.file.endswith(".hea")


def test_sampling_rate_that_is_not_stated_is_asked_for(write, rewrite):
    path = write(response(trial=300, rate=15_000, onset_ms=0), rate=15_000, comments=[])
    rewrite(path, " 1 15000 300", " 1")
    with pytest.raises(InputError, match="number of samples"):
        read(path, start_ms=0)


def test_uncalibrated_signal_needs_a_unit(write, rewrite):
    wave = np.round(response(trial=300, rate=15_000, onset_ms=0) * 1000)
    path = rewrite(write(wave, rate=15_000, units=("nV",), gain=1.0, comments=[]), "1.0(0)/nV", "0")
    with pytest.raises(NotStatedError, match="--unit") as error:
        read(path, start_ms=0)
    assert error.value.what == "unit"
    np.testing.assert_allclose(read(path, start_ms=0, unit="nV").cohort.waveforms, [wave / 1000], atol=1e-6)


def test_long_record_without_trial_length_is_an_error(write):
    with pytest.raises(InputError, match="how long a trial is") as error:
        read(write(trials(), comments=["<Ear>: r"]), start_ms=0)
    assert "Samples per trial" in error.value.allowed


def test_what_the_header_states_wins_and_is_told(write):
    path = write(response(trial=300, rate=15_000, onset_ms=2), rate=15_000, comments=["<Stimulus onset>: 2 ms"])
    result = read(path, sampling_rate_hz=20_000, start_ms=-1, unit="mV")
    assert result.cohort.sampling.rate_hz == 15_000
    assert sum("was not used" in note for note in result.report.notes) == 3


# --- people ---------------------------------------------------------------------------------------------------------


def test_earndb_subject_is_the_same_in_all_records(write):
    paths = [write(trials(seed=s), name=f"N{n}evoked_raw_F1_R{s}") for n, s in ((1, 1), (1, 2), (2, 3))]
    patients = read(paths, start_ms=-18).cohort.table["patient_id"].tolist()
    assert patients[0] == patients[1] != patients[2]


def test_records_without_a_subject_are_told_to_be_their_own(write):
    result = read(write(trials(), name="someone"), start_ms=-18)
    assert any("same person" in note for note in result.report.notes)


def test_nothing_identifying_gets_out(write):
    import datetime

    comments = [
        *EARNDB,
        "<Name>: Zeynep Kaya",
        "Birth date: 1987-05-02",
        "seen by Dr House",
        "Gregory Wilson: calm",
        "<Born>: 1987",
        "<Amplifier>: GRASS",
    ]
    path = write(
        trials(), comments=[*comments, "<Subject>: 98765001"], base_date=datetime.date(2001, 2, 3),
        base_time=datetime.time(4, 5, 6), name="KAYA",
    )  # fmt: skip
    result = read(path, start_ms=-18)
    said = result.cohort.table.to_csv() + result.cohort.provenance.model_dump_json() + "\n".join(result.report.lines())
    for secret in ("Zeynep", "Kaya", "KAYA", "98765001", "1987", "House", "Wilson", "2001"):
        assert secret not in said
    dropped = result.report.identifying_columns
    assert {"Name", "Born", "Subject", "recording date", "free text"} <= set(dropped)
    assert "Amplifier" in result.report.unused_columns


# --- files ----------------------------------------------------------------------------------------------------------


def test_samples_beside_the_header_are_no_file_of_their_own(write):
    path = write(trials())
    both = read([path, path.with_suffix(".dat")], start_ms=-18)
    assert len(both.cohort) == 1 and both.report.files["file"].tolist() == [path.name]
    assert wfdb_records.companions(path) == (path.with_suffix(".dat"),)


def test_recognised_by_content(tmp_path, write, smartep_text):
    start = write(trials()).read_bytes()
    assert wfdb_records.recognises(tmp_path / "renamed.txt", start)
    for text in (smartep_text(), "a,b\n1,2\n", "level 3 4\nsamples follow\n", "1 2 3\n4 5 6\n", "x 1\n"):
        assert not wfdb_records.recognises(tmp_path / "x.txt", text.encode())
    (tmp_path / "renamed.txt").write_bytes(start)
    with pytest.raises(InputError, match=r"must end in \.hea"):
        read(tmp_path / "renamed.txt", start_ms=0)


def test_cut_off_samples(write):
    path = write(trials())
    samples = path.with_suffix(".dat")
    samples.write_bytes(samples.read_bytes()[:-10])
    with pytest.raises(InputError, match="cut off") as error:
        read(path, start_ms=-18)
    assert error.value.file == samples.name and "bytes" in error.value.allowed


def test_missing_samples(write):
    path = write(trials())
    path.with_suffix(".dat").unlink()
    with pytest.raises(InputError, match="missing"):
        read(path, start_ms=-18)


def test_exchanged_samples_are_noticed(write):
    path, other = write(trials(seed=1)), write(trials(seed=2), name="other")
    path.with_suffix(".dat").write_bytes(other.with_suffix(".dat").read_bytes())
    result = read(path, start_ms=-18)
    # the header still names its own file
    assert any("checksum" in note for note in result.report.notes)
    assert not any("checksum" in note for note in read(other, start_ms=-18).report.notes)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("N1evoked_raw_F1_R1 1 ", "N1evoked_raw_F1_R1/3 1 ", "several segments"),
        ("N1evoked_raw_F1_R1 1 ", "N1evoked_raw_F1_R1 2 ", "not every signal"),
        ("N1evoked_raw_F1_R1 1 ", "N1evoked_raw_F1_R1 0 ", "no signal"),
        ("N1evoked_raw_F1_R1 1 ", "N1evoked_raw_F1_R1 one ", "record line"),
        ("N1evoked_raw_F1_R1.dat", "../secret.dat", "not every signal"),
        ("N1evoked_raw_F1_R1.dat", "~", "elsewhere"),
        ("N1evoked_raw_F1_R1.dat", "http://x.org/y.dat", "not every signal"),
        (".dat 32 ", ".dat 77 ", "damaged"),
        (".dat 32 ", ".dat 32x2 ", "cut off|per frame"),
        ("10000.0(0)", "1e(0)", "a number in it"),
        ("/uV", "/Pa", "no evoked potential"),
        ("ABR", "OAE", "no evoked potential"),
    ],
)
def test_a_damaged_or_foreign_header_is_an_error(write, rewrite, old, new, problem):
    path = rewrite(write(trials()), old, new)
    with pytest.raises(InputError, match=problem) as error:
        read(path, start_ms=-18)
    assert str(path.parent) not in str(error.value)


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("<SPL>: loud <Ear>: r", "the level must be a number"),
        ("<SPL>: 100 <Ear>: middle", "ear is not a known class"),
        ("<SPL>: 100 <Ear>: r <Age>: 200", "age is out of range"),
        ("<SPL>: 100 <Ear>: r <Age>: old", "age must be a number"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(write, comment, reason):
    good, bad = write(trials(seed=1)), write(trials(seed=2), name="N2evoked", comments=[comment])
    result = read([good, bad], start_ms=-18)
    assert len(result.cohort) == 1
    refused = result.report.refused.iloc[0]
    assert refused["file"] == bad.name and reason in refused["reason"]


def test_flat_and_empty_records_are_refused(write):
    with pytest.raises(NothingImportedError, match="flat"):
        read(write(np.full(300, 0.5), rate=15_000, comments=[]), start_ms=0)
    with pytest.raises(NothingImportedError, match="missing sample"):
        read(write(np.append([np.nan], np.ones(299)), rate=15_000, comments=[], name="gap"), start_ms=0)
    with pytest.raises(NothingImportedError, match="before the stimulus"):
        read(write(response(trial=300, rate=15_000), rate=15_000, comments=[], name="early"), start_ms=-30)


def test_the_digest_of_a_record_is_that_of_header_and_samples(write):
    import hashlib

    path = write(trials())
    both = hashlib.sha256(path.read_bytes() + path.with_suffix(".dat").read_bytes()).hexdigest()
    for given in (path, [path.with_suffix(".dat"), path]):
        provenance = read(given, start_ms=-18).cohort.provenance
        assert provenance.details["files_sha256"] == [both] and provenance.source_sha256 == both
