"""What a background evaluation was asked to do; written once, never changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.errors import InputError

REQUEST_FILE = "evaluation.json"


class EvaluationRequest(BaseModel):
    """Which model is measured on which cohort, and with what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_folder: str = Field(description="where the model lies")
    model_id: str
    model_name: str = Field(description="what a person calls the model")
    cohort_path: str
    cohort: str = Field(description="what a person calls the cohort; not its file name")
    cohort_digest: str
    other_cohort: bool = Field(default=False, description="the model learned from another one")
    sections: tuple[str, ...] | None = Field(default=None, description="only these; None: all")
    seed: int = Field(default=0, ge=0)
    threads: int = Field(default=1, ge=1, le=256)
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))

    def write(self, folder: Path) -> None:
        """Into the folder of the evaluation."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1)
        (folder / REQUEST_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> EvaluationRequest:
        """Of that folder.

        Raises
        ------
        InputError
            There is none, or it is damaged.
        """
        try:
            return cls.model_validate_json((folder / REQUEST_FILE).read_bytes())
        except OSError as error:
            raise InputError(f"the folder is no evaluation: {REQUEST_FILE} is missing", file=folder.name) from error
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(step) for step in problem["loc"])
            raise InputError(
                f"{REQUEST_FILE} of the evaluation is damaged: {where} – {problem['msg']}", file=folder.name
            ) from error
