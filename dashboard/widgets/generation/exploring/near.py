"""Recordings of the cohort beside what is generated: the nearest ones, and the mean of all that are near."""

from __future__ import annotations

import numpy as np

from abr_model.generation.nearest import Nearest, near_criterion
from abr_model.generation.response import Response
from abr_model.recordings import Recordings
from abr_model.schema import Kind
from dashboard.charts.generation import seldom_marked
from dashboard.comparison import Comparison
from dashboard.style import TRACE_STYLES
from dashboard.widgets.generation.exploring.payload import NearRecordings
from dashboard.widgets.generation.exploring.settings import ExploreSettings

NEAREST_SHOWN = 7
# In steps of 5 dB (or as much age or rate): recordings farther off are no comparison and are not drawn.
FARTHEST_SHOWN = 6
MOST_IN_MEAN = 400
FEWEST_IN_MEAN = 3


def near_recordings(cohort: Recordings, nearest: Nearest, settings: ExploreSettings) -> NearRecordings:
    """What is drawn beside the generated response; traces are read only where they are drawn."""
    rows = {"traces": nearest.rows}.get(settings.compare, nearest.rows[:0])
    near = nearest.near_rows[:MOST_IN_MEAN]
    wanted = settings.compare in ("mean", "difference") and len(near) >= FEWEST_IN_MEAN
    mean, sd = _mean(cohort, near) if wanted else (None, None)
    return NearRecordings(
        traces=cohort.take(rows),
        mean=mean,
        sd=sd,
        count=len(near),
        patients=int(cohort.table["patient_id"].iloc[near].nunique()),
        words=_words(cohort, settings.ear),
    )


def near_caption(
    nearest: Nearest, near: NearRecordings, response: Response, settings: ExploreSettings, comparison: Comparison
) -> str:
    """The line under the trace: how near the recordings drawn are, what "near" counts, what a bracket means."""
    description = nearest.description[:1].upper() + nearest.description[1:]
    of_mean = settings.compare in ("mean", "difference")
    if of_mean and near.mean is None:
        description = f"Fewer than {FEWEST_IN_MEAN} recordings are near: no mean is drawn"
    elif of_mean:
        capped = f"the nearest {near.count:,} of " if near.count < nearest.near else ""
        description = f"Mean ± SD of {capped}{nearest.near:,} recordings near, {near.patients:,} patients"
    seldom = seldom_marked(response)
    brackets = f"({', '.join(seldom)}): seldom marked." if seldom else ""
    ears = "" if settings.ear == "both" else "The model makes no difference between ears."
    parts = [f"{description}. Near = {near_criterion()}.", brackets, ears, comparison.note]
    return " ".join(filter(None, parts))


def _mean(cohort: Recordings, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    waveforms = cohort.take(rows).waveforms
    return waveforms.mean(axis=0), waveforms.std(axis=0, ddof=1)


def _words(cohort: Recordings, ear: str) -> str:
    label, source = TRACE_STYLES[cohort.kind].label, cohort.provenance.source
    words = source if label in source or cohort.kind == Kind.SIMULATED else f"{label}: {source}"
    return words if ear == "both" else f"{words}, {ear} ear"
