"""Runs beside one another: settings that differ, best figures, and what may be called better."""

from __future__ import annotations

import json

import numpy as np
import pytest

from abr_model.configuration import load_preset
from abr_model.filtering import CohortFilter
from abr_model.runs.comparison import (
    FIGURES,
    best_figures,
    comparable,
    configuration_differences,
    is_best,
)
from abr_model.runs.run import Run
from abr_model.runs.settings import WITHOUT_EFFECT, setting_words, settings_of, value_words


def log(run: Run, errors_uv, loss=lambda error: 10 * error, **figures) -> Run:
    """Epochs with these validation errors; the loss goes with the error."""
    rows = []
    for epoch, error in enumerate(errors_uv):
        common = {"epoch": epoch, "step": 10 * (epoch + 1), "minutes": (epoch + 1) / 2, "beta": 1.0}
        rows.append({"kind": "step", **common, "train_loss": 2 * loss(error)})
        rows.append({"kind": "epoch", **common, "train_loss": 2 * loss(error), "validation_rmse_uv": error,
                     "validation_loss_final_beta": loss(error), "validation_latency_V_mae_ms": error / 2,
                     "recordings_per_second": 100.0 + epoch, "kl_per_latent": [0.1, 0.2]})  # fmt: skip
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run.write_status(state="finished", epochs_done=len(errors_uv), figures=figures or None)
    return run


@pytest.fixture
def make(tmp_path, cohort_file):
    """Runs of the default preset with some values changed."""

    def make_(cohort=cohort_file, preset="default", filter=None, recordings=None, **changes) -> Run:
        changed = load_preset(preset).changed(**changes) if changes else load_preset(preset)
        more = {} if filter is None else {"filter": filter}
        return Run.create(tmp_path / "runs", changed, cohort, recordings=recordings, **more)

    return make_


# --- settings ---------------------------------------------------------------------------------------------------------


def test_only_settings_that_differ_are_rows_and_runs_are_columns(make):
    a, b, c = make(), make(training={"learning_rate": 0.0005}), make(training={"seed": 3})
    table = configuration_differences([a, b, c])
    assert list(table.columns) == [a.id, b.id, c.id]
    usual = load_preset("default").training
    assert table.loc["training.learning_rate"].tolist() == [
        value_words(usual.learning_rate), "0.0005", value_words(usual.learning_rate)
    ]  # fmt: skip
    assert set(table.index) == {"training.learning_rate", "training.seed"}
    assert configuration_differences([a, make()]).empty


def test_a_setting_that_the_other_preset_has_not_stands_as_not_there(make):
    a, b = make(), make(preset="reference")
    table = configuration_differences([a, b])
    assert table.loc["preset"].tolist() == ["default", "reference"]
    assert table.loc["network.patch", b.id] == WITHOUT_EFFECT != table.loc["network.patch", a.id]
    assert table.loc["objective.kind"].tolist() == ["whitened", "reference"]


def test_a_setting_without_effect_makes_no_difference(make):
    """Steps of a schedule that has none."""
    a, b = make(training={"schedule": "cosine", "gamma": 0.5}), make(training={"schedule": "cosine", "gamma": 0.2})
    assert configuration_differences([a, b]).empty
    c, d = make(training={"schedule": "step", "gamma": 0.5}), make(training={"schedule": "step", "gamma": 0.2})
    assert list(configuration_differences([c, d]).index) == ["training.gamma"]


def test_another_content_under_the_same_title_is_another_cohort(make, small_cohort, tmp_path):
    half = small_cohort.take(np.arange(len(small_cohort)) % 2 == 0)
    table = small_cohort.table.assign(age_years=small_cohort.table["age_years"] + 0.01)
    other = type(half)(small_cohort.waveforms, table, small_cohort.sampling, small_cohort.provenance)
    a, b = make(), make(cohort=other.write(tmp_path / "other.parquet"))
    assert a.config.cohort == b.config.cohort
    first, second = configuration_differences([a, b]).loc["cohort"]
    assert first != second and a.config.cohort_digest[:8] in first


def test_no_free_text_and_no_place_on_the_disk_is_a_setting(make):
    run = make()
    words = " ".join(map(str, settings_of(run.config).values()))
    assert "runs" not in words and ".parquet" not in words and "/" not in words


def test_every_setting_has_words_and_those_of_a_preset_a_meaning(make):
    for preset in ("default", "reference"):
        config = make(preset=preset).config
        for name in settings_of(config):
            words, meaning = setting_words(name, config)
            assert words and "_" not in words, name
            assert meaning or name.endswith((".kind", ".architecture")), name


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "any"), (True, "yes"), (0.0005, "0.0005"), (128, "128"), (((0, 0.0), (2, 1.0)), "0: 0, 2: 1"),
     ((0.7, 0.15, 0.15), "0.7, 0.15, 0.15"), ((), "")],
)  # fmt: skip
def test_values_in_words(value, words):
    assert value_words(value) == words


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_best_epoch_and_of_the_test_part(make):
    a = log(make(), [0.3, 0.1, 0.2], waveform_rmse_uv=0.11, latency_I_mae_ms=None)
    b = log(make(), [0.3, 0.2])
    table = best_figures([a, b])
    assert table.loc["best_epoch"].tolist() == [2, 2]
    assert table.loc["best_loss"].tolist() == [1.0, 2.0]
    assert table.loc["validation_rmse_uv"].tolist() == [0.1, 0.2]
    assert table.loc["validation_latency_V_mae_ms"].tolist() == [0.05, 0.1]
    assert table.loc["minutes"].tolist() == [1.5, 1.0]
    assert table.loc["recordings_per_second"].tolist() == [101.0, 100.5]
    assert table.loc["waveform_rmse_uv", a.id] == 0.11 and np.isnan(table.loc["waveform_rmse_uv", b.id])
    assert "latency_I_mae_ms" not in table.index, "a figure that no run has is no row; missing is not 0"
    assert list(table.index) == [name for name in FIGURES if name in table.index]


def test_a_run_that_has_logged_nothing_has_no_figure(make):
    table = best_figures([make(), make()])
    assert table.empty


def test_the_best_of_each_row_is_marked_by_its_direction(make):
    a = log(make(), [0.3, 0.1], waveform_rmse_uv=0.12, waveform_correlation=0.8, kl_nats=5.0)
    b = log(make(), [0.3, 0.2], waveform_rmse_uv=0.14, waveform_correlation=0.9, kl_nats=4.0)
    runs = [a, b]
    figures = best_figures(runs)
    marks = is_best(figures, comparable(runs))
    best = {name: [run for run in marks.columns if marks.loc[name, run]] for name in marks.index}
    assert best["waveform_rmse_uv"] == [a.id] and best["best_loss"] == [a.id]
    assert best["waveform_correlation"] == [b.id]
    assert best["kl_nats"] == best["best_epoch"] == best["minutes"] == []


def test_equal_values_are_all_best_and_a_lone_value_is_none(make):
    a, b = log(make(), [0.1], waveform_rmse_uv=0.1), log(make(), [0.1])
    figures = best_figures([a, b])
    marks = is_best(figures, comparable([a, b]))
    assert marks.loc["validation_rmse_uv"].tolist() == [True, True]
    assert marks.loc["waveform_rmse_uv"].tolist() == [False, False]


# --- what may be compared ---------------------------------------------------------------------------------------------


def test_losses_of_another_kind_are_not_compared_but_errors_in_units_are(make):
    a, b = log(make(), [0.1]), log(make(objective={"label_weight": 3.0}), [0.2])
    can = comparable([a, b])
    assert (can.recordings, can.loss) == (True, False)
    marks = is_best(best_figures([a, b]), can)
    assert not marks.loc["best_loss"].any() and marks.loc["validation_rmse_uv"].tolist() == [True, False]
    assert "different losses" in can.caveats[0]


@pytest.mark.parametrize(
    "change",
    [
        {"preparation": {"fmp_above": 2.0}},
        {"preparation": {"seed": 1}},
        {"filter": CohortFilter(classes={"hearing_loss": ["normal"]})},
        {"recordings": 100},
    ],
)
def test_nothing_is_called_better_on_other_recordings(make, change):
    a, b = log(make(), [0.1], waveform_rmse_uv=0.1), log(make(**change), [0.2], waveform_rmse_uv=0.2)
    can = comparable([a, b])
    assert not can.recordings
    assert not is_best(best_figures([a, b]), can).to_numpy().any()
    assert "not measured on the same recordings" in can.caveats[0]


def test_runs_that_differ_in_how_they_learn_are_comparable_in_everything(make):
    can = comparable([make(), make(training={"learning_rate": 0.0001, "seed": 2}, network={"latent": 8})])
    assert (can.recordings, can.loss, can.caveats) == (True, True, [])
