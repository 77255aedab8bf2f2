"""Conditions that generation is asked for."""

from __future__ import annotations

import pytest


@pytest.fixture
def condition():
    return {
        "age_years": 0.25,
        "intensity_db_nhl": 80.0,
        "stimulus_rate_per_s": 33.1,
        "hearing_loss": "normal",
    }
