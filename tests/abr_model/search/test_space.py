from __future__ import annotations

import pytest

from abr_model.configuration import load_preset, preset_names
from abr_model.errors import InputError
from abr_model.search.figures import FIGURES, SELECTION_FIGURE
from abr_model.search.space import Choices, Range, applied, check_space, distributions, settings_of, why_not
from abr_model.search.suggestions import first_settings, suggested

RATE = {"low": 1e-4, "high": 1e-2, "log": True}


@pytest.fixture(params=preset_names())
def preset(request):
    return load_preset(request.param)


def test_a_range_and_choices_become_distributions(preset):
    space = check_space(
        preset,
        {
            "training.learning_rate": RATE,
            "training.batch_size": {"low": 16, "high": 64, "step": 16},
            "network.layers": {"low": 1, "high": 4},
            "training.optimiser": {"choices": ["adam", "adamw"]},
        },
        SELECTION_FIGURE,
    )
    found = distributions(space)
    assert (found["training.learning_rate"].low, found["training.learning_rate"].high) == (1e-4, 1e-2)
    assert found["training.learning_rate"].log
    assert type(found["training.batch_size"]).__name__ == "IntDistribution"
    assert found["training.batch_size"].step == 16
    assert found["training.optimiser"].choices == ("adam", "adamw")


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "varies nothing"),
        ({"training.pace": RATE}, "no such setting"),
        ({"learning_rate": RATE}, "no such setting"),
        ({"training.learning_rate": {"low": 1e-4, "high": 2}}, "training.learning_rate is out of range (found 2)"),
        ({"training.learning_rate": {"low": 0, "high": 0.1}}, "training.learning_rate is out of range (found 0)"),
        ({"training.learning_rate": {"low": 0.1, "high": 0.01}}, "low must be smaller"),
        ({"training.learning_rate": {"low": 0.001, "high": 0.01, "log": True, "step": 0.001}}, "has no step"),
        ({"training.learning_rate": {"low": 0.001}}, "training.learning_rate.high"),
        ({"training.learning_rate": 0.1}, "low, high"),
        ({"training.learning_rate": {"low": "a", "high": 1}}, "training.learning_rate.low"),
        ({"training.learning_rate": {"low": 0.001, "high": float("nan")}}, "training.learning_rate"),
        ({"training.batch_size": {"choices": [16, 1.5]}}, "training.batch_size is out of range (found 1.5)"),
        ({"training.batch_size": {"choices": [16, True]}}, "training.batch_size is out of range (found True)"),
        ({"training.batch_size": {"choices": ["16", 32]}}, "training.batch_size is out of range (found '16')"),
        ({"training.batch_size": {"choices": [16, 16]}}, "stands twice"),
        ({"training.batch_size": {"choices": [16]}}, "training.batch_size.choices"),
        ({"training.batch_size": {"low": 1, "high": 9000}}, "allowed: 1 to 8192"),
        ({"training.optimiser": {"choices": ["adam", "sgd"]}}, "allowed: adam, adamw"),
        ({"training.optimiser": {"low": 1, "high": 2}}, "give choices"),
        ({"network.dropout": {"low": 0.5, "high": 1.0}}, "network.dropout is out of range (found 1.0)"),
        ({"network.width": {"choices": [9, 11]}}, "no combination"),
        ({"preparation.fmp_above": {"low": 1, "high": 3}}, "other recordings"),
        ({"training.seed": {"low": 1, "high": 3}}, "luck"),
        ({"training.epochs": {"low": 1, "high": 3}}, "setting of the search"),
        ({"sampler.kind": {"choices": ["standard_normal", "latent_flow"]}}, "fits no sampler"),
        ({"objective.beta_points": {"choices": [1, 2]}}, "changes the loss itself"),
    ],
)
def test_what_the_configuration_does_not_allow_is_refused_by_name(preset, space, words):
    with pytest.raises(InputError) as problem:
        check_space(preset, space, SELECTION_FIGURE)
    assert words in str(problem.value)


def test_what_changes_the_loss_can_be_varied_only_for_a_figure_with_a_unit():
    preset = load_preset("default")
    space = {"objective.label_weight": {"low": 0.5, "high": 2.0}}
    with pytest.raises(InputError, match="changes the loss itself"):
        check_space(preset, space, SELECTION_FIGURE)
    assert check_space(preset, space, "validation_rmse_uv")["objective.label_weight"] == Range(low=0.5, high=2.0)


@pytest.mark.parametrize("figure", [SELECTION_FIGURE, "validation_rmse_uv"])
def test_the_suggestion_for_every_setting_is_allowed(preset, figure):
    settings = settings_of(preset, figure)
    assert len(settings) > 15
    for setting in settings:
        dimension = suggested(preset, setting)
        checked = check_space(preset, {setting: dimension}, figure)[setting]
        ends = checked.choices if isinstance(checked, Choices) else (checked.low, checked.high)
        for end in ends:
            part, name = setting.split(".")
            assert getattr(getattr(applied(preset, {setting: end}), part), name) == end
    check_space(preset, {setting: suggested(preset, setting) for setting in settings}, figure)


def test_the_settings_to_begin_with_exist(preset):
    first = first_settings(preset, SELECTION_FIGURE)
    assert first[0] == "training.learning_rate"
    assert len(first) == 3
    assert all(why_not(setting, SELECTION_FIGURE) is None for setting in first)


def test_every_figure_is_logged_by_a_training(finished_run):
    rows, _ = finished_run.metrics()
    logged = {name for row in rows if row["kind"] == "epoch" for name in row}
    assert set(FIGURES) <= logged
