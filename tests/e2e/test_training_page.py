"""A real training through the browser: started, watched, reloaded, seen from two windows, stopped, resumed, killed."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from abr_model.runs.launch import force_stop
from abr_model.runs.reading import without_abandoned
from abr_model.runs.run import Run, list_runs
from abr_model.sources.simulator import simulate
from tests.e2e.at_rest import settle, wait_until

pytestmark = pytest.mark.e2e
LONG_MS = 600_000
POINTS = """() => { const plot = document.querySelector('.js-plotly-plot');
                    return plot && plot.calcdata && plot.calcdata.length ? plot.calcdata[0].length : 0; }"""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Iterator[Path]:
    """A data folder with one small clinic."""
    folder = tmp_path_factory.mktemp("training")
    simulate(patients=200, seed=3).write(folder / "cohorts" / "clinic.parquet")
    yield folder
    for run in list_runs(folder / "runs"):
        if run.active:  # a test failed: no training shall outlive it
            force_stop(run)


@pytest.fixture(scope="module")
def address(serve, data) -> str:
    """The Training page of a dashboard on it."""
    return f"{serve(data)}/training"


def open_page(page, address: str) -> None:
    page.goto(address)
    settle(page)


def set_number(page, label: str, value: int) -> None:
    number = page.get_by_label(label, exact=True).first
    number.fill(str(value))
    number.press("Enter")
    settle(page)


def start(page, address: str, data: Path, epochs: int) -> Run:
    """Start ``reference`` with small batches (slow enough to be watched) through the form; gives its run."""
    open_page(page, f"{address}?view=new")
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="reference").click()
    settle(page)
    set_number(page, "Epochs", epochs)
    set_number(page, "Batch size", 2)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile("run="))
    run = list_runs(data / "runs")[0]
    assert f"run={run.id}" in page.url
    assert run.preset.training.epochs == epochs
    assert run.preset.training.batch_size == 2
    return run


def points(page) -> int:
    return page.evaluate(POINTS)


def epochs_of(run: Run) -> list[int]:
    rows, _ = run.metrics()
    return [row["epoch"] for row in without_abandoned(rows) if row["kind"] == "epoch"]


def test_a_run_is_started_watched_from_two_windows_stopped_and_resumed(page, address, data):
    run = start(page, address, data, epochs=3)
    page.wait_for_function(f"({POINTS})() > 1", timeout=LONG_MS)
    before = points(page)
    page.wait_for_function(f"({POINTS})() > {before}", timeout=LONG_MS)  # the curve grows by itself

    page.reload()
    page.wait_for_function(f"({POINTS})() >= {before}", timeout=LONG_MS)
    assert f"run={run.id}" in page.url

    second = page.context.new_page()
    second.goto(address)
    second.wait_for_function(f"({POINTS})() >= {before}", timeout=LONG_MS)
    second.get_by_role("button", name="Stop", exact=True).click()
    wait_until(lambda: run.stop_requested or run.state == "stopped", "the request to stop")
    page.get_by_role("button", name="Resume", exact=True).wait_for(timeout=LONG_MS)  # the first window sees it, too
    assert run.state == "stopped"
    assert len(epochs_of(run)) < 3
    assert run.has_model, "a stop leaves a model of what was learned"

    page.get_by_role("button", name="Resume", exact=True).click()
    for window in (page, second):
        window.get_by_text("3 of 3 epochs done").first.wait_for(timeout=LONG_MS)
        window.get_by_role("button", name="Use for generation").wait_for(timeout=LONG_MS)
        settle(window)
    assert run.state == "finished"
    assert epochs_of(run) == [0, 1, 2]
    assert [row for row in run.metrics()[0] if row["kind"] == "resumed"]
    page.get_by_text("Generated beside held-out recordings").wait_for()
    second.close()


def test_a_killed_trainer_is_seen_and_goes_on(page, address, data):
    run = start(page, address, data, epochs=2)
    wait_until(lambda: run.status.get("epochs_done") == 1, "one epoch")
    os.kill(run.status["pid"], signal.SIGKILL)
    page.get_by_text("broken off").first.wait_for()
    page.get_by_text(re.compile("died without a word after 1 whole epoch")).wait_for()
    assert run.state == "crashed"
    assert json.loads((run.folder / "status.json").read_text())["state"] == "running", "what the dead one wrote"

    page.get_by_role("button", name="Resume", exact=True).click()
    page.get_by_text("2 of 2 epochs done").first.wait_for(timeout=LONG_MS)
    wait_until(lambda: run.state == "finished", "the end of the resumed training")
    assert epochs_of(run) == [0, 1]
    page.get_by_role("button", name="Use for generation").wait_for(timeout=LONG_MS)
    settle(page)


def test_a_second_training_waits_for_the_first(page, address, data):
    first = start(page, address, data, epochs=50)
    page.get_by_text("New training", exact=True).click()
    page.get_by_role("button", name="Add to the queue").wait_for()
    settle(page)
    page.get_by_role("button", name="Add to the queue").click()
    page.get_by_role("button", name="Leave the queue").wait_for()
    second = list_runs(data / "runs")[0]
    assert second != first
    wait_until(lambda: second.queued, "the second one waits")
    page.get_by_text(re.compile("1st in the queue")).first.wait_for()
    first.request_stop(at_once=True)
    wait_until(lambda: second.state == "running", "its turn")
    page.get_by_role("button", name="Stop", exact=True).wait_for(timeout=LONG_MS)
    second.request_stop(at_once=True)
    wait_until(lambda: second.state == "stopped", "the end")
    page.get_by_role("button", name="Resume", exact=True).wait_for(timeout=LONG_MS)
    settle(page)
