from __future__ import annotations

import json

import pytest
import torch

from abr_model.diagrams.folder import diagrams_of, timed_modules
from abr_model.diagrams.main_architecture import main_architecture
from abr_model.diagrams.times import Times, measure_times, timed
from abr_model.errors import InputError


@pytest.mark.parametrize("preset", ["small default", "small reference"])
def test_each_block_that_calculates_has_its_share(subjects, preset):
    subject = subjects[preset]
    times = measure_times(subject, timed_modules(subject))
    whole, detail, _ = diagrams_of(subject, times)
    shares = {b.id: b.time_share for b in whole.blocks if b.time_share is not None and b.role != "sampler"}
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0
    assert set(shares) == {b.id for b in whole.blocks if b.modules and b.role != "sampler" and b.id != "memory"}
    assert 0 <= whole.block("sampler").time_share < 1
    assert all(b.time_share is not None for b in detail.blocks if b.parameters and b.id != "memory")


def test_measuring_leaves_the_network_as_it_was(subjects):
    subject = subjects["small default"]
    before = {name: value.clone() for name, value in subject.network.state_dict().items()}
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    measure_times(subject, timed_modules(subject))
    assert all(torch.equal(value, before[name]) for name, value in subject.network.state_dict().items())
    assert not subject.network.training
    assert all(p.grad is None for p in subject.network.parameters())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_a_larger_block_takes_the_larger_share(subjects, small_times):
    whole = main_architecture(subjects["small default"])
    seconds = dict.fromkeys(small_times.step_seconds, 0.001) | {"smooth": 0.1}
    times = Times("m", "2026-11-29", 8, seconds, {"sampler": 3.0, "decoder": 1.0})
    drawn = timed(whole, times, whole)
    assert drawn.block("smooth").time_share > 0.8
    assert drawn.block("sampler").time_share == 0.75
    assert "75 % of generating" in drawn.block("sampler").figures


def test_times_are_kept_as_a_file(small_times, tmp_path):
    file = tmp_path / "times.json"
    file.write_text(small_times.as_json(), encoding="utf-8")
    assert Times.read(file) == small_times


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("batch"),
        lambda c: c.update(format="other"),
        lambda c: c["step_seconds"].update(encoder="fast"),
        lambda c: c["step_seconds"].update(encoder=-1),
        lambda c: c.update(step_seconds=None),
    ],
)
def test_a_file_of_something_else_is_refused(small_times, tmp_path, change):
    content = json.loads(small_times.as_json())
    change(content)
    file = tmp_path / "times.json"
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="measured times"):
        Times.read(file)
    file.write_text("[1")
    with pytest.raises(InputError, match="measured times"):
        Times.read(file)
    with pytest.raises(InputError, match="measured times"):
        Times.read(tmp_path / "no.json")
