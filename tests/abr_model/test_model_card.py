from __future__ import annotations

import json

import pytest

from abr_model.model import CARD_FILE, TrainedModel
from abr_model.model_card import EAR_LINK_FILE, SCORECARD_FILE, ear_link_in, evaluation_in, model_card

ROW = {"key": "auc", "what": "Two-sample AUC", "value": "0.57 [0.55 to 0.59]", "real": "0.51", "required": "≤ 0.60"}


@pytest.fixture
def folder(finished_run, tmp_path):
    """A copy of a trained model that a test may change."""
    return TrainedModel.load(finished_run.model_folder).save(tmp_path / "model")


def put_scorecard(folder, model_id, **changes):
    content = {"format": "abr-scorecard", "version": 1, "subject": {"model_id": model_id}, "made": "2026-01-02"}
    content |= {"summary": [ROW | {"met": True}, ROW | {"what": "a | b", "met": None}]}
    (folder / SCORECARD_FILE).write_text(json.dumps(content | changes), encoding="utf-8")


def test_figures_of_the_scorecard_stand_in_the_card(folder):
    model = TrainedModel.load(folder)
    put_scorecard(folder, model.model_id)
    assert "How real generated recordings look" not in (folder / CARD_FILE).read_text(encoding="utf-8")
    model.write_card(folder)
    card = (folder / CARD_FILE).read_text(encoding="utf-8")
    assert "Measured on patients that the model has not seen (2026-01-02)" in card
    assert "| Two-sample AUC | 0.57 [0.55 to 0.59] | 0.51 | ≤ 0.60 | met |" in card
    assert "| a / b |" in card and "| cannot be told |" in card  # a bar would end the cell
    model.save(folder)  # saving again does not lose them
    assert (folder / CARD_FILE).read_text(encoding="utf-8") == card


def test_a_card_without_a_scorecard_says_nothing_of_it(folder):
    model = TrainedModel.load(folder)
    assert evaluation_in(folder, model.model_id) is None
    assert model_card(model) == (folder / CARD_FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": {"model_id": "00000000"}},
        {"subject": None},
        {"version": 2},
        {"format": "abr-model"},
        {"summary": []},
        {"summary": [{"what": "AUC"}]},
        {"summary": [ROW | {"met": "perhaps"}]},
        {"summary": [ROW | {"met": []}]},
    ],
)
def test_a_scorecard_of_other_weights_or_a_damaged_one_is_not_shown(folder, changes):
    model = TrainedModel.load(folder)
    put_scorecard(folder, model.model_id, **changes)
    assert evaluation_in(folder, model.model_id) is None
    (folder / SCORECARD_FILE).write_text("[")
    assert evaluation_in(folder, model.model_id) is None


def test_the_link_of_ears_stands_in_the_card_where_it_belongs_to_the_model(folder, finished_run):
    model = TrainedModel.load(folder)
    assert ear_link_in(folder, model.weights_sha256) is None
    content = (finished_run.model_folder / EAR_LINK_FILE).read_bytes()
    (folder / EAR_LINK_FILE).write_bytes(content)
    model.write_card(folder)
    assert "## One ear" in (folder / CARD_FILE).read_text(encoding="utf-8")
    assert ear_link_in(folder, "0" * 64) is None, "of other weights"
    (folder / EAR_LINK_FILE).write_bytes(content[:100])
    model.write_card(folder)
    assert "## One ear" not in (folder / CARD_FILE).read_text(encoding="utf-8")
