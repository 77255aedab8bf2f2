"""The true response behind a simulated recording: the simulator makes the same recording again, without noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abr_model.preparation import SelectionRules, select
from abr_model.schema import Kind
from abr_model.sources.simulator import DEFAULT, simulate

if TYPE_CHECKING:
    from abr_model.cohort import Cohort, Provenance
    from abr_model.configuration import Preset


def clean_responses(held_out: Cohort, provenance: Provenance, preset: Preset) -> np.ndarray | None:
    """Responses without residual noise of the recordings ``held_out``.

    Parameters
    ----------
    held_out
        Recordings selected by ``preset``.
    provenance
        Of the cohort that they were selected from.
    preset
        Which samples, at which rate.

    Returns
    -------
    ndarray or None
        [n, T] float32 µV, row for row; None where the cohort was not made by this version of the simulator as it is.
    """
    details = provenance.details
    known = provenance.kind == Kind.SIMULATED and details.get("parameters_sha256") == DEFAULT.sha256()
    if not known or "patients" not in details or "seed" not in details:
        return None
    clinic = simulate(details["patients"], details["seed"], residual_noise=False)
    responses = select(clinic, SelectionRules.of(preset.preparation)).cohort
    position = {name: row for row, name in enumerate(responses.table["recording_id"])}
    rows = [position.get(name) for name in held_out.table["recording_id"]]
    if None in rows:  # a cohort that carries the simulator's provenance without being as it made it
        return None
    return responses.waveforms[np.array(rows)]
