"""Which recordings a model may learn from, and how many are left after each rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.recordings import Recordings, positions
from abr_model.schema import AMPLITUDES, CONDITIONS, FMP, LATENCIES, POLARITY

if TYPE_CHECKING:
    from abr_model.configuration import PreparationConfig


@dataclass(frozen=True)
class SelectionRules:
    """Which recordings a model may learn from.

    Parameters
    ----------
    fmp_above
        Keep recordings whose Fmp (quality of the average, an F ratio) is above this; None keeps all.
    polarity
        Keep recordings of this stimulus polarity; None keeps all.
    conditions_present
        Keep recordings whose age, intensity, stimulus rate and hearing loss are all known.
    samples
        Length of the window that the network sees, counted from the first sample at or after 0 ms.
    sampling_rate_hz
        Recordings of another sampling rate are brought to this one before they are windowed, so that the same samples
        are the same milliseconds whatever the device; None keeps them as recorded.
    """

    fmp_above: float | None = 1.0
    polarity: str | None = "alternating"
    conditions_present: bool = True
    samples: int = 200
    sampling_rate_hz: float | None = 15000.0

    @classmethod
    def of(cls, preparation: PreparationConfig, **changes) -> SelectionRules:
        """The rules of a preset; ``changes`` replaces some (``conditions_present=False`` for a comparison)."""
        asked = {f.name: getattr(preparation, f.name) for f in fields(cls) if f.name != "conditions_present"}
        return cls(**(asked | changes))

    def __post_init__(self):
        if self.polarity is not None and self.polarity not in POLARITY.classes:
            raise InputError("there is no such stimulus polarity", value=self.polarity, allowed=POLARITY.allowed)
        if self.samples < 1:
            raise InputError("the window must hold samples", value=self.samples, allowed="1 or more")
        if self.fmp_above is not None and not np.isfinite(self.fmp_above):
            raise InputError("the Fmp threshold must be a number", value=self.fmp_above, allowed=FMP.allowed)
        rate = self.sampling_rate_hz
        if rate is not None and not (np.isfinite(rate) and rate > 0):
            raise InputError("the sampling rate must be a number above 0", value=rate, allowed="Hz, or none")


@dataclass(frozen=True)
class Selection:
    """What was kept, and how: ``funnel`` has the columns ``rule``, ``removed``, ``kept``; first row all recordings."""

    cohort: Cohort
    funnel: pd.DataFrame


class SelectedRecordings(Recordings):
    """The recordings of another set that fulfil ``rules``, on their time axis; traces are read when asked for.

    Made by :func:`selected`. ``rows`` are their positions in the other set.
    """

    def __init__(self, source: Recordings, rows: np.ndarray, table: pd.DataFrame, rules: SelectionRules):
        self.source, self.rows, self.table, self._rules = source, rows, table, rules
        shape = _on_time_axis(source.take([]), rules)
        self.sampling, self.samples, self.provenance = shape.sampling, shape.samples, source.provenance

    def take(self, rows) -> Cohort:
        """As :meth:`Recordings.take`, resampled and windowed."""
        rows = positions(rows)
        table = self.table.iloc[rows].reset_index(drop=True)
        return replace(_on_time_axis(self.source.take(self.rows[rows]), self._rules), table=table)

    def after_response(self, rows) -> np.ndarray | None:
        """[n, T] µV: the last T samples of recordings, T that of the window, where only residual noise is left.

        None where recordings are shorter than twice the window, so that part of a response may be in it.
        """
        source = self.source.take(self.rows[positions(rows)])
        if self._rules.sampling_rate_hz is not None:
            source = source.resampled(self._rules.sampling_rate_hz)
        samples = self._rules.samples
        return source.waveforms[:, -samples:] if source.samples >= 2 * samples else None


def select(cohort: Recordings, rules: SelectionRules, filter: CohortFilter = EVERYTHING) -> Selection:
    """The recordings that fulfil ``rules``, at their sampling rate, windowed to their samples from 0 ms, in memory.

    A wave that is marked outside of the window cannot be seen on the trace: its latency and amplitude count as not
    marked in the selected cohort. The funnel says how many, and whether recordings were resampled.

    Parameters
    ----------
    cohort
        Recordings in memory or on disk; of a file only what is kept is read, a block at a time.
    rules
        What a model may learn from.
    filter
        What else must hold; the first rules of the funnel.

    Raises
    ------
    InputError
        No recording is left (names the rule that removed the last ones and gives the whole funnel; the DataFrame is
        the error's attribute ``funnel``), or the recordings are shorter than the window.
    """
    kept, funnel = selected(cohort, rules, filter)
    return Selection(kept.whole(), funnel)


def selected(
    recordings: Recordings, rules: SelectionRules, filter: CohortFilter = EVERYTHING
) -> tuple[SelectedRecordings, pd.DataFrame]:
    """As :func:`select`, with traces that are read when asked for, and the funnel. Takes milliseconds.

    Raises
    ------
    InputError
        As :func:`select`.
    """
    table = recordings.table
    kept = np.ones(len(table), dtype=bool)
    steps = [("all recordings", 0, len(table))]
    for words, fulfilled in _all_rules(table, rules, filter):
        left = kept & fulfilled
        steps.append((words, int(kept.sum() - left.sum()), int(left.sum())))
        kept = left
    funnel = pd.DataFrame(steps, columns=["rule", "removed", "kept"])
    if not kept.any():
        raise _nothing_left(funnel)
    rows = np.flatnonzero(kept)
    found = SelectedRecordings(recordings, rows, table.iloc[rows].reset_index(drop=True), rules)
    before, after = recordings.sampling.rate_hz, found.sampling.rate_hz
    if after != before:
        funnel.loc[len(funnel)] = (f"resampled from {before:,.0f} to {after:,.0f} Hz", 0, len(rows))
    window = f"first {rules.samples} samples ({found.sampling.start_ms:.1f} to {found.time_ms[-1]:.1f} ms)"
    funnel.loc[len(funnel)] = (window, 0, len(rows))
    found.table, hidden = _seen_labels(found.table, found.time_ms)
    if hidden:
        waves = f"{hidden:,} wave{'s' if hidden > 1 else ''} marked outside of it left out"
        funnel.loc[len(funnel)] = (waves, 0, len(rows))
    return found, funnel


def _all_rules(table: pd.DataFrame, rules: SelectionRules, filter: CohortFilter) -> Iterator[tuple[str, np.ndarray]]:
    for part in filter.parts():
        yield part.in_words()[0], part.mask(table)
    yield from rules_in_words(table, rules)


def rules_in_words(table: pd.DataFrame, rules: SelectionRules) -> Iterator[tuple[str, np.ndarray]]:
    """Each rule as a clinician reads it, with the rows [N] that fulfil it."""
    if rules.conditions_present:
        for condition in CONDITIONS:
            yield f"{condition.in_sentence} known", table[condition.name].notna().to_numpy()
    if rules.polarity is not None:
        yield f"{rules.polarity} stimulus polarity", (table[POLARITY.name] == rules.polarity).to_numpy(dtype=bool)
    if rules.fmp_above is not None:
        yield "Fmp measured", table[FMP.name].notna().to_numpy()
        yield f"Fmp above {rules.fmp_above:g}", (table[FMP.name] > rules.fmp_above).to_numpy(dtype=bool)


def _nothing_left(funnel: pd.DataFrame) -> InputError:
    steps = " → ".join(f"{row.rule}: {row.kept}" for row in funnel.itertuples())
    last = funnel.loc[(funnel["removed"] > 0) & (funnel["kept"] == 0)]
    if len(last):
        blame = f"the rule “{last['rule'].iloc[0]}” removed the last {last['removed'].iloc[0]}"
    else:
        blame = "the cohort is empty"
    error = InputError(f"no recording is left after selection: {blame} ({steps})")
    error.funnel = funnel
    return error


def _on_time_axis(cohort: Cohort, rules: SelectionRules) -> Cohort:
    """At the rate of the rules, and their samples from 0 ms on."""
    if rules.sampling_rate_hz is not None:
        cohort = cohort.resampled(rules.sampling_rate_hz)
    at_or_after_zero = np.flatnonzero(cohort.time_ms >= -1e-9)
    start = cohort.time_ms[at_or_after_zero[0]] if len(at_or_after_zero) else 0.0
    return cohort.windowed(float(start), rules.samples)


def _seen_labels(table: pd.DataFrame, time_ms: np.ndarray) -> tuple[pd.DataFrame, int]:
    """The table without the labels of waves outside of the time axis, and how many waves that are."""
    slack = 0.5 * (time_ms[-1] - time_ms[0]) / max(len(time_ms) - 1, 1)  # a mark belongs to its nearest sample
    seen, hidden = table.copy(), 0
    for latency, amplitude in zip(LATENCIES, AMPLITUDES, strict=True):
        marked = table[latency.name]
        outside = (marked < time_ms[0] - slack) | (marked > time_ms[-1] + slack)
        seen.loc[outside, [latency.name, amplitude.name]] = np.nan
        hidden += int(outside.sum())
    return (seen, hidden) if hidden else (table, 0)
