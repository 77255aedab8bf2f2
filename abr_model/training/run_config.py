"""What a run was asked to do: ``config.yaml`` of its folder."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from abr_model.configuration import Preset, load_preset, preset_names
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.provenance import Provenance
from abr_model.schema import Kind

PRESET_FILE = "preset.yaml"
FILTER_FILE = "filter.json"


class RunConfig(BaseModel):
    """What a run was asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(default="", max_length=100, description="free text of the person")
    created: datetime
    cohort_path: str
    cohort: str = Field(description="what a person calls the cohort; not its file name")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content; another content is refused")
    filter: CohortFilter = Field(default=EVERYTHING, description="which of its recordings; applied before selection")
    threads: int = Field(default=1, ge=1, le=256, description="CPU threads of the trainer")
    exclusive: bool = Field(default=True, description="one training at a time in this folder of runs")
    command: str = Field(description="the command that repeats this run")
    preset: Preset


def is_customised(preset: Preset) -> bool:
    """Whether more than epochs and seed differs from the preset that comes with the package under this name."""
    if preset.name not in preset_names():
        return True
    same = {"epochs": preset.training.epochs, "seed": preset.training.seed}
    return load_preset(preset.name).changed(training=same) != preset


def repeating_command(preset: Preset, provenance: Provenance, filter: CohortFilter = EVERYTHING) -> str:
    """The command that trains the same again.

    A customised preset and a filter are taken from their files in the run folder. The cohort is called
    ``cohort.parquet``: its own file name may hold a patient's name and the command stands in the model's card; a
    simulated one is simulated again.
    """
    name = PRESET_FILE if is_customised(preset) else preset.name
    training = preset.training
    train = f"abr train --preset {name} --cohort cohort.parquet --epochs {training.epochs} --seed {training.seed}"
    if not filter.is_empty:
        train += f" --filter {FILTER_FILE}"
    patients, seed = provenance.details.get("patients"), provenance.details.get("seed")
    if provenance.kind == Kind.SIMULATED and isinstance(patients, int) and isinstance(seed, int):
        return f"abr simulate --patients {patients} --seed {seed} --out cohort.parquet && {train}"
    return train
