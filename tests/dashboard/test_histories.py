from __future__ import annotations

import json

import pytest

from abr_model.runs.run import Run
from dashboard import histories


@pytest.fixture(autouse=True)
def nothing_remembered():
    histories._history.clear()


def test_all_windows_share_the_history_of_a_run(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    history = histories.history_of(Run(tmp_path / "a"))
    assert histories.history_of(Run(tmp_path / "a")) is history
    assert histories.history_of(Run(tmp_path / "b")) is not history


def test_it_is_read_when_asked_for(tmp_path):
    history = histories.history_of(Run(tmp_path))
    row = {"kind": "step", "epoch": 0, "step": 1, "minutes": 0.0, "train_loss": 2.0}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    assert len(history) == 0
    assert history.update() and len(histories.history_of(Run(tmp_path))) == 1
