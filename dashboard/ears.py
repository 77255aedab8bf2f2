"""Inferred ears, worked out once each: from a recording, at every level, and between two.

Cache keys are the model's weights, the recordings' digest with positions in them, and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from abr_model.ears.link import FILE, EarLink
from abr_model.generation.ears.ear import Ear, infer_ear
from abr_model.generation.ears.elsewhere import EarResponses, blend, ear_level_series
from abr_model.recordings import Recordings
from abr_model.schema import CONDITION_NAMES, INTENSITY
from dashboard.session import LoadedModel

SEED = 0
DRAWS = 24


@dataclass(frozen=True)
class InferredEar:
    """``key`` says from what it was inferred, for caches; ``rows`` are positions in the recordings."""

    ear: Ear
    key: tuple
    rows: tuple[int, ...]


def link_of(chosen: LoadedModel) -> EarLink | None:
    """What the model has learned about ears; None where it has not.

    Raises
    ------
    InputError
        The file is damaged, or belongs to another model.
    """
    path = chosen.folder / FILE
    state = path.stat() if path.is_file() else None
    return _link(str(chosen.folder), state and (state.st_mtime_ns, state.st_size), chosen)


@st.cache_resource(max_entries=8, show_spinner=False)
def _link(folder: str, state: tuple | None, _chosen: LoadedModel) -> EarLink | None:
    return EarLink.load(folder, _chosen.model)


def inferred_ear(
    chosen: LoadedModel, recordings: Recordings, key: str, rows: Sequence[int], stated: Mapping
) -> InferredEar:
    """The ear of recordings at ``rows``, the first of which is asked about.

    Parameters
    ----------
    key
        Of the recordings: equal ones have equal keys.
    stated
        Conditions that the recordings lack.

    Raises
    ------
    InputError
        As :func:`abr_model.generation.ears.ear.infer_ear`.
    """
    rows = tuple(int(row) for row in rows)
    link = link_of(chosen)
    whole = (chosen.weights_sha256, key, rows, tuple(sorted(stated.items())), link is not None)
    return InferredEar(_ear(whole, chosen.model, recordings, link, dict(stated)), whole, rows)


@st.cache_resource(max_entries=64, show_spinner=False)
def _ear(key: tuple, _model, _recordings: Recordings, _link: EarLink | None, _stated: dict) -> Ear:
    return infer_ear(_model, _recordings.take(list(key[2])), _link, _stated)


def ear_at_levels(
    chosen: LoadedModel, inferred: InferredEar, condition: Mapping, levels: Sequence[float]
) -> EarResponses:
    """The ear at each level, all else as in ``condition``; one decoding."""
    others = tuple(condition[name] for name in CONDITION_NAMES if name != INTENSITY.name)
    return _ear_series(inferred.key, others, tuple(levels), chosen.model, inferred.ear, dict(condition))


@st.cache_resource(max_entries=64, show_spinner=False)
def _ear_series(key: tuple, others: tuple, levels: tuple, _model, _ear: Ear, _condition: dict) -> EarResponses:
    return ear_level_series(_model, _ear, _condition, levels, DRAWS, SEED)


def blended(
    chosen: LoadedModel, first: InferredEar, second: InferredEar, shares: np.ndarray, condition: Mapping | None
) -> EarResponses:
    """Ears between two; ``condition`` None: conditions go along."""
    held = None if condition is None else tuple(condition.items())
    keys = (first.key, second.key, held)
    return _blend(keys, tuple(float(s) for s in shares), chosen.model, first.ear, second.ear)


@st.cache_resource(max_entries=32, show_spinner=False)
def _blend(keys: tuple, shares: tuple, _model, _first: Ear, _second: Ear) -> EarResponses:
    held = keys[2]
    return blend(_model, _first, _second, shares, None if held is None else dict(held), DRAWS, SEED)
