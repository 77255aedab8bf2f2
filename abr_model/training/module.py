"""One training step, the optimiser, and what is measured on the way."""

from __future__ import annotations

import dataclasses
import math
import time

import lightning.pytorch as pl
import torch

from abr_model.cohort import Sampling
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.label_prediction import hidden
from abr_model.network import build_network
from abr_model.network.outputs import Decoded, Posterior
from abr_model.objective import build_objective
from abr_model.preparation import ModelInputs
from abr_model.scaling import Scaling
from abr_model.schema import LABELS, WAVES
from abr_model.training.augmentation import Augmentation
from abr_model.training.batches import Batches
from abr_model.training.figures import ACTIVE_VARIANCE
from abr_model.training.tally import Tally

WARM_UP = 0.15
"""Share of the steps of "one cycle" in which the learning rate rises (Smith & Topin 2018)."""

SELECTION_LOSS = "validation_loss_final_beta"
"""Chooses the best epoch and stops early: the validation loss with the schedule's *last* β. With the β of the epoch,
a later epoch would lose against an earlier one for no other reason than that its KL weighs more."""


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
    rank, processes
        Which of how many processes that train together this is.

    Attributes
    ----------
    step_values, epoch_values
        What was measured in the last step (in this process) and in the last epoch (over all processes).
    """

    def __init__(
        self,
        preset: Preset,
        scaling: Scaling,
        sampling: Sampling,
        train: ModelInputs,
        validation: ModelInputs,
        rank: int = 0,
        processes: int = 1,
    ):
        super().__init__()
        self.preset, self.config = preset, preset.training
        self.scaling, self.sampling = scaling, sampling
        self.network = build_network(preset.network)
        self.objective = build_objective(preset.objective, preset.preparation.samples)
        self.augmentation = Augmentation(scaling, sampling, self.config.noise_sd, self.config.max_shift_samples)
        self.train_inputs = train
        self.validation_inputs = validation[slice(rank, None, processes)]
        self.rank, self.processes = rank, processes
        self.register_buffer("sd_uv", torch.tensor(scaling.waveform_sd_uv), persistent=False)
        # Of a wave that was never marked in training nothing can be said: its labels are all masked.
        label_sd = torch.tensor([math.nan if sd is None else sd for sd in scaling.label_sd])
        self.register_buffer("label_sd", label_sd, persistent=False)
        self.final_beta = preset.objective.beta_points[-1][1]
        self.learning_rate = self.config.learning_rate  # of the last step; the schedule moves on before an epoch ends
        self.starts_from_weights = False
        self.step_values: dict[str, torch.Tensor] = {}
        self.epoch_values: dict[str, float | list[float] | None] = {}
        self._training, self._validation = Tally(), Tally()
        self._seconds = self._processor_at = 0.0

    @property
    def beta(self) -> float:
        """Weight of the KL in this epoch."""
        return self.objective.beta_schedule.at(self.current_epoch)

    # --- data -----------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> Batches:
        """Shuffled batches of the training part."""
        config = self.config
        self.batches = Batches(self.train_inputs, config.batch_size, config.seed, self.rank, self.processes)
        return self.batches

    def val_dataloader(self) -> Batches:
        """The validation part in large batches; of several processes each has every so manieth recording."""
        return Batches(self.validation_inputs, max(256, self.config.batch_size))

    def transfer_batch_to_device(self, batch: ModelInputs, device, dataloader_idx: int) -> ModelInputs:
        """Nothing to copy when the inputs are on the device already."""
        return batch.to(device)

    # --- training -------------------------------------------------------------------------------------------------

    def on_train_start(self) -> None:
        """Lightning gives the batches their position back within an epoch, but not at its end."""
        self._processor_at = time.process_time()
        if self.batches.epoch != self.current_epoch:
            self.batches.load_state_dict({"epoch": self.current_epoch, "position": 0})
        if self.starts_from_weights and self.global_step == 0:
            self._refresh()  # what is known after an epoch is known before the first one, too

    def on_train_epoch_start(self) -> None:
        """Count this epoch alone."""
        self._training.clear()
        self._seconds = time.monotonic()

    def on_train_batch_start(self, batch: ModelInputs, batch_idx: int) -> None:
        """Randomness of a step depends on seed and step alone, so a resumed run equals one that was never stopped."""
        torch.manual_seed(self.config.seed * 1_000_003 + self.global_step + 500_009 * self.rank)
        self.learning_rate = self.optimizers().param_groups[0]["lr"]
        self.objective.progress = self.current_epoch + batch_idx / self.trainer.num_training_batches

    def training_step(self, batch: ModelInputs, batch_idx: int) -> torch.Tensor:
        """Loss of a batch; every term is logged.

        Raises
        ------
        InputError
            The loss is no longer a number.
        """
        batch = self.augmentation(batch)
        posterior, _, decoded = self.network(batch)
        terms = self._terms(batch, posterior, decoded, self.beta)
        if not torch.isfinite(terms["loss"]):
            raise InputError(
                f"the loss is no longer a number in epoch {self.current_epoch + 1}",
                value=float(terms["loss"].detach()),
                allowed="try a lower learning rate, or look for extreme recordings",
            )
        self.step_values = {f"train_{name}": value.detach() for name, value in terms.items()}
        self._training.add_means(self.step_values, len(batch))
        self.log_dict({f"{name}_step": value for name, value in self.step_values.items()}, on_step=True, on_epoch=False)
        return terms["loss"]

    def _terms(self, batch: ModelInputs, posterior: Posterior, decoded: Decoded, beta: float) -> dict:
        """The objective in 32 bits, also where the network calculates with 16: sums over a trace need them."""
        with torch.autocast(batch.waveform.device.type, enabled=False):
            return self.objective(batch, _in_32_bits(posterior), _in_32_bits(decoded), beta)

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None) -> None:
        """Clip the gradient's norm and log the norm it had before."""
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.step_values["gradient_norm"] = norm.detach()
        # With 16-bit floats a step whose gradient overflowed is left out, and so is its norm.
        counted = torch.isfinite(norm)
        self._training.add("gradient_norm", torch.where(counted, norm, 0.0), counted.to(norm.dtype))
        self.log("gradient_norm_step", norm, on_step=True, on_epoch=False)

    def on_train_epoch_end(self) -> None:
        """What the objective measures between epochs; β and learning rate for TensorBoard."""
        self._refresh()
        self.log_dict({"beta": self.beta, "learning_rate": self.learning_rate})

    def _refresh(self) -> None:
        """Measured by the first process, the others wait and take its numbers."""
        if self.rank == 0:
            self.objective.refresh(self.network, self.train_inputs)
        if self.processes > 1:
            for buffer in self.objective.buffers():
                torch.distributed.broadcast(buffer, 0)

    # --- validation -----------------------------------------------------------------------------------------------

    def on_validation_epoch_start(self) -> None:
        """The same draws of z in every epoch, so that a change of the loss is a change of the network."""
        self.objective.progress = math.inf  # and not of what is still on its way to its last value
        torch.manual_seed(self.config.seed + 500_009 * self.rank)
        self._seconds = time.monotonic() - self._seconds
        self._validation.clear()

    def validation_step(self, batch: ModelInputs, batch_idx: int) -> None:
        """Loss and terms on the validation part, with the β of the epoch and with the last β; errors in their units.

        Always in 32 bits, in which the model generates.
        """
        with torch.autocast(batch.waveform.device.type, enabled=False):
            # Not through a compiled call: that is for the shapes and the mode of training.
            posterior, _, decoded = self.network.forward(batch)
            terms = self.objective(batch, posterior, decoded, self.beta)
            values = {f"validation_{name}": value for name, value in terms.items()}
            values[SELECTION_LOSS] = self.objective(batch, posterior, decoded, self.final_beta)["loss"]
            unmarked = self.network.encode(hidden(batch, range(len(LABELS))))
            read = self.network.decode(unmarked.mean, batch.static)
        error_uv = (decoded.waveform - batch.waveform) * self.sd_uv
        tally, mean = self._validation, posterior.mean
        tally.add_means(values | {"square_error_uv2": error_uv.square().mean()}, len(batch))
        tally.add("kl_per_latent", posterior.kl_per_latent().sum(0), len(batch))
        tally.add("mean", mean.sum(0), len(batch))
        tally.add("mean_square", (mean.double() if mean.device.type != "mps" else mean).square().sum(0), len(batch))
        misses = torch.cat([read.latency - batch.latency, read.amplitude - batch.amplitude], 1).abs()
        tally.add("label_error", (misses * batch.mask).sum(0), batch.mask.sum(0))

    def on_validation_epoch_end(self) -> None:
        """Means over the epoch and over all processes: what the row of the epoch holds."""
        elapsed = self._seconds
        trained, validated = self._training.means(self._sum), self._validation.means(self._sum)
        now = time.process_time()
        spent, self._processor_at = now - self._processor_at, now
        counted = torch.tensor([self._training.counted("train_loss"), spent], dtype=torch.float64)
        recordings, processor_seconds = self._sum(counted).tolist()
        terms = {name: float(value) for name, value in validated.items() if name.startswith("validation_")}
        values = {name: float(value) for name, value in trained.items()} | terms
        values["validation_rmse_uv"] = math.sqrt(validated["square_error_uv2"])
        errors = (validated["label_error"] * self.label_sd.cpu()).tolist()
        names = [f"latency_{w}_mae_ms" for w in WAVES] + [f"amplitude_{w}_mae_uv" for w in WAVES]
        values |= {f"validation_{name}": error for name, error in zip(names, errors, strict=True)}
        variance = validated["mean_square"] - validated["mean"].square()
        values["recordings_per_second"] = round(recordings / elapsed, 1) if elapsed > 0 else math.nan
        values["processor_seconds"] = round(processor_seconds, 2)
        values = {name: value if math.isfinite(value) else None for name, value in values.items()}
        values["kl_per_latent"] = [round(value, 5) for value in validated["kl_per_latent"].tolist()]
        values["active_units"] = int((variance > ACTIVE_VARIANCE).sum())
        self.epoch_values = values
        self.log_dict({_tag(name): float(v) for name, v in values.items() if isinstance(v, int | float)})

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        """Over all processes."""
        if self.processes == 1:
            return values
        values = values.to(self.device)
        torch.distributed.all_reduce(values)
        return values

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
        elif config.schedule == "one cycle":
            steps = int(self.trainer.estimated_stepping_batches)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, config.learning_rate, total_steps=steps, pct_start=WARM_UP, final_div_factor=1000.0
            )
            return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
        else:
            schedule = torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """The scaling that the weights belong to goes along, so that another run can start from them."""
        checkpoint["abr"] = {
            "preset": self.preset.model_dump_json(),
            "scaling": self.scaling.model_dump_json(),
            "sampling": self.sampling.model_dump_json(),
        }


def _in_32_bits(outputs: Posterior | Decoded) -> Posterior | Decoded:
    fields = {field.name: getattr(outputs, field.name) for field in dataclasses.fields(outputs)}
    return type(outputs)(**{name: None if value is None else value.float() for name, value in fields.items()})


def _tag(name: str) -> str:
    """The name in TensorBoard, where a value of each step and its mean over the epoch stand beside one another."""
    return f"{name}_epoch" if name.startswith("train_") or name == "gradient_norm" else name
