"""What a run was asked to do: ``config.yaml`` of its folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model.configuration import Preset, load_preset, preset_names
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.provenance import Provenance
from abr_model.runs.machine import Machine
from abr_model.schema import Kind

PRESET_FILE = "preset.yaml"
FILTER_FILE = "filter.json"


class Origin(BaseModel):
    """Where the first weights of a run came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: str = Field(description="model 1a2b3c4d; checkpoint epoch-10 of the run …")
    option: str = Field(description="what to give to --from (and --checkpoint) to start from the same again")
    sha256: str = Field(description="SHA-256 of the file of weights in the run folder")


class RunConfig(BaseModel):
    """What a run was asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(default="", max_length=100, description="free text of the person")
    created: datetime
    cohort_path: str
    cohort: str = Field(description="what a person calls the cohort; not its file name")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content; another content is refused")
    filter: CohortFilter = Field(default=EVERYTHING, description="which of its recordings; applied before selection")
    threads: int = Field(default=1, ge=1, le=256, description="CPU threads of each process of the trainer")
    machine: Machine = Field(default=Machine(), description="what it trains on")
    checkpoint_every: int = Field(
        default=10, ge=0, le=10_000, description="epochs between two kept checkpoints; 0: none"
    )
    preview_every: int = Field(
        default=2, ge=0, le=10_000, description="epochs between two previews of generated waveforms; 0: none"
    )
    recordings: int | None = Field(
        default=None, ge=30, description="train on about so many of the kept recordings, whole patients; None: on all"
    )
    dry_run: bool = Field(default=False, description="made to see whether everything works; its model is no result")
    search: str | None = Field(default=None, description="the search that this run is a trial of")
    start: Origin | None = Field(default=None, description="where its first weights come from; None: from chance")
    exclusive: bool = Field(default=True, description="one training at a time in this folder of runs")
    command: str = Field(description="the command that repeats this run")
    preset: Preset

    @classmethod
    def of(cls, preset: Preset, provenance: Provenance, **values) -> RunConfig:
        """The configuration of a new run; :class:`InputError` for a value out of range."""
        try:
            config = cls(created=datetime.now(UTC), cohort=provenance.title, command="", preset=preset, **values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(step) for step in first["loc"])
            raise InputError(f"{name} of a run: {first['msg'].lower()}", value=first["input"]) from error
        return config.model_copy(update={"command": repeating_command(config, provenance)})

    def write(self, folder: Path) -> None:
        """``config.yaml``, and the preset and the filter each in a file of its own where the command needs it."""
        text = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        if is_customised(self.preset):
            (folder / PRESET_FILE).write_text(self.preset.to_yaml(), encoding="utf-8")
        if not self.filter.is_empty:
            (folder / FILTER_FILE).write_text(self.filter.to_json() + "\n", encoding="utf-8")


OPTIONS = ("epochs", "seed", "precision", "deterministic")
"""Values of a preset's training that are options of the command, too."""


def is_customised(preset: Preset) -> bool:
    """Whether more than :data:`OPTIONS` differs from the preset that comes with the package under this name."""
    if preset.name not in preset_names():
        return True
    same = {name: getattr(preset.training, name) for name in OPTIONS}
    return load_preset(preset.name).changed(training=same) != preset


def repeating_command(config: RunConfig, provenance: Provenance) -> str:
    """The command that trains the same again.

    A customised preset and a filter are taken from their files in the run folder. The cohort is called
    ``cohort.parquet`` and a model by its id: file names may hold a patient's name and the command stands in the model's
    card; a simulated cohort is simulated again.
    """
    preset, machine = config.preset, config.machine
    customised = is_customised(preset)
    training = preset.training
    train = f"abr train --preset {PRESET_FILE if customised else preset.name} --cohort cohort.parquet"
    train += f" --epochs {training.epochs} --seed {training.seed}"
    usual = training if customised else load_preset(preset.name).training
    if training.precision != usual.precision:
        train += f" --precision {training.precision}"
    if training.deterministic != usual.deterministic:
        train += " --deterministic" if training.deterministic else " --no-deterministic"
    if machine.devices > 1:  # each process takes a batch of its own: the number of them changes the result
        train += f" --devices {machine.devices}"
    if machine.nodes > 1:
        train += f" --num-nodes {machine.nodes}"
    if config.recordings is not None:
        train += f" --recordings {config.recordings}"
    if config.dry_run:
        train += " --dry-run"
    if config.start is not None:
        train += f" --from {config.start.option}"
    if not config.filter.is_empty:
        train += f" --filter {FILTER_FILE}"
    patients, seed = provenance.details.get("patients"), provenance.details.get("seed")
    if provenance.kind == Kind.SIMULATED and isinstance(patients, int) and isinstance(seed, int):
        return f"abr simulate --patients {patients} --seed {seed} --out cohort.parquet && {train}"
    return train
