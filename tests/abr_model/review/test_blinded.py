"""Nothing that reaches a reviewer tells what an item is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from abr_model.provenance import Sampling
from abr_model.review.blinded import low_passed, order_of, quantum_of
from abr_model.review.study import SEALED, Study


def test_the_blinded_half_stands_alone(make_study):
    """All that a reviewer sees is made without the sealed folder."""
    study = make_study()
    shutil.rmtree(study.folder / SEALED)
    items = study.items
    assert len([items.payload(item) for item in range(len(items))]) == 12
    assert study.order("r1")


def test_payloads_differ_in_conditions_and_traces_alone(make_study, kinds):
    study = make_study(items=24)
    items, generated = study.items, np.array(kinds(study))
    payloads = [items.payload(item) for item in range(24)]
    assert {tuple(payload) for payload in payloads} == {("levels", "facts", "ear", "traces")}
    assert len({len(payload["traces"]) for payload in payloads}) == 1
    facts = [len(payload["facts"]) for payload in payloads]
    assert len(set(facts)) == 1, "whatever stands above a recording stands above a generated trace too"
    assert {payload["ear"] for payload, yes in zip(payloads, generated, strict=True) if yes} <= {"right", "left"}
    text = json.dumps(payloads).lower()
    for word in ("generated", "simulated", "recording", "patient", "seed", "model"):
        assert word not in text


def test_numbers_have_no_more_digits_for_one_kind_than_for_the_other(make_study, kinds):
    study = make_study(items=24)
    items = study.items
    assert items.traces.dtype == np.int16
    for item in range(24):
        words = " ".join(items.items[item]["levels"] + items.items[item]["facts"])
        assert all(len(number.split(".")[-1]) <= 1 for number in words.split() if "." in number), words


def test_a_coarse_converter_leaves_no_comb(make_study, small_cohort, shipped_model, tmp_path, kinds):
    """A device writes whole steps of, say, 20 nV; a model does not. What reviewers get shows both alike."""
    coarse = replace(small_cohort, waveforms=(np.rint(small_cohort.waveforms / 0.02) * 0.02).astype(np.float32))
    study = Study.create(tmp_path, coarse, shipped_model, items=24)
    traces, generated = study.items.traces, np.array(kinds(study))
    on_comb = (np.abs(traces / 20 - np.rint(traces / 20)) < 1e-9).mean(axis=1)
    assert on_comb[generated].mean() == pytest.approx(on_comb[~generated].mean(), abs=0.06)
    assert quantum_of(coarse.waveforms) == pytest.approx(0.02, rel=1e-4)
    assert quantum_of(small_cohort.waveforms) is None


def test_no_item_tells_by_its_place(make_study, kinds):
    """Neither the number of an item nor its place in the file goes with the kind."""
    places = []
    for seed in range(4):
        study = make_study(seed=seed, items=24, repeats=0)
        places.append(np.mean(np.flatnonzero(kinds(study))))
    assert np.mean(places) == pytest.approx(11.5, abs=2.5)
    assert np.std(places) > 0.3


def test_every_reviewer_has_an_order_of_their_own(make_study):
    config = make_study(items=30, repeats=10).config
    one, other = order_of(config, "r1"), order_of(config, "r2")
    assert one == order_of(config, "r1")
    assert one != other
    for order in (one, other):
        assert sorted(item for item, repeat in order if repeat == 0) == list(range(30))
        again = [place for place, (_, repeat) in enumerate(order) if repeat == 1]
        assert len(again) == 10
        first = {item: place for place, (item, repeat) in enumerate(order) if repeat == 0}
        assert min(place - first[order[place][0]] for place in again) >= 5, "not at once"


def test_the_low_pass_moves_no_peak():
    sampling = Sampling(rate_hz=15_000, start_ms=0)
    time = sampling.time_ms(200)
    wave = np.exp(-((time - 5.6) ** 2) / 0.18)[None]
    hiss = 0.1 * np.sin(2 * np.pi * 6.5 * time)[None]
    passed = low_passed(wave + hiss, sampling, 3000)
    assert abs(time[passed[0].argmax()] - 5.6) < 0.07
    assert np.abs(passed - wave)[:, 10:-10].max() < 0.03
    assert np.array_equal(low_passed(wave, sampling, None), wave)


def test_a_trace_too_large_for_the_step_is_written_in_larger_ones(make_study, small_cohort, shipped_model, tmp_path):
    loud = replace(small_cohort, waveforms=small_cohort.waveforms * 200)
    items = Study.create(tmp_path, loud, shipped_model, items=8).items
    assert items.step_uv > 0.001
    assert np.abs(items.traces.astype(int)).max() <= 32_000
