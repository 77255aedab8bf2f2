from __future__ import annotations

import os
import time

import pytest

from abr_model.runs.claim import Claim
from abr_model.runs.status import write_last_status


@pytest.fixture
def run(make_run):
    return make_run()


def test_room_for_the_last_words_is_kept_while_it_trains_and_no_longer(run):
    reserve = run.folder / ".reserve"
    with Claim(run, run.config) as claim:
        claim.take()
        assert reserve.stat().st_size >= 64 * 1024
        write_last_status(run.folder, state="stopped")
        assert reserve.exists(), "there was room enough"
    assert not reserve.exists()
    assert run.state == "stopped"


def test_what_a_killed_trainer_left_half_written_is_cleared_away_and_what_is_being_written_is_not(run):
    run.last_checkpoint.parent.mkdir()
    old, new = run.last_checkpoint.with_name(".last.ckpt.ab.partial"), run.folder / ".notes.json.cd.partial"
    for path in (old, new):
        path.write_text("{")
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))
    with Claim(run, run.config) as claim:
        claim.take()
    assert not old.exists()
    assert new.exists()
