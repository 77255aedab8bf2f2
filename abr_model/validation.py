"""What pydantic finds wrong, said as every other bad input: field, value and what is allowed."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from abr_model.errors import InputError


def allowed_values(field: FieldInfo) -> str:
    """What a field accepts, for a message or a form: ``"1e-07 to 0.1"``, ``"step, cosine, constant"``; "" if open."""
    inner = [get_args(a) if get_origin(a) is Literal else () for a in (field.annotation, *get_args(field.annotation))]
    choices = [str(choice) for group in inner for choice in group]
    optional = type(None) in get_args(field.annotation)
    bounds = _bounds(field.annotation, field.metadata)
    parts = [", ".join(choices)] if choices else []
    if "lowest" in bounds and "highest" in bounds:
        parts.append(f"{bounds['lowest']} to {bounds['highest']}")
    elif bounds:
        parts.append(bounds.get("lowest") or bounds["highest"])
    return ", ".join(parts + ["none"] * (optional and bool(parts)))


def _bounds(annotation: Any, metadata: list) -> dict[str, str]:
    bounds = {}
    for rule in metadata:
        for name, side, word in (
            ("ge", "lowest", ""),
            ("gt", "lowest", "above "),
            ("le", "highest", ""),
            ("lt", "highest", "below "),
        ):
            if getattr(rule, name, None) is not None:
                bounds[side] = f"{word}{_number(getattr(rule, name))}"
    return bounds


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def as_input_error(error: ValidationError, model: type[BaseModel], name: str, file: str | None = None) -> InputError:
    """The first finding of pydantic on a ``model``, called ``name``: field, value and what is allowed."""
    finding = error.errors()[0]
    path, field = [], None
    for step in finding["loc"]:
        known = getattr(model, "model_fields", {})
        if step in known:
            field = known[step]
            model = field.annotation
        elif (option := _option(model, step)) is not None:
            model = option  # the tag of a discriminated union: not part of the name that a person writes
            continue
        path.append(str(step))
    where = ".".join(path) or f"the {name}"
    value = finding["input"] if not isinstance(finding["input"], dict) else None
    kind = finding["type"]
    if kind == "extra_forbidden":
        fields = getattr(model, "model_fields", {})
        return InputError(f"{where} is not a field of a {name}", file=file, value=value, allowed=", ".join(fields))
    if kind == "missing":
        return InputError(f"{where} is missing", file=file)
    if kind.startswith("union_tag"):
        tags = finding["ctx"].get("expected_tags", "").replace("'", "")
        tag = finding["ctx"].get("tag")
        where = f"{where}.{finding['ctx']['discriminator']}".replace("'", "")
        return InputError(f"{where} is not one that exists", file=file, value=tag, allowed=tags or "reference, …")
    if kind == "value_error":
        return InputError(f"{where} does not fit", file=file, value=value, allowed=str(finding["ctx"]["error"]))
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return InputError(f"{where} is out of range", file=file, value=value, allowed=field and allowed_values(field))
    allowed = (allowed_values(field) if field else "") or finding["msg"].removeprefix("Input should be ")
    return InputError(f"{where} is not allowed", file=file, value=value, allowed=allowed)


def _option(annotation: Any, tag: Any) -> type[BaseModel] | None:
    for option in get_args(annotation):
        fields = getattr(option, "model_fields", {})
        if any(tag in get_args(fields[key].annotation) for key in ("architecture", "kind") if key in fields):
            return option
    return None
