"""Age before and after birth, in weeks and years."""

from __future__ import annotations

WEEKS_PER_YEAR = 52.18
GESTATION_WEEKS = 40.0
"""Conceptional age at birth at term."""
GESTATION_YEARS = GESTATION_WEEKS / WEEKS_PER_YEAR
