from __future__ import annotations

import json
import os
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from abr_model.runs import history as history_module
from abr_model.runs.history import SELECTION_LOSS, Best, History
from abr_model.runs.reading import read_rows, without_abandoned

STEPS = 10  # of an epoch


def step_row(step: int, **values) -> dict:
    return {"kind": "step", "epoch": (step - 1) // STEPS, "step": step, "minutes": step / 60, "beta": 1.0} | values


def epoch_row(epoch: int, **values) -> dict:
    step = STEPS * (epoch + 1)
    return {"kind": "epoch", "epoch": epoch, "step": step, "minutes": step / 60, "beta": 1.0} | values


def write(folder: Path, *rows: dict, mode: str = "a") -> None:
    with (folder / "metrics.jsonl").open(mode, encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


def test_a_run_without_metrics_has_an_empty_history(history):
    assert not history.update()
    assert len(history) == 0
    assert (history.names("step"), history.names("epoch")) == ([], [])
    assert history.last("step") is None and history.best is None and history.epochs_done == 0
    assert history.written is None
    x, y = history.series("train_loss", "step")
    assert len(x) == len(y) == 0
    epochs, values = history.vectors("kl_per_latent")
    assert epochs.shape == (0,) and values.shape == (0, 0)


def test_a_series_stands_on_each_axis(history, tmp_path):
    write(tmp_path, step_row(1, train_loss=5.0), step_row(5, train_loss=4.0), step_row(10, train_loss=3.0))
    write(tmp_path, epoch_row(0, train_loss=4.0, validation_loss=3.5), step_row(20, train_loss=2.0))
    assert history.update()
    x, y = history.series("train_loss", "step", "epochs")
    assert x.tolist() == [0.1, 0.5, 1.0, 2.0] and y.tolist() == [5, 4, 3, 2]
    assert history.series("train_loss", "step", "steps")[0].tolist() == [1, 5, 10, 20]
    np.testing.assert_allclose(history.series("train_loss", "step", "minutes")[0], [1 / 60, 5 / 60, 10 / 60, 20 / 60])
    assert [part.tolist() for part in history.series("validation_loss", "epoch")] == [[1.0], [3.5]]
    assert history.names("step") == ["beta", "train_loss"]
    assert history.names("epoch") == ["beta", "train_loss", "validation_loss"]
    assert len(history) == 5


def test_before_the_first_epochs_end_the_status_says_how_long_an_epoch_is(history, tmp_path):
    write(tmp_path, step_row(5, train_loss=4.0))
    history.update()
    assert history.series("train_loss", "step")[0].tolist() == [0.0]  # nobody has said it: the epoch of the row
    (tmp_path / "status.json").write_text(json.dumps({"steps_per_epoch": 20}))
    assert history.series("train_loss", "step")[0].tolist() == [0.25]


def test_only_what_was_appended_is_parsed(history, tmp_path, monkeypatch):
    parsed = []

    def rows_of(lines: bytes) -> list[dict]:
        parsed.append(len(lines))
        return reading_rows_of(lines)

    reading_rows_of = history_module.rows_of
    monkeypatch.setattr(history_module, "rows_of", rows_of)
    sizes = [0]
    for step in range(1, 40):
        write(tmp_path, step_row(step, train_loss=step))
        sizes.append((tmp_path / "metrics.jsonl").stat().st_size)
        assert history.update()
        assert not history.update()
    assert parsed == np.diff(sizes).tolist()
    assert len(history) == 39


def test_a_line_that_is_being_written_waits(history, tmp_path):
    line = json.dumps(step_row(1, train_loss=5.0))
    with (tmp_path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(line[:30])
        file.flush()
        assert not history.update()
        assert len(history) == 0
        file.write(line[30:] + "\n")
        file.flush()
    assert history.update()
    assert history.last("step")["train_loss"] == 5.0


def test_torn_and_foreign_lines_are_skipped(history, tmp_path):
    lines = ['{"kind": "st', "null", "[1, 2]", "17", '{"kind": "other", "step": 3}', '{"step": 4}', "NaN", "\udcff", ""]
    content = "\n".join([*lines, json.dumps(step_row(1, train_loss=5.0)), ""])
    (tmp_path / "metrics.jsonl").write_bytes(content.encode("utf-8", errors="surrogateescape"))
    history.update()
    assert len(history) == 1
    assert history.series("train_loss", "step")[1].tolist() == [5.0]


def test_a_file_that_became_shorter_is_read_anew(history, tmp_path):
    write(tmp_path, *[step_row(step, train_loss=step) for step in range(1, 50)])
    write(tmp_path, epoch_row(3, kl_per_latent=[1, 2]))
    history.update()
    before = history.version
    write(tmp_path, step_row(1, train_loss=-1.0), mode="w")
    assert history.update()
    assert history.version > before
    assert history.series("train_loss", "step")[1].tolist() == [-1.0]
    assert history.last("epoch") is None
    (tmp_path / "metrics.jsonl").unlink()
    assert history.update() and len(history) == 0 and not history.update()


def test_another_file_in_its_place_is_read_anew(history, tmp_path):
    write(tmp_path, step_row(1, train_loss=1.0))
    history.update()
    other = tmp_path / "other"
    other.mkdir()
    write(other, *[step_row(step, train_loss=9.0) for step in range(1, 5)])
    (other / "metrics.jsonl").replace(tmp_path / "metrics.jsonl")
    assert history.update()
    assert history.series("train_loss", "step")[1].tolist() == [9.0] * 4


def test_null_is_no_number_and_never_0(history, tmp_path):
    write(tmp_path, epoch_row(0, validation_latency_I_mae_ms=None, validation_loss=2.0, never=None))
    write(tmp_path, epoch_row(1, validation_latency_I_mae_ms=0.1, validation_loss=None))
    history.update()
    assert "never" not in history.names("epoch")
    assert len(history.series("never", "epoch")[0]) == 0
    np.testing.assert_array_equal(history.series("validation_latency_I_mae_ms", "epoch")[1], [np.nan, 0.1])
    last = history.last("epoch")
    assert last["validation_loss"] is None and last["never"] is None
    assert (last["epoch"], last["step"]) == (1, 20) and isinstance(last["epoch"], int)


def test_the_best_epoch_is_the_first_with_the_smallest_loss(history, tmp_path):
    for epoch, loss in enumerate([5.0, 3.0, None, 3.0, 4.0]):
        write(tmp_path, epoch_row(epoch, **{SELECTION_LOSS: loss}))
    history.update()
    assert history.best == Best(2, 3.0)
    assert history.epochs_done == 5


def test_kl_of_each_latent_unit_over_the_epochs(history, tmp_path):
    write(tmp_path, epoch_row(0, kl_per_latent=[1.0, 2.0, 3.0]), epoch_row(1, kl_per_latent=[4.0, 5.0, 6.0]))
    history.update()
    epochs, values = history.vectors("kl_per_latent")
    assert epochs.tolist() == [1, 2]
    assert values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert history.last("epoch")["kl_per_latent"] == [4, 5, 6]
    assert history.names("epoch") == ["beta"]


def test_what_is_done_again_replaces_what_was_done_before(history, tmp_path):
    write(tmp_path, *[step_row(step, train_loss=1.0) for step in range(1, 26)])
    write(tmp_path, epoch_row(0, **{SELECTION_LOSS: 2.0}), epoch_row(1, **{SELECTION_LOSS: 1.0}, gone=3.0))
    history.update()
    assert history.best == Best(2, 1.0)
    write(tmp_path, {"kind": "resumed", "epoch": 1, "step": 12}, step_row(13, train_loss=7.0))
    assert history.update()
    x, y = history.series("train_loss", "step", "steps")
    assert x.tolist() == list(range(1, 14)) and y[-1] == 7.0
    assert history.best == Best(1, 2.0)
    assert history.names("epoch") == ["beta", SELECTION_LOSS]
    assert history.epochs_done == 1


@pytest.mark.parametrize("seed", range(8))
def test_any_history_of_stops_and_crashes_gives_the_rows_that_count(tmp_path, seed):
    """However the reading is cut up, the same stands there as after reading everything at once."""
    chance = random.Random(seed)
    step, rows = 0, []
    for _ in range(400):
        if step and chance.random() < 0.05:
            step = chance.randrange(step + 1)
            rows.append({"kind": "resumed", "epoch": step // STEPS, "step": step})
        step += 1
        rows.append(step_row(step, train_loss=chance.random()))
        if step % STEPS == 0:
            rows.append(epoch_row(step // STEPS - 1, validation_loss=chance.random(), kl_per_latent=[chance.random()]))
    history = History(tmp_path)
    while rows:
        some = chance.randrange(1, 60)
        write(tmp_path, *rows[:some])
        rows = rows[some:]
        if chance.random() < 0.7:
            history.update()
    history.update()
    kept = without_abandoned(read_rows(tmp_path / "metrics.jsonl")[0])
    steps = [row for row in kept if row["kind"] == "step"]
    epochs = [row for row in kept if row["kind"] == "epoch"]
    x, y = history.series("train_loss", "step", "steps")
    assert x.tolist() == [row["step"] for row in steps]
    assert y.tolist() == [row["train_loss"] for row in steps]
    assert history.series("validation_loss", "epoch")[1].tolist() == [row["validation_loss"] for row in epochs]
    assert history.vectors("kl_per_latent")[1].tolist() == [row["kl_per_latent"] for row in epochs]
    assert len(history) == len(kept)


def test_many_windows_read_along_while_it_is_written(history, tmp_path):
    rows, failures = 3000, []
    done = threading.Event()

    def look():
        try:
            while not done.is_set():
                history.update()
                x, y = history.series("train_loss", "step", "steps")
                assert x.tolist() == list(range(1, len(x) + 1))
                np.testing.assert_array_equal(x, y)
        except BaseException as error:
            failures.append(error)

    windows = [threading.Thread(target=look) for _ in range(4)]
    for window in windows:
        window.start()
    with (tmp_path / "metrics.jsonl").open("a", buffering=1, encoding="utf-8") as file:
        for step in range(1, rows + 1):
            file.write(json.dumps(step_row(step, train_loss=step)) + "\n")
    done.set()
    for window in windows:
        window.join()
    assert not failures
    history.update()
    assert len(history) == rows


def test_two_windows_do_not_read_the_same_rows_twice(history, tmp_path, monkeypatch):
    reading, go_on = threading.Event(), threading.Event()
    reading_rows_of = history_module.rows_of

    def rows_of(lines: bytes) -> list[dict]:
        reading.set()
        go_on.wait(5)
        return reading_rows_of(lines)

    monkeypatch.setattr(history_module, "rows_of", rows_of)
    write(tmp_path, step_row(1, train_loss=1.0))
    windows = [threading.Thread(target=history.update) for _ in range(2)]
    windows[0].start()
    assert reading.wait(5)
    windows[1].start()
    windows[1].join(0.2)  # without a lock it would read now, from the same place
    go_on.set()
    for window in windows:
        window.join()
    assert len(history) == 1


def test_the_time_of_the_last_row_is_known(history, tmp_path):
    write(tmp_path, step_row(1))
    os.utime(tmp_path / "metrics.jsonl", (1_700_000_000, 1_700_000_000))
    history.update()
    assert history.written == 1_700_000_000


def test_a_real_run_reads_as_its_rows(finished_run):
    history = History(finished_run.folder)
    history.update()
    rows = without_abandoned(finished_run.metrics()[0])
    epochs = [row for row in rows if row["kind"] == "epoch"]
    assert history.epochs_done == finished_run.status["epochs_done"]
    assert history.best.epoch == finished_run.status["best_epoch"] + 1
    assert history.steps_per_epoch == finished_run.status["steps_per_epoch"]
    assert history.last("epoch") == {name: value for name, value in epochs[-1].items() if name != "kind"}
    assert history.vectors()[1].tolist() == [row["kl_per_latent"] for row in epochs]
