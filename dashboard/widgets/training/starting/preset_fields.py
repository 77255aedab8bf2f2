"""The fields of a configuration as a form needs them: part, label, meaning, range, and how each is written.

Meaning, range and choices come from the pydantic fields; ``setting_names.py`` has shorter names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from abr_model.configuration import Preset, allowed_values
from abr_model.errors import InputError
from abr_model.setting_names import NAMES

PARTS = ("preparation", "scaling", "network", "objective", "sampler", "training")
TAGS = ("architecture", "kind")
"""Fields that say which kind of part it is; another kind is another preset."""


@dataclass(frozen=True)
class SettingField:
    """One field of a configuration. ``path`` is ``"training.epochs"``; of what is no part of a preset just its name."""

    path: str
    info: FieldInfo

    @property
    def part(self) -> str:
        """``"training"``."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """``"epochs"``."""
        return self.path.rpartition(".")[2]

    @property
    def label(self) -> str:
        """For the screen."""
        return NAMES.get(self.path) or self.name.replace("_", " ").capitalize()

    @property
    def meaning(self) -> str:
        """One line, with a full stop."""
        text = (self.info.description or "").strip()
        first = text[:1].upper() if text[:1].isascii() else text[:1]  # β stays β
        return f"{first}{text[1:].removesuffix('.')}." if text else ""

    @property
    def allowed(self) -> str:
        """The range as it is checked, ``"1 to 10,000"``; "" for choices and texts."""
        if self.kind not in ("whole", "number"):
            return ""
        text = allowed_values(self.info).replace(", none", ", or empty")
        text = re.sub(r"\d+e-\d+", lambda number: f"{float(number[0]):.10f}".rstrip("0"), text)
        return re.sub(r"(?<![\d.])\d{4,}", lambda number: f"{int(number[0]):,}", text)

    @property
    def optional(self) -> bool:
        """Whether it may be left open."""
        return type(None) in _options(self.info)

    @property
    def kind(self) -> Literal["choice", "switch", "whole", "number", "list", "pairs"]:
        """How it is asked for."""
        options = [a for a in _options(self.info) if a is not type(None)]
        if choices_of(self.info):
            return "choice"
        if get_origin(options[0]) is tuple:
            return "pairs" if get_origin(get_args(options[0])[0]) is tuple else "list"
        return {bool: "switch", int: "whole"}.get(options[0], "number")

    @property
    def only_with(self) -> dict[str, list]:
        """Other field of its part → choices beside which this one has an effect."""
        return _extra(self.info).get("only_with", {})

    @property
    def same_as(self) -> str | None:
        """Path of the field whose value this one must have."""
        return _extra(self.info).get("same_as")

    def written(self, value: Any) -> Any:
        """``value`` of a configuration as it stands in the form: lists and pairs as text, the rest as it is."""
        if self.kind == "list":
            return ", ".join(f"{item:.10g}" for item in value)
        if self.kind == "pairs":
            return ", ".join(": ".join(f"{item:.10g}" for item in pair) for pair in value)
        return float(value) if self.kind == "number" and value is not None else value

    def read(self, written: Any) -> Any:
        """What stands in the form as a value for the configuration.

        Raises
        ------
        InputError
            A text that is no list of numbers.
        """
        if self.kind not in ("list", "pairs"):
            return written
        example = "epoch: β, epoch: β, as in 0: 0, 2: 1" if self.kind == "pairs" else "numbers with commas between"
        try:
            return _numbers(written, pairs=self.kind == "pairs")
        except ValueError:
            raise InputError(f"{self.path} cannot be read", value=written, allowed=example) from None


def _numbers(text: str, pairs: bool) -> list:
    """``"0: 0, 2: 1"`` → ``[[0, 0], [2, 1]]``. Between semicolons a comma is a decimal comma."""
    if ";" in text:
        text = text.replace(",", ".").replace(";", ",")
    items = [item for item in text.strip().strip("[]()").split(",") if item.strip()]
    if not items:
        raise ValueError(text)
    if not pairs:
        return [_number(item) for item in items]
    split = [item.split(":") for item in items]
    if any(len(pair) != 2 for pair in split):
        raise ValueError(text)
    return [[_number(number) for number in pair] for pair in split]


def _number(text: str) -> int | float:
    text = text.strip()
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def fields_of(preset: Preset) -> dict[str, SettingField]:
    """Every field of ``preset`` that a person may change, by its path, in the order of the configuration."""
    return _fields_of(tuple(type(getattr(preset, part)) for part in PARTS))


@cache
def _fields_of(models: tuple[type[BaseModel], ...]) -> dict[str, SettingField]:
    paths = {
        f"{part}.{name}": info
        for part, model in zip(PARTS, models, strict=True)
        for name, info in model.model_fields.items()
        if name not in TAGS
    }
    return {path: SettingField(path, info) for path, info in paths.items()}


def value_in(preset: Preset, path: str) -> Any:
    """``value_in(preset, "training.epochs")``."""
    part, _, name = path.partition(".")
    return getattr(getattr(preset, part), name)


def field_of(model: type[BaseModel], name: str) -> SettingField:
    """A field of a configuration that is no preset: of the run, of the machine."""
    return SettingField(name, model.model_fields[name])


def choices_of(field: FieldInfo) -> list:
    """The values of a field that has only some, None among them where it may be left open; [] otherwise."""
    annotations = _options(field)
    literals = [a for a in annotations if get_origin(a) is Literal]
    choices = [choice for literal in literals for choice in get_args(literal)]
    return choices + [None] * (bool(choices) and type(None) in annotations)


def bounds_of(field: FieldInfo) -> tuple[float | None, float | None]:
    """Lowest and highest value of a number field; None where there is none."""
    found = {
        side: getattr(rule, side)
        for rule in field.metadata
        for side in ("ge", "gt", "le", "lt")
        if getattr(rule, side, None) is not None
    }
    return found.get("ge", found.get("gt")), found.get("le", found.get("lt"))


def in_words(error: InputError, fields: dict[str, SettingField]) -> str:
    """The message with the labels of the form in place of paths: “Epochs” for ``training.epochs``."""
    text = re.sub(r"^--[\w-]+: ", "", str(error))  # the option of the command line
    return re.sub(
        r"\b[a-z]+\.[a-z_]+\b",
        lambda path: f"“{fields[path[0]].label}”" if path[0] in fields else path[0],
        text,
    )


def path_of(error: InputError, fields: dict[str, SettingField]) -> str:
    """Path of the field that an error is about, of its part where it is about several, or ""."""
    named = re.match(r"[a-z]+(\.[a-z_]+)?", error.problem)
    path = named[0] if named else ""
    return path if path in fields or path in PARTS else ""


def _options(field: FieldInfo) -> tuple:
    annotation = field.annotation
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _extra(field: FieldInfo) -> dict:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
