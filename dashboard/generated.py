"""What the chosen model says at a slider's position, worked out once per position.

The seed is fixed: the same ears at every position, so a moving slider shows the effect of the condition, not of chance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from abr_model.generation.response import LevelSeries, Response, level_series, response_summary
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE
from dashboard.session import LoadedModel

SEED = 0
DRAWS = 64
DRAWS_PER_LEVEL = 24
LEVEL_STEP = 10
LOUDEST = 100


def generated_response(chosen: LoadedModel, condition: Mapping) -> Response:
    """Mean, spread and draws at ``condition``."""
    return _response(chosen.model.weights_sha256, *_values(condition), chosen.model)


def generated_level_series(chosen: LoadedModel, condition: Mapping) -> LevelSeries:
    """Mean responses and waves every 10 dB up to 100 dB nHL, at the level of ``condition`` too; else as in it."""
    age, level, rate, hearing_loss = _values(condition)
    lowest = level if level < LEVEL_STEP else level % LEVEL_STEP or LEVEL_STEP
    return _series(chosen.model.weights_sha256, age, lowest, rate, hearing_loss, chosen.model)


def _values(condition: Mapping) -> tuple[float, float, float, str]:
    return tuple(condition[c.name] for c in (AGE, INTENSITY, RATE, HEARING_LOSS))


@st.cache_resource(max_entries=128, show_spinner=False)
def _response(weights, age, level, rate, hearing_loss, _model) -> Response:
    return response_summary(_model, _condition(age, level, rate, hearing_loss), DRAWS, SEED)


@st.cache_resource(max_entries=64, show_spinner=False)
def _series(weights, age, lowest, rate, hearing_loss, _model) -> LevelSeries:
    levels = np.arange(lowest, LOUDEST + 1, LEVEL_STEP)
    return level_series(_model, _condition(age, lowest, rate, hearing_loss), levels, DRAWS_PER_LEVEL, SEED)


def _condition(age, level, rate, hearing_loss) -> dict:
    return {AGE.name: age, INTENSITY.name: level, RATE.name: rate, HEARING_LOSS.name: hearing_loss}
