"""What a model has learned about ears: from some recordings of one to any other, as a file beside the model.

A latent code is no ear. It says how *this* recording differs from what is usual for its conditions, and the same
number means something else at another level: carried over unchanged it predicts worse than no knowledge of the ear at
all (docs/one_ear.md). How an ear's recordings go together is learned from ears that were recorded more than once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from abr_model.ears.codes import Codes
from abr_model.ears.familiarity import Familiarity
from abr_model.ears.network import EAR, HIDDEN, EarNetwork
from abr_model.errors import InputError
from abr_model.model_card import EAR_LINK_FILE

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

FILE = EAR_LINK_FILE
FORMAT, FORMAT_VERSION = "abr-ear-link", 1
LARGEST_BYTES = 20_000_000


class Change(BaseModel):
    """How a condition changes within training ears."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    ears: int = Field(ge=0, description="ears in which it changes from one recording to another")
    usual: float = Field(0.0, ge=0, description="the range within an ear that 90 % of them keep to, in its unit")


class LinkDescription(BaseModel):
    """What a link was learned from, and how good it is; JSON in the file's header."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: str = FORMAT
    version: int = FORMAT_VERSION
    weights_sha256: str = Field(description="of the model that it belongs to")
    units: tuple[int, ...] = Field(min_length=1, description="positions of the latent units that carry something")
    hidden: int = Field(HIDDEN, ge=1, le=4096)
    ear: int = Field(EAR, ge=1, le=4096)
    ears: int = Field(ge=1, description="training ears with more than one recording")
    recordings: int = Field(ge=2, description="their recordings")
    changes: dict[str, Change] = Field(description="per condition")
    widening: tuple[float, float] = Field(
        description="factors on the draws' SD, at the recording's own conditions and elsewhere, with which the band "
        "is as wide as the errors on held-out recordings"
    )
    familiarity: Familiarity
    explained: float = Field(description="share of the codes' variance that one other recording of the ear tells")


@dataclass
class EarLink:
    """From recordings of an ear to its code under other conditions. ``network`` is in evaluation mode."""

    network: EarNetwork
    description: LinkDescription

    @torch.inference_mode()
    def predict(self, known: Codes, static: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and SD [C, L] of the code of one ear under C conditions ``static`` [C, 4].

        ``known`` are recordings of that ear, one or more. Units that carry nothing stay as usual: mean 0, SD 1.
        """
        units, conditions, recordings = list(self.description.units), len(static), len(known)
        mean, log_variance = self.network(
            known.mean[:, units].expand(conditions, -1, -1),
            known.sd[:, units].expand(conditions, -1, -1),
            known.static.expand(conditions, -1, -1),
            torch.ones(conditions, recordings),
            static,
        )
        centre, spread = torch.zeros(conditions, known.mean.shape[1]), torch.ones(conditions, known.mean.shape[1])
        centre[:, units], spread[:, units] = mean, log_variance.mul(0.5).exp()
        return centre, spread

    def save(self, folder: str | Path) -> Path:
        """Write :data:`FILE` into the model's folder, replaced atomically.

        Raises
        ------
        InputError
            It cannot be written.
        """
        from safetensors.torch import save

        path = Path(folder) / FILE
        weights = {name: tensor.detach().contiguous() for name, tensor in self.network.state_dict().items()}
        content = save(weights, {"description": self.description.model_dump_json()})
        try:
            partial = path.with_name(f".{FILE}.partial")
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            raise InputError(f"the file cannot be written: {error.strerror}", file=FILE) from error
        return path

    @staticmethod
    def load(folder: str | Path, model: TrainedModel) -> EarLink | None:
        """The link in a model's folder; None where there is none.

        Raises
        ------
        InputError
            The file is damaged, of another version, or belongs to another model.
        """
        from safetensors import SafetensorError, safe_open

        path = Path(folder) / FILE
        if not path.is_file():
            return None
        try:
            if path.stat().st_size > LARGEST_BYTES:
                raise InputError("the file is too large for a link of ears", file=FILE)
            with safe_open(path, framework="pt") as file:
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                found = json.loads((file.metadata() or {}).get("description", "null"))
            description = LinkDescription.model_validate(found)
        except (SafetensorError, OSError) as error:
            raise InputError("the file is not safetensors, or it is truncated", file=FILE) from error
        except (ValidationError, ValueError) as error:
            raise InputError("the file does not describe a link of ears", file=FILE) from error
        if (description.format, description.version) != (FORMAT, FORMAT_VERSION):
            raise InputError("the link of ears has another format version", file=FILE, value=description.version)
        if description.weights_sha256 != model.weights_sha256:
            raise InputError("the link of ears belongs to another model", file=FILE)
        if max(description.units) >= model.network.latent or min(description.units) < 0:
            raise InputError("the link of ears does not fit the model's latent units", file=FILE)
        with torch.random.fork_rng(devices=[]):
            network = EarNetwork(len(description.units), description.hidden, description.ear)
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError("the weights do not fit the link of ears", file=FILE) from error
        if not all(tensor.isfinite().all() for tensor in weights.values()):
            raise InputError("the weights hold values that are not numbers", file=FILE)
        return EarLink(network.eval(), description)
