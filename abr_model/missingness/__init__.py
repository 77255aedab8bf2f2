"""What is missing in a table of recordings: how often, where, together with what, and what it depends on.

Nothing here fills in a value. Definitions and sources: ``docs/missingness.md``.
"""

from __future__ import annotations

from abr_model.missingness.along import rate_along
from abr_model.missingness.codes import CODES, Code, code_counts, contradictions, marked_patients, wave_codes
from abr_model.missingness.differences import Differences, cliffs_delta, cramers_v, differences, effect_size
from abr_model.missingness.grouping import GROUPINGS, NOT_KNOWN, Grouping, grouping
from abr_model.missingness.little import LittleTest, em_normal, little_test, one_recording_a_patient
from abr_model.missingness.matrix import MissingMatrix, missing_matrix
from abr_model.missingness.predictability import (
    KNOWN_BEFORE,
    KNOWN_BEFORE_AND_QUALITY,
    Predictability,
    predictability,
)
from abr_model.missingness.rates import STUDIED, missing_rates, studied_columns
from abr_model.missingness.together import NullityTree, label_patterns, nullity_correlation, nullity_tree, same_nullity

__all__ = (
    "CODES",
    "GROUPINGS",
    "KNOWN_BEFORE",
    "KNOWN_BEFORE_AND_QUALITY",
    "NOT_KNOWN",
    "STUDIED",
    "Code",
    "Differences",
    "Grouping",
    "LittleTest",
    "MissingMatrix",
    "NullityTree",
    "Predictability",
    "cliffs_delta",
    "code_counts",
    "contradictions",
    "cramers_v",
    "differences",
    "effect_size",
    "em_normal",
    "grouping",
    "label_patterns",
    "little_test",
    "marked_patients",
    "missing_matrix",
    "missing_rates",
    "nullity_correlation",
    "nullity_tree",
    "one_recording_a_patient",
    "predictability",
    "rate_along",
    "same_nullity",
    "studied_columns",
    "wave_codes",
)
