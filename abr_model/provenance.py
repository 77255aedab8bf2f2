"""What goes with recordings wherever they go: how they were sampled, what they are and where they come from."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from abr_model import __version__
from abr_model.schema import KIND_NOTICES, Kind


class Sampling(BaseModel):
    """When the samples of a waveform were taken.

    Never guessed: it comes from the file or from the person (``original.md``, faults of the original's data handling).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rate_hz: float = Field(gt=0, le=1e6, description="samples per second")
    start_ms: float = Field(ge=-1000, le=1000, description="time of the first sample relative to stimulus onset, ms")

    def time_ms(self, samples: int) -> np.ndarray:
        """Times of ``samples`` samples in ms, shape [samples], float64."""
        return self.start_ms + np.arange(samples) * (1000.0 / self.rate_hz)


class Provenance(BaseModel):
    """What a cohort is and how it came to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    source: str = Field(description="what it is, in words for a person: 'simulated clinic', 'Eclipse export'")
    source_sha256: str | None = Field(default=None, description="hash of the file or model it came from")
    software: str = Field(default_factory=lambda: f"abr-synthesis {__version__}")
    details: dict = Field(
        default_factory=dict,
        description="JSON values: seed and parameters (simulated); model id, seed and conditions asked for "
        "(generated); import choices and refused rows (clinical)",
    )

    @property
    def notice(self) -> str:
        """The sentence that goes with these recordings wherever they are shown or exported."""
        return KIND_NOTICES[self.kind]

    @property
    def title(self) -> str:
        """What a person calls these recordings: ``"Simulated clinic · 300 patients · seed 1"``.

        Never a file's name: that may hold a patient's.
        """
        source = self.source[:1].upper() + self.source[1:]
        patients, seed = self.details.get("patients"), self.details.get("seed")
        if self.kind == Kind.SIMULATED and isinstance(patients, int) and isinstance(seed, int):
            return f"{source} · {patients:,} patients · seed {seed}"
        return source
