"""Presets: the original's values, round trip, and errors that name field, value and range."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import BaseModel

from abr_model import configuration
from abr_model.configuration import Preset, allowed_values, load_preset, parse_preset, preset_names
from abr_model.errors import InputError


def test_both_presets_come_with_the_package():
    assert {"default", "reference"} <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_yaml_round_trip(name, tmp_path):
    preset = load_preset(name)
    assert preset.name == name
    file = tmp_path / "mine.yaml"
    file.write_text(preset.to_yaml(), encoding="utf-8")
    assert load_preset(file) == preset
    assert load_preset(str(file)) == preset


def test_reference_has_the_values_of_the_original():
    preset = load_preset("reference")
    training = preset.training
    assert (training.optimiser, training.learning_rate, training.batch_size, training.epochs) == ("adam", 1e-4, 32, 80)
    assert (training.schedule, training.step_size, training.gamma) == ("step", 30, 0.5)
    assert (training.gradient_clip, training.early_stopping_patience) == (1.0, 15)
    assert training.noise_sd > 0
    assert training.max_shift_samples > 0
    network = preset.network
    assert (network.latent, network.width, network.heads, network.layers, network.feed_forward, network.dropout) == (
        32,
        64,
        4,
        2,
        256,
        0.1,
    )
    assert preset.objective.beta_points == ((0, 0.0), (15, 1e-4), (30, 5e-4), (45, 2e-3), (60, 5e-3))
    assert preset.sampler.kind == "standard_normal"
    assert (preset.preparation.fmp_above, preset.preparation.polarity, preset.preparation.samples) == (
        1.0,
        "alternating",
        200,
    )
    assert preset.preparation.fractions == (0.7, 0.15, 0.15)


def test_every_field_says_what_it_means():
    models = [m for m in vars(configuration).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    silent = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description and name not in ("architecture", "kind")
    ]
    assert len(models) > 8
    assert silent == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": {"learning_rate": 5}}, ("training.learning_rate", "5", "1e-07 to 0.1")),
        ({"training": {"learning_rate": "fast"}}, ("training.learning_rate", "fast", "1e-07 to 0.1")),
        ({"training": {"epochs": 0}}, ("training.epochs", "0", "1 to 10000")),
        ({"training": {"epochs": float("nan")}}, ("training.epochs", "nan")),
        ({"training": {"speed": 5}}, ("training.speed", "5", "learning_rate")),
        ({"training": None}, ("training",)),
        ({"network": {"architecture": "gan"}}, ("network.architecture", "gan", "reference, patch")),
        ({"network": {"latent": 0}}, ("network.latent", "0", "2 to 256")),
        ({"network": {"width": 66}}, ("network", "width")),
        ({"network": {"samples": 100}}, ("network.samples", "preparation.samples", "200")),
        ({"preparation": {"polarity": "both"}}, ("preparation.polarity", "both", "alternating")),
        ({"preparation": {"fmp_above": -1}}, ("preparation.fmp_above", "-1", "0 to 1000")),
        ({"preparation": {"fractions": [0.5, 0.5, 0.5]}}, ("preparation.fractions", "1")),
        ({"objective": {"beta_points": [[3, 0.0]]}}, ("objective.beta_points", "epoch 0")),
        ({"objective": {"beta_points": [[0, -1.0]]}}, ("objective.beta_points", "not negative")),
        ({"surprise": {"a": 1}}, ("surprise", "training")),
    ],
)
def test_a_bad_value_names_field_value_and_what_is_allowed(changes, words):
    with pytest.raises(InputError) as caught:
        load_preset("reference").changed(**changes)
    for word in words:
        assert word in str(caught.value)


def test_parts_that_do_not_belong_together_are_refused():
    values = load_preset("default").model_dump(mode="json")
    with pytest.raises(InputError, match="latent_flow"):
        parse_preset(values | {"sampler": {"kind": "standard_normal"}})
    with pytest.raises(InputError, match="whitened"):
        parse_preset(values | {"objective": load_preset("reference").model_dump(mode="json")["objective"]})
    with pytest.raises(InputError, match="bands"):
        parse_preset(values | {"sampler": {"kind": "latent_flow", "bands": [0, 100]}})


@pytest.mark.parametrize("name", ["nonsense", "reference.txt", "absent.yaml", "../presets/reference"])
def test_unknown_preset(name):
    with pytest.raises(InputError, match="default, reference") as caught:
        load_preset(name)
    assert "/" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"- 1\n- 2\n", b"a: [1\nb: 2", b"\xff\xfe\x00", b"name: x\n"])
def test_a_file_that_is_no_preset(tmp_path, content):
    file = tmp_path / "broken.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_preset(file)
    assert "broken.yaml" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_changed_keeps_the_rest():
    preset = load_preset("reference").changed(training={"epochs": 2}, preparation={"fmp_above": None})
    assert preset.training.epochs == 2
    assert preset.preparation.fmp_above is None
    assert preset.training.batch_size == 32
    assert preset.network == load_preset("reference").network


def test_allowed_values_for_a_form():
    fields = configuration.TrainingConfig.model_fields
    assert allowed_values(fields["schedule"]) == "step, cosine, one cycle, constant"
    assert allowed_values(fields["gamma"]) == "above 0 to 1"
    assert allowed_values(configuration.PreparationConfig.model_fields["fmp_above"]) == "0 to 1000, none"
    assert allowed_values(configuration.PatchNetworkConfig.model_fields["dropout"]) == "0 to below 1"


def test_frozen():
    with pytest.raises(ValueError, match="frozen"):
        load_preset("reference").training.epochs = 3
    assert isinstance(load_preset("reference"), Preset)


def test_importing_it_is_light():
    code = "import sys, abr_model.configuration; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_preset_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_preset("x" * 5000 + ".yaml")
    (tmp_path / "mine.yaml").mkdir()
    with pytest.raises(InputError, match="no such preset"):
        load_preset(tmp_path / "mine.yaml")


def test_a_preset_of_before_the_sampling_rate_means_15_khz():
    values = load_preset("default").model_dump(mode="json")
    del values["preparation"]["sampling_rate_hz"]
    assert parse_preset(values) == load_preset("default")
