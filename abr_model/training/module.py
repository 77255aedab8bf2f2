"""One training step, the optimiser, and what is measured on the way."""

from __future__ import annotations

import lightning.pytorch as pl
import torch

from abr_model.cohort import Sampling
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.network import build_network
from abr_model.objective import build_objective
from abr_model.preparation import ModelInputs
from abr_model.scaling import Scaling
from abr_model.training.augmentation import Augmentation
from abr_model.training.batches import Batches

SELECTION_LOSS = "validation_loss_final_beta"
"""Chooses the best epoch and stops early: the validation loss with the schedule's *last* β. With the β of the epoch,
a later epoch would lose against an earlier one for no other reason than that its KL weighs more."""

ACTIVE_VARIANCE = 0.01
"""A latent unit is active when its posterior mean varies more than this over recordings (Burda et al. 2016)."""


class TrainingModule(pl.LightningModule):
    """The conditional VAE of a preset, ready for ``Trainer.fit``.

    Parameters
    ----------
    preset
        All hyper-parameters.
    scaling, sampling
        Of the training part.
    train, validation
        Inputs of the two parts, on the device of the trainer.
    """

    def __init__(
        self, preset: Preset, scaling: Scaling, sampling: Sampling, train: ModelInputs, validation: ModelInputs
    ):
        super().__init__()
        self.preset, self.config = preset, preset.training
        self.network = build_network(preset.network)
        self.objective = build_objective(preset.objective, preset.preparation.samples)
        self.augmentation = Augmentation(scaling, sampling, self.config.noise_sd, self.config.max_shift_samples)
        self.train_inputs, self.validation_inputs = train, validation
        self.register_buffer("sd_uv", torch.tensor(scaling.waveform_sd_uv), persistent=False)
        self.final_beta = preset.objective.beta_points[-1][1]
        self.learning_rate = (
            preset.training.learning_rate
        )  # of the last step; the schedule moves on before an epoch ends
        self.latent_summary: dict = {}
        self._means: list[torch.Tensor] = []
        self._kl: list[torch.Tensor] = []

    @property
    def beta(self) -> float:
        """Weight of the KL in this epoch."""
        return self.objective.beta_schedule.at(self.current_epoch)

    # --- data -----------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> Batches:
        """Shuffled batches of the training part."""
        self.batches = Batches(self.train_inputs, self.config.batch_size, self.config.seed)
        return self.batches

    def val_dataloader(self) -> Batches:
        """The validation part in large batches."""
        return Batches(self.validation_inputs, max(256, self.config.batch_size))

    def transfer_batch_to_device(self, batch: ModelInputs, device, dataloader_idx: int) -> ModelInputs:
        """Nothing to copy when the inputs are on the device already."""
        return batch.to(device)

    # --- training -------------------------------------------------------------------------------------------------

    def on_train_start(self) -> None:
        """Lightning gives the batches their position back within an epoch, but not at its end."""
        if self.batches.epoch != self.current_epoch:
            self.batches.load_state_dict({"epoch": self.current_epoch, "position": 0})

    def on_train_batch_start(self, batch: ModelInputs, batch_idx: int) -> None:
        """Randomness of a step depends on seed and step alone, so a resumed run equals one that was never stopped."""
        torch.manual_seed(self.config.seed * 1_000_003 + self.global_step)
        self.learning_rate = self.optimizers().param_groups[0]["lr"]

    def training_step(self, batch: ModelInputs, batch_idx: int) -> torch.Tensor:
        """Loss of a batch; every term is logged.

        Raises
        ------
        InputError
            The loss is no longer a number.
        """
        batch = self.augmentation(batch)
        posterior, _, decoded = self.network(batch)
        terms = self.objective(batch, posterior, decoded, self.beta)
        if not torch.isfinite(terms["loss"]):
            raise InputError(
                f"the loss is no longer a number in epoch {self.current_epoch + 1}",
                value=float(terms["loss"].detach()),
                allowed="try a lower learning rate, or look for extreme recordings",
            )
        values = {f"train_{name}": value.detach() for name, value in terms.items()}
        self.log_dict(values, on_step=True, on_epoch=True, batch_size=len(batch))
        return terms["loss"]

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None) -> None:
        """Clip the gradient's norm and log the norm it had before."""
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.log("gradient_norm", norm, on_step=True, on_epoch=True, batch_size=1)

    def on_train_epoch_end(self) -> None:
        """What the objective measures between epochs; β and learning rate for TensorBoard."""
        self.objective.refresh(self.network, self.train_inputs)
        self.log_dict({"beta": self.beta, "learning_rate": self.learning_rate})

    # --- validation -----------------------------------------------------------------------------------------------

    def on_validation_epoch_start(self) -> None:
        """The same draws of z in every epoch, so that a change of the loss is a change of the network."""
        torch.manual_seed(self.config.seed)
        self._means.clear()
        self._kl.clear()

    def validation_step(self, batch: ModelInputs, batch_idx: int) -> None:
        """Loss and terms on the validation part, with the β of the epoch and with the last β; error in µV."""
        posterior, _, decoded = self.network(batch)
        terms = self.objective(batch, posterior, decoded, self.beta)
        values = {f"validation_{name}": value for name, value in terms.items()}
        values[SELECTION_LOSS] = self.objective(batch, posterior, decoded, self.final_beta)["loss"]
        error_uv = (decoded.waveform - batch.waveform) * self.sd_uv
        values["validation_square_error_uv2"] = error_uv.square().mean()
        self.log_dict(values, batch_size=len(batch))
        self._means.append(posterior.mean)
        self._kl.append(posterior.kl_per_latent())

    def on_validation_epoch_end(self) -> None:
        """KL of each latent unit, and how many are in use."""
        self.latent_summary = latent_summary(torch.cat(self._means), torch.cat(self._kl))
        self.log("active_units", float(self.latent_summary["active_units"]))

    # --- optimiser ------------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> dict:
        """The preset's optimiser and schedule. ``reference``: Adam 1e-4, halved every 30 epochs."""
        config = self.config
        kind = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
        optimiser = kind(self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
        if config.schedule == "step":
            schedule = torch.optim.lr_scheduler.StepLR(optimiser, config.step_size, config.gamma)
        elif config.schedule == "cosine":
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs)
        else:
            schedule = torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}


def latent_summary(means: torch.Tensor, kl: torch.Tensor) -> dict:
    """``kl_per_latent`` [L] nats, mean over recordings, and ``active_units``, from posterior means and KL [N, L]."""
    return {
        "kl_per_latent": [round(value, 5) for value in kl.mean(0).tolist()],
        "active_units": int((means.var(0, correction=0) > ACTIVE_VARIANCE).sum()),
    }
