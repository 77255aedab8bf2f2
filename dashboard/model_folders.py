"""Models on disk: described from their JSON alone, or loaded; each once for all sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from abr_model.schema import Kind
from dashboard.model_in_use import is_of_dry_run

if TYPE_CHECKING:
    from abr_model.model import TrainedModel


@dataclass(frozen=True)
class ModelFolder:
    """A trained model on disk, known from its description alone.

    ``model_id`` is the start of its weights' checksum; ``origin`` is ``"shipped"`` or ``"trained here"``; ``kind`` and
    ``recordings`` are those of the training part; ``source`` says what that was. A ``dry_run`` was only made to see
    whether everything works.
    """

    folder: Path
    name: str
    model_id: str
    origin: str
    kind: Kind
    source: str
    recordings: int
    dry_run: bool = False


@dataclass(frozen=True)
class LoadedModel:
    """The model a session generates with."""

    model: TrainedModel
    name: str
    folder: Path

    @cached_property
    def weights_sha256(self) -> str:
        """Of the model, worked out once: what is loaded here does not change, and a click asks for it several times."""
        return self.model.weights_sha256

    @property
    def model_id(self) -> str:
        """Its first 8 hex digits."""
        return self.weights_sha256[:8]


@st.cache_resource(max_entries=64, show_spinner=False)
def described_model(folder: str, origin: str, mtime_ns: int, size: int) -> ModelFolder:
    """What ``model.json`` says; time of change and size make it read anew when it was replaced."""
    description = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
    provenance = description["provenance"]
    return ModelFolder(
        folder=Path(folder),
        name=_model_name(description["preset"]["name"], description["model_id"]),
        model_id=description["model_id"],
        origin=origin,
        kind=Kind(provenance["kind"]),
        source=provenance["cohort"],
        recordings=int(provenance["recordings"]["train"]),
        dry_run=is_of_dry_run(folder),
    )


def _model_name(preset: str, model_id: str) -> str:
    return f"{preset} · {model_id[:4]}"


@st.cache_resource(max_entries=3, show_spinner="Loading the model …")
def read_model(folder: str, state: tuple) -> LoadedModel:
    """The model; ``state`` makes it read anew when it was replaced.

    Raises
    ------
    InputError
        The folder is not a model.
    """
    import torch

    from abr_model.model import TrainedModel

    torch.set_num_threads(1)  # a page's small batches run faster on one thread, and other sessions keep theirs
    model = TrainedModel.load(Path(folder))
    return LoadedModel(model, _model_name(model.preset.name, model.model_id), Path(folder))
