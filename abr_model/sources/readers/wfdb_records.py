"""Records of PhysioNet's WFDB format (``.hea`` and ``.dat``): trials one after the other, or an average.

Made for ``earndb`` and ``earh`` (Silva & Epstein 2010, doi:10.1121/1.3397457) and for averages of any system. Only
files beside the header are read; nothing is fetched.
"""

from __future__ import annotations

import re
from pathlib import Path

from abr_model.errors import InputError
from abr_model.sources.identifying import is_identifying
from abr_model.sources.part import UNITS, Given, ReadFile
from abr_model.sources.readers.reader import OPTIONS, NotStatedError, Tell
from abr_model.sources.readers.sound_level import LEVEL, NHL, SPL, levels_in_db_nhl
from abr_model.sources.readers.traces import Trace, parts_of
from abr_model.sources.readers.wfdb_header import DEFAULT_UNIT, Header, Signal, read_header, signal_files
from abr_model.sources.readers.wfdb_trials import TRIAL_KEYS, Average, Trials, average_of_trials, is_earndb, trials_of
from abr_model.sources.report import Refusals
from abr_model.sources.sheets.cells import start_of_text

FORMAT = "PhysioNet WFDB record"
ENDINGS = (".hea",)

_RECORD_LINE = re.compile(r"[-\w]+(/\d+)?[ \t]+\d+([ \t]+\d|$)")
_SIGNAL_LINE = re.compile(r"(?:[\w.-]*[A-Za-z][\w.-]*|~)[ \t]+\d+(x\d+)?(:\d+)?(\+\d+)?([ \t]|$)")
_NO_NEURAL_RESPONSE = re.compile(r"oae|emission|\bmic|stim|trig|sound|audio|pressure|ecg|resp", re.IGNORECASE)
_EVOKED = re.compile(r"abr|evoked|\bep\b|\baep|\bbaep|\bbera|eeg|electrode", re.IGNORECASE)
_LEVELS = (("nhl", NHL), ("db nhl", NHL), ("spl", SPL), ("pespl", "dB peSPL"), ("level", None), ("intensity", None))
_SUBJECT = ("subject", "subject id", "patient", "patient id", "listener", "participant", "id")
_FIELDS = {
    "ear": ("ear", "side"),
    "age_years": ("age",),
    "sex": ("sex", "gender"),
    "hearing_loss": ("hearing loss",),
    "stimulus_type": ("stimulus", "stimulus type"),
    "stimulus_polarity": ("polarity", "stimulus polarity"),
    "stimulus_rate_per_s": ("rate", "stimulus rate"),
}
_SWEEPS = ("sweeps", "averages", "trials", "number of sweeps", "number of trials")
_ONSET = ("stimulus onset",)


def recognises(path: Path, start: bytes) -> bool:
    """Whether the file is the header of a WFDB record."""
    lines = [line.strip() for line in start_of_text(start).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    described = any(_SIGNAL_LINE.match(line) for line in lines[1:])
    if path.suffix == ".hea":
        return described or bool(lines and _RECORD_LINE.match(lines[0]))
    return described and _RECORD_LINE.match(lines[0]) is not None


def companions(path: Path) -> tuple[Path, ...]:
    """The files with the samples."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(path.with_name(name) for name in signal_files(text))


def read(path: Path, given: Given, salt: bytes, tell: Tell | None = None) -> ReadFile:
    """Read one record: the mean of its trials, from the stimulus on, in µV; one per level where signals name levels.

    Accepted sweeps are the trials averaged; the residual noise is the RMS of the ± reference. Levels in dB SPL: see
    :func:`~abr_model.sources.readers.sound_level.levels_in_db_nhl`.

    Raises
    ------
    NotStatedError
        The header does not state the sampling rate, when the stimulus comes, or what the samples' unit is.
    InputError
        Header or samples are damaged or missing, or the record is too long for one trial and does not say their length.
    """
    tell = tell or (lambda share: None)
    header = read_header(path)
    rate_hz = header.rate_hz or given.sampling_rate_hz
    if rate_hz is None:
        raise _not_stated("sampling_rate_hz", "the header does not state the sampling rate", path)
    trials = trials_of(header, rate_hz)
    start_ms = _start_ms(header, rate_hz, given)
    chosen, notes = _chosen(header)
    level_key, texts, scale = _levels(header, chosen)
    refusals = Refusals(path.name)
    rows = range(1, len(chosen) + 1)
    levels, level_notes = levels_in_db_nhl(texts, scale, rows, level_key, given, refusals)
    found = {column: header.field(*names) for column, names in _FIELDS.items()}
    subject_key, identifier, subject_notes = _subject(header)
    traces = []
    for row, signal, level in zip(rows, chosen, levels, strict=True):
        unit = signal.unit or given.unit
        if unit is None:
            raise _not_stated("unit", "the header does not calibrate the signal", path)
        share = lambda done, row=row: tell((row - 1 + done) / len(chosen))  # noqa: E731
        average = average_of_trials(header, signal, trials, share)
        if not average.used:
            refusals.add(row, "samples", None, "every trial has a missing sample")
            continue
        cells = {column: text for column, (_, text) in found.items()}
        cells |= _sweeps(header, trials, average)
        numbers = {"intensity_db_nhl": level}
        if trials.known and cells["stimulus_rate_per_s"] is None:
            numbers["stimulus_rate_per_s"] = rate_hz / trials.samples
            del cells["stimulus_rate_per_s"]
        half = None if average.half_difference is None else average.half_difference * UNITS[unit]
        traces.append(Trace(row, average.mean * UNITS[unit], rate_hz, start_ms, identifier, cells, numbers, half))
        notes += _average_notes(signal, trials, average, given)
    named = found | {"sweeps_accepted": header.field(*_SWEEPS), "intensity_db_nhl": (level_key, None)}
    names = {"sweeps_rejected": "trials"} | {column: key or "trials" for column, (key, _) in named.items()}
    parts, done = parts_of(traces, names, "samples", refusals, salt)
    used = {subject_key, level_key, *(key for key, _ in found.values()), *_used_keys(header)}
    others = [key for key in header.said if key not in used]
    fields = [key for key in others if key in header.tags]
    personal = [key for key in fields if is_identifying(key)]
    dropped = [*([subject_key] if subject_key else ["record name"]), *personal]
    dropped += ["recording date"] * header.dated + ["free text"] * (header.free_text_lines > 0 or fields != others)
    return ReadFile(
        FORMAT,
        parts,
        refusals,
        identifying_columns=tuple(dropped),
        unused_columns=tuple(key for key in fields if key not in personal),
        absent_columns=tuple(column for column in ("ear", "age_years", "sex") if found[column][0] is None),
        notes=tuple(dict.fromkeys((*level_notes, *notes, *subject_notes, *done, *_given_notes(header, given)))),
    )


def _not_stated(what: str, problem: str, path: Path, allowed: str | None = None) -> NotStatedError:
    return NotStatedError(what, problem, file=path.name, allowed=allowed or OPTIONS[what])


def _start_ms(header: Header, rate_hz: float, given: Given) -> float:
    """Time of a trial's first sample, from a comment ``<Stimulus onset>: 18 ms`` or from the person."""
    key, text = header.field(*_ONSET)
    if key is not None:
        match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*(ms|s|samples)", text)
        if match is None:
            raise InputError("the stimulus onset cannot be read", file=header.path.name, column=key, allowed="'18 ms'")
        factor = {"ms": 1.0, "s": 1000.0, "samples": 1000.0 / rate_hz}[match[2]]
        return -float(match[1]) * factor + 0.0
    if given.start_ms is not None:
        return given.start_ms
    hint = "; in earndb and earh the stimulus comes about 18 ms into a trial: -18" if is_earndb(header) else ""
    raise _not_stated(
        "start_ms", "the header does not state when the stimulus comes", header.path, OPTIONS["start_ms"] + hint
    )


def _chosen(header: Header) -> tuple[list[Signal], list[str]]:
    """The signals that are recordings: those that name a level, else the one with the evoked potential, else the first.

    Names of signals are not shown: they are free text.
    """
    volts = [s for s in header.signals if s.unit != "" and not _NO_NEURAL_RESPONSE.search(s.name)]
    if not volts:
        raise InputError(
            "the record holds no evoked potential: by name or unit its signals are something else",
            file=header.path.name, allowed="a signal in µV, mV, nV or V",
        )  # fmt: skip
    if any(signal.samples_per_frame != 1 for signal in volts):
        raise InputError("a signal with several samples per frame cannot be read", file=header.path.name)
    evoked = [signal for signal in volts if _EVOKED.search(signal.name)]
    with_level = [signal for signal in evoked or volts if _level_in(signal)]
    if len(with_level) > 1:
        return with_level, [f"each of {len(with_level)} signals names a level: every one became a recording"]
    signal = (evoked or volts)[0]
    if len(header.signals) == 1:
        return [signal], []
    why = "its name says an evoked potential" if evoked else "no name says an evoked potential, and it is the first"
    return [signal], [f"signal {signal.position + 1} of {len(header.signals)} was read: {why}"]


def _level_in(signal: Signal) -> str | None:
    match = re.search(rf"(?<![\w.]){LEVEL.pattern}(?!\w)", signal.name, re.IGNORECASE)
    return match[0] if match and "db" in match[0].lower() else None


def _levels(header: Header, chosen: list[Signal]) -> tuple[str, list[str | None], str | None]:
    """Where the level stands, its text for each recording, and the scale that the field names."""
    if len(chosen) > 1:
        return "signal name", [_level_in(signal) for signal in chosen], None
    for name, scale in _LEVELS:
        key, text = header.field(name)
        if key is not None:
            return key, [text], scale
    return "level", [None], None


def _subject(header: Header) -> tuple[str | None, str, list[str]]:
    """Comment with the subject, their identifier, and what to tell."""
    key, text = header.field(*_SUBJECT)
    if key is not None:
        return key, text, []
    if match := re.match(r"([A-Za-z]+\d+)evoked", header.record_name):
        return None, match[1], ["the subject is the start of the record's name, as in earndb"]
    return None, header.record_name, [
        "the header names no subject: each record counts as one, also where several are of the same person – add a "
        "comment line '# <Subject>: …' to the headers, or the same person may stand in both parts of a split"
    ]  # fmt: skip


def _sweeps(header: Header, trials: Trials, average: Average) -> dict[str, str | None]:
    if trials.known:
        return {"sweeps_accepted": str(average.used), "sweeps_rejected": str(average.left_out)}
    return {"sweeps_accepted": header.field(*_SWEEPS)[1]}


def _used_keys(header: Header) -> list[str | None]:
    return [header.field(*names)[0] for names in (_SWEEPS, _ONSET, TRIAL_KEYS)]


def _average_notes(signal: Signal, trials: Trials, average: Average, given: Given) -> list[str]:
    notes = []
    if trials.known:
        notes.append(
            f"each recording is the plain mean of its trials of {trials.samples:,} samples, nothing rejected or "
            "weighted; the stimulus rate is one per trial where the header states none"
        )
    elif trials.count == 2:
        notes.append("two blocks in a record were taken as two half-averages: their mean, and sweeps are missing")
    if average.left_out:
        notes.append(f"{average.left_out:,} trials with a missing sample were left out")
    if trials.rest:
        notes.append(f"the last {trials.rest:,} samples of a record make no whole trial and were left out")
    if average.checksum_differs:
        notes.append("the samples do not add up to the checksum of their header: they may be damaged, or another's")
    if signal.unit_is_default:
        notes.append(f"the header states a gain without a unit: {DEFAULT_UNIT}, as the WFDB format says")
    if signal.unit and given.unit not in (None, signal.unit):
        notes.append(f"the unit given ({given.unit}) was not used for WFDB: the header states {signal.unit}")
    return notes


def _given_notes(header: Header, given: Given) -> list[str]:
    notes = ["WFDB records state no Fmp and no wave labels: they are missing"]
    if given.sampling_rate_hz is not None and header.rate_hz not in (None, given.sampling_rate_hz):
        notes.append("the sampling rate given was not used for WFDB: the header states its own")
    if given.start_ms is not None and header.field(*_ONSET)[0] is not None:
        notes.append("the time of the first sample given was not used for WFDB: the header states the stimulus onset")
    return notes
