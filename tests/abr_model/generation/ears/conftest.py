"""A small trained model, its link of ears, and recordings that it was not trained on."""

from __future__ import annotations

import numpy as np
import pytest

from abr_model.ears.link import EarLink
from abr_model.model import TrainedModel
from abr_model.sources.simulator import simulate


@pytest.fixture(scope="session")
def model(finished_run) -> TrainedModel:
    return TrainedModel.load(finished_run.model_folder)


@pytest.fixture(scope="session")
def link(finished_run, model) -> EarLink:
    return EarLink.load(finished_run.model_folder, model)


@pytest.fixture(scope="session")
def clinic():
    """Another clinic: 12 patients, recordings whose conditions are known."""
    cohort = simulate(patients=12, seed=5)
    return cohort.take(np.flatnonzero(cohort.table["age_years"].notna()))


@pytest.fixture(scope="session")
def one_ear(clinic):
    """All recordings of the ear that has most."""
    table = clinic.table
    largest = table.groupby(["patient_id", "ear"]).size().idxmax()
    return clinic.take(np.flatnonzero((table["patient_id"] == largest[0]) & (table["ear"] == largest[1])))
