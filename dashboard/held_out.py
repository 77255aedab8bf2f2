"""The recordings behind a scorecard: the held-out ones, and what the model makes of their conditions; each once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from abr_model.cohort import Cohort, read_metadata
from abr_model.evaluation.comparison import Comparison, compare, generator_of
from abr_model.evaluation.other_cohort import preset_for
from abr_model.evaluation.scorecard import Scorecard
from abr_model.model import TrainedModel
from dashboard import session
from dashboard.cohort_files import cohort_file, training_cohort_file
from dashboard.session import LoadedModel


@dataclass(frozen=True)
class Sides:
    """Held-out recordings and generated ones, row for row of the same conditions. Never changed in place."""

    real: Cohort
    generated: Cohort
    other: Cohort
    clean: np.ndarray | None
    key: str

    @property
    def patients(self) -> np.ndarray:
        """[n] patient of each real row, and of the generated one beside it."""
        return self.real.table["patient_id"].to_numpy()


def cohort_file_of(scorecard: Scorecard, model: TrainedModel) -> Path | None:
    """The file of the cohort that a scorecard of ``model`` was measured on, where it is in the data folder."""
    if not scorecard.subject.is_other_cohort:
        return training_cohort_file(model)
    return cohort_file(scorecard.subject.cohort_digest)


def sides_of(chosen: LoadedModel, cohort: Path, other_cohort: bool, seed: int) -> Sides:
    """Held-out recordings of ``cohort`` and what the model generates for their conditions, as the scorecard with this
    ``seed`` has it.

    Raises
    ------
    InputError
        The cohort cannot be read, or gives no held-out part.
    """
    return _sides(chosen.weights_sha256, read_metadata(cohort)["digest"], str(cohort), other_cohort, seed, chosen)


@st.cache_resource(max_entries=2, show_spinner="Dividing the cohort and generating for the held-out conditions …")
def _sides(weights: str, digest: str, path: str, other_cohort: bool, seed: int, _chosen: LoadedModel) -> Sides:
    recordings, model = session.load_cohort(path), _chosen.model
    preset = preset_for(model, recordings) if other_cohort else model.preset
    filter = {} if other_cohort else {"filter": model.provenance.filter}
    found: Comparison = compare(recordings, preset, generator_of(model), seed, **filter)
    key = f"{weights[:16]}-{digest[:16]}-{other_cohort}-{seed}"
    return Sides(found.real, found.generated, found.other, found.clean, key)
