"""How far a recording lies from what a model knows: two numbers, held against those of recordings like its own.

*Surprise* is the KL of q(z | recording) to p(z | conditions): how unusual the model finds the ear. *What is left* is
the root mean square of recording minus response estimate over the recording's own residual noise: about 1 where the
estimate explains all but the noise, more where the recording holds something that the model cannot make.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from abr_model.schema import RESIDUAL_NOISE

LEVELS = (0.5, 0.9, 0.95, 0.99, 0.999)
UNLIKE, UNUSUAL = 0.99, 0.95
"""A recording beyond this share of the held-out ones is unlike them, or unusual among them."""


class Familiarity(BaseModel):
    """Quantiles, at :data:`LEVELS`, of held-out recordings of the training cohort."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    recordings: int = Field(ge=1)
    surprise: tuple[float, ...] = Field(min_length=len(LEVELS), max_length=len(LEVELS), description="nats")
    left_over: tuple[float, ...] | None = Field(description="ratio; none where no residual noise was known")

    @classmethod
    def measure(cls, surprise: np.ndarray, left_over: np.ndarray) -> Familiarity:
        """From values [N] of held-out recordings, NaN where the residual noise is not known."""
        known = left_over[np.isfinite(left_over)]
        return cls(
            recordings=len(surprise),
            surprise=tuple(np.quantile(surprise, LEVELS).tolist()),
            left_over=tuple(np.quantile(known, LEVELS).tolist()) if len(known) else None,
        )

    def of(self, surprise: float, left_over: float) -> FamiliarityOf:
        """Of one recording."""
        return FamiliarityOf(self, float(surprise), float(left_over))


@dataclass(frozen=True)
class FamiliarityOf:
    """One recording beside the held-out ones. ``left_over`` is NaN where its residual noise is not known."""

    usual: Familiarity
    surprise: float
    left_over: float

    @property
    def degree(self) -> str:
        """``"like"``, ``"unusual"`` or ``"unlike"`` the training data: the worse of the two numbers."""
        beyond = [self.surprise_beyond]
        if np.isfinite(self.left_over) and self.usual.left_over is not None:
            beyond.append(self.left_over_beyond)
        worst = max(beyond)
        return "unlike" if worst >= UNLIKE else "unusual" if worst >= UNUSUAL else "like"

    @property
    def surprise_beyond(self) -> float:
        """Largest of :data:`LEVELS` whose quantile the surprise exceeds, else 0."""
        return _beyond(self.surprise, self.usual.surprise)

    @property
    def left_over_beyond(self) -> float:
        """The same of what is left."""
        return _beyond(self.left_over, self.usual.left_over)

    @property
    def sentence(self) -> str:
        """What there is to say, for a person."""
        words = {
            "like": "The recording is like those that the model was trained on.",
            "unusual": "The recording is unusual among those that the model was trained on.",
            "unlike": "The recording is unlike those that the model was trained on: take what follows with caution.",
        }[self.degree]
        surprise = (
            f"surprise {self.surprise:.0f} nats (95 % of held-out recordings: below {self.usual.surprise[2]:.0f})"
        )
        if not np.isfinite(self.left_over) or self.usual.left_over is None:
            return f"{words} It has {surprise}; its residual noise is not known."
        left = f"leaves {self.left_over:.2f} times its residual noise (95 %: below {self.usual.left_over[2]:.2f})"
        return f"{words} The response estimate {left}; {surprise}."


def left_over(rms_uv: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """[N] root mean square of what an estimate leaves (µV) over the recording's residual noise; NaN where unknown."""
    noise = table[RESIDUAL_NOISE.name].to_numpy(float) / 1000
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(noise > 0, rms_uv / noise, np.nan)


def _beyond(value: float, quantiles: tuple[float, ...]) -> float:
    passed = [level for level, quantile in zip(LEVELS, quantiles, strict=True) if value > quantile]
    return passed[-1] if passed else 0.0
