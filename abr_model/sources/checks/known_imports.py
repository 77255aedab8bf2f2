"""What was imported before, so that the same file, or a changed one, is noticed when it comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abr_model.cohort import Provenance
from abr_model.cohort_storage import read_metadata
from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.schema import COLUMN_NAMES, Kind


@dataclass(frozen=True)
class KnownImport:
    """A clinical cohort of the data folder.

    ``title`` is what a person calls it, ``files_sha256`` the digests of the files it was made of, ``recordings`` how
    many it holds; ``table()`` reads its table, without waveforms.
    """

    title: str
    files_sha256: frozenset[str]
    recordings: int
    table: Callable[[], pd.DataFrame]


def known_imports(folder: Path | None = None, *, but: Path | None = None) -> list[KnownImport]:
    """The clinical cohorts in a folder, by their own words; files that cannot be read are passed over.

    Parameters
    ----------
    folder
        ``cohorts`` of the data folder when left out.
    but
        A file that is about to be replaced: it does not count.
    """
    folder = data_folder() / "cohorts" if folder is None else folder
    known = []
    for path in sorted(folder.glob("*.parquet")) if folder.is_dir() else []:
        if but is not None and path.resolve() == but.resolve():
            continue
        try:
            metadata = read_metadata(path)
            provenance = Provenance.model_validate(metadata["provenance"])
        except (InputError, ValueError, KeyError):
            continue
        if provenance.kind == Kind.CLINICAL:
            digests = {*provenance.details.get("files_sha256", []), provenance.source_sha256} - {None}
            known.append(
                KnownImport(provenance.title, frozenset(digests), metadata["recordings"], partial(_table, path))
            )
    return known


def _table(path: Path) -> pd.DataFrame:
    try:
        there = pq.read_schema(path).names
        return pq.read_table(path, columns=[n for n in COLUMN_NAMES if n in there]).to_pandas()
    except (pa.ArrowException, OSError):  # removed or damaged meanwhile: then it cannot be compared
        return pd.DataFrame({"recording_id": pd.Series(dtype="str"), "patient_id": pd.Series(dtype="str")})
