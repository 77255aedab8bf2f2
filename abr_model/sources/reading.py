"""The door for real files: reads them, removes who the patients are, and says what it did."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort, Provenance
from abr_model.errors import InputError
from abr_model.schema import Kind, latency_column
from abr_model.sources.checks.checks import check_import
from abr_model.sources.checks.known_imports import KnownImport
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.corrected import POOLED_AGE, Parts, labels_shifted, oldest_pooled, turned_over
from abr_model.sources.joining import join, refuse_duplicates
from abr_model.sources.part import UNITS, Given, ReadFile
from abr_model.sources.pseudonyms import load_salt
from abr_model.sources.readers.reader import companions_of
from abr_model.sources.readers.registry import READABLE, readers_of
from abr_model.sources.report import ImportReport, NothingImportedError
from abr_model.sources.stated import checked_statements, fill_missing, sentence_of
from abr_model.waves import PeakOffset, offset_from_peak

_LIMITS = {
    "sampling_rate_hz": (1_000.0, 1_000_000.0, "the sampling rate", "Hz"),
    "start_ms": (-1_000.0, 1_000.0, "the time of the first sample", "ms"),
    "label_shift_ms": (-20.0, 20.0, "the shift of the labels", "ms"),
    "level_offset_db": (-120.0, 120.0, "the offset of the levels", "dB"),
}
_UNIT_SPELLINGS = {"uV": "µV", "μV": "µV"}


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
    mapping: ColumnMapping | None = None,
    invert_polarity: bool | None = None,
    label_shift_ms: float | None = None,
    level_offset_db: float | None = None,
    known: Iterable[KnownImport] = (),
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
        ``"µV"``, ``"mV"``, ``"nV"`` or ``"V"``: unit of the samples, where the file does not state it. Its format's
        own when left out.
    stated
        What the person knows of all these recordings and a file may not say: columns of
        :data:`abr_model.sources.stated.STATABLE` → value, ``{"age_years": 25, "hearing_loss": "normal"}``. It fills
        missing cells alone; what a file says wins.
    mapping
        What the columns of a table are. It is used for every table among the files that has its columns; another table
        is read as confirmed earlier for its columns (:mod:`abr_model.sources.columns.remembered`), or not at all.
    invert_polarity
        Whether to turn every trace over (a file with vertex positive down). None: as the mapping says.
    label_shift_ms
        Added to every latency: +0.85 where labels were corrected for the tube of an insert earphone and samples were
        not. None: as the mapping says.
    level_offset_db
        Added to levels on another scale than dB nHL (peSPL). None: as the mapping says.
    known
        What was imported before (:func:`abr_model.sources.checks.known_imports.known_imports`), to notice it when it
        comes again.
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
    unit = _UNIT_SPELLINGS.get(unit, unit)
    _check(unit, sampling_rate_hz=sampling_rate_hz, start_ms=start_ms, label_shift_ms=label_shift_ms,
           level_offset_db=level_offset_db)  # fmt: skip
    given = Given(sampling_rate_hz, start_ms, unit, mapping, level_offset_db)
    stated = checked_statements(stated or {})
    chosen = readers_of(files)  # all are looked at before the first, perhaps long, reading
    salt = load_salt() if salt is None else salt
    read: list[ReadFile] = []
    for index, (path, reader) in enumerate(chosen):
        tell = _progress(on_progress, index, len(chosen), path.name)
        read.append(reader.read(path, given, salt, tell))
        tell(1.0)

    kept, applied, done = _corrected(read, invert_polarity, label_shift_ms)
    kept, filled = fill_missing(kept, stated)
    kept, pooled = oldest_pooled(kept)
    if pooled:
        done.append(f"{pooled:,} recordings: ages above {POOLED_AGE - 1:g} became {POOLED_AGE:g}")
    report = _report([path for path, _ in chosen], read, kept, stated, filled, done)
    if not kept:
        raise NothingImportedError(report)
    digests = [_digest(path, *companions_of(reader, path)) for path, reader in chosen]
    provenance = Provenance(
        kind=Kind.CLINICAL,
        source=" and ".join(sorted({file.format for file in read})),
        source_sha256=digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest(),
        details={  # no file name: it may hold a patient's
            "files": len(files),
            "files_sha256": digests,
            "given": {"sampling_rate_hz": given.sampling_rate_hz, "start_ms": given.start_ms, "unit": given.unit},
            "corrections": applied,
            "unit": units.pop() if len(units := {file.unit for file in read}) == 1 else None,
            "stated": {name: {"value": stated[name], "recordings": count} for name, count in filled.items()},
            "recordings_refused": report.recordings_refused,
            "zeros_read_as_missing": report.zeros_as_missing,
            "ages_pooled": pooled,
        }
        | ({"mapping": mapping.model_dump(mode="json", exclude_defaults=True)} if mapping else {})
        | ({"level_offset_db": level_offset_db} if level_offset_db is not None else {}),
    )
    cohort, notes = join([part for part, _ in kept], provenance)
    report = replace(report, notes=(*report.notes, *notes), wave_v=_wave_v(cohort))
    return ImportResult(cohort, replace(report, findings=tuple(check_import(cohort, report, known))))


def _check(unit: str | None, **given: float | None) -> None:
    """What the person said can be."""
    for name, value in given.items():
        low, high, title, unit_name = _LIMITS[name]
        if value is not None and not (np.isfinite(value) and low <= value <= high):
            raise InputError(f"{title} cannot be that", value=value, allowed=f"{low:g} to {high:g} {unit_name}")
    if unit is not None and unit not in UNITS:
        raise InputError("the unit of the samples is not known", value=unit, allowed=", ".join(UNITS))


def _corrected(
    read: list[ReadFile], invert: bool | None, shift_ms: float | None
) -> tuple[Parts, dict[str, float | bool], list[str]]:
    """Each trace once, turned over and its labels moved as asked; what was applied (for the provenance), and told."""
    parts = refuse_duplicates([(part, file.refusals) for file in read for part in file.parts])
    asked = {
        id(file.refusals): (
            file.invert_polarity if invert is None else invert,
            file.label_shift_ms if shift_ms is None else shift_ms,
        )
        for file in read
    }
    kept: Parts = []
    turned = moved = 0
    for part, refusals in parts:
        over, shift = asked[id(refusals)]
        some: Parts = [(part, refusals)]
        if over:
            some = turned_over(some)
            turned += len(part.rows)
        if shift:
            some, count = labels_shifted(some, shift)
            moved += count
        kept += some
    overs, shifts = {over for over, _ in asked.values()}, {shift for _, shift in asked.values()}
    applied = {
        "invert_polarity": overs == {True},
        "label_shift_ms": float(next(iter(shifts))) if len(shifts) == 1 else 0.0,
    }
    notes = []
    if turned:
        notes.append(f"{turned:,} recordings were turned over: vertex positive is up now")
    if moved:
        amounts = " and ".join(f"{shift:+g}" for shift in sorted(shifts) if shift)
        notes.append(f"the latencies of {moved:,} recordings were moved by {amounts} ms")
    return kept, applied, notes


def _progress(on_progress, index: int, count: int, name: str) -> Callable[[float], None]:
    def tell(share: float) -> None:
        if on_progress is not None:
            on_progress((index + share) / count, name)

    return tell


def _report(
    files: list[Path], read: list[ReadFile], kept: Parts, stated: dict, filled: dict[str, int], done: list[str]
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
        notes=(*_once(note for file in read for note in file.notes), *done),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _wave_v(cohort: Cohort) -> PeakOffset | None:
    """Whether the marked wave V lies on a peak: a wrong sampling rate or time zero shows here."""
    offset = offset_from_peak(cohort, "V") if cohort.table[latency_column("V")].notna().any() else None
    return offset if offset is not None and offset.n else None


def _digest(*paths: Path) -> str:
    """SHA-256 of the files one after the other: a header of the same name and size may have other samples."""
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()
