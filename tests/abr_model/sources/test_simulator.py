"""The simulated clinic as a cohort: reproducible, complete, near the published clinic, with a clinic's gaps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.schema import HEARING_LOSS_CODES, Kind
from abr_model.sources.simulator import DEFAULT, Parameters, simulate
from abr_model.waves import offset_from_peak, pick_wave


@pytest.fixture(scope="module")
def clinic():
    return simulate(patients=300, seed=5)


@pytest.fixture(scope="module")
def truth():
    return simulate(patients=300, seed=5, residual_noise=False)


def test_shape_sampling_and_provenance(clinic):
    assert clinic.waveforms.shape == (len(clinic), 467)
    assert clinic.waveforms.dtype == np.float32
    assert (clinic.sampling.rate_hz, clinic.sampling.start_ms) == (15000, 0)
    assert clinic.kind == Kind.SIMULATED
    assert clinic.patients == 300
    details = clinic.provenance.details
    assert (details["patients"], details["seed"]) == (300, 5)
    assert details["parameters_sha256"] == DEFAULT.sha256()


def test_same_seed_same_digest_and_a_smaller_clinic_is_its_beginning(clinic):
    again = simulate(patients=40, seed=5)
    assert again.digest() == simulate(patients=40, seed=5).digest()
    assert again.digest() == clinic.take(np.arange(len(again))).digest()


def test_clinics_of_two_seeds_share_no_patient(clinic):
    other = simulate(patients=40, seed=6)
    assert set(other.table["patient_id"]) < set(clinic.table["patient_id"]), "pseudonyms count from 1 in each"
    traces = {trace.tobytes() for trace in clinic.waveforms}
    assert not traces & {trace.tobytes() for trace in other.waveforms}
    who = ["age_years", "sex", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss", "residual_noise_nv"]
    assert other.table[who].merge(clinic.table[who].dropna()).empty


def test_without_residual_noise_only_the_waveforms_differ(clinic, truth):
    assert clinic.table.equals(truth.table)
    difference = (clinic.waveforms - truth.waveforms).std(axis=1)
    # What was added has the size that the recording's own residual noise says.
    ratio = difference / (clinic.table["residual_noise_nv"] / 1000)
    assert 0.75 < ratio.median() < 1.1
    deaf = (truth.table["hearing_loss"] == "total").to_numpy()
    assert deaf.sum() > 50
    assert np.abs(truth.waveforms[deaf]).max() == 0
    assert np.abs(truth.waveforms[~deaf]).max() > 0.2


def test_columns_without_gaps_and_missing_as_in_a_clinic(clinic):
    table = clinic.table
    full = ["ear", "sex", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss", "stimulus_type"]
    full += ["stimulus_polarity", "sweeps_accepted", "sweeps_rejected", "fmp", "residual_noise_nv"]
    assert table[full].notna().all().all()
    assert 0.0 < table["age_years"].isna().mean() < 0.10
    assert (table.groupby("patient_id")["age_years"].apply(lambda ages: ages.isna().nunique()) == 1).all()
    for wave in ("I", "III", "V"):
        assert (table[f"latency_{wave}_ms"].isna() == table[f"amplitude_{wave}_uv"].isna()).all()
        assert (table[f"latency_{wave}_ms"].notna() == (table[f"response_{wave}"] == "present")).all()
    assert not (table[[c for c in table if c.startswith(("latency", "amplitude"))]] == 0).any().any()


def test_margins_near_the_published_clinic(clinic):
    """Published values in the comments; 300 patients scatter by some per cent."""
    table = clinic.table
    assert 22 < len(clinic) / clinic.patients < 31  # 25.5
    level = table["intensity_db_nhl"]
    assert (level % 5 == 0).all()
    assert level.between(0, 100).all()
    assert 41 < level.mean() < 54  # 46
    assert 26 < level.std() < 34  # 30.8
    assert 0.72 < (table["stimulus_rate_per_s"] == 33.1).mean() < 0.88  # 0.80
    assert 0.93 < (table["stimulus_polarity"] == "alternating").mean() < 0.99  # 0.965
    assert table["age_years"].median() < 1.1  # 0 completed years
    assert 1 < table["age_years"].quantile(0.75) < 3.5  # 2
    share = table["hearing_loss"].value_counts(normalize=True)
    assert set(share.index) == set(HEARING_LOSS_CODES)
    assert 0.70 < share["normal"] < 0.87  # 0.785
    kept = (table["fmp"] > 1) & (table["stimulus_polarity"] == "alternating") & table["age_years"].notna()
    assert 0.35 < kept.mean() < 0.52  # 0.412
    assert 0.60 < table["fmp"].median() < 1.2  # 0.74
    marked = {w: table[f"latency_{w}_ms"].notna().mean() for w in ("I", "III", "V")}
    assert 0.68 < marked["V"] < 0.82  # 0.727
    assert 0.05 < marked["I"] < marked["III"] < 0.15  # 0.109, 0.119
    by_class = table["latency_V_ms"].notna().groupby(table["hearing_loss"]).mean()
    assert by_class["total"] < 0.06  # 0.022
    assert by_class["neuropathy"] < 0.5 < by_class["sensorineural"]  # 0.266, 0.629


def test_marks_are_measured_on_the_recorded_trace(clinic):
    for wave in ("I", "III", "V"):
        offset = offset_from_peak(clinic, wave, within_ms=0.4)
        assert offset.n > 200
        assert abs(offset.median_ms) < 0.01
        assert abs(offset.aligned_ms) < 0.05


def test_amplitude_is_the_height_over_the_zero_line_at_the_mark(clinic):
    """The published amplitudes of wave V are negative in 8 %: no peak-to-trough measure is."""
    table = clinic.table
    for wave in ("I", "III", "V"):
        marked = np.flatnonzero(table[f"latency_{wave}_ms"].notna())
        at = np.rint(table[f"latency_{wave}_ms"].to_numpy()[marked] * clinic.sampling.rate_hz / 1000).astype(int)
        height = clinic.waveforms[marked, at]
        difference = table[f"amplitude_{wave}_uv"].to_numpy()[marked] - height
        assert np.abs(difference).mean() < 0.01  # the hand's scatter
        assert difference.mean() > 0  # the mark is set on the peak, the hand slips off it
    negative = (table["amplitude_V_uv"] < 0).sum() / table["amplitude_V_uv"].notna().sum()
    assert 0.03 < negative < 0.16  # 0.083
    assert (table["amplitude_I_uv"] < 0).sum() < 0.08 * table["amplitude_I_uv"].notna().sum()


def test_unclear_waves_are_confused_with_other_peaks(clinic, truth):
    """A cursor strays where the wave hardly stands out of the noise, and stays in the order of the waves."""
    table = clinic.table
    clean = pick_wave(truth.waveforms, truth.sampling, table["latency_V_ms"].to_numpy(), 3.0, choose="nearest")[0]
    stray = np.abs(table["latency_V_ms"] - clean)
    normal = (table["hearing_loss"] == "normal") & stray.notna()
    clear, unclear = stray[normal & (table["fmp"] > 5)], stray[normal & (table["fmp"] < 0.7)]
    assert len(clear) > 200
    assert len(unclear) > 200
    assert (unclear > 0.8).mean() > 2 * (clear > 0.8).mean()
    assert 0.015 < (clear > 0.8).mean() < 0.12  # even a clear wave is now and then confused
    kept = table[(table["fmp"] > 1) & (table["stimulus_polarity"] == "alternating")]
    assert kept["latency_I_ms"].std() == pytest.approx(0.444, rel=0.2)  # published
    assert kept["latency_V_ms"].std() == pytest.approx(1.422, rel=0.25)
    assert table["latency_V_ms"].between(4.5, 19.1).mean() == table["latency_V_ms"].notna().mean()
    waves = table[["latency_I_ms", "latency_III_ms", "latency_V_ms"]].to_numpy()
    assert (np.diff(waves[np.isfinite(waves).all(axis=1)], axis=1) > 0).all()


def test_absent_is_said_in_quiet_recordings_only_and_not_marked_is_not_absent(clinic):
    table = clinic.table
    limit = DEFAULT.marking.absent_below
    for wave in ("I", "III", "V"):
        said = table[f"response_{wave}"]
        absent = said == "absent"
        assert absent.sum() > 50
        assert table.loc[absent, "residual_noise_nv"].max() <= limit
        assert table.loc[absent, f"latency_{wave}_ms"].isna().all()
        assert said.isna().mean() > 0.1  # noisy and unmarked, or nobody looked for it
    quiet_level = table["intensity_db_nhl"] < DEFAULT.marking.all_waves_from
    assert table.loc[quiet_level, ["response_I", "response_III"]].isna().all().all()
    # An ear without a response is called so wherever the noise allows.
    deaf = table[(table["hearing_loss"] == "total") & (table["residual_noise_nv"] <= limit)]
    assert (deaf["response_V"] == "absent").mean() > 0.8


def test_sweeps_are_spent_near_threshold_and_silence_at_the_highest_level_is_repeated(clinic):
    table, testing = clinic.table, DEFAULT.testing
    loud = table["intensity_db_nhl"] >= testing.loud_from
    # Each block of sweeps is rounded to whole ones.
    longest = testing.loud_sweeps * max(testing.most_sweeps) + DEFAULT.noise.blocks
    assert table.loc[loud, "sweeps_accepted"].max() <= longest
    assert table.loc[~loud, "sweeps_accepted"].max() > 2 * longest
    highest = table[(table["intensity_db_nhl"] == 100) & (table["stimulus_polarity"] == "alternating")]
    runs = highest.groupby(["patient_id", "ear", "age_years", "hearing_loss"]).size()
    assert runs.xs("total", level="hearing_loss").mean() > runs.xs("normal", level="hearing_loss").mean() + 0.5


def test_a_large_fmp_persuades_the_operator(clinic):
    """Ears without any response: wave V is marked now and then, the more often the larger Fmp."""
    deaf = clinic.table[clinic.table["hearing_loss"] == "total"]
    marked = deaf["latency_V_ms"].notna()
    assert 0 < marked.mean() < 0.06  # 0.022
    assert deaf.loc[marked, "fmp"].min() > 0.3
    assert marked[deaf["fmp"] > 1.5].mean() > 0.3


def test_ages_are_whole_weeks(clinic):
    weeks = clinic.table["age_years"].dropna() * 52.18
    assert np.abs(weeks - weeks.round()).max() < 1e-6


def test_the_order_of_detectability_holds_at_every_level(clinic, truth):
    """Of the ears tested at a level, more have a wave V than a III, and more a III than a I (physiology notes 10)."""
    table = clinic.table
    loud = table[table["intensity_db_nhl"] >= 70]
    for _, cell in loud.groupby(loud["intensity_db_nhl"] // 10):
        shares = [cell[f"latency_{w}_ms"].notna().mean() for w in ("V", "III", "I")]
        assert shares[0] > shares[1] > shares[2]
    quiet = table[table["intensity_db_nhl"] < 60]
    assert quiet["latency_I_ms"].isna().all()
    assert quiet["latency_V_ms"].notna().mean() > 0.5


def test_every_parameter_has_a_value_a_unit_and_a_source():
    parts = [getattr(DEFAULT, f.name) for f in dataclasses.fields(Parameters)]
    fields = [f for part in parts if dataclasses.is_dataclass(part) for f in dataclasses.fields(part)]
    assert len(fields) > 100
    for field in fields:
        assert field.metadata["unit"], field.name
        assert field.metadata["source"], field.name
        if field.name.endswith("_share") and isinstance(field.default, tuple) and field.name != "ear_share":
            assert sum(field.default) == pytest.approx(1.0), field.name


def test_a_changed_parameter_changes_hash_and_recordings(clinic):
    noisier = dataclasses.replace(DEFAULT, noise=dataclasses.replace(DEFAULT.noise, eeg=(9.0, 0.45)))
    assert noisier.sha256() != DEFAULT.sha256()
    other = simulate(patients=40, seed=5, parameters=noisier)
    rows = np.arange(len(other))
    same = clinic.take(rows)
    assert (other.table["intensity_db_nhl"] == same.table["intensity_db_nhl"]).all()  # same patients, same levels
    assert other.table["residual_noise_nv"].median() > 1.4 * same.table["residual_noise_nv"].median()


def test_progress_reaches_the_end():
    seen = []
    simulate(patients=20, seed=0, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(16, 20), (20, 20)]


@pytest.mark.parametrize(
    ("patients", "seed", "named"),
    [(0, 0, "patients"), (-3, 0, "patients"), (2.5, 0, "patients"), (True, 0, "patients"), (5, -1, "seed")],
)
def test_bad_numbers_are_refused_by_name(patients, seed, named):
    with pytest.raises(InputError, match=f"{named} is out of range"):
        simulate(patients=patients, seed=seed)
