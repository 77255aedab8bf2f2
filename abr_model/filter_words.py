"""One condition of a filter as a short phrase: ``"age up to 1 year"``, ``"60 to 80 dB nHL"``, ``"normal"``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abr_model.schema import AGE, COLUMNS_BY_NAME, HEARING_LOSS, HEARING_LOSSES, Column

if TYPE_CHECKING:
    from abr_model.filter_range import Range
    from abr_model.filtering import CohortFilter

MOST_NAMES = 3
_HEARING = {h.code: h.short_label.lower() for h in HEARING_LOSSES}


def words(part: CohortFilter) -> str:
    """The phrase for a filter of one condition."""
    if part.patients:
        return f"patient {part.patients[0]}" if len(part.patients) == 1 else f"{len(part.patients):,} patients"
    for name, allowed in part.ranges.items():
        return _range(COLUMNS_BY_NAME[name], allowed)
    for name, values in part.classes.items():
        return _classes(COLUMNS_BY_NAME[name], values)
    names = [COLUMNS_BY_NAME[n].in_sentence for n in part.present or part.missing]
    more = len(names) - MOST_NAMES
    names = ", ".join(names) if more <= 1 else f"{', '.join(names[:MOST_NAMES])} and {more} more"
    return f"{names} {'known' if part.present else 'missing'}"


def age(years: float) -> str:
    """``"birth"``, ``"3 months"``, ``"1 year"``, ``"1.5 years"``."""
    if years == 0:
        return "birth"
    if years < 2 and years != 1:
        months = f"{years * 12:.3g}"
        return f"{months} month{'' if months == '1' else 's'}"
    return f"{years:g} year{'' if years == 1 else 's'}"


def _range(column: Column, allowed: Range) -> str:
    low, high = allowed.minimum, allowed.maximum
    if low is None and high is None:
        return f"{column.in_sentence} known"
    say = age if column is AGE else "{:,g}".format
    unit = f" {column.unit}" if column.unit and column is not AGE else ""
    if low is None:
        bounds = f"up to {say(high)}"
    elif high is None:
        bounds = f"from {say(low)}"
    else:
        bounds = say(low) if low == high else f"{say(low)} to {say(high)}"
    name = "" if column.unit == "dB nHL" else f"{column.in_sentence} "
    return f"{name}{bounds}{unit}{' or not known' if allowed.unknown else ''}"


def _classes(column: Column, values: tuple) -> str:
    known = [_HEARING.get(v, v) if column is HEARING_LOSS else v for v in values if v is not None]
    if column.name == "ear" and len(known) == 1:
        known = [f"{known[0]} ear"]
    unknown = [f"{column.in_sentence} not known"] if None in values else []
    listed = " or ".join(known + unknown)
    return f"{column.in_sentence} {listed}" if column.name.startswith("response_") else listed
