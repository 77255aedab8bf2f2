"""What a scientist holds: a trained model, saved as safetensors + JSON. Loading one never executes code."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abr_model import __version__
from abr_model.cohort import Sampling
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.joint_support import joint_support
from abr_model.label_calibration import LabelCalibration
from abr_model.label_reading import LabelReading
from abr_model.model_card import ear_link_in, evaluation_in, model_card
from abr_model.scaling import Scaling
from abr_model.schema import Kind

if TYPE_CHECKING:
    import torch
    from torch import nn

    from abr_model.sampler import Sampler

FORMAT = "abr-model"
FORMAT_VERSION = 1
WEIGHTS_FILE, DESCRIPTION_FILE, CARD_FILE = "weights.safetensors", "model.json", "card.md"
LARGEST_DESCRIPTION_BYTES = 2_000_000


def _versions() -> dict[str, str]:
    return {"abr-synthesis": __version__} | {name: version(name) for name in ("torch", "lightning", "numpy")}


class ModelProvenance(BaseModel):
    """What a model was trained on, how, and how well it reconstructs recordings that it has not seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Kind = Field(description="kind of the training cohort")
    cohort: str = Field(description="what a person calls the cohort; not its file name, which may hold a patient's")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content")
    filter: CohortFilter = Field(default=EVERYTHING, description="which of its recordings were used")
    split: str = Field(description="'patient' or 'recording (leaky)'")
    recordings: dict[str, int] = Field(description="recordings of the training, validation and test part")
    patients: dict[str, int] = Field(description="patients of each part")
    command: str = Field(description="what repeats the training")
    run: str = Field(default="", description="id of the run")
    epochs: int = Field(ge=0, description="whole epochs trained")
    best_epoch: int | None = Field(default=None, description="index, from 0, of the epoch whose weights these are")
    ended: str = Field(default="", description="why training ended, in words")
    trained_at: str = Field(default="", description="date of the end of training, UTC")
    figures: dict[str, float | None] = Field(default_factory=dict, description="measured on the test part")
    software: dict[str, str] = Field(default_factory=_versions)


@dataclass
class TrainedModel:
    """Network, sampler and everything needed to go from conditions to µV.

    Parameters
    ----------
    network, sampler
        In evaluation mode.
    preset
        All hyper-parameters.
    scaling
        Units to the network's numbers, fitted on the training part.
    sampling
        Sampling rate and time of the first sample of what the model generates.
    support
        Where the training part lies (:func:`abr_model.training_support.support_of`).
    provenance
        What it was trained on, and its measured figures.
    label_calibration
        Errors of its wave labels on the validation part: what the interval of an imputed label is made of. None: not
        measured.
    label_reading
        How marks follow the recording, measured there, too. None: its labels are those of the response.
    """

    network: nn.Module
    sampler: Sampler
    preset: Preset
    scaling: Scaling
    sampling: Sampling
    support: dict[str, Any]
    provenance: ModelProvenance
    label_calibration: LabelCalibration | None = None
    label_reading: LabelReading | None = None

    def __post_init__(self):
        self.network.eval()
        self.sampler.eval()
        self.sampler.bind(self.network)

    @property
    def weights_sha256(self) -> str:
        """SHA-256 over names, types, shapes and values of all weights, as they are now (a few milliseconds)."""
        hasher = hashlib.sha256()
        for name, tensor in sorted(self._weights().items()):
            hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            hasher.update(tensor.numpy().tobytes())
        return hasher.hexdigest()

    @property
    def model_id(self) -> str:
        """First 8 hex digits of the SHA-256 of the weights."""
        return self.weights_sha256[:8]

    @property
    def parameters(self) -> int:
        """Trainable parameters of network and sampler."""
        from abr_model.network import parameter_count

        return parameter_count(self.network) + parameter_count(self.sampler)

    def _weights(self) -> dict[str, torch.Tensor]:
        parts = {"network": self.network, "sampler": self.sampler}
        return {
            f"{part}.{name}": tensor.detach().cpu().contiguous()
            for part, module in parts.items()
            for name, tensor in module.state_dict().items()
        }

    def _of_labels(self) -> dict[str, LabelCalibration | LabelReading | None]:
        return {"label_calibration": self.label_calibration, "label_reading": self.label_reading}

    def save(self, folder: str | Path) -> Path:
        """Write ``weights.safetensors``, ``model.json`` and ``card.md``, each replaced atomically.

        The three carry one another's checksums, so a mixture of two models is refused by :meth:`load`.

        Raises
        ------
        InputError
            The folder cannot be written, or the disk is full.
        """
        from safetensors.torch import save

        folder = Path(folder)
        description = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "model_id": self.model_id,
            "weights_sha256": self.weights_sha256,
            "preset": self.preset.model_dump(mode="json"),
            "scaling": self.scaling.model_dump(mode="json"),
            "sampling": self.sampling.model_dump(mode="json"),
            "support": self.support,
            "provenance": self.provenance.model_dump(mode="json"),
        }
        for name, measured in self._of_labels().items():
            if measured is not None:
                description[name] = measured.model_dump(mode="json")
        text = json.dumps(description, indent=1, ensure_ascii=False, allow_nan=False).encode()
        contents = {
            WEIGHTS_FILE: save(self._weights(), {"description_sha256": hashlib.sha256(text).hexdigest()}),
            DESCRIPTION_FILE: text,
            CARD_FILE: self._card(folder),
        }
        return self._write(folder, contents)

    def write_card(self, folder: str | Path) -> Path:
        """Write only ``card.md`` again, with what a scorecard and a link of ears in ``folder`` say.

        Raises
        ------
        InputError
            The folder cannot be written.
        """
        return self._write(Path(folder), {CARD_FILE: self._card(Path(folder))})

    def _card(self, folder: Path) -> bytes:
        link = ear_link_in(folder, self.weights_sha256)
        return model_card(self, evaluation_in(folder, self.model_id), link).encode()

    @staticmethod
    def _write(folder: Path, contents: dict[str, bytes]) -> Path:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in contents.items():
                (folder / f".{name}.partial").write_bytes(content)
            for name in contents:
                (folder / f".{name}.partial").replace(folder / name)
        except OSError as error:
            raise InputError(f"the model cannot be saved: {error.strerror}", file=folder.name) from error
        return folder

    @staticmethod
    def load(folder: str | Path, device: str = "cpu") -> TrainedModel:
        """A model that :meth:`save` wrote.

        Raises
        ------
        InputError
            Not a model folder: a file is missing, damaged or changed, the weights do not fit the network or are not
            numbers, or the format has another version.
        """
        folder = Path(folder)
        text, description = _read_description(folder)
        weights, metadata = _read_weights(folder)
        if metadata.get("description_sha256") != hashlib.sha256(text).hexdigest():
            raise InputError("the file does not belong to these weights: it was changed", file=DESCRIPTION_FILE)
        try:
            preset = Preset.model_validate(description["preset"])
            scaling = Scaling.model_validate(description["scaling"])
            sampling = Sampling.model_validate(description["sampling"])
            provenance = ModelProvenance.model_validate(description["provenance"])
            support = dict(description["support"])
            of_labels = {
                name: None if description.get(name) is None else kind.model_validate(description[name])
                for name, kind in (("label_calibration", LabelCalibration), ("label_reading", LabelReading))
            }
            joint_support(support)  # a damaged one is said now and not on a page
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"])
            message = ": ".join(filter(None, [where, first["msg"].lower()]))
            raise InputError(message, file=DESCRIPTION_FILE) from error
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the description of the model is incomplete: {error}", file=DESCRIPTION_FILE) from error
        network, sampler = _build(preset, weights)
        model = TrainedModel(
            network.to(device), sampler.to(device), preset, scaling, sampling, support, provenance, **of_labels
        )
        if model.weights_sha256 != description.get("weights_sha256"):
            raise InputError("the weights were changed since they were saved", file=WEIGHTS_FILE)
        return model


def _read_description(folder: Path) -> tuple[bytes, dict]:
    path = folder / DESCRIPTION_FILE
    try:
        if path.stat().st_size > LARGEST_DESCRIPTION_BYTES:
            raise InputError("the file is too large for the description of a model", file=DESCRIPTION_FILE)
        text = path.read_bytes()
        description = json.loads(text)
    except OSError as error:
        raise InputError(
            "the folder is not a trained model: the file is missing",
            file=DESCRIPTION_FILE,
            allowed=f"a folder with {WEIGHTS_FILE} and {DESCRIPTION_FILE}",
        ) from error
    except ValueError as error:
        raise InputError("the file is not JSON, or it is truncated", file=DESCRIPTION_FILE) from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise InputError("the file does not describe a trained model", file=DESCRIPTION_FILE)
    if description.get("version") != FORMAT_VERSION:
        found = description.get("version")
        raise InputError(
            "the model has another format version", file=DESCRIPTION_FILE, value=found, allowed=str(FORMAT_VERSION)
        )
    return text, description


def _read_weights(folder: Path) -> tuple[dict, dict]:
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise InputError("the folder is not a trained model: the file is missing", file=WEIGHTS_FILE)
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError("the file is not safetensors, or it is truncated", file=WEIGHTS_FILE) from error


def _build(preset: Preset, weights: dict):
    """Network and sampler with these weights."""
    import torch

    from abr_model.network import build_network
    from abr_model.sampler import build_sampler

    for name, tensor in weights.items():
        if tensor.is_floating_point() and not math.isfinite(tensor.double().sum().item()):
            raise InputError(f"the weights {name} hold values that are not numbers", file=WEIGHTS_FILE)
    with torch.random.fork_rng(devices=[]):  # building draws random numbers; loading a model must not change the seed
        network = build_network(preset.network)
        sampler = build_sampler(preset.sampler, network.latent, network.samples)
    for part, module in (("network", network), ("sampler", sampler)):
        own = {name.removeprefix(f"{part}."): t for name, t in weights.items() if name.startswith(f"{part}.")}
        try:
            module.load_state_dict(own, strict=True)
        except RuntimeError as error:
            reason = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
            raise InputError(f"the weights do not fit the {part} of the preset: {reason}", file=WEIGHTS_FILE) from error
    return network, sampler
