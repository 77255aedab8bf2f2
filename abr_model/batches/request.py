"""What is asked for, as a value."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from abr_model.batches.sweeps import NoiseOfSweeps
from abr_model.generation.designs.design import Design

Outside = Literal["keep", "leave out", "refuse"]
"""What happens to conditions outside the training data: their recordings say so, are not made, or nothing is made."""


class BatchRequest(BaseModel):
    """Conditions, seed and form of one batch.

    The same request with the same model and versions gives the same file, on one platform bit for bit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    design: Design
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the recordings")
    content: Literal["recording", "response"] = Field(default="recording", description="with residual noise or without")
    format: Literal["csv", "csv-long", "parquet", "eclipse", "wfdb"] = "csv"
    outside: Outside = Field(default="keep", description="what happens to conditions outside the training data")
    residual_noise: NoiseOfSweeps | None = Field(
        default=None, description="residual noise as of another number of sweeps; none: as the model has learned it"
    )
    check_copies: bool = Field(default=True, description="look for near-copies of training recordings, where possible")

    @model_validator(mode="after")
    def _responses_have_no_noise(self) -> BatchRequest:
        if self.residual_noise is not None and self.content == "response":
            raise ValueError("responses carry no residual noise: a number of sweeps belongs to recordings")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_as_usual(self, serialize) -> dict:
        """A batch whose noise is as learned says nothing of sweeps, as before there was a choice: the same bytes."""
        said = serialize(self)
        if self.residual_noise is None:
            del said["residual_noise"]
        return said
