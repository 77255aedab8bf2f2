"""Whether a model has seen an ear change as much as it is asked to: said where it has not."""

from __future__ import annotations

from collections.abc import Mapping

from abr_model.generation.conditions import in_words
from abr_model.generation.ears.ear import Ear
from abr_model.schema import AGE, INTENSITY, RATE

FEW_EARS = 200
"""Of fewer ears than this nothing reliable is learned about a condition's effect on single ears."""


def change_notes(ear: Ear, condition: Mapping) -> list[str]:
    """Sentences about changes that few training ears, or none, have gone through; empty where there were enough."""
    if ear.link is None:
        return []
    notes = []
    for column in (INTENSITY, AGE, RATE):
        by = abs(condition[column.name] - ear.condition[column.name])
        known = ear.link.description.changes[column.name]
        if by < 1e-6:
            continue
        here = f"{column.label} {in_words(column.name, condition[column.name])}"
        if known.ears == 0:
            notes.append(f"{here}: no training ear was recorded at more than one. What stays of the ear is a guess.")
        elif by > known.usual * 1.001:
            usual = f"{known.usual:.1f}".removesuffix(".0") + f" {column.unit}"
            notes.append(
                f"{here}: farther than training ears go ({known.ears:,} ears change, nine in ten by at most {usual}). "
                "What stays of the ear is a guess: in tests the usual ear came nearer to the truth."
            )
        elif known.ears < FEW_EARS:
            notes.append(f"{here}: only {known.ears} training ears were recorded at more than one.")
    return notes
