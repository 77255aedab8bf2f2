"""A first guess at what the columns of a table are, by their names and cells, for a person to correct."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from abr_model.schema import COLUMNS_BY_NAME, WAVES, amplitude_column, latency_column, response_column
from abr_model.sources.columns.class_words import known_words
from abr_model.sources.columns.mapping import UNIT_OF, ColumnMapping, SampleColumns, numbered_columns
from abr_model.sources.columns.vocabulary import (
    AGE_UNITS,
    AMPLITUDE_WORDS,
    COLUMN_WORDS,
    FILLERS,
    LATENCY_WORDS,
    RESPONSE_WORDS,
    SAMPLING_RATE_WORDS,
    UNITS,
    WAVE_NAMES,
)
from abr_model.sources.identifying import normalised
from abr_model.sources.sheets.cells import parse_number

FEWEST_SAMPLES = 16
"""A trace of fewer samples is none: so many numbered or neighbouring columns are taken for one."""
SURE, LIKELY, UNSURE = 0.95, 0.7, 0.4
ZERO_IS_MISSING = (
    *("stimulus_rate_per_s", "sweeps_accepted", "residual_noise_nv"),
    *(latency_column(wave) for wave in WAVES),
)
"""No stimulus, no sweep, no noise and a peak at the stimulus' onset cannot be measurements. A level, an age, an Fmp of
0 can."""
_CODES_FOR_MISSING = (-1.0, -9.0, -99.0, -999.0, 99.0, 999.0, 9999.0)
_TYPICAL_SD_UV = 0.15
_SIZES = {  # unit → what a number of it usually lies between
    "latency_unit": {"ms": (0.5, 25), "s": (0.0005, 0.025), "µs": (500, 25_000)},
    "amplitude_unit": {"µV": (0.01, 5), "nV": (5, 5_000), "mV": (1e-5, 0.005)},
    "residual_noise_unit": {"nV": (1, 1_000), "µV": (1e-4, 1)},
}


@dataclass(frozen=True)
class Guess:
    """A mapping and how sure it is.

    ``mapping`` is None where no samples were found. ``confidence`` has 0 to 1 for each guessed column of a cohort and
    each guessed field of the mapping (``"samples"``, ``"waveform_unit"``, …): 0.95 an exact name, 0.7 a likely one, 0.4
    look twice. ``hints`` are sentences on what the names suggest and a person must say: sampling rate, dB of what.
    """

    mapping: ColumnMapping | None
    confidence: dict[str, float] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)


def guess_mapping(header: list[str], rows: list[list[str | None]], decimal: str = ".") -> Guess:
    """What the columns of a table may be.

    Parameters
    ----------
    header
        [columns] names as in the file.
    rows
        [n][columns] the first rows as text (None = empty); a cell that is a list begins with ``[``.
    decimal
        Decimal sign of the file.
    """
    names = [_Name.of(name) for name in header]
    cells = [[row[i] if i < len(row) else None for row in rows] for i in range(len(header))]
    numbers = [_numbers(column, decimal) for column in cells]
    samples, sample_columns, confidence, hints = _samples(header, names, cells, numbers)
    found: dict[str, tuple[float, int]] = {}
    for position, name in enumerate(names):
        if position in sample_columns:
            continue
        column, score = _column_of(name)
        if column is None:
            continue
        score *= _fit(column, cells[position], numbers[position])
        if score >= 0.2 and score > found.get(column, (0.0, 0))[0]:
            found[column] = (score, position)
    rate = found.pop("sampling_rate", None)
    if samples is None:
        return Guess(None, {name: score for name, (score, _) in found.items()}, hints)

    positions = {name: position for name, (_, position) in found.items()}
    confidence |= {name: round(score, 2) for name, (score, _) in found.items()}
    units = {}
    for name, position in positions.items():
        if name in UNIT_OF and UNIT_OF[name] not in units:
            units[UNIT_OF[name]], confidence[UNIT_OF[name]] = _unit(UNIT_OF[name], names[position], numbers[position])
    waveform = np.array([numbers[p] for p in sorted(sample_columns)]) if samples.list_column is None else None
    unit, confidence["waveform_unit"] = _waveform_unit([names[p] for p in sample_columns], waveform)
    if "intensity_db_nhl" in positions and "spl" in normalised(header[positions["intensity_db_nhl"]]):
        hints["level_offset_db"] = "the name of the level's column says SPL: dB nHL is lower by about 30 dB for a click"
    missing = {name: codes for name, p in positions.items() if (codes := _missing_codes(name, numbers[p]))}
    mapping = ColumnMapping(
        columns={name: header[p] for name, p in positions.items()},
        samples=samples,
        sampling_rate_column=None if rate is None else header[rate[1]],
        waveform_unit=unit,
        missing_values=missing,
        **units,
    )
    return Guess(mapping, confidence, hints)


def column_named(name: str) -> tuple[str | None, float]:
    """The cohort's column that a column's name means (None: none), and how sure that is, 0 to 1."""
    return _column_of(_Name.of(name))


def age_unit_of(name: str) -> str:
    """Unit of an age by the name of its column, ``"years"`` where that says none."""
    return _unit("age_unit", _Name.of(name), np.empty(0))[0]


@dataclass(frozen=True)
class _Name:
    """A column's name without its unit: ``"V latency [ms]"`` → ``"v latency"`` and ``"ms"``."""

    bare: str
    unit: str

    @classmethod
    def of(cls, name: str) -> _Name:
        bracket = re.search(r"[(\[{]([^)\]}]*)[)\]}]\s*$", name)
        unit = normalised(bracket.group(1)) if bracket else ""
        text = name[: bracket.start()] if bracket else name
        words = normalised(re.sub(r"(?<=[a-zà-ÿ]{2})(?=[A-Z])", " ", text)).split()  # latV, StimRate, not nHL
        if not unit and len(words) > 1 and words[-1] in UNITS and words[-1] not in ("v", "s"):
            unit = words.pop()
        return cls(" ".join(words) or unit, unit)


def _column_of(name: _Name) -> tuple[str | None, float]:
    """The cohort's column that a name means, and how sure that is."""
    wave = _wave_label(name)
    if wave is not None:
        return wave
    bare = name.bare
    for column, words in COLUMN_WORDS.items():
        if bare in words or (name.unit and f"{bare} {name.unit}" in words):
            return column, SURE
    if bare in SAMPLING_RATE_WORDS:
        return "sampling_rate", SURE
    if bare == "id":
        return "patient_id", UNSURE
    tokens, best = bare.split(), (None, 0.0, 0)
    for column, words in COLUMN_WORDS.items():
        for word in words:
            parts = word.split()
            inside = any(tokens[i : i + len(parts)] == parts for i in range(len(tokens) - len(parts) + 1))
            if inside and len(word) > max(2, best[2]) and len(tokens) <= len(parts) + 3:
                best = (column, LIKELY if len(parts) > 1 else UNSURE, len(word))
    return best[:2]


def _wave_label(name: _Name) -> tuple[str, float] | None:
    """``"lat_V"``, ``"Wave 5 latency"``, ``"V [ms]"``, ``"Amplitude III"``; not ``"I-V latency"``, an interval."""
    text = re.sub(r"\b(wave|w|j|p|jewett) ?(?=(iii|i|v|1|3|5)\b)", "", name.bare)
    text = re.sub(r"\b(lat|amp)(?=(iii|i|v|1|3|5)\b)", r"\1 ", text)
    tokens = text.split()
    waves = [wave for token in tokens for wave, words in WAVE_NAMES.items() if token in words]
    if len(waves) != 1:
        return None
    rest = [t for t in tokens if t not in WAVE_NAMES[waves[0]] and t not in FILLERS]
    for words, column in (
        (LATENCY_WORDS, latency_column(waves[0])),
        (AMPLITUDE_WORDS, amplitude_column(waves[0])),
        (RESPONSE_WORDS, response_column(waves[0])),
    ):
        if any(t in words for t in rest):
            others = [t for t in rest if t not in words]
            return (column, SURE) if not others else (column, UNSURE)
    if not rest and name.unit in ("ms", "us", "µs", "s"):
        return latency_column(waves[0]), LIKELY
    if not rest and name.unit in ("uv", "µv", "nv", "mv"):
        return amplitude_column(waves[0]), LIKELY
    return None


def _numbers(cells: list[str | None], decimal: str) -> np.ndarray:
    """[n] numbers; NaN where empty, infinite where the cell is no number."""
    values = [parse_number(cell, decimal) for cell in cells]
    return np.array([np.inf if v is None else v for v in values], dtype=np.float64)


def _fit(column: str, cells: list[str | None], numbers: np.ndarray) -> float:
    """How well the cells agree with the column: 1 all, 0 none; empty cells say nothing."""
    filled = [cell.strip().casefold() for cell in cells if cell and cell.strip()]
    if not filled:
        return 0.8
    if column == "patient_id":
        return 1.0 if len(set(filled)) < len(filled) else 0.8  # several recordings a patient are usual
    if column == "sampling_rate":
        return float(np.mean((numbers >= 1_000) & (numbers <= 1e6)))
    schema = COLUMNS_BY_NAME[column]
    if schema.kind == "class":
        known = known_words(column)
        return max(0.5, float(np.mean([word in known for word in filled])))
    if schema.kind == "text":
        return 0.6 if np.isfinite(numbers).all() else 1.0
    return float(np.mean(~np.isinf(numbers)))


def _samples(header, names, cells, numbers) -> tuple[SampleColumns | None, set[int], dict, dict]:
    """Where the samples are: a list, numbered columns, columns named by their time, or a long run of numbers."""
    usable = [bool(np.isfinite(n).any()) and not np.isinf(n).any() for n in numbers]
    lists = [i for i, column in enumerate(cells) if any(cell and cell.startswith("[") for cell in column)]
    if lists:
        return SampleColumns(list_column=header[lists[0]]), {lists[0]}, {"samples": SURE}, {}
    prefixes = {m.group(1) for name in header if (m := re.fullmatch(r"(.*?)\d{1,7}", name.strip()))}
    best: tuple[int, str] = (0, "")
    for prefix in sorted(prefixes):
        found = numbered_columns(header, prefix)
        consecutive = len(found) >= FEWEST_SAMPLES and max(found) - min(found) + 1 == len(found)
        if consecutive and sum(usable[p] for p in found.values()) > 0.5 * len(found) and len(found) > best[0]:
            best = (len(found), prefix)
    if best[0]:
        taken = set(numbered_columns(header, best[1]).values())
        return SampleColumns(prefix=best[1]), taken, {"samples": SURE}, {}
    times = [_time(name) for name in header]
    run = _longest_run(
        [t is not None and (i == 0 or times[i - 1] is None or t > times[i - 1]) for i, t in enumerate(times)]
    )
    if len(run) >= FEWEST_SAMPLES:
        steps = np.diff([times[i] for i in run])
        hints = {}
        if np.allclose(steps, steps.mean(), rtol=0.2):
            rate, start = 1000 * (len(run) - 1) / (times[run[-1]] - times[run[0]]), times[run[0]]
            said = f"the names of the sample columns, read as ms, say {rate:,.0f} Hz from {start:g} ms on"
            hints = {"sampling_rate_hz": said, "start_ms": said}
        return SampleColumns(first=header[run[0]], last=header[run[-1]]), set(run), {"samples": LIKELY}, hints
    free = [ok and _column_of(name)[0] is None for ok, name in zip(usable, names, strict=True)]
    run = _longest_run(free)
    if len(run) >= 2 * FEWEST_SAMPLES:
        return SampleColumns(first=header[run[0]], last=header[run[-1]]), set(run), {"samples": UNSURE}, {}
    return None, set(), {}, {}


def _time(name: str) -> float | None:
    found = re.fullmatch(r"[a-zA-Z_ ]{0,6}?(-?\d+(?:[.,]\d+)?) *(?:ms)?", name.strip())
    return float(found.group(1).replace(",", ".")) if found else None


def _longest_run(flags: list[bool]) -> list[int]:
    best, current = [], []
    for i, flag in enumerate([*flags, False]):
        current = [*current, i] if flag else []
        best = max(best, current, key=len)
    return best


def _unit(field_: str, name: _Name, numbers: np.ndarray) -> tuple[str, float]:
    """Unit of a column: from its name, else from the size of its numbers, else that of a cohort."""
    if field_ == "age_unit":
        words = {name.unit, *name.bare.split()}
        stated = next((unit for unit, names in AGE_UNITS.items() if words & set(names)), None)
        return (stated, SURE) if stated else ("years", LIKELY)
    stated = UNITS.get(name.unit)
    if stated in _SIZES[field_]:
        return stated, SURE
    values = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    default = next(iter(_SIZES[field_]))
    if len(values):
        for unit, (low, high) in _SIZES[field_].items():
            if low <= np.median(values) <= high:
                return unit, LIKELY if unit == default else UNSURE
    return default, UNSURE


def _waveform_unit(names: list[_Name], values: np.ndarray | None) -> tuple[str | None, float]:
    """Unit of the samples: from the names of their columns, else from how much they vary (0.15 µV is usual)."""
    for name in names[:3]:
        words = [UNITS[w] for w in (name.unit, *name.bare.split()) if w in UNITS and w != "v"]
        if words and words[0] in ("µV", "nV", "mV"):
            return words[0], SURE
    if values is None or not np.isfinite(values).any():
        return None, 0.0
    values = np.where(np.isfinite(values), values, np.nan)
    with np.errstate(all="ignore"):
        spread = float(np.nanmedian(np.nanstd(values, axis=0)))
    if not spread > 1e-9 * np.nanmax(np.abs(values), initial=0.0):
        return None, 0.0
    sizes = {"µV": 1.0, "nV": 1e-3, "mV": 1e3, "V": 1e6}
    unit = min(sizes, key=lambda u: abs(np.log10(spread * sizes[u] / _TYPICAL_SD_UV)))
    return unit, LIKELY if unit == "µV" else UNSURE


def _missing_codes(column: str, numbers: np.ndarray) -> tuple[str, ...]:
    """Values of a number column that stand for missing: 0 where it cannot be measured, and codes out of its range."""
    schema = COLUMNS_BY_NAME[column]
    if schema.kind != "number":
        return ()
    codes = [0.0] if column in ZERO_IS_MISSING else []
    outside = {float(n) for n in numbers if np.isfinite(n) and not schema.minimum <= n <= schema.maximum}
    return tuple(f"{code:g}" for code in [*codes, *(c for c in _CODES_FOR_MISSING if c in outside)])
