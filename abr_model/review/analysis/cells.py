"""Where reviewers tell the two kinds apart: accuracy by level, hearing and age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.generation.conditions import in_words
from abr_model.review.analysis.accuracy import accuracy
from abr_model.review.analysis.results import Cell
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSS_CODES

LEVEL_BANDS = {"up to 40 dB nHL": (-np.inf, 40), "above 40 to 60 dB nHL": (40, 60), "above 60 dB nHL": (60, np.inf)}
AGE_BANDS = {"below 2 years": (-np.inf, 2), "2 to 17 years": (2, 18), "18 years and older": (18, np.inf)}


def cells(table: pd.DataFrame) -> list[Cell]:
    """Bands that hold answers on both kinds of item."""
    groups = [
        ("Intensity", band, (table["level"] > low) & (table["level"] <= high))
        for band, (low, high) in LEVEL_BANDS.items()
    ]
    groups += [
        ("Hearing", in_words(HEARING_LOSS.name, code), table[HEARING_LOSS.name] == code) for code in HEARING_LOSS_CODES
    ]
    groups += [
        ("Age", band, (table[AGE.name] >= low) & (table[AGE.name] < high)) for band, (low, high) in AGE_BANDS.items()
    ]
    found = []
    for condition, band, inside in groups:
        of = accuracy(table[inside])
        if of is not None:
            found.append(Cell(condition=condition, band=band, answers=of.n, accuracy=of.value, interval=of.interval))
    return found
