"""What a run was asked to do: ``config.yaml`` of its folder."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from abr_model.configuration import Preset, load_preset, preset_names

PRESET_FILE = "preset.yaml"


class RunConfig(BaseModel):
    """What a run was asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(default="", max_length=100, description="free text of the person")
    created: datetime
    cohort_path: str
    cohort: str = Field(description="file name of the cohort")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content; another content is refused")
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


def repeating_command(preset: Preset, cohort: str) -> str:
    """The command that trains the same again; a customised preset is taken from its file in the run folder."""
    name = PRESET_FILE if is_customised(preset) else preset.name
    return (
        f"abr train --preset {name} --cohort {cohort} --epochs {preset.training.epochs} --seed {preset.training.seed}"
    )
