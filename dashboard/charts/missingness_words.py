"""What the missing values say, in sentences: the answers above the figures, and the text that stands for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from abr_model.missingness import Differences, LittleTest, Predictability
from abr_model.schema import (
    AMPLITUDES,
    COLUMNS_BY_NAME,
    HEARING_LOSSES,
    LATENCIES,
    WAVES,
    amplitude_column,
    latency_column,
)

_HEARING = {h.code: h.short_label.lower() for h in HEARING_LOSSES}
_AS_IF_AT_RANDOM, _WEAKLY, _CLEARLY = 0.55, 0.7, 0.85


def percent(share: float) -> str:
    """A share for a cell: whole percent; "< 1 %" for what is rare but there, "–" where nothing can be said."""
    if not np.isfinite(share):
        return "–"
    if share == 0:
        return "0 %"
    if share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{share:.0%}".replace("%", " %")


def column_label(columns: Sequence[str]) -> str:
    """Name of columns that go missing together: ``"Wave V"`` for latency and amplitude, else what they are called."""
    left, names = list(columns), []
    for wave in WAVES:
        both = {latency_column(wave), amplitude_column(wave)}
        if both <= set(left):
            names.append(f"Wave {wave}")
            left = [name for name in left if name not in both]
    names += [_label(name) for name in left]
    return ", ".join([names[0], *map(in_sentence, names[1:])])


def in_sentence(label: str) -> str:
    """A label inside of a sentence: ``"wave V"``, ``"Fmp"``."""
    return label if label.startswith("Fmp") else label[:1].lower() + label[1:]


def pattern_words(lacking: Sequence[str], recordings: int | None = None) -> str:
    """A combination in words: ``"without wave I, wave III · 34,640 recordings"``.

    Parameters
    ----------
    lacking
        Labels of what is missing (:func:`column_label`).
    """
    words = f"without {', '.join(in_sentence(label) for label in lacking)}" if lacking else "nothing missing"
    return words if recordings is None else f"{words} · {recordings:,} recordings"


def in_words(rates: pd.DataFrame, codes: pd.DataFrame | None = None) -> list[str]:
    """What the rates of all recordings say, in sentences: marked waves first, then unknown conditions.

    Parameters
    ----------
    rates
        ``column``, ``label``, ``rate`` of :func:`abr_model.missingness.missing_rates` without groups.
    codes
        From :func:`abr_model.missingness.code_counts` without groups: whether a response was judged absent.
    """
    rate = rates.set_index("column")["rate"]
    sentences = _marked(rate)
    without = [
        f"{wave} in {percent(rate[amplitude.name] - rate[latency.name])}"
        for wave, latency, amplitude in zip(WAVES, LATENCIES, AMPLITUDES, strict=True)
        if {latency.name, amplitude.name} <= set(rate.index) and rate[amplitude.name] - rate[latency.name] > 0.005
    ]
    if without:
        sentences.append(f"A latency without an amplitude: wave {', '.join(without)}.")
    if codes is not None:
        sentences += _said_of_the_rest(codes)
    labels = {column.name for column in (*LATENCIES, *AMPLITUDES)}
    others = rates[~rates["column"].isin(labels)]
    unknown = others[others["rate"] > 0]
    if len(unknown):
        listed = ", ".join(f"{_in_sentence(row.column)} in {percent(row.rate)}" for row in unknown.itertuples())
        sentences.append(f"Not known: {listed}.")
    elif len(others):
        sentences.append("All conditions are known in every recording.")
    return sentences


def _marked(rate: pd.Series) -> list[str]:
    named = [(w, 1 - rate[c.name]) for w, c in zip(WAVES, LATENCIES, strict=True) if c.name in rate]
    if not named or not np.isfinite(named[0][1]):
        return []
    listed = ", ".join(f"{wave} in {percent(share)}" for wave, share in named)
    return [f"The latency of wave {listed} of the recordings is marked."]


def _said_of_the_rest(codes: pd.DataFrame) -> list[str]:
    share = codes.set_index(["wave", "code"])["share"]
    absent = {wave: share[wave, "no_response"] for wave in WAVES}
    if not any(value > 0 for value in absent.values()):
        return [
            "Nowhere is a wave said to be absent, so “not marked” may mean either: no response, or not asked for – in "
            "threshold testing often only wave V is marked."
        ]
    listed = ", ".join(f"wave {wave} in {percent(value)}" for wave, value in absent.items() if value > 0)
    silent = percent(share["V", "not_marked"])
    return [f"Judged to be no response: {listed}. Nothing is said of wave V in {silent}."]


def code_words(codes: pd.DataFrame, labels: dict[str, str]) -> str:
    """The codes of each wave as text: ``"Wave V: marked 76 %, not marked 24 %"``."""
    parts = []
    for wave, rows in codes.groupby("wave", sort=False):
        shares = ", ".join(f"{labels[r.code]} {percent(r.share)}" for r in rows.itertuples() if r.recordings)
        parts.append(f"Wave {wave}: {shares}")
    return ". ".join(parts)


def together_in_words(correlation: pd.DataFrame) -> list[str]:
    """What φ means, and the pair that goes missing together most and the one that does so least."""
    names = [_in_sentence(name) for name in correlation.columns]
    below = np.tril_indices(len(names), -1)
    pairs = correlation.to_numpy(float)[below]
    sentences = ["1: missing in the same recordings; 0: independent; −1: one is missing where the other is known."]
    if not len(pairs):
        return sentences
    for best, words in ((np.nanargmax(pairs), "Most together"), (np.nanargmin(pairs), "Most apart")):
        value = pairs[best]
        if (value > 0.1) if words == "Most together" else (value < -0.1):
            first, second = names[below[1][best]], names[below[0][best]]
            sentences.append(f"{words}: {first} and {second} ({signed(value)}).")
    return sentences


def difference_words(row, label: str, *, interval: bool = True) -> str:
    """One comparison as a sentence: ``"Where wave V is missing, the intensity is lower: …"``.

    Parameters
    ----------
    row
        A row of :attr:`abr_model.missingness.Differences.table`.
    label
        Name of the label (:func:`column_label`).
    """
    where = f"Where {in_sentence(label)} is missing, "
    column = COLUMNS_BY_NAME[row.variable]
    bounds = f", 95 % {signed(row.low)} to {signed(row.high)}" if interval and np.isfinite(row.low) else ""
    effect = f"{'Cliff’s δ' if row.measure == 'δ' else 'Cramér’s V'} {signed(row.effect)}{bounds}: {row.strength}"
    if row.measure == "V":
        name = _class_name(row.variable, row.category)
        more = "more" if row.missing_share > row.present_share else "less"
        shares = f"{percent(row.missing_share)} instead of {percent(row.present_share)}"
        subject = "hearing" if row.variable == "hearing_loss" else _in_sentence(row.variable)
        return f"{where}{subject} is {more} often {name} ({shares}; {effect})."
    without, having = (number(value, row.variable) for value in (row.missing_median, row.present_median))
    unit = f" {column.unit}" if column.unit else ""
    if without == having:
        way = "tends to be higher" if row.effect > 0 else "tends to be lower"
        return f"{where}{_in_sentence(row.variable)} {way}, with the same median ({without}{unit}; {effect})."
    way = "higher" if row.missing_median > row.present_median else "lower"
    apart = number(abs(row.missing_median - row.present_median), row.variable)
    medians = f"median {without} instead of {having}"
    return f"{where}{_in_sentence(row.variable)} is {way} by {apart}{unit} ({medians}; {effect})."


def strongest_words(found: Differences, label: str, most: int = 3) -> list[str]:
    """The largest differences that are more than negligible, one sentence each; one sentence if there are none."""
    rows = [row for row in found.table.itertuples() if row.strength != "negligible"][:most]
    if rows:
        return [difference_words(row, label) for row in rows]
    if len(found.table):
        return [f"Recordings without {in_sentence(label)} hardly differ from those with it in what is compared here."]
    return [f"Too few recordings with or without {in_sentence(label)} for a comparison."]


def prediction_words(found: Predictability, label: str) -> str:
    """How well it can be told that a label is missing, and what that means."""
    area = f"AUC {found.auc:.2f}, 95 % {found.low:.2f} to {found.high:.2f}"
    name = label if label.startswith("Wave") else label[:1].upper() + label[1:]
    if found.auc < _AS_IF_AT_RANDOM or found.low <= 0.5:
        return f"{name} is missing as if at random, as far as these variables tell ({area})."
    strength = "weakly" if found.auc < _WEAKLY else "clearly" if found.auc < _CLEARLY else "strongly"
    used = found.importance[found.importance["low"] > 0]["variable"].head(2).to_list()
    by = f", most of all on {' and '.join(_in_sentence(v) for v in used)}" if used else ""
    return f"That {in_sentence(name)} is missing depends {strength} on what was recorded{by} ({area})."


def little_words(found: LittleTest, of: str) -> str:
    """The outcome of Little's test as a sentence; ``of`` names the recordings."""
    p = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    outcome = "rejects" if found.p < 0.05 else "does not reject"
    of_what = f"{found.recordings:,} recordings, {found.patterns} patterns, {len(found.columns)} columns"
    return (
        f"With {of} the test {outcome} “missing completely at random”: "
        f"χ² = {found.statistic:,.1f}, df = {found.df}, {p} ({of_what})."
    )


_DIGITS = {"amplitude": 2, "latency": 2, "fmp": 2, "age_years": 1, "stimulus_rate_per_s": 1}


def number(value: float, variable: str) -> str:
    """A value with the digits that its column deserves."""
    digits = next((d for start, d in _DIGITS.items() if variable.startswith(start)), 0)
    return signed(value, digits, thousands=True)


def signed(value: float, digits: int = 2, *, thousands: bool = False) -> str:
    """A number with a true minus sign, never "−0.00"."""
    text = f"{value:,.{digits}f}" if thousands else f"{value:.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def _class_name(variable: str, code: str) -> str:
    return _HEARING.get(code, code) if variable == "hearing_loss" else code


def _label(name: str) -> str:
    return COLUMNS_BY_NAME[name].label if name in COLUMNS_BY_NAME else name


def _in_sentence(name: str) -> str:
    return COLUMNS_BY_NAME[name].in_sentence if name in COLUMNS_BY_NAME else name
