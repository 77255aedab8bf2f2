"""Distributions in bins: a column of a cohort as counts that can be split by any grouping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.exploration.grouping import AGE_BANDS, by_age, by_class, by_hearing, by_rate
from abr_model.exploration.latency_intensity import by_group
from abr_model.schema import AGE, COLUMNS_BY_NAME, FMP, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RATE, RESPONSES

BINS = 30
TAIL = 0.002
"""This share of the recordings may lie beyond the first and the last bin on either side; it is counted in them."""
LOGARITHMIC = (FMP.name,)
FREE_TEXT_CLASSES = 6


@dataclass(frozen=True)
class Binned:
    """A column in bins.

    ``codes`` [N] int is the bin of each recording, −1 where the value is not known; ``centres`` [B] and ``width``
    place the bins (on a log axis: centres and ``width`` in decades). ``labels`` are names of bins that are classes,
    empty for numbers; ``ticks`` are places and short names for an axis where the labels are too long for one. ``cut``
    is how many values lie beyond the outermost bins and are counted in them.
    """

    column: str
    title: str
    codes: np.ndarray
    centres: np.ndarray
    width: float
    labels: tuple[str, ...] = ()
    logarithmic: bool = False
    cut: int = 0
    ticks: tuple[tuple[float, str], ...] = ()

    def __len__(self) -> int:
        return len(self.centres)

    def counts(self, rows: np.ndarray | None = None) -> np.ndarray:
        """[B] recordings in each bin, of all or of those at ``rows`` (mask or positions)."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes[codes >= 0], minlength=len(self))

    def counts_by(self, groups: np.ndarray, number: int) -> np.ndarray:
        """[G, B] recordings in each bin of each group; ``groups`` [N] int are their groups, −1 for none."""
        known = (self.codes >= 0) & (groups >= 0)
        flat = np.bincount(groups[known] * len(self) + self.codes[known], minlength=number * len(self))
        return flat.reshape(number, len(self))


def binned(table: pd.DataFrame, column: str) -> Binned:
    """The column in bins that suit it: age bands, levels and classes as they are, Fmp in decades, others evenly."""
    described = COLUMNS_BY_NAME[column]
    if column == AGE.name:
        return _as_classes(column, described.label, by_age(table), _AGE_TICKS)
    if column == RATE.name:
        return _as_classes(column, described.title, by_rate(table))
    if column == HEARING_LOSS.name:
        return _as_classes(column, described.label, by_hearing(table), _HEARING_TICKS)
    if described in RESPONSES:
        return _as_classes(column, described.label, by_class(table, column, described.label, _RESPONSE_WORDS))
    if described.classes:
        return _as_classes(column, described.label, by_class(table, column, described.label, _same(described.classes)))
    if described.kind != "number":
        frequent = table[column].value_counts().index[:FREE_TEXT_CLASSES]
        return _as_classes(column, described.label, by_class(table, column, described.label, _same(frequent)))
    values = table[column].to_numpy(dtype=float)
    if column == INTENSITY.name:
        return _levels(values)
    return _even(column, described.title, values, logarithmic=column in LOGARITHMIC)


_AGE_TICKS = tuple(
    (i + 0.5, f"{end * 12:.0f}m" if end < 1 else f"{end:g}y") for i, (_, end) in enumerate(AGE_BANDS[:-1])
)
"""A band's upper end, between its bar and the next."""
_HEARING_TICKS = tuple(
    (float(i), h.short_label if len(h.short_label) < 6 else f"{h.short_label[:4]}.")
    for i, h in enumerate(HEARING_LOSSES)
)
_RESPONSE_WORDS = {"present": "present", "absent": "no response"}


def _same(names) -> dict[str, str]:
    return {name: name for name in names}


def _as_classes(column, title, groups, ticks=()) -> Binned:
    return Binned(column, title, groups.codes, np.arange(len(groups), dtype=float), 1.0, groups.labels, ticks=ticks)


def _levels(values: np.ndarray) -> Binned:
    """Bins of 5 dB around each multiple of 5."""
    known = np.isfinite(values)
    codes = np.full(len(values), -1)
    if not known.any():
        return Binned(INTENSITY.name, INTENSITY.title, codes, np.empty(0), 5.0)
    rounded = np.round(values[known] / 5).astype(int)
    first = rounded.min()
    codes[known] = rounded - first
    centres = 5.0 * np.arange(first, rounded.max() + 1)
    return Binned(INTENSITY.name, INTENSITY.title, codes, centres, 5.0)


def _even(column: str, title: str, values: np.ndarray, logarithmic: bool) -> Binned:
    """Equal bins over nearly all values; what lies beyond goes to the outermost ones."""
    known = np.isfinite(values)
    codes = np.full(len(values), -1)
    shown = values[known]
    if logarithmic:
        positive = shown[shown > 0]
        floor = positive.min() if len(positive) else 1.0
        shown = np.log10(np.maximum(shown, floor))  # an Fmp of 0 is in the first bin
    if not len(shown):
        return Binned(column, title, codes, np.empty(0), 1.0, logarithmic=logarithmic)
    low, high = np.quantile(shown, (TAIL, 1 - TAIL))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    width = _round_width((high - low) / BINS)
    first = np.floor(low / width)
    bins = max(1, int(np.ceil(high / width) - first))
    position = np.floor(shown / width - first).astype(int)
    cut = int(((position < 0) | (position >= bins)).sum())
    codes[known] = np.clip(position, 0, bins - 1)
    centres = (first + np.arange(bins) + 0.5) * width
    return Binned(column, title, codes, centres, float(width), logarithmic=logarithmic, cut=cut)


def _round_width(width: float) -> float:
    """The next 1, 2 or 5 of a power of ten: bins that begin at round numbers."""
    power = 10.0 ** np.floor(np.log10(width))
    return float(power * next(step for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9)))


def quartiles_by(table: pd.DataFrame, columns: tuple[str, ...], groups: np.ndarray, labels) -> pd.DataFrame:
    """How many values are known, median and quartiles of number ``columns`` in each group and in all recordings.

    Returns
    -------
    DataFrame
        ``column`` (its title), ``group``, ``recordings``, ``known``, ``p25``, ``median``, ``p75``.
    """
    everyone = np.zeros(len(table), dtype=int)
    parts = []
    for column in columns:
        values = table[column].to_numpy(dtype=float)
        of_groups = by_group(values, groups, len(labels))
        of_all = by_group(values, everyone, 1)
        rows = np.vstack([of_all, of_groups])
        sizes = np.append(len(table), np.bincount(groups[groups >= 0], minlength=len(labels)))
        parts.append(
            pd.DataFrame(
                {
                    "column": COLUMNS_BY_NAME[column].title,
                    "group": ["all recordings", *labels],
                    "recordings": sizes,
                    "known": rows[:, 0].astype(int),
                    "p25": rows[:, 3],
                    "median": rows[:, 4],
                    "p75": rows[:, 5],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
