"""What the chosen model says at every level of an age, rate and class, worked out once for each.

The seed is fixed: the same ears at every position, so a moving slider shows the effect of the condition, not of chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from abr_model.generation.response import LevelSeries, level_series
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE
from dashboard.session import LoadedModel

SEED = 0
DRAWS = 24
"""Ears per level: a new age is a decoding of 21 × 24 draws."""


def generated_series(chosen: LoadedModel, condition: Mapping, levels: Sequence[float]) -> LevelSeries:
    """Draws, mean, spread and waves at every one of ``levels`` (dB nHL), all else as in ``condition``."""
    return _series(
        chosen.model.weights_sha256,
        condition[AGE.name],
        condition[RATE.name],
        condition[HEARING_LOSS.name],
        tuple(levels),
        chosen.model,
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _series(weights, age, rate, hearing_loss, levels, _model) -> LevelSeries:
    condition = {AGE.name: age, INTENSITY.name: levels[0], RATE.name: rate, HEARING_LOSS.name: hearing_loss}
    return level_series(_model, condition, levels, DRAWS, SEED)
