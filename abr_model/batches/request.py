"""What is asked for, as a value."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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
    check_copies: bool = Field(default=True, description="look for near-copies of training recordings, where possible")
