"""The simulated clinic as a cohort: reproducible, complete, near the published clinic, with a clinic's gaps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.schema import HEARING_LOSS_CODES, Kind
from abr_model.sources.simulator import DEFAULT, Parameters, simulate
from abr_model.waves import offset_from_peak


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
    assert again.digest() != simulate(patients=40, seed=6).digest()


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
