"""A model that knows its training cohort, and requests for batches of it."""

from __future__ import annotations

import pytest

from abr_model.training.parts import prepare_parts


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
    from abr_model.batches.request import BatchRequest
    from abr_model.generation.designs.design import design_of

    def make(n: int = 4, **changes) -> BatchRequest:
        grid = {
            "kind": "grid", "age_years": [0.25, 30], "intensity_db_nhl": [40, 80], "stimulus_rate_per_s": 33.1,
            "hearing_loss": ["normal", "sensorineural"], "n": n,
        }  # fmt: skip
        return BatchRequest(**({"design": design_of(grid), "seed": 7, "format": "parquet"} | changes))

    return make
