"""A batch with the residual noise of another number of sweeps."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from abr_model.batches.again import make_again
from abr_model.batches.batch import make_batch
from abr_model.batches.sweeps import LearnedSweeps, NoiseOfSweeps, noise_of_sweeps, sweeps_of_training
from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.filtering import CohortFilter

OF_500 = NoiseOfSweeps(
    sweeps=500,
    learned=[{"level_db_nhl": 80, "sweeps": 500}, {"level_db_nhl": 40, "sweeps": 8000}],
    learned_from="a test",
)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_noise_is_scaled_level_by_level_and_the_response_is_not(default_model, request_of, tmp_path):
    asked = {"learned": {}, "other": {"residual_noise": OF_500}, "response": {"content": "response"}}
    made = {
        name: Cohort.read(make_batch(default_model, request_of(8, **changes), tmp_path / f"{name}.parquet").bundle.data)
        for name, changes in asked.items()
    }
    noise, other = (made[name].waveforms - made["response"].waveforms for name in ("learned", "other"))
    assert np.abs(noise).max() > 0.01
    at_80 = made["other"].table["intensity_db_nhl"].to_numpy() == 80
    np.testing.assert_allclose(other[at_80], noise[at_80], atol=1e-6)
    np.testing.assert_allclose(other[~at_80], 4 * noise[~at_80], atol=1e-5)
    marks = [made[name].table.filter(like="latency").to_numpy() for name in ("learned", "other")]
    np.testing.assert_array_equal(np.isnan(marks[0]), np.isnan(marks[1]))
    assert not np.array_equal(marks[0][~at_80], marks[1][~at_80], equal_nan=True), "marked on the noisier trace"


def test_it_is_said_and_made_again_bit_for_bit(default_model, request_of, tmp_path):
    first = make_batch(default_model, request_of(3, residual_noise=OF_500), tmp_path / "first.parquet", jobs=1)
    card = first.bundle.card.read_text(encoding="utf-8")
    assert "residual noise as of an average over 500 sweeps" in card
    assert "500 sweeps at 80 dB nHL to 8,000 sweeps at 40 dB nHL (a test)" in card
    assert "multiplied by 1.00 to 4.00, by the level" in card
    said = json.loads(first.bundle.provenance.read_text(encoding="utf-8"))["request"]["residual_noise"]
    assert said == OF_500.model_dump(mode="json")
    assert Cohort.read(first.bundle.data).provenance.details["batch"]["request"]["residual_noise"] == said
    again = make_again(default_model, first.bundle.provenance, tmp_path / "again.parquet", jobs=2)
    assert again.identical


def test_a_batch_with_the_noise_as_learned_says_nothing_of_sweeps(default_model, request_of, tmp_path):
    batch = make_batch(default_model, request_of(1), tmp_path / "batch.parquet")
    assert "residual_noise" not in json.loads(batch.bundle.provenance.read_text(encoding="utf-8"))["request"]
    assert "sweeps" not in batch.bundle.card.read_text(encoding="utf-8")


def test_what_was_learned_is_the_median_of_the_training_cohort_at_the_level(trained_on_small, small_cohort, data):
    with pytest.raises(InputError, match="nobody says over how many sweeps"):
        noise_of_sweeps(trained_on_small, 500)
    small_cohort.write(data / "cohorts" / "clinic.parquet")
    noise = noise_of_sweeps(trained_on_small, 500)
    table = small_cohort.table
    for at in noise.learned:
        here = (table["intensity_db_nhl"] - at.level_db_nhl).abs() <= 2.5
        assert at.sweeps == table.loc[here, "sweeps_accepted"].median()
    assert len({at.sweeps for at in noise.learned}) > 1, "near the threshold more sweeps are averaged"
    assert noise_of_sweeps(trained_on_small, 500, learned=2000).learned == (LearnedSweeps(level_db_nhl=0, sweeps=2000),)


def test_only_recordings_that_were_learned_from_count(trained_on_small, small_cohort):
    from dataclasses import replace

    loud = CohortFilter(ranges={"intensity_db_nhl": {"minimum": 70}})
    provenance = trained_on_small.provenance.model_copy(update={"filter": loud})
    learned = sweeps_of_training(replace(trained_on_small, provenance=provenance), small_cohort)
    assert min(at.level_db_nhl for at in learned) >= 70


def test_what_cannot_be(default_model, reference_model, request_of, tmp_path):
    with pytest.raises(ValidationError, match="responses carry no residual noise"):
        request_of(content="response", residual_noise=OF_500)
    with pytest.raises(InputError, match="sweeps is out of range"):
        noise_of_sweeps(default_model, 0, learned=2000)
    with pytest.raises(InputError, match="has no residual noise"):
        make_batch(reference_model, request_of(residual_noise=OF_500), tmp_path / "batch.parquet")
    assert not list(tmp_path.glob("batch*"))
