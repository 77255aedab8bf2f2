"""What a clinic's own words mean, and which of its values say "missing"."""

from __future__ import annotations

import streamlit as st

from abr_model.schema import COLUMNS_BY_NAME
from abr_model.sources.columns.class_words import known_words
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.identifying import is_identifying
from abr_model.sources.sheets.cells import MISSING_WORDS
from dashboard.widgets.importing.excerpt import Excerpt
from dashboard.widgets.importing.state import ImportState
from dashboard.widgets.problem import plain

NOT_SAID = "not known: refuse the recording"


def words_and_codes(state: ImportState, mapping: ColumnMapping, excerpt: Excerpt) -> ColumnMapping:
    """Asks for words of the first rows that are not known; shows the values that are read as missing."""
    words = _words(state, mapping, excerpt)
    with st.expander("Values that mean “missing”"):
        codes = _codes(state, mapping)
    return mapping.model_copy(update={"words": words, "missing_values": codes})


def unknown_words(mapping: ColumnMapping, excerpt: Excerpt) -> dict[str, tuple[str, ...]]:
    """Class columns → short words of the first rows that no list of ours knows."""
    found = {}
    for name, column in mapping.columns.items():
        if COLUMNS_BY_NAME[name].kind != "class" or is_identifying(column):
            continue
        known = {*known_words(name), *MISSING_WORDS}
        if words := tuple(word for word in excerpt.words(column) if word.casefold() not in known):
            found[name] = words
    return found


def _words(state: ImportState, mapping: ColumnMapping, excerpt: Excerpt) -> dict[str, dict[str, str]]:
    unknown = unknown_words(mapping, excerpt)
    meant = {name: dict(words) for name, words in mapping.words.items()}
    if not unknown:
        return meant
    st.markdown("**Words of this clinic** :gray[ · in the first rows, and not known]")
    places = st.columns(4)
    for number, (name, word) in enumerate((n, w) for n, words in unknown.items() for w in words):
        classes = [NOT_SAID, *COLUMNS_BY_NAME[name].classes]
        now = meant.get(name, {}).get(word, NOT_SAID)
        picked = places[number % len(places)].selectbox(
            f"{COLUMNS_BY_NAME[name].label}: “{plain(word)}” means", classes, classes.index(now),
            key=state.key(f"word_{name}_{number}"),
        )  # fmt: skip
        meant.setdefault(name, {}).pop(word, None)
        if picked != NOT_SAID:
            meant[name][word] = picked
    return {name: words for name, words in meant.items() if words}


def _codes(state: ImportState, mapping: ColumnMapping) -> dict[str, tuple[str, ...]]:
    st.caption("Several with a comma between. Empty cells are missing anyway.")
    codes = {}
    numbers = [name for name in mapping.columns if COLUMNS_BY_NAME[name].kind == "number"]
    places = st.columns(4)
    for number, name in enumerate(numbers):
        now = ", ".join(mapping.missing_values.get(name, ()))
        text = places[number % len(places)].text_input(
            COLUMNS_BY_NAME[name].label, now, key=state.key(f"codes_{name}"), placeholder="none"
        )
        if values := as_codes(text):
            codes[name] = values
    return codes


def as_codes(text: str) -> tuple[str, ...]:
    """``"0, 999"`` → ``("0", "999")``."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
