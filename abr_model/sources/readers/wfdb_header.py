"""What the header of a WFDB record says, with nothing filled in and no file named that does not lie beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from abr_model.errors import InputError
from abr_model.sources.identifying import normalised

_TAG = re.compile(r"<([^<>]{1,60})>\s*:\s*([^<]*)")
_LINE = re.compile(r"([A-Za-z][\w .()/-]{0,30}?)\s*:\s*(\S.*)")
_UNITS = {
    **dict.fromkeys(("uv", "µv", "μv", "microv", "microvolt", "microvolts"), "µV"),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), "mV"),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), "nV"),
    **dict.fromkeys(("v", "volt", "volts"), "V"),
}
DEFAULT_UNIT = "mV"
"""Unit of a gain without one (WFDB Applications Guide, header(5))."""
_BYTES = {"8": 1, "80": 1, "16": 2, "24": 3, "32": 4, "61": 2, "160": 2, "212": 1.5, "310": 4 / 3, "311": 4 / 3}
"""Bytes per sample of the formats in which it is fixed."""


@dataclass(frozen=True)
class Signal:
    """One signal of a record; ``unit`` is None where the header does not calibrate it, empty where it is no voltage."""

    position: int
    name: str
    unit: str | None
    unit_is_default: bool
    file: str
    format: str
    checksum: int | None
    samples_per_frame: int


@dataclass(frozen=True)
class Header:
    """A header as it stands: ``said`` holds the comments, key as written → text; a number left out is None.

    ``tags`` are the keys in angle brackets: names of fields, which may be shown. A key before a colon alone may be the
    start of a sentence.
    """

    path: Path
    record_name: str
    rate_hz: float | None
    samples: int
    signals: tuple[Signal, ...]
    said: dict[str, str]
    tags: frozenset[str]
    dated: bool
    free_text_lines: int

    @property
    def stem(self) -> str:
        """What wfdb calls the record: its path without ``.hea``."""
        return str(self.path.resolve().with_suffix(""))

    def field(self, *names: str) -> tuple[str | None, str | None]:
        """The first comment of one of these names (as ``normalised``): its key as written and its text."""
        for name in names:
            for key, text in self.said.items():
                if normalised(key) == name and text:
                    return key, text
        return None, None


def signal_files(text: str) -> list[str]:
    """Names of the files with samples, as the header's text has them."""
    from wfdb.io.header import rx_signal

    matches = [rx_signal.match(line) for line in _lines(text)[1:]]
    return list(dict.fromkeys(match[1] for match in matches if match and _is_plain(match[1])))


def read_header(path: Path) -> Header:
    """The header at ``path``.

    Raises
    ------
    InputError
        It is damaged, of several segments, or names files that are not there, cut off, or elsewhere.
    """
    from wfdb.io.header import rx_record, rx_signal

    name = path.name
    if path.suffix != ".hea":
        raise InputError("the name of a WFDB header must end in .hea", file=name)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError("the file cannot be read", file=name) from error
    lines = _lines(text)
    record = rx_record.match(lines[0]) if lines else None
    if record is None:
        raise InputError("the file is damaged: its record line cannot be read", file=name)
    record_name, segments, count, rate, _, _, samples, base_time, base_date = record.groups()
    if segments:
        raise InputError("a record of several segments cannot be read", file=name, allowed="one .hea for each segment")
    if not int(count or 0):
        raise InputError("the record has no signal", file=name)
    matches = [rx_signal.match(line) for line in lines[1 : 1 + int(count)]]
    if len(matches) < int(count) or not all(matches):
        raise InputError(
            "the file is damaged: not every signal is described", file=name, value=f"{sum(map(bool, matches))} signals",
            allowed=f"{int(count)} signals, as its first line says",
        )  # fmt: skip
    if not samples or not int(samples):
        raise InputError("the header does not state the number of samples", file=name)
    said, tags, free = _comments(text)
    try:
        signals = tuple(_signal(i, match.groups()) for i, match in enumerate(matches))
        rate_hz = float(rate) if rate else None
    except ValueError as error:
        raise InputError("the file is damaged: a number in it cannot be read", file=name) from error
    header = Header(path, record_name, rate_hz, int(samples), signals, said, tags, bool(base_time or base_date), free)
    _check_files(header)
    return header


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _signal(position: int, groups: tuple[str, ...]) -> Signal:
    file, fmt, per_frame, _, _, gain, _, unit, _, _, _, checksum, _, name = groups
    calibrated = bool(gain) and float(gain) != 0
    known = _UNITS.get(unit.strip().lower(), "") if unit else DEFAULT_UNIT
    return Signal(
        position, (name or "").strip(), known if calibrated else None, calibrated and not unit, file, fmt,
        int(checksum) if checksum else None, int(per_frame) if per_frame else 1,
    )  # fmt: skip


def _comments(text: str) -> tuple[dict[str, str], frozenset[str], int]:
    """``<Key>: text`` and ``Key: text`` of the comment lines, the keys of the first kind, and how many lines are
    neither."""
    said, keys, free = {}, set(), 0
    for line in text.splitlines():
        if not line.strip().startswith("#"):
            continue
        comment = line.strip().lstrip("#").strip()
        if tags := _TAG.findall(comment):
            for key, value in tags:
                said.setdefault(key.strip(), value.strip())
                keys.add(key.strip())
        elif match := _LINE.fullmatch(comment):
            said.setdefault(match[1].strip(), match[2].strip())
        elif comment:
            free += 1
    return said, frozenset(keys), free


def _is_plain(name: str) -> bool:
    """Whether it names a file beside the header: no path, no address, nothing that a file system layer interprets."""
    return re.fullmatch(r"[\w][\w.-]*", name) is not None


def _check_files(header: Header) -> None:
    """Every file of samples lies beside the header and is long enough."""
    for name in dict.fromkeys(signal.file for signal in header.signals):
        if not _is_plain(name):
            raise InputError("the header names a file elsewhere", file=header.path.name, allowed="a file beside it")
        path = header.path.with_name(name)
        if not path.is_file():
            raise InputError("the file with the samples is missing", file=header.path.name, allowed=f"{name} beside it")
        signals = [signal for signal in header.signals if signal.file == name]
        size = _BYTES.get(signals[0].format)
        if size is None:
            continue
        needed = header.samples * sum(signal.samples_per_frame for signal in signals) * size
        if path.stat().st_size < int(needed):
            raise InputError(
                "the file with the samples is cut off", file=name, value=f"{path.stat().st_size:,} bytes",
                allowed=f"{int(needed):,} bytes, as its header says",
            )  # fmt: skip
