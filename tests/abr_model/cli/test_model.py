"""``abr model show``."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from abr_model.cli.model import register
from abr_model.configuration import load_preset
from abr_model.errors import InputError


@pytest.fixture
def run():
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    return lambda *arguments: CliRunner().invoke(app, ["model", *arguments], env={"COLUMNS": "140"})


def test_json_gives_the_parameters(run):
    result = run("show", "reference", "--json")
    assert result.exit_code == 0
    description = json.loads(result.stdout)
    assert description["parameters"] == 520_335
    assert sum(block["parameters"] for block in description["blocks"]) == 520_335
    assert description["streams"]["inputs"]["waveform"] == ["B", 200]
    assert description["configuration"]["training"]["batch_size"] == 32


def test_table_names_blocks_shapes_and_parameters(run):
    result = run("show", "default")
    assert result.exit_code == 0
    for text in ("encoder.layers.1", "1 × 10 × 64", "49,984", "overlap_add", "waveform [B, 200]"):
        assert text in result.stdout


def test_a_preset_file_of_ones_own(run, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(load_preset("reference").changed(network={"layers": 1}).to_yaml(), encoding="utf-8")
    result = run("show", str(file), "--json")
    assert json.loads(result.stdout)["parameters"] < 520_335


def test_unknown_preset_is_an_input_error(run):
    assert isinstance(run("show", "nonsense").exception, InputError)
