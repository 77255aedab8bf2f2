"""Text exports of Bio-logic Navigator Pro, made by AEPtoASCII: four rows of quoted cells, then one sample a line.

The layout is that of two published exports (Brainstem Toolbox 2013, ``sample_files/bt_gui_biomark``). The layout with
a title above each cell, which another version of AEPtoASCII writes, is recognised and refused.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from abr_model.errors import InputError
from abr_model.sources.part import UNITS, Given, ReadFile
from abr_model.sources.readers.reader import Tell
from abr_model.sources.readers.sound_level import levels_in_db_nhl
from abr_model.sources.readers.traces import Trace, parts_of, samples_of
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import encoding_of, parse_number, start_of_text

FORMAT = "Bio-logic Navigator Pro text export (AEPtoASCII)"
ENDINGS = (".txt",)

_MARKS = re.compile(r'^\s*"Chan \d+ Bank \d+"', re.MULTILINE)
_ACQUISITION = re.compile(r'^"[^"\n]*"\t"[^"\n]*"\t"\d+"\t"[\d.,]+"\t"\d+"\t"-?[\d.,]+"\t', re.MULTILINE)
_WITH_TITLES = re.compile(r'"?Pre/Post[^\n]*Blocked|"?Patient ID"?[,\t]', re.IGNORECASE)
_HEADER_ROWS = 4
_SHORTEST = (6, 8, 6, 1)
"""Cells that each header row has at least."""
_EPOCH, _POINTS, _BEFORE = "epoch (ms)", "points", "time before the stimulus (ms)"
_NAMES = {
    "ear": "ear",
    "sex": "sex",
    "stimulus_type": "stimulus",
    "stimulus_polarity": "polarity",
    "stimulus_rate_per_s": "rate",
    "intensity_db_nhl": "level",
    "age_years": "birth date, test date",
}
_SAMPLES = "samples"
_DAYS_PER_YEAR = 365.25


@dataclass
class _Block:
    """One recording of the file: its header rows and its lines of samples, as text."""

    header: list[list[str]]
    samples: list[str]


def recognises(path: Path, start: bytes) -> bool:
    """Whether the file is an AEPtoASCII export, in whichever of its layouts."""
    text = start_of_text(start)
    titles = _WITH_TITLES.search(text) and '"' in text and "Chan" in text
    return bool(_MARKS.search(text) or _ACQUISITION.search(text) or titles)


def read(path: Path, given: Given, salt: bytes, tell: Tell | None = None) -> ReadFile:
    """Read all recordings of one file, from the stimulus on, in µV.

    The sampling rate is points / epoch. The age is worked out from birth date and test date, which are dropped. The
    marks carry no name of a wave, so no label is taken from them.

    Raises
    ------
    InputError
        The file is laid out otherwise, or holds no recording.
    """
    blocks = _blocks(path)
    refusals = Refusals(path.name)
    stimuli = [_cell(block, 2, 4) for block in blocks]
    levels, notes = levels_in_db_nhl(
        stimuli, None, range(1, len(blocks) + 1), _NAMES["intensity_db_nhl"], given, refusals
    )
    factor = UNITS[given.unit or "µV"]
    traces, ages = [], []
    for row, (block, level) in enumerate(zip(blocks, levels, strict=True), start=1):
        if not block.samples:
            refusals.add(row, _SAMPLES, None, "the recording has no samples: the file may be cut off")
            continue
        sampling = _sampling(block, row, refusals)
        samples = samples_of(block.samples, row, _SAMPLES, refusals)
        if sampling is None or samples is None:
            continue
        points, rate_hz, start_ms = sampling
        if len(samples) != points:
            reason = f"the header says {points:,} points, the file has {len(samples):,}: it may be cut off"
            refusals.add(row, _SAMPLES, str(len(samples)), reason)
            continue
        age = age_at_test(_cell(block, 0, 3), _cell(block, 0, 5))
        ages.append(age)
        cells = {
            "ear": _cell(block, 2, 0),
            "sex": _cell(block, 0, 4),
            "stimulus_type": _without_path(_cell(block, 2, 2)),
            "stimulus_polarity": _cell(block, 2, 3),
            "stimulus_rate_per_s": _cell(block, 2, 5),
        }
        identifier = "\t".join(cell.strip().casefold() for cell in block.header[0][:4])
        numbers = {"intensity_db_nhl": level, "age_years": age}
        traces.append(Trace(row, samples * factor, rate_hz, start_ms, identifier, cells, numbers))
        if tell:
            tell(row / len(blocks))
    parts, done = parts_of(traces, _NAMES, _SAMPLES, refusals, salt)
    return ReadFile(
        FORMAT,
        parts,
        refusals,
        identifying_columns=("patient's name", "patient's number", "birth date", "test date", "protocol or file name"),
        unused_columns=("transducer", "masking", "marks"),
        notes=(*notes, *done, *_notes(blocks, ages, given)),
    )


def _notes(blocks: list[_Block], ages: list[float], given: Given) -> list[str]:
    notes = [
        "Navigator Pro marks carry no name of a wave, and its text export no sweeps, Fmp and hearing loss: missing"
    ]
    if given.unit is None:
        notes.append("AEPtoASCII does not state the unit of the samples: µV, as in its published exports")
    if given.sampling_rate_hz is not None or given.start_ms is not None:
        notes.append("the sampling rate and time zero given were not used for Navigator Pro: the file states its own")
    if any("insert" in (_cell(block, 2, 1) or "").casefold() for block in blocks):
        notes.append(
            "recorded with insert earphones: time zero is at the transducer, so peaks of the traces come later than "
            "Navigator's own marks by the delay of the tube (0.80 ms in its published exports)"
        )
    if unknown := int(np.isnan(ages).sum()):
        notes.append(
            f"age is missing in {unknown:,} recordings: birth date and test date do not say which day is meant"
        )
    return notes


def _blocks(path: Path) -> list[_Block]:
    """The recordings of the file, one after the other."""
    blocks: list[_Block] = []
    try:
        text = path.read_text(encoding=encoding_of(path))
        for line in text.splitlines():
            if not line.strip():
                continue
            if line.lstrip().startswith('"'):
                if not blocks or blocks[-1].samples:
                    blocks.append(_Block([], []))
                blocks[-1].header.append(next(csv.reader([line.strip()], delimiter="\t")))
            elif not blocks:
                raise _other_layout(path, "the file begins with something else than a header row")
            else:
                blocks[-1].samples.append(line.strip())
    except (csv.Error, UnicodeError) as error:
        raise InputError("the file is damaged: its lines cannot be read", file=path.name) from error
    except OSError as error:
        raise InputError("the file cannot be read", file=path.name) from error
    for number, block in enumerate(blocks, start=1):
        cut_off = number == len(blocks) > 1 and not block.samples  # its recording is refused, the others are read
        if (problem := _misfit(block)) and not cut_off:
            raise _other_layout(path, problem, row=number)
    return blocks


def _misfit(block: _Block) -> str | None:
    """What in a recording is not of the layout that is understood."""
    if len(block.header) != _HEADER_ROWS:
        return f"the recording has {len(block.header)} header rows"
    for number, (cells, shortest) in enumerate(zip(block.header, _SHORTEST, strict=True), start=1):
        if len(cells) < shortest:
            return f"header row {number} has {len(cells)} cells"
    if not re.fullmatch(r"Chan \d+ Bank \d+", block.header[3][0].strip()):
        return "header row 4 does not begin with a channel and a bank"
    if any("\t" in line or '"' in line for line in block.samples[:1]):
        return "a line holds several samples"
    return None


def _other_layout(path: Path, problem: str, row: int | None = None) -> InputError:
    return InputError(
        f"this layout of AEPtoASCII is not understood: {problem}",
        file=path.name,
        row=row,
        allowed="per recording four header rows of quoted cells with tabs between them (patient; epoch, points and "
        "time before the stimulus; ear, stimulus, level and rate; marks), then one sample a line",
    )


def _cell(block: _Block, row: int, column: int) -> str | None:
    cells = block.header[row] if row < len(block.header) else []
    return (cells[column].strip() or None) if column < len(cells) else None


def _without_path(stimulus: str | None) -> str | None:
    """The name of the stimulus; that of a custom one is a path on the clinic's machine, which may name a person."""
    return None if stimulus and re.search(r"[\\/]", stimulus) else stimulus


def _sampling(block: _Block, row: int, refusals: Refusals) -> tuple[int, float, float] | None:
    """Points, sampling rate in Hz and time of the first sample in ms; None, and told, where they cannot be."""
    epoch_ms, points, before_ms = (parse_number(_cell(block, 1, column), ",") for column in (3, 4, 5))
    for name, number, column, possible in (
        (_EPOCH, epoch_ms, 3, lambda n: 0 < n <= 10_000),
        (_POINTS, points, 4, lambda n: 2 <= n <= 1e6 and n == int(n)),
        (_BEFORE, before_ms, 5, lambda n: abs(n) <= 1000),
    ):
        if number is None or np.isnan(number) or not possible(number):
            refusals.add(row, name, _cell(block, 1, column), "the header does not say it as a number that can be")
    if row in refusals.rows:
        return None
    return int(points), 1000 * points / epoch_ms, before_ms


def age_at_test(birth: str | None, test: str | None) -> float:
    """Age in years from two dates; NaN where they cannot be read or either order of day and month fits both.

    Bio-logic writes dates as the machine does: month first where the time says AM or PM or a second number is above
    12, day first where a first number is above 12.
    """
    if not birth or not test:
        return np.nan
    dates = [re.match(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b", text) for text in (birth, test)]
    if not all(dates):
        return np.nan
    numbers = [tuple(int(n) for n in match.groups()) for match in dates]
    month_first = re.search(r"\b[AP]M\b", test) is not None or any(second > 12 for _, second, _ in numbers)
    day_first = any(first > 12 for first, _, _ in numbers)
    if month_first == day_first:
        return np.nan
    try:
        born, tested = (
            datetime(year, first, second) if month_first else datetime(year, second, first)
            for first, second, year in numbers
        )
    except ValueError:
        return np.nan
    return (tested - born).days / _DAYS_PER_YEAR
