from __future__ import annotations

import math

import optuna
import pytest
from optuna.trial import TrialState

from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run, list_runs
from abr_model.search import trial_run
from abr_model.search.again import RUN
from abr_model.search.figures import SELECTION_FIGURE, EpochFigures
from abr_model.search.space import distributions
from abr_model.search.trials import best_preset, progress, trial_rows, whole_training
from abr_model.search.work import queue_dead_trials, work
from abr_model.search.workers import Worker, host


def rows_of(search):
    return trial_rows(search.study().get_trials())


def test_a_search_trains_its_trials_and_takes_the_best_epoch(make_search, trained_here):
    search = make_search(epochs=2, trials=3, pruner={"kind": "none"})
    said = []
    worker = work(search, on_event=said.append)
    rows = rows_of(search)
    assert [row.state for row in rows] == ["done"] * 3
    for row in rows:
        run = Run.open(search.runs_folder, row.run)
        assert (run.state, run.has_model, run.config.search) == ("finished", False, search.id)
        assert "makes no model" in run.message
        assert run.preset.training.learning_rate == row.settings["training.learning_rate"]
        assert run.preset.network.width == row.settings["network.width"]
        epochs = [r for r in run.metrics()[0] if r["kind"] == "epoch"]
        assert row.course == {r["epoch"]: pytest.approx(r[SELECTION_FIGURE]) for r in epochs}
        assert row.value == pytest.approx(min(r[SELECTION_FIGURE] for r in epochs))
    now = progress(search, rows)
    assert (worker.state, now.state, now.ended) == ("finished", "finished", 3)
    assert now.best.value == min(row.value for row in rows)
    assert any(f"trial {now.best.number}" in words for words in said)
    best, preset = best_preset(search, rows)
    assert preset.training.epochs == search.config.preset.training.epochs
    whole = whole_training(search, rows)
    assert whole.config.search is None
    assert whole.preset.training.learning_rate == best.settings["training.learning_rate"]


def test_the_same_seed_gives_the_same_trials_also_when_the_worker_is_started_anew(make_search, monkeypatch):
    proposals = []
    for stops in ((4,), (2, 4)):
        search, done = make_search(trials=4), []

        def outcome(search, trial, run, *_, done=done):
            done.append(trial.params)
            return trial_run.Outcome("done", value=trial.params["training.learning_rate"])

        monkeypatch.setattr("abr_model.search.work.follow", outcome)
        for stop in stops:
            work(search, wants_stop=lambda done=done, stop=stop: len(done) >= stop)
        proposals.append(done)
    assert proposals[0] == proposals[1]
    assert len({params["training.learning_rate"] for params in proposals[0]}) == 4


def test_a_trial_that_is_worse_than_others_ends_early(make_search, trained_here):
    search = make_search(trials=3, epochs=4, pruner={"kind": "median", "startup_trials": 2, "warmup_epochs": 1})
    study = search.study()
    dimensions = distributions(search.config.space)
    for _ in range(2):  # two that no training can reach
        study.add_trial(
            optuna.trial.create_trial(
                value=-1e6, params={"training.learning_rate": 0.001, "network.width": 16},
                distributions=dimensions, intermediate_values=dict.fromkeys(range(4), -1e6),
            )
        )  # fmt: skip
    work(search)
    row = rows_of(search)[-1]
    assert row.state == "ended early"
    assert "worse than others" in row.reason
    run = Run.open(search.runs_folder, row.run)
    assert (run.state, run.has_model) == ("stopped", False)
    assert 1 <= len(row.course) < 4


def test_stopped_in_the_middle_it_goes_on_with_the_same_run(make_search, trained_here):
    search = make_search(trials=1, epochs=20, pruner={"kind": "none"})
    work(search, on_event=lambda words: search.request_stop() if "epoch 2" in words else None)
    assert [row.state for row in rows_of(search)] == ["waiting"]
    (run,) = list_runs(search.runs_folder)
    done = run.status["epochs_done"]
    assert (run.state, progress(search, rows_of(search)).state) == ("stopped", "stopped")
    assert 1 <= done < 20
    search.clear_stop()
    work(search)
    first, second = search.study().get_trials()
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert first.user_attrs[RUN] == second.user_attrs[RUN] == run.id
    assert second.params == first.params
    assert list_runs(search.runs_folder) == [run]
    assert "resumed" in [row["kind"] for row in run.metrics()[0]]
    (row,) = rows_of(search)
    assert list(row.course) == list(range(run.status["epochs_done"]))
    assert len(row.course) > done


def test_the_trial_of_a_dead_worker_is_queued_again_once(make_search):
    search = make_search()
    study, worker = search.study(), Worker.new(search.folder)
    trial = study.ask({"network.width": optuna.distributions.CategoricalDistribution((16, 32))})
    for name, value in (("worker", worker.id), ("host", host()), (RUN, "some-run")):
        trial.set_user_attr(name, value)
    lock = Lock(worker.lock_file)
    assert lock.acquire()
    assert queue_dead_trials(search, study) == []
    lock.release()
    assert queue_dead_trials(search, study) == [0]
    assert queue_dead_trials(search, study) == []
    dead, again = study.get_trials()
    assert (dead.state, again.state) == (TrialState.FAIL, TrialState.WAITING)
    assert again.params == trial.params
    assert again.user_attrs[RUN] == "some-run"
    assert [row.number for row in trial_rows(study.get_trials())] == [1]


def test_the_trial_of_another_machine_is_left_to_it(make_search):
    search = make_search()
    study, worker = search.study(), Worker.new(search.folder)
    trial = study.ask({})
    trial.set_user_attr("worker", worker.id)
    trial.set_user_attr("host", "another-machine")
    assert queue_dead_trials(search, study) == []


def test_what_the_preset_does_not_allow_together_costs_no_training_and_does_not_count(make_search, monkeypatch):
    search = make_search({"network.width": {"choices": [16, 24, 64]}, "network.heads": {"choices": [2, 16]}}, trials=6)
    monkeypatch.setattr(
        "abr_model.search.work.follow", lambda search, trial, run, *_: trial_run.Outcome("done", value=1.0)
    )
    work(search)
    rows = rows_of(search)
    assert len(rows) == 6
    assert {row.state for row in rows} == {"done"}
    assert len(list_runs(search.runs_folder)) == 6
    assert len(search.study().get_trials()) > 6


@pytest.mark.parametrize(
    ("state", "message", "ended", "told"),
    [
        ("failed", "the loss is no longer a number in epoch 1 (found nan)", "pruned", "no longer a number"),
        ("failed", "the disk is full", "failed", "disk"),
        ("stopped", "stopped by a person", "failed", "by a person"),
        ("finished", "all epochs trained", "failed", "no epoch"),
    ],
)
def test_how_a_run_ends_is_how_its_trial_ends(make_search, monkeypatch, state, message, ended, told):
    search = make_search()
    monkeypatch.setattr(background, "launch", lambda run, queue: run.write_status(state=state, message=message))
    trial = search.study().ask({"network.width": optuna.distributions.CategoricalDistribution((16, 32))})
    run = trial_run.run_of(search, trial, exclusive=True)
    outcome = trial_run.follow(search, trial, run, lambda: False, lambda: None)
    assert outcome.state == ended
    assert told in outcome.reason


def test_divergence_is_told_by_the_words_that_the_trainer_says(project_root):
    source = (project_root / "abr_model" / "training" / "module.py").read_text()
    assert f'f"{trial_run.DIVERGED} in epoch' in source


def test_a_trial_whose_trainer_dies_again_and_again_is_given_up(make_search, monkeypatch):
    search, runs = make_search(trials=2), []

    def killed(run, queue):
        runs.append(run.id)
        run.write_status(state="running", message="training") if len(set(runs)) == 1 else run.write_status(
            state="failed", message="the loss is no longer a number"
        )

    monkeypatch.setattr(background, "launch", killed)
    work(search)
    assert [row.state for row in rows_of(search)] == ["failed", "ended early"]
    assert runs[0] == runs[1] != runs[2]


def test_a_worker_gives_up_when_nothing_works(make_search, monkeypatch):
    def refuse(run, queue):
        raise InputError("the training cannot be started: no such file")

    monkeypatch.setattr(background, "launch", refuse)
    search = make_search(trials=50)
    worker = Worker.new(search.folder)
    with pytest.raises(InputError, match="3 trials in a row failed, the last one: the training cannot be started"):
        work(search, worker)
    assert worker.state == "failed"
    assert len(rows_of(search)) == 3
    assert progress(search, rows_of(search)).state == "failed"


def test_the_figure_is_that_of_the_best_epoch_and_not_its_own_smallest():
    figures = EpochFigures("validation_rmse_uv")
    rows = [
        {"kind": "epoch", "epoch": e, "step": 10 * (e + 1), SELECTION_FIGURE: loss, "validation_rmse_uv": rmse}
        for e, (loss, rmse) in enumerate([(9.0, 0.3), (4.0, 0.2), (5.0, 0.1)])
    ]
    assert figures.add(rows) == [(0, 0.3), (1, 0.2), (2, 0.1)]
    assert figures.best == (1, 0.2)
    figures.add(
        [{"kind": "resumed", "epoch": 1, "step": 10}, rows[2] | {"epoch": 1, "step": 20, SELECTION_FIGURE: 6.0}]
    )
    assert figures.best == (1, 0.1)
    assert len(figures) == 2
    assert EpochFigures("x").best is None
    nothing = EpochFigures("validation_rmse_uv")
    nothing.add([rows[0] | {SELECTION_FIGURE: None, "validation_rmse_uv": None}])
    assert nothing.best is None
    assert not math.isnan(figures.best[1])
