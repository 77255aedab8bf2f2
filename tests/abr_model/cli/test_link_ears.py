"""``abr model link-ears``."""

from __future__ import annotations

import shutil

import pytest
import typer
from typer.testing import CliRunner

from abr_model.cli.model import register
from abr_model.ears.link import FILE, EarLink
from abr_model.errors import InputError
from abr_model.model import CARD_FILE, TrainedModel


@pytest.fixture
def run():
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    return lambda *arguments: CliRunner().invoke(app, ["model", *arguments])


@pytest.fixture
def folder(finished_run, tmp_path):
    """A model that was trained before there were links."""
    shutil.copytree(finished_run.model_folder, tmp_path / "model")
    (tmp_path / "model" / FILE).unlink()
    TrainedModel.load(tmp_path / "model").write_card(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_learns_of_ears_later(run, folder, finished_run, cohort_file):
    assert "## One ear" not in (folder / CARD_FILE).read_text(encoding="utf-8")
    result = run("link-ears", str(folder), "--cohort", str(cohort_file))
    assert result.exit_code == 0, result.output
    assert "of a code" in result.stdout
    model = TrainedModel.load(folder)
    link = EarLink.load(folder, model)
    assert link.description == EarLink.load(finished_run.model_folder, model).description, "as the training itself does"
    cards = [(place / CARD_FILE).read_text(encoding="utf-8") for place in (folder, finished_run.model_folder)]
    assert cards[0] == cards[1]
    about = link.description
    assert f"learned from {about.recordings:,} recordings of {about.ears:,}\nears" in cards[0]


def test_another_cohort_is_refused(run, folder, small_cohort, tmp_path):
    other = small_cohort.take(range(len(small_cohort) - 1)).write(tmp_path / "other.parquet")
    result = run("link-ears", str(folder), "--cohort", str(other))
    assert isinstance(result.exception, InputError)
    assert "another cohort" in str(result.exception)
    assert not (folder / FILE).exists()
