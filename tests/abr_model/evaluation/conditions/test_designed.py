"""The designed experiment: the same ears at every condition, waves picked on their responses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import abr_model.evaluation.conditions.designed as designed
import abr_model.evaluation.conditions.designed_experiment as designed_experiment
from abr_model.cohort import Cohort, Provenance
from abr_model.configuration import load_preset
from abr_model.evaluation.conditions.designed_experiment import (
    designed_generated,
    designed_true,
    expected_latencies,
    with_picked_waves,
)
from abr_model.model import ModelProvenance, TrainedModel
from abr_model.network import build_network
from abr_model.provenance import Sampling
from abr_model.realism.experiment import designed_responses
from abr_model.sampler import build_sampler
from abr_model.scaling import Scaling
from abr_model.training_support import support_of

SAMPLING = Sampling(rate_hz=15000.0, start_ms=0.0)


def true_ears(late_ms_per_db: float = 0.0, rates=(33.1,)):
    """The simulator's ears in the experiment, their responses moved by the level."""
    rng = np.random.default_rng(3)
    table, waveforms = designed_responses(rng, 40, rates, samples=230)
    time = SAMPLING.time_ms(230)
    shift = late_ms_per_db * (80.0 - table["intensity_db_nhl"].to_numpy())
    moved = np.array([np.interp(time - by, time, w) for by, w in zip(shift, waveforms, strict=True)])
    names = table["patient_id"] + " " + table["ear"]
    bare = table.drop(columns=[c for c in table if c.startswith(("latency_", "amplitude_"))])
    return table, bare.assign(patient_id=names, ear="not said", sex=None), moved


@pytest.fixture(scope="module")
def untrained(comparison):
    """A small model with random weights for the constructed recordings."""
    made = comparison()
    preset = load_preset("reference").changed(
        network={"width": 16, "heads": 2, "layers": 1, "feed_forward": 16, "latent": 4}
    )
    torch.manual_seed(0)
    network = build_network(preset.network)
    provenance = ModelProvenance(
        kind=made.train.kind, cohort="constructed", cohort_digest="ab" * 32, split="patient",
        recordings={}, patients={}, command="abr train", epochs=0,
    )  # fmt: skip
    scaling = Scaling.fit(made.train, age=preset.scaling.age, waveform=preset.scaling.waveform)
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    return TrainedModel(network, sampler, preset, scaling, SAMPLING, support_of(made.train), provenance)


def test_picked_waves_are_where_the_simulator_put_them():
    table, bare, waveforms = true_ears()
    found = with_picked_waves(bare, waveforms, SAMPLING)
    grown = (table["age_years"] >= 8).to_numpy()  # a newborn's IV and V merge into one peak
    for wave, within in (("I", 0.05), ("III", 0.05), ("V", 0.1)):
        loud = (table["intensity_db_nhl"] >= 60).to_numpy() & grown
        off = (found[f"latency_{wave}_ms"] - table[f"latency_{wave}_ms"])[loud]
        assert off.notna().mean() > 0.9 and off.abs().median() < within


def test_a_response_without_a_wave_has_none_picked():
    _, bare, waveforms = true_ears()
    found = with_picked_waves(bare, np.zeros_like(waveforms), SAMPLING)
    assert found[["latency_I_ms", "latency_III_ms", "latency_V_ms"]].isna().all(axis=None)
    small = with_picked_waves(bare, 0.01 * waveforms, SAMPLING)
    assert small["latency_V_ms"].isna().all()  # below what a clear response needs


def test_the_simulators_own_ears_meet_the_bands_of_the_level_and_moved_ones_do_not():
    rates = {"usual": 33.1, "slow": 11.1, "fast": 100.0}
    slope = "designed_v_slope_60_40_children"
    for late, met in ((0.0, True), (0.03, False)):
        _, bare, waveforms = true_ears(late)
        checks = {c.key: c for c in designed.designed_checks(with_picked_waves(bare, waveforms, SAMPLING), rates)}
        assert checks[slope].met is met


def test_the_effect_of_the_rate_within_the_training_rates():
    _, bare, waveforms = true_ears(rates=(11.1, 39.1))
    found = with_picked_waves(bare, waveforms, SAMPLING)
    check = designed._rate_inside(found, 11.1, 39.1)
    assert check.met and check.measured == pytest.approx(0.55, abs=0.06) and check.n == 80  # two ears of 40 adults


def test_generated_ears_are_the_same_at_every_condition(untrained):
    table, waveforms = designed_generated(untrained, (33.1,), 0, ("adult",), ears=3)
    assert len(table) == 8 * 3 and table["age_years"].eq(30).all()
    again, same = designed_generated(untrained, (33.1,), 0, ("adult",), ears=3)
    assert (same == waveforms).all() and again.equals(table)
    assert not (designed_generated(untrained, (33.1,), 1, ("adult",), ears=3)[1] == waveforms).any()
    # One ear differs from another more than from itself a few dB louder: its random numbers went with it.
    by_level = waveforms.reshape(8, 3, -1)
    own = np.abs(by_level[0] - by_level[1]).mean()
    crossed = np.abs(by_level[0] - by_level[1][[1, 2, 0]]).mean()
    assert own < crossed


def test_the_true_ears_cover_the_time_that_is_compared():
    table, waveforms, own = designed_true((33.1,), 0, Sampling(rate_hz=5000.0, start_ms=0.0), 60)
    assert own.time_ms(waveforms.shape[1])[-1] == pytest.approx(11.8, abs=0.1)
    assert len(table) == len(waveforms) and "latency_V_ms" not in table


def test_the_section_of_a_model_that_has_learned_nothing(comparison, untrained, score, monkeypatch):
    monkeypatch.setattr(designed_experiment, "EARS", 30)  # the simulator's
    monkeypatch.setattr(designed, "designed_generated", lambda *a, **k: designed_generated(*a, **k, ears=12))
    made = comparison()
    section = designed.designed_section(made, untrained)
    found = score(section, "designed_bands_met")
    assert not found.met
    table = section.tables["bands"].set_index("band")
    fast = table.loc["Wave V, 10 → 100 /s, adults"]
    assert fast["conditions"] == "outside" and not fast["counts"]
    assert not table.loc[table["conditions"] == "outside", "counts"].any()
    # without the simulator's truth every band is asked for
    unknown = designed.designed_section(comparison(with_clean=False), untrained)
    assert set(unknown.tables["bands"]["held_out_state"]) == {"not known"}
    assert "can be judged" in score(unknown, "designed_bands_met").name


def test_where_a_band_looks():
    rng = np.random.default_rng(0)
    n = 2000
    table = pd.DataFrame(
        {
            "age_years": rng.uniform(1, 50, n), "intensity_db_nhl": rng.choice([20.0, 40.0, 60.0, 70.0, 80.0], n),
            "stimulus_rate_per_s": rng.uniform(10, 50, n), "hearing_loss": "normal",
            "patient_id": [f"p{k}" for k in range(n)], "recording_id": [f"r{k}" for k in range(n)],
        }
    )  # fmt: skip
    support = support_of(Cohort(np.zeros((n, 4)), table, SAMPLING, Provenance(kind="simulated", source="test")))
    rates = {"usual": 33.1, "slow": 11.1, "fast": 100.0, "low": 12.0, "high": 45.0}
    assert designed._degree("designed_rate_adults", rates, support) == "outside"
    assert designed._degree("designed_rate_inside", rates, support) != "outside"
    assert designed._degree("designed_v_slope_60_40_newborn", rates, support) == "outside"
    assert designed._degree("designed_v_slope_60_40_adults", rates, support) == "inside"
    assert designed._degree("designed_newborn_delay", rates, support) == "outside"


def test_expected_latencies_are_those_of_the_papers():
    adult = expected_latencies(30.0, 80.0, 11.1)
    assert adult["V"] == pytest.approx(5.53, abs=0.02)  # Gorga 1989
    assert adult["I"] == pytest.approx(1.62, abs=0.02)  # Hood 1998
    assert expected_latencies(0.0, 80.0, 11.1)["V"] - adult["V"] == pytest.approx(1.25, abs=0.02)
