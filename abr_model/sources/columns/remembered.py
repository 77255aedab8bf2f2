"""Mappings that a person confirmed, found again for the next file with the same columns."""

from __future__ import annotations

import hashlib
from pathlib import Path

from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.identifying import normalised


def mapping_file(header: list[str]) -> Path:
    """Where the mapping of tables with these columns lies: ``mappings/<hash>.yaml`` in the data folder."""
    names = "\n".join(normalised(name) for name in header)
    return data_folder() / "mappings" / f"{hashlib.sha256(names.encode()).hexdigest()[:16]}.yaml"


def remember(header: list[str], mapping: ColumnMapping) -> Path:
    """Keep a confirmed mapping for the next table with the same columns in the same order.

    Raises
    ------
    InputError
        The data folder cannot be written.
    """
    return mapping.save(mapping_file(header))


def recall(header: list[str]) -> ColumnMapping | None:
    """The mapping that was confirmed for a table with these columns; None if there is none, or one that is damaged."""
    path = mapping_file(header)
    if not path.is_file():
        return None
    try:
        return ColumnMapping.load(path)
    except InputError:  # edited by hand, or of another version: it is guessed anew and asked again
        return None
