"""What a review asks and of whom: ``study.json`` of its folder."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.provenance import Sampling
from abr_model.schema import WAVES, Kind
from abr_model.validation import as_input_error

CONFIG_FILE = "study.json"
SHOWABLE = ("intensity_db_nhl", "age_years", "stimulus_rate_per_s", "ear", "sex", "hearing_loss")
"""What may stand above a trace, in this order."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}")
CODE_ALLOWED = "letters, digits, - and _, at most 24; a code name, nobody's name"


class StudyConfig(BaseModel):
    """What a review asks, of whom, about what; fixed when the study is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: str = Field(default="", max_length=80, description="free text to recognise the study by")
    created: datetime
    kind: Kind = Field(description="of the recorded items: clinical or simulated")
    cohort: str = Field(description="what a person calls the cohort; not its file name")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content")
    filter: CohortFilter = Field(default=EVERYTHING, description="which of its recordings")
    held_out: bool = Field(
        description="whether the recorded items are unseen by the model: None of them was trained on"
    )
    model_id: str
    model: str = Field(description="preset of the model")
    trained_on: Kind = Field(description="kind of the model's training recordings")
    sampling: Sampling = Field(description="of every item, recorded or generated")
    samples: int = Field(ge=3, le=4096)
    low_pass_hz: float | None = Field(gt=0, description="zero-phase low-pass that every item passed; None: none")
    items: int = Field(ge=4, le=2000, description="different items")
    share_generated: float = Field(default=0.5, ge=0.2, le=0.8, description="share of the items that are generated")
    repeats: int = Field(default=0, ge=0, le=600, description="items that each reviewer sees a second time")
    display: Literal["trace", "series"] = Field(
        default="trace", description="trace: one recording; series: one ear at its levels, stacked"
    )
    shown: tuple[str, ...] = Field(default=SHOWABLE[:4], description="conditions above the trace")
    mark: tuple[str, ...] = Field(default=("V",), description="waves that are marked, or judged absent")
    plausibility: bool = Field(default=True, description="ask how plausible the trace is, 1 to 5")
    noticed: bool = Field(default=True, description="ask what was noticed: tick-boxes and a note")
    reviewers: tuple[str, ...] = Field(default=(), description="code names; none: whoever brings one")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of the choice of items and of their orders")
    margin: float = Field(
        default=0.1, ge=0.02, le=0.3, description="accuracies within 0.5 ± margin count as not told apart"
    )
    storage: str | None = Field(default=None, description="database of the answers; None: a file in the folder")

    @field_validator("shown", "mark")
    @classmethod
    def _known(cls, names: tuple[str, ...], info) -> tuple[str, ...]:
        known = SHOWABLE if info.field_name == "shown" else WAVES
        for name in names:
            if name not in known:
                raise ValueError(", ".join(known))
        return tuple(name for name in known if name in names)

    @field_validator("reviewers")
    @classmethod
    def _codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(reviewer_code(code) for code in codes))

    @model_validator(mode="after")
    def _repeats_fit(self):
        if self.repeats > self.items // 3:
            raise ValueError("repeats: at most a third of the items")
        return self

    @classmethod
    def of(cls, **values) -> StudyConfig:
        """The configuration of a new study; :class:`InputError` for a value that is not allowed."""
        try:
            return cls(created=datetime.now(UTC), **values)
        except ValidationError as error:
            raise as_input_error(error, cls, "study") from error

    @classmethod
    def read(cls, folder: Path) -> StudyConfig:
        """That of a study folder; :class:`InputError` where the file is missing or damaged."""
        try:
            return cls.model_validate_json((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("the study cannot be read", file=CONFIG_FILE) from error
        except ValidationError as error:
            raise as_input_error(error, cls, "study", CONFIG_FILE) from error

    def write(self, folder: Path) -> None:
        """``study.json``."""
        (folder / CONFIG_FILE).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @property
    def presentations(self) -> int:
        """What each reviewer sees: items, and those shown a second time."""
        return self.items + self.repeats

    @property
    def recorded_word(self) -> str:
        """What an item is that no model made: ``"simulated clinic"`` is not a patient, and is never called real."""
        return "real" if self.kind == Kind.CLINICAL else "simulated clinic"

    @property
    def recorded_phrase(self) -> str:
        """The same in a sentence: ``"from the simulated clinic"``, ``"real"``."""
        return "real" if self.kind == Kind.CLINICAL else "from the simulated clinic"

    @property
    def notice(self) -> str:
        """The sentence that goes with every screen and result of this study."""
        if self.kind == Kind.CLINICAL:
            return "Clinical recordings and generated ones. Research use only."
        return (
            "Simulated clinic, not patients: the recorded items come from a simulation. This is no clinical validation."
        )


def reviewer_code(code: str) -> str:
    """A reviewer's code name in the one form it is kept in (lower case).

    Raises
    ------
    InputError
        Empty, too long, or other signs.
    """
    kept = code.strip().lower()
    if not _CODE.fullmatch(kept):
        raise InputError("this is no code name of a reviewer", value=code, allowed=CODE_ALLOWED)
    return kept
