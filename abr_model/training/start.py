"""Weights that a new run starts from (fine-tuning), kept in its folder so that the run needs nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from abr_model.cohort import Sampling
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.runs.run_config import Origin
from abr_model.scaling import Scaling

if TYPE_CHECKING:
    import torch
    from torch import nn

    from abr_model.runs.run import Run

START_FILE = "start.safetensors"


@dataclass(frozen=True)
class Start:
    """Weights of a network, and what they belong to.

    The scaling comes along: the network's numbers mean µV, ms and dB only with the scaling that it was trained with.
    """

    weights: dict[str, torch.Tensor]
    preset: Preset
    scaling: Scaling
    sampling: Sampling
    words: str
    option: str

    # --- where it comes from --------------------------------------------------------------------------------------

    @classmethod
    def from_model(cls, folder: str | Path) -> Start:
        """The network of a trained model.

        Raises
        ------
        InputError
            As :meth:`abr_model.model.TrainedModel.load`.
        """
        from abr_model.model import TrainedModel

        model = TrainedModel.load(folder)
        weights = {name: tensor.contiguous() for name, tensor in model.network.state_dict().items()}
        words = f"model {model.model_id}"
        return cls(weights, model.preset, model.scaling, model.sampling, words, f"model-{model.model_id}")

    @classmethod
    def from_checkpoint(cls, run: Run, name: str) -> Start:
        """The network as it was at a checkpoint of ``run``: ``"best"``, ``"last"``, ``"epoch-10"``.

        Raises
        ------
        InputError
            There is no such checkpoint, it is damaged, or it was made before checkpoints held their scaling.
        """
        from abr_model.training.checkpoints import read_checkpoint

        checkpoint = read_checkpoint(run, name)
        known = checkpoint.get("abr")
        if known is None:
            raise InputError("the checkpoint does not say its scaling: it was made by an earlier version", value=name)
        prefix = "network."
        weights = {
            key.removeprefix(prefix): tensor.contiguous()
            for key, tensor in checkpoint["state_dict"].items()
            if key.startswith(prefix)
        }
        return cls(
            weights,
            Preset.model_validate_json(known["preset"]),
            Scaling.model_validate_json(known["scaling"]),
            Sampling.model_validate_json(known["sampling"]),
            f"checkpoint {name} of run {run.id}",
            f"{run.id} --checkpoint {name}",
        )

    # --- does it fit ----------------------------------------------------------------------------------------------

    def fine_tuning_preset(self) -> Preset:
        """The preset of these weights for a training that goes on with them: β has its last value from the start.

        A training from nothing lets β rise, and the weight of slow waves fall, while the network learns; here it has.
        """
        objective = {"beta_points": [[0, self.preset.objective.beta_points[-1][1]]]}
        if self.preset.objective.kind == "whitened":
            objective |= {"whiten_from_epoch": 0, "ridge_epochs": 0}
        return self.preset.changed(objective=objective)

    def check(self, preset: Preset) -> None:
        """Whether a run with this preset can start from these weights.

        Raises
        ------
        InputError
            Another network, scaling or length of the recordings; says which.
        """
        for part in ("age", "waveform"):
            own, asked = getattr(self.preset.scaling, part), getattr(preset.scaling, part)
            if own != asked:
                raise InputError(
                    f"--from: the preset scales the {part} in another way than the {self.words}",
                    value=asked, allowed=own,
                )  # fmt: skip
        own_rate, asked_rate = self.sampling.rate_hz, preset.preparation.sampling_rate_hz
        if asked_rate is not None and asked_rate != own_rate:
            raise InputError(
                f"--from: the preset has another sampling rate than the {self.words}",
                value=f"{asked_rate:g} Hz", allowed=f"{own_rate:g} Hz",
            )  # fmt: skip
        import torch

        from abr_model.network import build_network

        with torch.random.fork_rng(devices=[]):
            self._check_shapes(build_network(preset.network))

    def check_sampling(self, sampling: Sampling) -> None:
        """Whether recordings with this sampling are what the weights know.

        Raises
        ------
        InputError
            They are not.
        """
        if (sampling.rate_hz, sampling.start_ms) != (self.sampling.rate_hz, self.sampling.start_ms):
            raise InputError(
                f"--from: the recordings are sampled in another way than those of the {self.words}",
                value=f"{sampling.rate_hz:g} Hz from {sampling.start_ms:g} ms",
                allowed=f"{self.sampling.rate_hz:g} Hz from {self.sampling.start_ms:g} ms",
            )

    def load_into(self, network: nn.Module) -> None:
        """Give ``network`` these weights.

        Raises
        ------
        InputError
            It has another shape.
        """
        self._check_shapes(network)
        network.load_state_dict(self.weights)

    def _check_shapes(self, network: nn.Module) -> None:
        own = {name: tuple(tensor.shape) for name, tensor in self.weights.items()}
        asked = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
        for name in sorted(own.keys() | asked.keys()):
            if own.get(name) != asked.get(name):
                raise InputError(
                    f"--from: the network of the preset has another shape than the {self.words}: {name}",
                    value=asked.get(name, "missing"),
                    allowed=str(own.get(name, "no such weights")),
                )

    # --- in the run folder ----------------------------------------------------------------------------------------

    @cached_property  # the order of what a safetensors file says of itself differs from one writing to the next
    def content(self) -> bytes:
        """All of it as a safetensors file."""
        from safetensors.torch import save

        parts = {name: getattr(self, name).model_dump_json() for name in ("preset", "scaling", "sampling")}
        return save(self.weights, parts | {"words": self.words, "option": self.option})

    @property
    def origin(self) -> Origin:
        """What a run's configuration says of it."""
        return Origin(words=self.words, option=self.option, sha256=hashlib.sha256(self.content).hexdigest())

    def write(self, folder: Path) -> None:
        """Keep it in a run folder."""
        (folder / START_FILE).write_bytes(self.content)

    @classmethod
    def read(cls, folder: Path, origin: Origin) -> Start:
        """What :meth:`write` left.

        Raises
        ------
        InputError
            The file is missing or was changed.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / START_FILE
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() != origin.sha256:
                raise InputError("the weights that the run starts from were changed", file=START_FILE)
            with safe_open(path, framework="pt") as file:
                known = file.metadata()
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return cls(
                weights,
                Preset.model_validate_json(known["preset"]),
                Scaling.model_validate_json(known["scaling"]),
                Sampling.model_validate_json(known["sampling"]),
                known["words"],
                known["option"],
            )
        except (OSError, SafetensorError, ValidationError, KeyError, TypeError) as error:
            raise InputError("the weights that the run starts from are missing or damaged", file=START_FILE) from error
