"""What a reviewer says about one item."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from abr_model.review.config import StudyConfig
from abr_model.schema import WAVES
from abr_model.validation import as_input_error

RATINGS = 6
"""The scale from 1, surely recorded, to 6, surely generated; it has no middle, so every rating is a decision."""
PLAUSIBILITIES = 5
"""From 1, impossible, to 5, entirely plausible."""
NOTICED = {
    "noise": "Noise",
    "shape": "Wave shape",
    "latency": "Latencies",
    "amplitude": "Amplitudes",
    "baseline": "Baseline or artefact",
}
"""What a reviewer may tick as having struck them."""
LONGEST_NOTE = 500


def _whole(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value  # a browser has no integers


Whole = Annotated[int, BeforeValidator(_whole)]


class Mark(BaseModel):
    """A wave on one trace of an item: its latency in ms, or None where the reviewer sees no response."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    trace: Whole = Field(default=0, ge=0, le=63, description="position in a series, 0 is the loudest")
    wave: str
    ms: float | None = Field(ge=-1000, le=1000)

    @field_validator("wave")
    @classmethod
    def _known(cls, wave: str) -> str:
        if wave not in WAVES:
            raise ValueError(", ".join(WAVES))
        return wave


class Answer(BaseModel):
    """All that a reviewer has said of one item so far."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    marks: tuple[Mark, ...] = Field(default=(), max_length=200)
    plausibility: Whole | None = Field(default=None, ge=1, le=PLAUSIBILITIES)
    rating: Whole | None = Field(default=None, ge=1, le=RATINGS, description="1 surely recorded … 6 surely generated")
    noticed: tuple[str, ...] = ()
    note: str = Field(default="", max_length=LONGEST_NOTE)
    seconds: float = Field(default=0.0, ge=0, le=1e6, description="time that the item was on a visible screen")
    done: bool = Field(default=False, description="confirmed by the reviewer; may still be changed")

    @field_validator("noticed")
    @classmethod
    def _ticks(cls, ticks: tuple[str, ...]) -> tuple[str, ...]:
        for tick in ticks:
            if tick not in NOTICED:
                raise ValueError(", ".join(NOTICED))
        return tuple(tick for tick in NOTICED if tick in ticks)

    @classmethod
    def of(cls, values: dict) -> Answer:
        """An answer from plain values; :class:`InputError` for one that is not allowed."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise as_input_error(error, cls, "answer") from error

    def open(self, config: StudyConfig, traces: int) -> list[str]:
        """What of the questions has no answer yet, in words."""
        marked = {(mark.trace, mark.wave) for mark in self.marks}
        missing = [
            f"wave {wave}" for wave in config.mark if any((trace, wave) not in marked for trace in range(traces))
        ]
        if config.plausibility and self.plausibility is None:
            missing.append("plausibility")
        return missing + ([f"{config.recorded_word} or generated"] if self.rating is None else [])
