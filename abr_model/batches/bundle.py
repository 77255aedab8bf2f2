"""The files of a batch: the data, its provenance, its card; side by side, or in one archive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from abr_model.generation.formats.wfdb import zipped


@dataclass(frozen=True)
class Bundle:
    """Where the files of a batch lie; ``conditions`` only where the design alone does not give them."""

    data: Path

    @property
    def provenance(self) -> Path:
        """All that makes it again."""
        return self._beside("provenance.json")

    @property
    def card(self) -> Path:
        """The data card, Markdown."""
        return self._beside("card.md")

    @property
    def card_page(self) -> Path:
        """The data card, a web page."""
        return self._beside("card.html")

    @property
    def conditions(self) -> Path:
        """The conditions of every row, where they were drawn from a cohort."""
        return self._beside("conditions.csv")

    @property
    def files(self) -> list[Path]:
        """Those that are there, the data first."""
        return [p for p in (self.data, self.provenance, self.card, self.card_page, self.conditions) if p.exists()]

    def _beside(self, ending: str) -> Path:
        return self.data.with_name(f"{self.data.name}.{ending}")

    def zip(self, path: Path, made: str) -> Path:
        """All files in one archive whose entries are dated ``made``."""
        return zipped([file for file in self.files if file.is_file()], path, datetime.fromisoformat(made))


@contextmanager
def complete_or_nothing(target: Path) -> Iterator[Bundle]:
    """A bundle to be written in a hidden folder beside ``target``; moved to its place when the block ends well.

    After an error, or a stop, nothing is left of it, and what was at ``target`` before stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.{os.getpid()}.batch")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        bundle = Bundle(folder / target.name)
        yield bundle
        final = Bundle(target)
        for old in final.files:  # conditions of an earlier batch belong to no other one
            if old.is_file():
                old.unlink()
        for file in bundle.files:
            file.replace(target.parent / file.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
