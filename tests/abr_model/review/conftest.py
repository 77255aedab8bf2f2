"""Studies of a small simulated clinic and the shipped model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from abr_model.data_folder import pretrained_folder
from abr_model.model import TrainedModel
from abr_model.review.answer import Answer
from abr_model.review.store import Message
from abr_model.review.study import SEALED, Study


@pytest.fixture(scope="session")
def shipped_model() -> TrainedModel:
    torch.set_num_threads(1)
    return TrainedModel.load(pretrained_folder() / "default")


@pytest.fixture
def make_study(tmp_path, small_cohort, shipped_model) -> Callable[..., Study]:
    def make(**asked) -> Study:
        return Study.create(tmp_path / "data", small_cohort, shipped_model, **({"items": 12, "repeats": 2} | asked))

    return make


@pytest.fixture
def kinds() -> Callable[[Study], list[bool]]:
    """What the items are, read behind the back of the study: tests alone do so before it is closed."""
    return lambda study: [entry["generated"] for entry in json.loads((study.folder / SEALED / "key.json").read_text())]


@pytest.fixture
def answer_all(kinds) -> Callable:
    """Every reviewer answers everything; ``rate(code, item, repeat, generated)`` gives the fields of the answer."""

    def answer_all_(study: Study, rate: Callable, codes=("r1", "r2", "r3")) -> None:
        is_generated, messages = kinds(study), []
        for code in codes:
            for number, (item, repeat) in enumerate(study.order(code)):
                said = {"plausibility": 3, "done": True} | rate(code, item, repeat, is_generated[item])
                messages.append(Message(code, item, repeat, Answer.of(said), code, number, time.time()))
        study.store().save(messages)

    return answer_all_


@pytest.fixture
def sealed_files() -> Callable[[Study], list[Path]]:
    return lambda study: sorted((study.folder / SEALED).iterdir())
