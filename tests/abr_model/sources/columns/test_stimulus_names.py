"""The column of the stimulus is free text in many clinics: only what names a stimulus gets into a cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.sources.columns.fields import tidy
from abr_model.sources.report import Refusals


def stimulus(*cells):
    raw = pd.DataFrame({"stimulus_type": pd.Series(cells, dtype="str")})
    refusals = Refusals("file.csv")
    tidied = tidy(raw, np.arange(1, len(cells) + 1), {"stimulus_type": "Stimulus"}, refusals)
    assert not refusals.rows
    values = tidied.table["stimulus_type"]
    return [None if missing else value for value, missing in zip(values, values.isna(), strict=True)], tidied


@pytest.mark.parametrize(
    "text",
    [
        "Click",
        "CE-Chirp LS",
        "NB CE-Chirp® 4 kHz",
        "Tone Burst 500 Hz",
        "2-1-2 toneburst 1.5kHz",
        "clicks 100 µs",
        "tone pip",
    ],
)
def test_the_name_of_a_stimulus_stays(text):
    (value,), tidied = stimulus(text)
    assert value == text.casefold() and not tidied.unknown_words


@pytest.mark.parametrize("name", ["John Stone", "Livingstone", "Pippa Banderas", "A. Husband", "98765001"])
def test_a_name_that_slipped_into_the_column_does_not(name):
    (value,), tidied = stimulus(name)
    assert value is None and tidied.unknown_words == {"Stimulus": 1}


def test_of_a_remark_only_the_stimulus_is_kept():
    values, tidied = stimulus("Click for Ayse Yilmaz", "click 98765001", "n/a", None)
    assert values == ["click", "click", None, None] and not tidied.unknown_words
