"""The space of a search: which settings of a preset are varied, and between which values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from abr_model.configuration import Preset, allowed_values
from abr_model.errors import InputError
from abr_model.search.figures import has_unit

Value = bool | int | float | str | None


class Range(BaseModel):
    """Every number between two ends; ``log``: as many between 0.001 and 0.01 as between 0.01 and 0.1."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: int | float = Field(description="smallest value")
    high: int | float = Field(description="largest value")
    log: bool = Field(default=False, description="evenly on a logarithmic scale")
    step: int | float | None = Field(default=None, gt=0, description="only low, low + step, …")

    @model_validator(mode="after")
    def _ends_in_order(self):
        if not self.low < self.high:
            raise ValueError("low must be smaller than high")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range begins above 0")
        if self.log and self.step is not None:
            raise ValueError("a logarithmic range has no step")
        if self.step is not None and self.step > self.high - self.low:
            raise ValueError("the step is wider than the range")
        return self

    @property
    def words(self) -> str:
        """``"0.0005 to 0.008, logarithmic"``."""
        more = ", logarithmic" if self.log else "" if self.step is None else f", in steps of {self.step:g}"
        return f"{self.low:g} to {self.high:g}{more}"


class Choices(BaseModel):
    """One of some values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choices: tuple[Value, ...] = Field(min_length=2, max_length=50, description="the values")

    @model_validator(mode="after")
    def _each_once(self):
        if len({repr(choice) for choice in self.choices}) != len(self.choices):
            raise ValueError("a value stands twice among the choices")
        return self

    @property
    def words(self) -> str:
        """``"32, 64, 128"``."""
        return ", ".join("none" if choice is None else str(choice) for choice in self.choices)


Dimension = Range | Choices
Space = Mapping[str, Dimension]

_PARTS = ("preparation", "scaling", "network", "objective", "sampler", "training")
_REFUSED = {
    "preparation": "trials would be measured on other recordings and could not be compared",
    "sampler": "a trial fits no sampler: it cannot tell them apart",
    "network.architecture": "a search varies one preset; choose another preset",
    "network.samples": "it belongs to the preparation",
    "training.epochs": "how long a trial trains is a setting of the search",
    "training.seed": "the best of several seeds is luck, not a setting",
    "training.log_every_steps": "it changes nothing but the log",
    "training.deterministic": "it changes nothing but the speed",
}
_CHANGES_THE_LOSS = "it changes the loss itself: compare by a figure in µV or ms instead"


def dimension_of(setting: str, values: Any) -> Dimension:
    """A :class:`Range` or :class:`Choices` from what stands in a file.

    Raises
    ------
    InputError
        It is neither; names the setting.
    """
    if isinstance(values, Range | Choices):
        return values
    kind = Choices if isinstance(values, Mapping) and "choices" in values else Range
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([setting, *(str(step) for step in first["loc"][:1])])
        allowed = "low, high and perhaps log or step; or choices"
        if first["type"] == "value_error":
            allowed = str(first["ctx"]["error"])
        raise InputError(f"{where} of the space is not allowed", value=first["input"], allowed=allowed) from error


def settings_of(preset: Preset, figure: str) -> dict[str, FieldInfo]:
    """Settings of ``preset`` that a search for a small ``figure`` can vary, with their fields: the training's first."""
    order = ("training", "network", "scaling", "objective")
    found = {
        f"{part}.{name}": field for part in order for name, field in type(getattr(preset, part)).model_fields.items()
    }
    return {s: field for s, field in found.items() if why_not(s, figure) is None and _kind(field) is not None}


def why_not(setting: str, figure: str) -> str | None:
    """Why a setting cannot be searched, in words; None where it can."""
    part, _, name = setting.partition(".")
    if reason := _REFUSED.get(part) or _REFUSED.get(setting):
        return reason
    if name == "kind":
        return "a search varies one preset; choose another preset"
    if not has_unit(figure) and (part == "objective" or setting == "scaling.waveform"):
        return _CHANGES_THE_LOSS
    return None


def field_of(preset: Preset, setting: str) -> FieldInfo:
    """The field of the configuration behind ``"training.learning_rate"``.

    Raises
    ------
    InputError
        The preset has no such setting.
    """
    part, _, name = setting.partition(".")
    fields = type(getattr(preset, part)).model_fields if part in _PARTS else {}
    if name not in fields:
        allowed = ", ".join(fields) if fields else ", ".join(f"{known}.…" for known in _PARTS)
        raise InputError("there is no such setting of the preset", value=setting, allowed=allowed)
    return fields[name]


def value_in(preset: Preset, setting: str) -> Value:
    """What ``preset`` says."""
    part, _, name = setting.partition(".")
    return getattr(getattr(preset, part), name)


def check_space(preset: Preset, space: Mapping[str, Any], figure: str) -> dict[str, Dimension]:
    """The space with every value as its field wants it.

    Raises
    ------
    InputError
        Nothing is varied; a setting that does not exist or cannot be searched; a value that its field does not allow;
        no combination that the preset allows.
    """
    if not space:
        raise InputError("the search varies nothing", allowed=", ".join(settings_of(preset, figure)))
    checked = {setting: _checked(preset, setting, values, figure) for setting, values in space.items()}
    problem = None
    rng = np.random.default_rng(0)
    for _ in range(200):
        try:
            applied(preset, {setting: _drawn(dimension, rng) for setting, dimension in checked.items()})
        except InputError as error:
            problem = problem or error
        else:
            return checked
    raise InputError(f"no combination of these values is possible: {problem.problem}", allowed=problem.allowed)


def _checked(preset: Preset, setting: str, values: Any, figure: str) -> Dimension:
    field = field_of(preset, setting)
    if reason := why_not(setting, figure):
        raise InputError(f"{setting} cannot be searched: {reason}", allowed=", ".join(settings_of(preset, figure)))
    dimension = dimension_of(setting, values)
    if isinstance(dimension, Choices):
        return Choices(choices=tuple(_allowed(field, setting, choice) for choice in dimension.choices))
    if _kind(field) not in ("int", "float"):
        raise InputError(f"{setting} has no range: give choices", allowed=allowed_values(field) or "true, false")
    low, high = _allowed(field, setting, dimension.low), _allowed(field, setting, dimension.high)
    step = dimension.step
    if _kind(field) == "int" and step is not None and step != int(step):
        raise InputError(f"{setting}: the step is no whole number", value=step)
    return Range(low=low, high=high, log=dimension.log, step=step)


def _allowed(field: FieldInfo, setting: str, value: Value) -> Value:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    numeric = _kind(field) in ("int", "float")
    try:
        if value is not None and numeric != number:
            raise ValueError
        return TypeAdapter(Annotated[field.annotation, field]).validate_python(value)
    except (ValidationError, ValueError) as error:
        allowed = allowed_values(field) or "true, false"
        raise InputError(f"{setting} is out of range", value=value, allowed=allowed) from error


def applied(preset: Preset, values: Mapping[str, Value]) -> Preset:
    """``preset`` with the values of a trial.

    Raises
    ------
    InputError
        The preset does not allow this combination (a width that the heads do not divide).
    """
    parts: dict[str, dict[str, Value]] = {}
    for setting, value in values.items():
        part, _, name = setting.partition(".")
        parts.setdefault(part, {})[name] = value
    return preset.changed(**parts)


def _drawn(dimension: Dimension, rng: np.random.Generator) -> Value:
    if isinstance(dimension, Choices):
        return dimension.choices[rng.integers(len(dimension.choices))]
    if dimension.step is not None:
        steps = math.floor((dimension.high - dimension.low) / dimension.step + 1e-9)
        return dimension.low + dimension.step * int(rng.integers(steps + 1))
    if isinstance(dimension.low, int) and isinstance(dimension.high, int):
        return int(rng.integers(dimension.low, dimension.high + 1))
    return float(rng.uniform(dimension.low, dimension.high))


def _kind(field: FieldInfo) -> str | None:
    """``"int"``, ``"float"``, ``"choice"``, or None for what is neither number nor choice."""
    annotations = [field.annotation, *(getattr(field.annotation, "__args__", ()))]
    if any(getattr(a, "__origin__", None) is Literal for a in annotations) or bool in annotations:
        return "choice"
    if float in annotations:
        return "float"
    return "int" if int in annotations and "tuple" not in str(field.annotation) else None


def distributions(space: Space) -> dict:
    """The space as Optuna has it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found = {}
    for setting, dimension in space.items():
        if isinstance(dimension, Choices):
            found[setting] = CategoricalDistribution(dimension.choices)
        elif isinstance(dimension.low, int) and isinstance(dimension.high, int):
            step = 1 if dimension.step is None else int(dimension.step)
            found[setting] = IntDistribution(dimension.low, dimension.high, log=dimension.log, step=step)
        else:
            low, high = float(dimension.low), float(dimension.high)
            found[setting] = FloatDistribution(low, high, log=dimension.log, step=dimension.step)
    return found
