"""A design: one of its kinds, from and to YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.errors import InputError
from abr_model.generation.designs.drawn import BalancedDesign, CohortDesign
from abr_model.generation.designs.grid import GridDesign
from abr_model.generation.designs.table import TableDesign
from abr_model.validation import as_input_error

Design = Annotated[GridDesign | CohortDesign | BalancedDesign | TableDesign, Field(discriminator="kind")]
LARGEST_BYTES = 20_000_000


class DesignFile(BaseModel):
    """What a design's file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    design: Design


def design_of(values, file: str | None = None) -> Design:
    """A design from plain values (a dict with ``kind``).

    Raises
    ------
    InputError
        Not a design: names field, value and what is allowed.
    """
    try:
        return DesignFile.model_validate({"design": values}).design
    except ValidationError as error:
        raise as_input_error(error, DesignFile, "design", file=file) from error


def load_design(path: str | Path) -> Design:
    """Read a design from a YAML or JSON file.

    Raises
    ------
    InputError
        No such file, not YAML, not a design.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError("the file is too large for a design", file=path.name)
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("there is no such file", file=path.name, allowed="a design (.yaml)") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("the file is not a design: it is not YAML", file=path.name) from error
    if not isinstance(values, dict):
        raise InputError("the file is not a design", file=path.name, allowed="kind: grid, cohort, balanced or table")
    return design_of(values, path.name)


def save_design(design: Design, path: str | Path) -> Path:
    """Write as YAML; :func:`load_design` gives back exactly this.

    Raises
    ------
    InputError
        It cannot be written there.
    """
    path = Path(path)
    text = yaml.safe_dump(design.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("the design cannot be written there", file=path.name) from error
    return path
