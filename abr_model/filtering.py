"""What a person wants to look at, as a value: the same filter on a page, in a training and on the command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from abr_model.errors import InputError
from abr_model.filter_range import Range
from abr_model.filter_words import words
from abr_model.schema import COLUMN_NAMES, COLUMNS, COLUMNS_BY_NAME, Column
from abr_model.validation import as_input_error

NUMBERS = tuple(c.name for c in COLUMNS if c.kind == "number")
SETS = tuple(c.name for c in COLUMNS if c.kind != "number" and not c.required)
OPTIONAL = tuple(c.name for c in COLUMNS if not c.required)


class CohortFilter(BaseModel):
    """Which recordings of a cohort to look at. All parts must hold at once; a part that is left out lets all pass.

    Parameters
    ----------
    ranges
        Number columns and the values that pass: ``{"age_years": {"minimum": 0, "maximum": 1}}``.
    classes
        Class and text columns and the values that pass; None stands for "not known":
        ``{"hearing_loss": ["normal", None]}``.
    patients
        Pseudonyms; none means all.
    present, missing
        Columns that must be known, or must not: a pattern of missing labels.

    Raises
    ------
    InputError
        An unknown column or class, a range that ends before it begins, a column that is to be present and missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranges: dict[str, Range] = Field(default_factory=dict)
    classes: dict[str, tuple[str | None, ...]] = Field(default_factory=dict)
    patients: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __init__(self, **parts):
        try:
            super().__init__(**parts)
        except ValidationError as error:
            raise _mendable(error) from error

    @field_validator("ranges")
    @classmethod
    def _known_numbers(cls, ranges: dict[str, Range]) -> dict[str, Range]:
        _refuse_unknown(ranges, NUMBERS)
        return {name: ranges[name] for name in NUMBERS if name in ranges and not ranges[name].is_open}

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, classes: dict[str, tuple]) -> dict[str, tuple]:
        _refuse_unknown(classes, SETS)
        for name, values in classes.items():
            for value in values:
                if COLUMNS_BY_NAME[name].classes and value is not None and value not in COLUMNS_BY_NAME[name].classes:
                    allowed = COLUMNS_BY_NAME[name].allowed
                    raise InputError("there is no such class", column=name, value=value, allowed=allowed)
        return {name: _in_order(COLUMNS_BY_NAME[name], classes[name]) for name in SETS if classes.get(name)}

    @field_validator("patients")
    @classmethod
    def _sorted(cls, patients: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(patients)))

    @field_validator("present", "missing")
    @classmethod
    def _known_columns(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_unknown(names, OPTIONAL)
        return tuple(name for name in COLUMN_NAMES if name in names)

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if both := set(self.present) & set(self.missing):
            raise InputError("a column cannot be present and missing at once", column=min(both))
        return self

    # --- what passes --------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether every recording passes."""
        return not (self.ranges or self.classes or self.patients or self.present or self.missing)

    def mask(self, table: pd.DataFrame) -> np.ndarray:
        """[N] bool: which rows of a cohort's ``table`` pass."""
        passed = np.ones(len(table), dtype=bool)
        for name, allowed in self.ranges.items():
            passed &= allowed.mask(table[name].to_numpy(dtype=np.float64))
        for name, values in self.classes.items():
            inside = table[name].isin([v for v in values if v is not None])
            passed &= (inside | table[name].isna() if None in values else inside).to_numpy(dtype=bool)
        if self.patients:
            passed &= table["patient_id"].isin(self.patients).to_numpy(dtype=bool)
        for name in self.present:
            passed &= table[name].notna().to_numpy()
        for name in self.missing:
            passed &= table[name].isna().to_numpy()
        return passed

    def fitted(self, table: pd.DataFrame) -> tuple[CohortFilter, list[str]]:
        """For a filter that is taken to another cohort: what of it says something about ``table``, and in words the
        parts that lost something: a column that is nowhere known, classes and patients that do not occur."""
        parts = self.parts()
        kept = [_fitted(part, table) for part in parts]
        lost = [words(part) for part, now in zip(parts, kept, strict=True) if part != now]
        return CohortFilter.together(kept), lost

    # --- other filters ------------------------------------------------------------------------------------------

    def changed(self, **parts) -> CohortFilter:
        """A copy with other ``ranges``, ``classes``, ``patients``, ``present`` or ``missing``."""
        return CohortFilter(**(self._parts() | parts))

    def with_range(
        self, name: str, minimum: float | None = None, maximum: float | None = None, unknown: bool = False
    ) -> CohortFilter:
        """This filter with another range of one number column."""
        wanted = Range(minimum=minimum, maximum=maximum, unknown=unknown)
        return self.changed(ranges=self.ranges | {name: wanted})

    def with_classes(self, name: str, values) -> CohortFilter:
        """This filter with other classes of one column; none of them lets all pass."""
        return self.changed(classes=self.classes | {name: tuple(values)})

    def with_pattern(self, missing, present=()) -> CohortFilter:
        """This filter for the recordings that lack ``missing`` and have ``present``, instead of its own pattern."""
        return self.changed(missing=tuple(missing), present=tuple(present))

    def without(self, name: str) -> CohortFilter:
        """This filter without anything about one column (``"patient_id"`` for the patients)."""
        return self.changed(
            ranges={n: r for n, r in self.ranges.items() if n != name},
            classes={n: v for n, v in self.classes.items() if n != name},
            patients=() if name == "patient_id" else self.patients,
            present=tuple(n for n in self.present if n != name),
            missing=tuple(n for n in self.missing if n != name),
        )

    def parts(self) -> list[CohortFilter]:
        """Filters of one condition each that together are this one, in the order of :meth:`in_words`."""
        of = [CohortFilter(patients=self.patients)] if self.patients else []
        for name in COLUMN_NAMES:
            if name in self.ranges:
                of.append(CohortFilter(ranges={name: self.ranges[name]}))
            if name in self.classes:
                of.append(CohortFilter(classes={name: self.classes[name]}))
        of += [CohortFilter(present=self.present)] if self.present else []
        return of + ([CohortFilter(missing=self.missing)] if self.missing else [])

    @classmethod
    def together(cls, parts: Iterable[CohortFilter]) -> CohortFilter:
        """The filter of which these are the :meth:`parts`."""
        parts = list(parts)
        return cls(
            ranges={n: r for part in parts for n, r in part.ranges.items()},
            classes={n: v for part in parts for n, v in part.classes.items()},
            patients=tuple(p for part in parts for p in part.patients),
            present=tuple(n for part in parts for n in part.present),
            missing=tuple(n for part in parts for n in part.missing),
        )

    # --- as words and as a file ---------------------------------------------------------------------------------

    def in_words(self) -> list[str]:
        """One short phrase for each part: ``["age up to 1 year", "60 to 80 dB nHL", "normal"]``; empty without any."""
        return [words(part) for part in self.parts()]

    def sha256(self) -> str:
        """Hash of what passes: equal filters have equal hashes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def to_json(self) -> str:
        """One line of JSON, without the parts that let all pass; :meth:`from_json` gives back this filter."""
        parts = self.model_dump(mode="json", exclude_none=False)
        for range_ in parts["ranges"].values():
            for bound in ("minimum", "maximum"):
                if range_[bound] is None:
                    del range_[bound]
        return json.dumps({name: part for name, part in parts.items() if part}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, file: str | None = None) -> CohortFilter:
        """The filter that :meth:`to_json` wrote, or that a person did.

        Raises
        ------
        InputError
            No JSON, or a part that is not one of a filter; names ``file`` where it is given.
        """
        try:
            parts = json.loads(text)
        except ValueError as error:
            raise InputError("the filter is not JSON", file=file, allowed='{"ranges": {…}, "classes": {…}}') from error
        if not isinstance(parts, dict):
            raise InputError("the filter is not a JSON object", file=file, allowed='{"ranges": {…}, "classes": {…}}')
        try:
            return cls(**parts)
        except InputError as error:
            if file is None:
                raise
            raise InputError(
                error.problem, file=file, column=error.column, value=error.value, allowed=error.allowed
            ) from error

    @classmethod
    def read(cls, path: str | Path) -> CohortFilter:
        """The filter in a JSON file.

        Raises
        ------
        InputError
            No such file, or not a filter.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("the filter cannot be read", file=path.name, allowed="a JSON file") from error
        return cls.from_json(text, path.name)

    def _parts(self) -> dict:
        return {name: getattr(self, name) for name in type(self).model_fields}


EVERYTHING = CohortFilter()
"""The filter that lets every recording pass."""


def _refuse_unknown(names, known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise InputError("a filter knows no such column", column=name, allowed=", ".join(known))


def _in_order(column: Column, values: tuple) -> tuple:
    known = set(values)
    ordered = [c for c in column.classes if c in known] if column.classes else sorted(known - {None})
    return (*ordered, None) if None in known else tuple(ordered)


def _mendable(error: ValidationError) -> InputError:
    cause = error.errors()[0].get("ctx", {}).get("error")
    return cause if isinstance(cause, InputError) else as_input_error(error, CohortFilter, "filter")


def _fitted(part: CohortFilter, table: pd.DataFrame) -> CohortFilter:
    """One condition without what does not occur in ``table``."""
    known = {name for name in (*part.ranges, *part.present) if table[name].notna().any()}
    found = {n: {*table[n].dropna().unique(), *([None] if table[n].isna().any() else [])} for n in part.classes}
    patients = set(table["patient_id"].unique()) if part.patients else set()
    return CohortFilter(
        ranges={n: r for n, r in part.ranges.items() if n in known},
        classes={n: tuple(v for v in values if v in found[n]) for n, values in part.classes.items()},
        patients=tuple(p for p in part.patients if p in patients),
        present=tuple(n for n in part.present if n in known),
        missing=tuple(n for n in part.missing if table[n].isna().any()),
    )
