"""Levels on other scales than dB nHL are never taken for it: an offset is stated, or the level is missing and told."""

from __future__ import annotations

import re

import numpy as np

from abr_model.sources.part import Given
from abr_model.sources.report import Refusals

NHL, HL, SPL, UNSAID = "dB nHL", "dB HL", "dB SPL", "dB on a scale that is not said"
_SCALES = {
    "dbnhl": NHL,
    "dbhl": HL,
    "dbspl": SPL,
    "dbpespl": "dB peSPL",
    "dbppespl": "dB ppeSPL",
    "dbsl": "dB SL",
    "db": UNSAID,
    "": UNSAID,
}
LEVEL = re.compile(r"(?P<number>[+-]?\d+(?:[.,]\d+)?)\s*(?P<scale>(?:dB\s*)?(?:nHL|HL|p?peSPL|SPL|SL)?)", re.IGNORECASE)
"""A number and perhaps its scale: ``"74 dB HL"``, ``"60dBnHL"``, ``"100"``."""


def level_of(text: str | None, scale: str | None = None) -> tuple[float, str] | None:
    """The number and the scale of a level as it stands in a file; None where it is not a level.

    ``scale`` is that of the field, for a text that names none itself. An empty text is NaN.
    """
    if text is None or not text.strip():
        return np.nan, scale or UNSAID
    match = LEVEL.fullmatch(text.strip())
    if match is None:
        return None
    named = _SCALES.get(re.sub(r"\s", "", match["scale"]).lower())
    if named is None:
        named = _SCALES["db" + re.sub(r"\s", "", match["scale"]).lower()]
    return float(match["number"].replace(",", ".")), scale if named == UNSAID and scale else named


def levels_in_db_nhl(texts, scale: str | None, rows, field: str, given: Given, refusals: Refusals):
    """[n] levels in dB nHL from the cells of a file, and sentences on what was done.

    dB nHL stays; dB HL is the name that clinical systems give to it and stays, with a note; on any other scale
    ``given.level_offset_db`` is added, and without one the level is missing: how far 0 dB nHL lies from 0 dB SPL
    depends on stimulus, earphone and laboratory. What is not a level is refused.
    """
    levels, found = np.full(len(rows), np.nan), {}
    for i, (row, text) in enumerate(zip(rows, texts, strict=True)):
        level = level_of(text, scale)
        if level is None:
            refusals.add(row, field, text, "the level must be a number, perhaps with its scale")
            continue
        number, named = level
        if np.isnan(number):
            continue
        if named in (NHL, HL):
            levels[i] = number
        elif given.level_offset_db is not None:
            levels[i] = number + given.level_offset_db
        found.setdefault(named, []).append(number)
    return levels, [_sentence(named, numbers, given) for named, numbers in found.items() if named != NHL]


def _sentence(scale: str, numbers: list[float], given: Given) -> str:
    low, high = min(numbers), max(numbers)
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    if scale == HL:
        return f"the level is written as dB HL ({span}): for a brief stimulus that is dB nHL, and it is taken as that"
    if given.level_offset_db is not None:
        return f"the level is in {scale} ({span}): {given.level_offset_db:+g} dB as stated give dB nHL"
    return (
        f"the level is in {scale} ({span}), which is not dB nHL: it is missing – state how many dB are to be added for "
        "it, for instance -30 where 0 dB nHL is 30 dB SPL (command line: --level-offset=DB; Python: level_offset_db)"
    )
