from __future__ import annotations

import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.model import ModelProvenance, TrainedModel
from abr_model.network import build_network
from abr_model.sampler import build_sampler
from abr_model.training.parts import prepare_parts
from abr_model.training_support import support_of


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


@pytest.fixture
def condition():
    return {
        "age_years": 0.25,
        "intensity_db_nhl": 80.0,
        "stimulus_rate_per_s": 33.1,
        "hearing_loss": "normal",
    }


@pytest.fixture(scope="session")
def trained_on_small(default_model, small_cohort):
    """The same model, said to have learned from the training part of the small cohort."""
    from dataclasses import replace

    provenance = default_model.provenance.model_copy(
        update={"cohort_digest": small_cohort.digest(), "cohort": small_cohort.provenance.title}
    )
    return replace(default_model, provenance=provenance)


@pytest.fixture(scope="session")
def training_part(trained_on_small, small_cohort):
    """Its training recordings."""
    return prepare_parts(small_cohort, trained_on_small.preset).train


@pytest.fixture(scope="session")
def request_of():
    """A request for recordings of a few conditions, with changes."""
    from abr_model.generation.batches.request import BatchRequest
    from abr_model.generation.designs.design import design_of

    def make(n: int = 4, **changes) -> BatchRequest:
        grid = {
            "kind": "grid", "age_years": [0.25, 30], "intensity_db_nhl": [40, 80], "stimulus_rate_per_s": 33.1,
            "hearing_loss": ["normal", "sensorineural"], "n": n,
        }  # fmt: skip
        return BatchRequest(**({"design": design_of(grid), "seed": 7, "format": "parquet"} | changes))

    return make
