"""What goes with a batch: all that is needed to make it again, and what came out."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.batches.copies import CopyReport
from abr_model.batches.request import BatchRequest
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.provenance import Sampling
from abr_model.schema import KIND_NOTICES, Kind
from abr_model.validation import as_input_error

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

FORMAT, FORMAT_VERSION = "abr-batch", 1
LARGEST_BYTES = 100_000_000
DESIGN_ROWS_IN_FILE = 200
"""A design with a longer table stands in the data file by its hash alone; ``provenance.json`` has all of it."""


class ModelFacts(BaseModel):
    """Which model made the recordings, and what it learned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_id: str
    weights_sha256: str
    preset: str
    parameters: int
    sampling: Sampling
    samples: int
    trained_on: Kind
    training_cohort: str
    training_cohort_sha256: str = Field(description="of the content of the cohort that it was trained on")
    training_filter: CohortFilter = EVERYTHING
    split: str
    trained_at: str = ""

    @classmethod
    def of(cls, model: TrainedModel) -> ModelFacts:
        """Those of ``model``."""
        made = model.provenance
        return cls(
            model_id=model.model_id,
            weights_sha256=model.weights_sha256,
            preset=model.preset.name,
            parameters=model.parameters,
            sampling=model.sampling,
            samples=model.network.samples,
            trained_on=made.kind,
            training_cohort=made.cohort,
            training_cohort_sha256=made.cohort_digest,
            training_filter=made.filter.model_copy(update={"patients": ()}),  # pseudonyms stay here
            split=made.split,
            trained_at=made.trained_at,
        )


class Counts(BaseModel):
    """Recordings: ``asked`` for by the design, ``left_out`` because they lie outside the training data, ``withheld`` as
    near-copies, ``exported``; the ``support`` and hearing ``classes`` of all that were generated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: int
    left_out: int
    withheld: int
    exported: int
    support: dict[str, int]
    classes: dict[str, int]


class DataFile(BaseModel):
    """The file with the recordings; ``sha256`` is of its bytes, of a folder's those of all files in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    bytes: int
    sha256: str


class BatchProvenance(BaseModel):
    """Everything about one batch; ``provenance.json`` is this as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format: Literal["abr-batch"] = FORMAT
    version: Literal[1] = FORMAT_VERSION
    notice: str = KIND_NOTICES[Kind.GENERATED]
    made: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"), description="UTC")
    design_in_words: str
    request: BatchRequest
    model: ModelFacts
    conditions_sha256: str = Field(description="of the conditions of all rows that were generated, in order")
    recordings: Counts
    copies: CopyReport
    software: dict[str, str]
    platform: dict[str, str]
    other_platforms: tuple[dict[str, str], ...] = Field(
        default=(), description="of workers on machines of another kind"
    )
    file: DataFile | None = None

    def in_file(self) -> dict:
        """What stands in the data file itself: all but the file's own hash, and long tables by their hash."""
        said = self.model_dump(mode="json", exclude={"file"})
        design = said["request"]["design"]
        if len(design.get("n", ()) if isinstance(design.get("n"), list) else ()) > DESIGN_ROWS_IN_FILE:
            text = json.dumps(design, sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            said["request"]["design"] = {"kind": design["kind"], "rows": len(design["n"]), "sha256": digest}
        withheld = said["copies"].pop("withheld")
        said["copies"]["withheld"] = withheld[:DESIGN_ROWS_IN_FILE]
        said["copies"]["withheld_in_all"] = len(withheld)
        return said

    def to_json(self) -> str:
        """Versioned JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def read(cls, path: str | Path, name: str | None = None) -> BatchProvenance:
        """What :meth:`to_json` gave, from a file.

        Raises
        ------
        InputError
            No such file, no provenance of a batch, of another version, or incomplete.
        """
        path = Path(path)
        name = name or path.name
        wanted = "provenance.json of a batch"
        try:
            if path.stat().st_size > LARGEST_BYTES:
                raise InputError("the file is too large for a provenance", file=name)
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError("there is no such file", file=name, allowed=wanted) from error
        except ValueError as error:
            raise InputError("the file is not JSON, or it is truncated", file=name, allowed=wanted) from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise InputError("the file is not the provenance of a batch", file=name, allowed=wanted)
        if content.get("version") != FORMAT_VERSION:
            found = content.get("version")
            raise InputError("the provenance has another version", file=name, value=found, allowed=str(FORMAT_VERSION))
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise as_input_error(error, cls, "provenance", file=name) from error


def data_file(path: Path) -> DataFile:
    """Size and hash of a file, or of all files of a folder in the order of their names."""
    digest, size = hashlib.sha256(), 0
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(f"{file.name}\n".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    return DataFile(name=path.name, bytes=size, sha256=digest.hexdigest())
