"""What a search was asked to do: ``search.yaml`` of its folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.runs.machine import Machine
from abr_model.search.figures import FIGURES, SELECTION_FIGURE
from abr_model.search.space import Choices, Range, dimension_of

CONFIG_FILE = "search.yaml"


class Sampler(BaseModel):
    """How the values of the next trial are chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["tpe", "random"] = Field(
        default="tpe", description="tpe: near what did well so far (Bergstra et al. 2011); random: anywhere"
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="seed of the choice")
    startup_trials: int = Field(default=8, ge=1, le=1000, description="tpe: so many at random before it begins")


class Pruner(BaseModel):
    """Which trials are ended early."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["median", "halving", "none"] = Field(
        default="median",
        description="median: worse than the middle of the others at the same epoch; halving: not among the best "
        "quarter at epoch 1, 4, 16 …; none: every trial trains to its end",
    )
    startup_trials: int = Field(default=5, ge=0, le=1000, description="median: so many trials train to their end first")
    warmup_epochs: int = Field(default=2, ge=0, le=10_000, description="no trial ends before so many epochs")


class SearchConfig(BaseModel):
    """What a search was asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(default="", max_length=80, description="free text of the person")
    created: datetime
    cohort_path: str
    cohort: str = Field(description="what a person calls the cohort; not its file name")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content")
    filter: CohortFilter = EVERYTHING
    recordings: int | None = Field(default=None, ge=30, description="train on about so many; None: on all")
    epochs: int = Field(ge=1, le=10_000, description="epochs of a trial")
    trials: int = Field(default=30, ge=1, le=100_000, description="trials in all, of all workers")
    figure: str = Field(default=SELECTION_FIGURE, description="what to make small, in the best epoch of a trial")
    threads: int = Field(default=1, ge=1, le=256, description="CPU threads of a trial")
    machine: Machine = Machine()
    sampler: Sampler = Sampler()
    pruner: Pruner = Pruner()
    storage: str | None = Field(default=None, description="URL of a shared database; None: a file in the folder")
    space: dict[str, Range | Choices]
    preset: Preset

    @field_validator("space", mode="before")
    @classmethod
    def _dimensions(cls, space):
        return {setting: dimension_of(setting, values) for setting, values in space.items()}

    @field_validator("figure")
    @classmethod
    def _is_logged(cls, figure):
        if figure not in FIGURES:
            raise ValueError(", ".join(FIGURES))
        return figure

    @classmethod
    def of(cls, **values) -> SearchConfig:
        """The configuration of a new search; :class:`InputError` for a value that is not allowed."""
        try:
            return cls(created=datetime.now(UTC), **values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(step) for step in first["loc"])
            why = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
            raise InputError(f"{name} of a search is not allowed", value=first["input"], allowed=why) from error

    def write(self, folder: Path) -> None:
        """``search.yaml``."""
        text = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> SearchConfig:
        """Of that folder.

        Raises
        ------
        InputError
            There is none, or it was changed to something that is not a search.
        """
        try:
            return cls.model_validate(yaml.safe_load((folder / CONFIG_FILE).read_text(encoding="utf-8")))
        except OSError as error:
            raise InputError(f"the folder is not a search: {CONFIG_FILE} is missing", file=folder.name) from error
        except (yaml.YAMLError, ValidationError, UnicodeDecodeError, AttributeError) as error:
            detail = error.errors()[0] if isinstance(error, ValidationError) else None
            where = f": {'.'.join(str(step) for step in detail['loc'])} – {detail['msg']}" if detail else ""
            raise InputError(f"{CONFIG_FILE} of the search is damaged{where}", file=folder.name) from error
