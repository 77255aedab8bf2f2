"""What a baseline gives back: generated recordings as a cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.provenance import Provenance, Sampling
from abr_model.schema import AMPLITUDES, CONDITION_NAMES, LABEL_NAMES, LATENCIES, Kind


def generated_cohort(
    baseline: str,
    conditions: pd.DataFrame,
    waveforms: np.ndarray,
    sampling: Sampling,
    seed: int,
    labels: np.ndarray | None = None,
    **details,
) -> Cohort:
    """Recordings of ``baseline``, row for row of ``conditions``.

    Parameters
    ----------
    conditions
        Columns :data:`abr_model.schema.CONDITION_NAMES`, N rows.
    waveforms
        [N, T] µV.
    labels
        [N, 6] in the order of :data:`abr_model.schema.LABEL_NAMES`, ms and µV, NaN where not marked. A label that no
        recording can have becomes missing. None: the baseline knows of no waves.
    details
        Written into the provenance.
    """
    ids = [f"{baseline}-{i:06d}" for i in range(1, len(conditions) + 1)]
    table = conditions[list(CONDITION_NAMES)].reset_index(drop=True)
    table = pd.concat([pd.DataFrame({"recording_id": ids, "patient_id": ids}), table], axis=1)
    if labels is not None:
        lowest = np.array([c.minimum for c in (*LATENCIES, *AMPLITUDES)])
        highest = np.array([c.maximum for c in (*LATENCIES, *AMPLITUDES)])
        highest[: len(LATENCIES)] = np.minimum(highest[: len(LATENCIES)], sampling.time_ms(waveforms.shape[1])[-1])
        with np.errstate(invalid="ignore"):
            possible = np.where((labels >= lowest) & (labels <= highest), labels, np.nan)
        table[list(LABEL_NAMES)] = possible
    details = {"baseline": baseline, "seed": seed, **details}
    return Cohort(waveforms, table, sampling, Provenance(kind=Kind.GENERATED, source=baseline, details=details))
