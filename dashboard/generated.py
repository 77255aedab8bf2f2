"""What the chosen model says where the sliders stand and along each of them, worked out once for each.

The seed is fixed: the same ears at every position, so a moving slider shows the effect of the condition, not of chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from abr_model.generation.response import ResponseSeries, response_series
from abr_model.schema import CONDITION_NAMES
from dashboard.session import LoadedModel

SEED = 0
DRAWS = 24
"""Ears at each condition."""


def generated_series(chosen: LoadedModel, condition: Mapping, axis: str, values: Sequence) -> ResponseSeries:
    """Draws, mean, spread and waves at every one of ``values`` of the condition ``axis``, all else as in
    ``condition``."""
    others = tuple(values[0] if name == axis else condition[name] for name in CONDITION_NAMES)
    return _series(chosen.weights_sha256, others, axis, tuple(values), chosen.model)


@st.cache_resource(max_entries=96, show_spinner=False)
def _series(weights: str, condition: tuple, axis: str, values: tuple, _model) -> ResponseSeries:
    return response_series(_model, dict(zip(CONDITION_NAMES, condition, strict=True)), axis, values, DRAWS, SEED)
