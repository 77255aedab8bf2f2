"""What is suspicious about an import, and the correction that would mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Severity = Literal["problem", "look", "fine"]
"""``problem``: do not store this before it is settled; ``look``: a person should look; ``fine``: checked, in order."""


@dataclass(frozen=True)
class Correction:
    """What to import with instead.

    ``name`` is an argument of :func:`abr_model.sources.reading.read_recordings` (``"label_shift_ms"``,
    ``"invert_polarity"``, ``"unit"``, ``"sampling_rate_hz"``) or a field of a mapping (``"residual_noise_unit"``,
    ``"missing_values"``);
    ``value`` is the whole value to give it, not a change of what was given. ``sentence`` says what it would do.
    """

    name: str
    value: float | bool | str | dict[str, tuple[str, ...]]
    sentence: str

    @property
    def option(self) -> str:
        """The same for the command line: ``"--label-shift=0.85"``; of a mapping: ``"residual_noise_unit: µV"``."""
        if self.name == "label_shift_ms":
            return f"--label-shift={self.value:g}"
        if self.name == "sampling_rate_hz":
            return f"--sampling-rate {self.value:g}"
        if self.name == "invert_polarity":
            return "--invert-polarity" if self.value else "--keep-polarity"
        if self.name == "unit":
            return f"--unit {self.value}"
        value = self.value
        if isinstance(value, dict):
            value = "{" + ", ".join(f"{k}: [{', '.join(v)}]" for k, v in value.items()) + "}"
        return f"{self.name}: {value} (in the mapping file)"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked on a cohort before it is stored.

    Parameters
    ----------
    code
        Short name that stays the same: ``"wave_v_offset"``, ``"polarity"``, ``"clipped"``.
    severity
        ``"problem"``, ``"look"`` or ``"fine"``.
    sentence
        What was found, with its number, without a full stop. Holds nothing that identifies a person.
    n, of
        Recordings concerned, and recordings that could be checked.
    rows
        Positions of the concerned recordings in the cohort; empty when it is about all or about none.
    correction
        What would mend it, where the check can tell.
    """

    code: str
    severity: Severity
    sentence: str
    n: int
    of: int
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), compare=False)
    correction: Correction | None = None
