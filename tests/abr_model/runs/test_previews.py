from __future__ import annotations

import os

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.runs.previews import FixedCondition, HeldOut, Preview, Previews


def held_out() -> HeldOut:
    condition = FixedCondition(
        level="80 dB nHL", hearing="Normal hearing", ages="18–45 years", rate="33.1 /s", age_years=30.0,
        intensity_db_nhl=80.0, stimulus_rate_per_s=33.1, hearing_loss="normal", n=38, patients=21,
    )  # fmt: skip
    time_ms = np.arange(20) / 15
    return HeldOut(
        kind="simulated",
        time_ms=time_ms,
        conditions=(condition,),
        mean=np.sin(time_ms)[None],
        sd=np.full((1, 20), 0.1),
        series=condition.series,
        levels=np.array([20.0, 80.0]),
        latency_ms=np.array([[8.0, 8.2, 8.4], [5.4, 5.5, 5.6]]),
        marked=np.array([12, 40]),
    )


def preview(epoch: int, drawn_from: str = "posteriors", offset: float = 0.25) -> Preview:
    reference = held_out()
    return Preview(
        epoch=epoch,
        drawn_from=drawn_from,
        draws=64,
        with_noise=drawn_from == "sampler",
        mean=(reference.mean + offset).astype(np.float32),
        sd=np.full((1, 20), 0.05, dtype=np.float32),
        latency_ms=np.array([np.nan, 5.6]),
    )


def test_what_is_written_is_read_back(tmp_path):
    previews = Previews(tmp_path)
    assert (previews.held_out, previews.epochs, previews.of_sampler) == (None, [], None)
    previews.write_held_out(held_out())
    for epoch in (10, 2):
        previews.write(preview(epoch))
    previews.write(preview(8, "sampler"))
    assert previews.epochs == [2, 10]
    there = previews.held_out
    assert there.conditions == held_out().conditions
    assert there.conditions[0].words == "80 dB nHL, normal hearing, 18–45 years, 33.1 /s"
    assert there.kind == "simulated"
    np.testing.assert_array_equal(there.latency_ms, held_out().latency_ms)
    read = previews.read(10)
    assert (read.epoch, read.drawn_from, read.draws, read.with_noise) == (10, "posteriors", 64, False)
    np.testing.assert_array_equal(read.mean, preview(10).mean)
    assert np.isnan(read.latency_ms[0])
    assert (previews.of_sampler.epoch, previews.of_sampler.with_noise) == (8, True)
    assert not list(previews.folder.glob(".*")), "no partial file is left"


def test_how_far_generated_means_are_from_held_out_ones():
    assert preview(1, offset=0.25).difference_uv(held_out()) == pytest.approx([0.25], rel=1e-5)


def test_a_preview_made_anew_is_read_anew(tmp_path):
    previews = Previews(tmp_path)
    previews.write(preview(2, offset=0.1))
    before = previews.read(2).mean
    previews.write(preview(2, offset=0.2))
    assert not np.array_equal(previews.read(2).mean, before)


def test_training_that_goes_on_from_earlier_forgets_what_came_later(tmp_path):
    previews = Previews(tmp_path)
    for epoch in (1, 2, 3):
        previews.write(preview(epoch))
    previews.write(preview(3, "sampler"))
    previews.forget_after(2)
    assert (previews.epochs, previews.of_sampler) == ([1, 2], None)
    Previews(tmp_path / "empty").forget_after(0)


def test_a_damaged_or_missing_preview_is_refused(tmp_path):
    previews = Previews(tmp_path)
    previews.write(preview(1))
    with pytest.raises(InputError, match="no such preview"):
        previews.read(2)
    path = previews.folder / "epoch-1.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="damaged"):
        previews.read(1)
    (previews.folder / "held-out.npz").write_bytes(b"no archive")
    assert previews.held_out is None


def test_no_code_in_a_file_is_run(tmp_path):
    previews = Previews(tmp_path)
    previews.folder.mkdir()

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    with (previews.folder / "epoch-1.npz").open("wb") as file:
        np.savez(file, values=np.array([Hostile()], dtype=object))
    with pytest.raises(InputError, match="damaged"):
        previews.read(1)
    assert not (tmp_path / "ran").exists()
