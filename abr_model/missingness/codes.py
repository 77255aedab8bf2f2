"""What is known of a wave in a recording: marked, judged absent, or nothing said.

"No response" is a finding about hearing; "not marked" says what the protocol asked for: threshold testing marks
wave V alone (physiology notes, missing waves).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.missingness.rates import group_numbers
from abr_model.schema import WAVES, latency_column, response_column


@dataclass(frozen=True)
class Code:
    """What may be known of a wave; ``meaning`` is a sentence for the person who reads the figure."""

    name: str
    label: str
    meaning: str


CODES = (
    Code("marked", "marked", "A latency is given, inside of the recorded window."),
    Code("outside", "marked outside of the window", "A latency is given, at a time that the recording does not hold."),
    Code("present", "present, not measured", "Judged present, but no latency is given."),
    Code("no_response", "no response", "Judged absent: a finding about hearing."),
    Code("not_marked", "not marked", "Nothing is said: absent, not looked for, or not marked."),
)
CODE_NAMES = tuple(code.name for code in CODES)


def wave_codes(table: pd.DataFrame, window_ms: tuple[float, float] | None = None) -> pd.DataFrame:
    """The code of each wave in each recording.

    A latency counts as marked whatever else was said; where it was also judged absent see :func:`contradictions`.

    Parameters
    ----------
    table
        A cohort's table.
    window_ms
        Times of the first and last sample after stimulus onset; None: no latency is called outside.

    Returns
    -------
    DataFrame
        [N, 3] categorical (:data:`CODE_NAMES`), one column per wave.
    """
    first, last = window_ms if window_ms is not None else (-np.inf, np.inf)
    codes = {}
    for wave in WAVES:
        latency = table[latency_column(wave)].to_numpy(float)
        said = table[response_column(wave)] if response_column(wave) in table else pd.Series([None] * len(table))
        code = np.full(len(table), CODE_NAMES.index("not_marked"))
        code[(said == "absent").to_numpy(bool)] = CODE_NAMES.index("no_response")
        code[(said == "present").to_numpy(bool)] = CODE_NAMES.index("present")
        given = np.isfinite(latency)
        inside = given & (latency >= first) & (latency <= last)
        code[given] = CODE_NAMES.index("outside")
        code[inside] = CODE_NAMES.index("marked")
        codes[wave] = pd.Categorical.from_codes(code, CODE_NAMES)
    return pd.DataFrame(codes)


def code_counts(
    table: pd.DataFrame,
    by: str | pd.Series | None = None,
    window_ms: tuple[float, float] | None = None,
    waves: Sequence[str] = WAVES,
) -> pd.DataFrame:
    """How many recordings have each code, for all or group by group.

    Parameters
    ----------
    table, window_ms
        As for :func:`wave_codes`.
    by
        As for :func:`abr_model.missingness.missing_rates`.
    waves
        Waves to count.

    Returns
    -------
    DataFrame
        ``group`` (with ``by``), ``wave``, ``code``, ``recordings`` (with that code), ``of`` (recordings of the
        group), ``share`` (0 to 1); every code has a row, also where it does not occur.
    """
    group, names = group_numbers(table, by)
    codes = wave_codes(table, window_ms)
    of = np.bincount(group, minlength=len(names))
    rows = []
    for wave in waves:
        cell = group * len(CODES) + codes[wave].cat.codes.to_numpy(int)
        counts = np.bincount(cell, minlength=len(names) * len(CODES)).reshape(len(names), len(CODES))
        rows += [
            (name, wave, code, int(counts[g, c]), int(of[g]), counts[g, c] / of[g] if of[g] else np.nan)
            for g, name in enumerate(names)
            for c, code in enumerate(CODE_NAMES)
        ]
    counted = pd.DataFrame(rows, columns=["group", "wave", "code", "recordings", "of", "share"])
    return counted.drop(columns="group") if by is None else counted


def contradictions(table: pd.DataFrame) -> dict[str, int]:
    """Recordings in which a wave was judged absent and yet has a latency, by wave; waves without any are left out."""
    found = {
        wave: int(((table[response_column(wave)] == "absent") & table[latency_column(wave)].notna()).sum())
        for wave in WAVES
    }
    return {wave: count for wave, count in found.items() if count}


def marked_patients(table: pd.DataFrame) -> pd.DataFrame:
    """In how many patients a wave is marked at least once: ``wave``, ``patients``, ``marked``, ``share``, ``median``.

    ``median`` is, over the patients, the median share of recordings in which the wave is marked.
    """
    patient, found = pd.factorize(table["patient_id"])
    recordings = np.bincount(patient, minlength=len(found))
    rows = []
    for wave in WAVES:
        marked = np.bincount(patient, table[latency_column(wave)].notna().to_numpy(float), minlength=len(found))
        share = float((marked > 0).mean()) if len(found) else np.nan
        median = float(np.median(marked / recordings)) if len(found) else np.nan
        rows.append((wave, len(found), int((marked > 0).sum()), share, median))
    return pd.DataFrame(rows, columns=["wave", "patients", "marked", "share", "median"])
