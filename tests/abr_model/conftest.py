"""Small networks and a cohort file, for a training of a few seconds; models that have learned nothing."""

from __future__ import annotations

import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.model import ModelProvenance, TrainedModel
from abr_model.network import build_network
from abr_model.runs.run import Run
from abr_model.sampler import build_sampler
from abr_model.training.fit import fit
from abr_model.training.parts import prepare_parts
from abr_model.training_support import support_of

SMALL = {
    "preparation": {"samples": 80, "sampling_rate_hz": 6000},
    "network": {"samples": 80, "width": 16, "heads": 2, "layers": 1, "feed_forward": 16, "latent": 4},
    "training": {"epochs": 3, "batch_size": 32, "log_every_steps": 1, "learning_rate": 0.003, "schedule": "constant"},
}


@pytest.fixture(scope="session")
def small_presets():
    """``reference`` and ``default`` with a network of a few thousand weights."""
    reference = load_preset("reference").changed(**SMALL)
    default = load_preset("default").changed(
        **SMALL,
        sampler={"bands": [0, 10, 80], "hidden": 16, "training_steps": 20},
        objective={"whiten_from_epoch": 1, "rows": 200},
    )
    return {"reference": reference, "default": default}


@pytest.fixture(scope="session")
def cohort_file(small_cohort, tmp_path_factory):
    """The simulated clinic as a file."""
    return small_cohort.write(tmp_path_factory.mktemp("cohort") / "clinic.parquet")


@pytest.fixture(scope="session")
def finished_run(small_presets, cohort_file, tmp_path_factory):
    """A run of the small reference preset that was trained to its end; not to be changed."""
    run = Run.create(tmp_path_factory.mktemp("runs"), small_presets["reference"], cohort_file, label="first\n try ")
    fit(run)
    return run


@pytest.fixture(scope="session")
def build_untrained(small_cohort):
    """A model of a preset with random weights, everything else as training leaves it."""

    def build(preset_name: str) -> TrainedModel:
        preset = load_preset(preset_name)
        parts = prepare_parts(small_cohort, preset)
        torch.manual_seed(0)
        network = build_network(preset.network)
        sampler = build_sampler(preset.sampler, network.latent, network.samples)
        provenance = ModelProvenance(
            kind=parts.train.kind,
            cohort="clinic.parquet",
            cohort_digest="ab" * 32,
            split=parts.split.kind,
            recordings=parts.split.sizes,
            patients=parts.patients,
            command="abr train",
            epochs=0,
        )
        support = support_of(parts.train)
        return TrainedModel(network, sampler, preset, parts.scaling, parts.train.sampling, support, provenance)

    return build


@pytest.fixture(scope="session")
def default_model(build_untrained):
    """Predicts which waves are marked, and has residual noise."""
    return build_untrained("default")


@pytest.fixture(scope="session")
def reference_model(build_untrained):
    """Predicts no marks, and has no residual noise."""
    return build_untrained("reference")
