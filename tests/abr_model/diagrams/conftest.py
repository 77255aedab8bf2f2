"""Subjects to draw: both presets as they are, small ones, and the shipped model."""

from __future__ import annotations

import pytest

from abr_model.configuration import load_preset
from abr_model.data_folder import pretrained_folder
from abr_model.diagrams.folder import measured_times
from abr_model.diagrams.subject import Subject
from abr_model.model import TrainedModel

NAMES = ("default", "reference", "small default", "small reference", "deep reference")


@pytest.fixture(scope="session")
def subjects(small_presets) -> dict[str, Subject]:
    deep = load_preset("reference").changed(network={"layers": 3, "heads": 2, "latent": 8})
    presets = {name: load_preset(name) for name in ("default", "reference")}
    presets |= {f"small {name}": preset for name, preset in small_presets.items()} | {"deep reference": deep}
    return {name: Subject.of_preset(preset) for name, preset in presets.items()}


@pytest.fixture(params=NAMES)
def subject(request, subjects) -> Subject:
    return subjects[request.param]


@pytest.fixture(scope="session")
def shipped() -> Subject:
    return Subject.of_model(TrainedModel.load(pretrained_folder() / "default"))


@pytest.fixture(scope="session")
def small_times(subjects):
    return measured_times(subjects["small default"])
