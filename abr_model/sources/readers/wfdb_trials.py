"""Trials of a WFDB record become one average, with the ± reference as its noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abr_model.errors import InputError
from abr_model.sources.readers.wfdb_header import Header, Signal
from abr_model.sources.sheets.cells import parse_number

EARNDB_RATE_HZ, EARNDB_TRIAL = 48_000.0, 2_002
"""earndb and earh: 48 kHz, one stimulus every 2,002 samples (PhysioNet's page of earndb)."""
LONGEST_TRIAL_S = 1.0
TRIAL_KEYS = ("samples per trial", "trial samples", "samples per sweep", "samples per epoch")
_BLOCK_SAMPLES = 1 << 20


@dataclass(frozen=True)
class Trials:
    """How a record is divided: ``samples`` each, ``count`` of them, ``rest`` samples that make no whole trial.

    ``known`` says that the record is made of single trials; otherwise it is an average, or two half-averages.
    """

    samples: int
    count: int
    rest: int
    known: bool


@dataclass(frozen=True)
class Average:
    """``mean`` [T] in the unit of the signal; ``half_difference`` [T] the ± reference with the noise of the mean, None
    with fewer than two trials. ``used`` and ``left_out`` count trials; ``checksum_differs`` speaks of the header's."""

    mean: np.ndarray
    half_difference: np.ndarray | None
    used: int
    left_out: int
    checksum_differs: bool


def is_earndb(header: Header) -> bool:
    """Whether the record is laid out as earndb and earh are: level and ear in tags, 48 kHz."""
    tags = header.field("spl")[0] is not None and header.field("ear")[0] is not None
    return tags and header.rate_hz == EARNDB_RATE_HZ


def trials_of(header: Header, rate_hz: float) -> Trials:
    """How the record is divided into trials.

    Raises
    ------
    InputError
        It is longer than a trial can be and does not say how long one is, or says what cannot be.
    """
    key, text = header.field(*TRIAL_KEYS)
    if key is not None:
        samples = parse_number(text)
        if samples is None or samples != int(samples) or not 2 <= samples <= header.samples:
            raise InputError(
                "the length of a trial cannot be that", file=header.path.name, column=key,
                allowed=f"a whole number of samples, 2 to {header.samples:,}",
            )  # fmt: skip
        samples = int(samples)
    elif is_earndb(header) and header.samples >= EARNDB_TRIAL:
        samples = EARNDB_TRIAL
    elif header.samples <= LONGEST_TRIAL_S * rate_hz:
        samples = header.samples
    else:
        raise InputError(
            "the record does not say how long a trial is", file=header.path.name,
            value=f"{header.samples / rate_hz:.1f} s", allowed=f"at most {LONGEST_TRIAL_S:g} s, or a comment line "
            "'# <Samples per trial>: N' in the header",
        )  # fmt: skip
    count = header.samples // samples
    return Trials(samples, count, header.samples % samples, known=count > 2 or (key is not None and count > 1))


def average_of_trials(header: Header, signal: Signal, trials: Trials, tell: Callable[[float], None]) -> Average:
    """The plain mean of all trials without a missing sample. Nothing is rejected, weighted or filtered.

    The ± reference is half the difference of the means of every second trial, scaled to the noise of the whole mean
    where the two halves differ in number.

    Raises
    ------
    InputError
        The samples cannot be read.
    """
    step = max(1, _BLOCK_SAMPLES // trials.samples) * trials.samples
    sums, counts, left_out, total, used = np.zeros((2, trials.samples)), np.zeros(2), 0, 0, 0
    for start in range(0, header.samples, step):
        end = min(start + step, header.samples)
        digital, physical = _read(header, signal, start, end)
        total += int(digital.sum(dtype=np.int64))
        whole = (end - start) // trials.samples
        block = physical[: whole * trials.samples].reshape(whole, trials.samples)
        good = ~np.isnan(block).any(axis=1)
        left_out += int((~good).sum())
        block = block[good]
        half = (used + np.arange(len(block))) % 2
        for k in (0, 1):
            sums[k] += block[half == k].sum(axis=0)
            counts[k] += (half == k).sum()
        used += len(block)
        tell(end / header.samples)
    differs = signal.checksum is not None and (total - signal.checksum) % (1 << 16) != 0
    mean = sums.sum(axis=0) / used if used else np.full(trials.samples, np.nan)
    half_difference = None
    if used > 1:
        scale = np.sqrt((1 / used) / ((1 / counts).sum() / 4))
        half_difference = scale * (sums[0] / counts[0] - sums[1] / counts[1]) / 2
    return Average(mean, half_difference, used, left_out, differs)


def _read(header: Header, signal: Signal, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """[end − start] samples of one signal as integers, and in the signal's unit with NaN for what is marked invalid."""
    import wfdb

    try:
        record = wfdb.rdrecord(header.stem, sampfrom=start, sampto=end, channels=[signal.position], physical=False)
        digital = record.d_signal[:, 0]
        physical = record.dac()[:, 0]
        if signal.unit is None:  # not calibrated: the person says what the numbers are, not what a default gain makes
            physical = np.where(np.isnan(physical), np.nan, digital)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OSError, RuntimeError) as error:
        raise InputError("the samples cannot be read: the file is damaged", file=signal.file) from error
    if len(digital) != end - start:
        raise InputError("the file with the samples is cut off", file=signal.file)
    return digital, physical
