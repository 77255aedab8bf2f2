"""What is drawn: a trained model, a run of training, or a preset whose weights are still those of chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abr_model.configuration import Preset

if TYPE_CHECKING:
    from torch import nn

    from abr_model.model import TrainedModel
    from abr_model.runs.run import Run
    from abr_model.sampler import Sampler


@dataclass(frozen=True)
class Subject:
    """A network with its sampler, and what is known of how they came to be.

    Parameters
    ----------
    preset
        All hyper-parameters.
    network, sampler
        The live ones, in evaluation mode.
    model
        None where there is no trained model: the weights are those of chance.
    run
        The training that it belongs to; None where there is no run folder.
    """

    preset: Preset
    network: nn.Module
    sampler: Sampler
    model: TrainedModel | None = None
    run: Run | None = None

    @staticmethod
    def of_preset(preset: Preset, run: Run | None = None) -> Subject:
        """The network of a preset as training begins with it."""
        import torch

        from abr_model.network import build_network
        from abr_model.sampler import build_sampler

        with torch.random.fork_rng(devices=[]):  # the same weights each time, and nobody's random state changed
            torch.manual_seed(preset.training.seed)
            network = build_network(preset.network).eval()
            sampler = build_sampler(preset.sampler, network.latent, network.samples).eval()
            sampler.bind(network)
        return Subject(preset, network, sampler, run=run)

    @staticmethod
    def of_model(model: TrainedModel, run: Run | None = None) -> Subject:
        """A trained model, with the run that gave it where its folder is still there."""
        return Subject(model.preset, model.network, model.sampler, model, run)

    @staticmethod
    def of_run(run: Run) -> Subject:
        """A run: its model once there is one, until then the network that it trains.

        Raises
        ------
        InputError
            ``config.yaml`` or the model of the run is damaged.
        """
        if run.has_model:
            from abr_model.model import TrainedModel

            return Subject.of_model(TrainedModel.load(run.model_folder), run)
        return Subject.of_preset(run.preset, run)

    @property
    def words(self) -> str:
        """``"model 29da38ac, preset “default”"``; of a preset without weights that it is one."""
        if self.model is not None:
            return f"model {self.model.model_id}, preset “{self.preset.name}”"
        if self.run is not None:
            return f"run {self.run.id}, preset “{self.preset.name}”, no model yet"
        return f"preset “{self.preset.name}”, not trained"

    @property
    def parameters(self) -> int:
        """Trainable parameters of network and sampler."""
        from abr_model.network import parameter_count

        return parameter_count(self.network) + parameter_count(self.sampler)
