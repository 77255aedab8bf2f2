"""A range of a number column that lets recordings pass."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from abr_model.errors import InputError

_SLACK = 1e-9
"""A bound that was printed and read again still lets its own value pass."""


class Range(BaseModel):
    """Values from ``minimum`` to ``maximum``, both included; ``unknown`` lets recordings without a value pass too."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    minimum: float | None = None
    maximum: float | None = None
    unknown: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise InputError(
                "the range ends before it begins",
                value=f"{self.minimum:g} to {self.maximum:g}",
                allowed="from low to high",
            )
        return self

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self.minimum is None and self.maximum is None and self.unknown

    def mask(self, values: np.ndarray) -> np.ndarray:
        """[N] bool: which of ``values`` [N] pass."""
        low = -np.inf if self.minimum is None else self.minimum - _SLACK
        high = np.inf if self.maximum is None else self.maximum + _SLACK
        passed = (values >= low) & (values <= high)  # NaN passes neither
        return passed | np.isnan(values) if self.unknown else passed
