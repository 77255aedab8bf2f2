"""The door for real files: reads them, removes who the patients are, and says what it did."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort, Provenance
from abr_model.errors import InputError
from abr_model.schema import Kind, latency_column
from abr_model.sources import eclipse, smartep
from abr_model.sources.cells import CsvSheet, Sheet, XlsxSheet, start_of_text
from abr_model.sources.joining import join, refuse_duplicates
from abr_model.sources.part import UNITS, Given, Part, ReadFile
from abr_model.sources.pseudonyms import load_salt
from abr_model.sources.report import ImportReport, NothingImportedError, Refusals
from abr_model.sources.stated import checked_statements, fill_missing, sentence_of
from abr_model.waves import PeakOffset, offset_from_peak

READABLE = f"{smartep.FORMAT} (.txt); {eclipse.FORMAT} (.xlsx, .csv)"
_RATES_HZ = (1_000.0, 1_000_000.0)
_STARTS_MS = (-1_000.0, 1_000.0)
_UNIT_SPELLINGS = {"uV": "µV", "μV": "µV"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class ImportResult:
    """A clinical cohort and what the import did to make it."""

    cohort: Cohort
    report: ImportReport


def read_recordings(
    paths: str | Path | Iterable[str | Path],
    *,
    sampling_rate_hz: float | None = None,
    start_ms: float | None = None,
    unit: str | None = None,
    stated: Mapping | None = None,
    salt: bytes | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> ImportResult:
    """Read recordings of clinics into one cohort. The content of a file decides how it is read, not its name.

    A recording with a value that cannot be is refused with a reason while the others are read; the report lists it.

    Parameters
    ----------
    paths
        One file or several. All become one cohort; other sampling rates are resampled to the highest one.
    sampling_rate_hz, start_ms
        Samples per second, and time of the first sample relative to stimulus onset, for files that do not state them.
    unit
        ``"µV"``, ``"mV"`` or ``"nV"``: unit of the samples, where the file does not state it. Its format's own when
        left out.
    stated
        What the person knows of all these recordings and a file may not say: columns of
        :data:`abr_model.sources.stated.STATABLE` → value, ``{"age_years": 25, "hearing_loss": "normal"}``. It fills
        missing cells alone; what a file says wins.
    salt
        Secret of the pseudonyms; the one of this machine when left out.
    on_progress
        Called with the share done (0 to 1) and the name of the file.

    Raises
    ------
    InputError
        No such file, an empty, damaged or unknown one, required columns missing, sampling rate or time zero neither
        stated nor given, a stated value out of range. :class:`NothingImportedError`, with the report, when every
        recording was refused.
    """
    files = [Path(p) for p in ([paths] if isinstance(paths, str | Path) else paths)]
    if not files:
        raise InputError("no file was given", allowed=READABLE)
    given = _checked(sampling_rate_hz, start_ms, unit)
    stated = checked_statements(stated or {})
    openers = [_opener(path) for path in files]  # all are looked at before the first, perhaps long, reading
    salt = load_salt() if salt is None else salt
    read: list[ReadFile] = []
    for index, (path, opener) in enumerate(zip(files, openers, strict=True)):
        tell = _progress(on_progress, index, len(files), path.name)
        read.append(opener(given, salt, tell))
        tell(1.0)

    kept = refuse_duplicates([(part, file.refusals) for file in read for part in file.parts])
    kept, filled = fill_missing(kept, stated)
    report = _report(files, read, kept, stated, filled)
    if not kept:
        raise NothingImportedError(report)
    provenance = Provenance(
        kind=Kind.CLINICAL,
        source=" and ".join(sorted({file.format for file in read})),
        source_sha256=_digest(files),
        details={  # no file name: it may hold a patient's
            "files": len(files),
            "given": {"sampling_rate_hz": given.sampling_rate_hz, "start_ms": given.start_ms, "unit": given.unit},
            "stated": {name: {"value": stated[name], "recordings": count} for name, count in filled.items()},
            "recordings_refused": report.recordings_refused,
            "zeros_read_as_missing": report.zeros_as_missing,
        },
    )
    cohort, notes = join([part for part, _ in kept], provenance)
    return ImportResult(cohort, replace(report, notes=(*report.notes, *notes), wave_v=_wave_v(cohort)))


def _checked(sampling_rate_hz: float | None, start_ms: float | None, unit: str | None) -> Given:
    """What the person said, where it can be."""
    for value, (low, high), name, unit_name in (
        (sampling_rate_hz, _RATES_HZ, "the sampling rate", "Hz"),
        (start_ms, _STARTS_MS, "the time of the first sample", "ms"),
    ):
        if value is not None and not (np.isfinite(value) and low <= value <= high):
            raise InputError(f"{name} cannot be that", value=value, allowed=f"{low:g} to {high:g} {unit_name}")
    unit = _UNIT_SPELLINGS.get(unit, unit)
    if unit is not None and unit not in UNITS:
        raise InputError("the unit of the samples is not known", value=unit, allowed=", ".join(UNITS))
    return Given(sampling_rate_hz, start_ms, unit)


def _opener(path: Path) -> Callable[[Given, bytes, Callable[[float], None]], ReadFile]:
    """The reader for what is in the file."""
    if not path.is_file():
        raise InputError("there is no such file", file=path.name, allowed=READABLE)
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if not start.strip():
        raise InputError("the file is empty", file=path.name, allowed=READABLE)
    if start.startswith(b"PAR1"):
        raise InputError(
            "this is a Parquet file: a cohort is opened, not imported", file=path.name, allowed=READABLE
        )  # fmt: skip
    if start.startswith((_ZIP, _OLE)):
        first = XlsxSheet(path)
        others = (XlsxSheet(path, name) for name in first.sheet_names[1:])
        return _eclipse_opener(path, chain([first], others))
    if "\0" in start_of_text(start):
        raise InputError("the file is not of a kind that can be read", file=path.name, allowed=READABLE)
    if smartep.recognises(start):
        return lambda given, salt, tell: smartep.read(path, given, salt, tell)
    return _eclipse_opener(path, [CsvSheet(path)])


def _eclipse_opener(path: Path, sheets: Iterable[Sheet]):
    for sheet in sheets:
        if eclipse.recognises(sheet.header):
            return lambda given, salt, tell: eclipse.read(sheet, given, salt, tell)
    raise InputError("the file is not of a kind that can be read", file=path.name, allowed=READABLE)


def _progress(on_progress, index: int, count: int, name: str) -> Callable[[float], None]:
    def tell(share: float) -> None:
        if on_progress is not None:
            on_progress((index + share) / count, name)

    return tell


def _report(
    files: list[Path], read: list[ReadFile], kept: list[tuple[Part, Refusals]], stated: dict, filled: dict[str, int]
) -> ImportReport:
    counts = [
        (path.name, file.format, sum(len(p.rows) for p, r in kept if r is file.refusals), len(file.refusals.rows))
        for path, file in zip(files, read, strict=True)
    ]
    zeros = Counter()
    for file in read:
        zeros.update(file.zeros_as_missing)
    return ImportReport(
        files=pd.DataFrame(counts, columns=["file", "format", "read", "refused"]),
        refused=pd.concat([file.refusals.frame() for file in read], ignore_index=True),
        identifying_columns=_once(name for file in read for name in file.identifying_columns),
        unused_columns=_once(name for file in read for name in file.unused_columns),
        absent_columns=_once(name for file in read for name in file.absent_columns),
        zeros_as_missing=dict(zeros),
        stated=tuple(sentence_of(name, stated[name], count) for name, count in filled.items()),
        notes=_once(note for file in read for note in file.notes),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _wave_v(cohort: Cohort) -> PeakOffset | None:
    """Whether the marked wave V lies on a peak: a wrong sampling rate or time zero shows here."""
    offset = offset_from_peak(cohort, "V") if cohort.table[latency_column("V")].notna().any() else None
    return offset if offset is not None and offset.n else None


def _digest(files: list[Path]) -> str:
    """SHA-256 of the file; of several, that of their digests in order."""
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
