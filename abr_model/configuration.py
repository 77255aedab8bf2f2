"""Every hyper-parameter of a model: its meaning, its range, its value in a named preset.

A :class:`Preset` is one YAML file in ``presets/``. The Training page builds its form from these fields, so each says
in one line what it means and has its bounds; where it has an effect only beside another choice (:func:`only_with`), or
must equal another field (:func:`same_as`), it says so too. Nothing here imports torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from abr_model.errors import InputError
from abr_model.validation import allowed_values, as_input_error

__all__ = ["Preset", "allowed_values", "load_preset", "parse_preset", "preset_names"]

PRESET_FOLDER = Path(__file__).with_name("presets")


def only_with(name: str, *choices: str) -> dict[str, Any]:
    """For a field that has an effect only where field ``name`` of its part is one of ``choices``."""
    return {"only_with": {name: list(choices)}}


def same_as(path: str) -> dict[str, Any]:
    """For a field that must have the value of another: ``"preparation.samples"``."""
    return {"same_as": path}


Dropout = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class PreparationConfig(_Part):
    """Which recordings a model learns from, and how they are split."""

    fmp_above: float | None = Field(
        1.0,
        ge=0,
        le=1000,
        description="Keep recordings whose Fmp (F ratio: quality of the average) is above this value; none keeps all",
    )
    polarity: Literal["alternating", "rarefaction", "condensation"] | None = Field(
        "alternating", description="Keep recordings of this stimulus polarity; any keeps all"
    )
    sampling_rate_hz: float | None = Field(
        15000.0,
        ge=1000,
        le=200_000,
        description="Recordings of another sampling rate (Hz) are brought to this one; none keeps them as recorded",
    )
    samples: int = Field(200, ge=40, le=2000, description="Samples of each recording, from the first at or after 0 ms")
    split: Literal["patient", "recording (leaky)"] = Field(
        "patient", description="What is kept apart in training, validation and test: patients, or (leaky) recordings"
    )
    fractions: tuple[float, float, float] = Field(
        (0.70, 0.15, 0.15), description="Shares of training, validation and test; together 1"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same split")

    @field_validator("fractions")
    @classmethod
    def _sum_to_one(cls, value):
        if min(value) <= 0 or abs(sum(value) - 1) > 1e-6:
            raise ValueError("three shares above 0 that add up to 1")
        return value


class ScalingConfig(_Part):
    """How conditions and waveforms are brought to the scale of the network."""

    age: Literal["linear", "log"] = Field(
        "linear", description="Age as years, or its logarithm (wave V matures within the first 18 months)"
    )
    waveform: Literal["per_sample", "global"] = Field(
        "per_sample",
        description="One mean and SD per sample of the trace, or one SD for all (keeps the noise's colour)",
    )


class _NetworkConfig(_Part):
    samples: int = Field(
        200,
        ge=40,
        le=2000,
        description="Samples of a waveform; the same as in preparation",
        json_schema_extra=same_as("preparation.samples"),
    )
    latent: int = Field(
        32, ge=2, le=256, description="Size of the latent z: numbers that describe a recording beyond its conditions"
    )
    width: int = Field(64, ge=8, le=512, description="Width of a token; a multiple of the heads")
    heads: int = Field(4, ge=1, le=16, description="Attention heads")
    layers: int = Field(2, ge=1, le=12, description="Transformer layers, in the encoder and in the decoder")
    feed_forward: int = Field(256, ge=8, le=4096, description="Width of the feed-forward part of a Transformer layer")

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (2 * self.heads):
            raise ValueError("width must be a multiple of twice the heads")
        return self


class ReferenceNetworkConfig(_NetworkConfig):
    """Convolutional stem, Transformer encoder, Transformer decoder over a learned memory."""

    architecture: Literal["reference"] = "reference"
    dropout: Dropout = Field(0.1, description="Share of activations dropped in the Transformer while training")

    @model_validator(mode="after")
    def _stem_divides(self):
        if self.samples % 4 or self.width % 8:
            raise ValueError("samples must be a multiple of 4 and width a multiple of 8")
        return self


class PatchNetworkConfig(_NetworkConfig):
    """Patches of the trace as tokens, overlap-add decoder, heads for labels and for which labels are marked."""

    architecture: Literal["patch"] = "patch"
    patch: int = Field(10, ge=2, le=100, description="Samples of one patch (token)")
    dropout: Dropout = Field(0.0, description="Share of activations dropped in the Transformer while training")
    token_channels: int = Field(16, ge=1, le=64, description="Channels per token on the way to and from the latent")
    hidden: int = Field(128, ge=8, le=1024, description="Width between the tokens and the latent")
    label_dropout: Dropout = Field(
        0.3, description="Share of the marked wave labels hidden from the encoder in each training step"
    )

    @model_validator(mode="after")
    def _patches_fit(self):
        if self.samples % self.patch or self.patch % 2:
            raise ValueError("samples must be a multiple of patch, and patch even")
        return self


class _ObjectiveConfig(_Part):
    beta_points: tuple[tuple[int, float], ...] = Field(
        description="β of the KL as (epoch counted from 0, value); piecewise linear between, constant after"
    )

    @field_validator("beta_points")
    @classmethod
    def _rising_epochs(cls, points):
        epochs = [epoch for epoch, _ in points]
        if not points or epochs[0] != 0 or sorted(set(epochs)) != epochs or min(value for _, value in points) < 0:
            raise ValueError("points (epoch, β) from epoch 0 on, epochs rising, β not negative")
        return points


class ReferenceObjectiveConfig(_ObjectiveConfig):
    """Squared errors of waveform, latencies and amplitudes + β·KL to N(0, I)."""

    kind: Literal["reference"] = "reference"
    waveform_weight: Weight = Field(1.0, description="Weight of the waveform's squared error")
    latency_weight: Weight = Field(1.0, description="Weight of the latencies' squared error")
    amplitude_weight: Weight = Field(1.0, description="Weight of the amplitudes' squared error")
    static_weight: Weight = Field(0.0, description="Weight of the conditions that the static branch proposes from z")


class WhitenedObjectiveConfig(_ObjectiveConfig):
    """Likelihood of the trace under coloured residual noise of unknown size per trace, + β·KL to p(z | conditions)."""

    kind: Literal["whitened"] = "whitened"
    whiten_from_epoch: int = Field(
        3,
        ge=0,
        le=1000,
        description="From residuals: epoch (from 0) from which on the noise's covariance is measured after each epoch",
    )
    noise_from: Literal["end of recordings", "residuals"] = Field(
        "end of recordings",
        description="Where the noise's covariance is measured: after the response, before training (recordings twice "
        "as long as the window; shorter ones use residuals), or on what the network leaves, after each epoch",
    )
    ridge: float = Field(0.001, gt=0, le=1, description="Added to the diagonal of the noise's covariance (mean 1)")
    ridge_epochs: float = Field(3.0, ge=0, le=1000, description="Epochs within which that falls from 1 to its value")
    rows: int = Field(6000, ge=200, le=1_000_000, description="Recordings that the noise's covariance is measured on")
    label_weight: Weight = Field(1.0, description="Weight of the wave labels' likelihood")
    label_tails: float = Field(
        1000.0,
        ge=1,
        le=1000,
        description="Degrees of freedom of a label's error (Student's t): 2 where some marks stray, 1000 is Gaussian",
    )
    marked_weight: Weight = Field(1.0, description="Weight of predicting which wave labels are marked")


class StandardNormalConfig(_Part):
    """z from N(0, I); no residual noise."""

    kind: Literal["standard_normal"] = "standard_normal"


class LatentFlowConfig(_Part):
    """z and the size of the residual noise from a flow fitted after training."""

    kind: Literal["latent_flow"] = "latent_flow"
    bands: tuple[int, ...] = Field(
        (0, 8, 20, 35, 55, 80, 120, 200),
        description="Edges of the noise bands, as ranks of the noise's eigenvectors; the last is the samples",
    )
    slow_components: int = Field(
        0,
        ge=0,
        le=64,
        description="Leading noise eigenvectors whose coefficients, not only their size, are drawn with z: slow, large "
        "waves that the network takes for noise",
    )
    latents: int | None = Field(
        None,
        ge=1,
        le=256,
        description="How many latents the flow draws, those that recordings inform most, each relative to its Gaussian "
        "given the conditions; the others come from that Gaussian. None: all, as they are",
    )
    from_gaussian: bool = Field(
        False,
        description="The flow's network learns only what differs from the flow to a normal distribution, which is "
        "known in closed form",
    )
    hidden: int = Field(136, ge=8, le=2048, description="Width of the flow's network")
    blocks: int = Field(2, ge=1, le=12, description="Residual blocks of the flow's network")
    embedding: int | None = Field(
        None, ge=8, le=2048, description="Width in which the flow knows time and conditions; none: as its network"
    )
    noise_sizes: Literal["logarithms", "normal scores"] = Field(
        "logarithms",
        description="How the flow knows the size of the noise in each band: its logarithm, or that mapped to a normal "
        "distribution (where sizes have several humps)",
    )
    size_components: int | None = Field(
        None,
        ge=1,
        le=256,
        description="How many principal components of the logarithms of the noise's sizes the flow draws; the others "
        "come from a normal distribution. None: every band's size",
    )
    training_steps: int = Field(6000, ge=1, le=1_000_000, description="Optimiser steps of the flow's fit")
    batch_size: int = Field(256, ge=8, le=65536, description="Recordings per step of the flow's fit")
    learning_rate: float = Field(0.002, ge=1e-6, le=0.1, description="Learning rate of the flow's fit (cosine to 0)")
    ema: float = Field(0.99, ge=0, lt=1, description="Decay of the running mean of the flow's weights")
    condition_jitter: float = Field(
        0.05, ge=0, le=1, description="SD of noise on the scaled conditions in the fit: smooth between levels and ages"
    )
    solver_steps: int = Field(
        8, ge=1, le=200, description="Steps of the solver from noise to a latent; the flow is asked once more than that"
    )

    @field_validator("bands")
    @classmethod
    def _rising_edges(cls, bands):
        if len(bands) < 2 or bands[0] != 0 or sorted(set(bands)) != list(bands):
            raise ValueError("rising edges from 0")
        return bands

    @model_validator(mode="after")
    def _slow_components_leave_a_band(self):
        if self.slow_components >= self.bands[-1]:
            raise ValueError("slow_components: fewer than the samples")
        return self

    @model_validator(mode="after")
    def _components_are_of_logarithms(self):
        if self.size_components is not None and self.noise_sizes != "logarithms":
            raise ValueError("size_components: of logarithms of the sizes, so noise_sizes must be 'logarithms'")
        return self


class TrainingConfig(_Part):
    """Optimiser, schedule, augmentation, and when to stop."""

    optimiser: Literal["adam", "adamw"] = Field(
        "adam", description="Rule by which weights are moved; adamw keeps the weight decay apart from it"
    )
    learning_rate: float = Field(
        0.0001, ge=1e-7, le=0.1, description="Size of the steps in which weights are moved, at the start"
    )
    weight_decay: float = Field(0.0, ge=0, le=1, description="How strongly weights are drawn to 0 in each step")
    batch_size: int = Field(32, ge=1, le=8192, description="Recordings per optimiser step and process")
    epochs: int = Field(80, ge=1, le=10_000, description="Passes over the training recordings")
    schedule: Literal["step", "cosine", "one cycle", "constant"] = Field(
        "step",
        description="How the learning rate goes on: × factor every few epochs (step), cosine to 0 over all epochs, one "
        "cycle (up within 15 % of the steps, then down to 0), or constant",
    )
    step_size: int = Field(
        30,
        ge=1,
        le=10_000,
        description="Epochs between two steps of the learning rate",
        json_schema_extra=only_with("schedule", "step"),
    )
    gamma: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Factor of one step of the learning rate",
        json_schema_extra=only_with("schedule", "step"),
    )
    gradient_clip: float = Field(
        1.0, gt=0, le=1_000_000, description="Largest norm of the gradient; a longer one is shortened to it"
    )
    early_stopping_patience: int = Field(
        15, ge=1, le=10_000, description="Stop after so many epochs without a better validation loss"
    )
    noise_sd: float = Field(0.0, ge=0, le=2, description="Augmentation: SD of added noise, in scaled units")
    max_shift_samples: int = Field(
        0, ge=0, le=50, description="Augmentation: largest time shift in samples; the latency labels move along"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of weights, batches and augmentation")
    log_every_steps: int = Field(20, ge=1, le=100_000, description="Optimiser steps between two logged values")
    precision: Literal["32", "bf16", "16"] = Field(
        "32", description="Bits of a number in training: 32, or mixed with bfloat16 (bf16) or 16-bit floats (16)"
    )
    deterministic: bool = Field(False, description="Only algorithms that give the same result each time, if slower")

    @field_validator("precision", mode="before")
    @classmethod
    def _bits_as_text(cls, value):
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value  # YAML: precision: 32


NetworkConfig = Annotated[ReferenceNetworkConfig | PatchNetworkConfig, Field(discriminator="architecture")]
ObjectiveConfig = Annotated[ReferenceObjectiveConfig | WhitenedObjectiveConfig, Field(discriminator="kind")]
SamplerConfig = Annotated[StandardNormalConfig | LatentFlowConfig, Field(discriminator="kind")]


class Preset(_Part):
    """All choices of one model, by name."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[\w .\-]+$", description="Name of the preset")
    description: str = Field("", max_length=1000, description="What it is for, in a sentence or two")
    preparation: PreparationConfig = Field(default_factory=PreparationConfig, description="Recordings and split")
    scaling: ScalingConfig = Field(default_factory=ScalingConfig, description="Scales of conditions and traces")
    network: NetworkConfig = Field(description="Network")
    objective: ObjectiveConfig = Field(description="What training minimises")
    sampler: SamplerConfig = Field(description="Sampler: where a generated z and its residual noise come from")
    training: TrainingConfig = Field(
        default_factory=TrainingConfig, description="Optimiser, learning rate, augmentation and stopping"
    )

    @model_validator(mode="after")
    def _parts_agree(self):
        samples = self.preparation.samples
        if self.network.samples != samples:
            raise ValueError(f"network.samples must equal preparation.samples ({samples})")
        if self.sampler.kind == "latent_flow" and self.sampler.bands[-1] != samples:
            raise ValueError(f"the last of sampler.bands must equal preparation.samples ({samples})")
        if self.network.architecture == "patch" and self.sampler.kind != "latent_flow":
            raise ValueError("network 'patch' goes with sampler 'latent_flow': its z is not from N(0, I)")
        if (self.objective.kind == "whitened") != (self.network.architecture == "patch"):
            raise ValueError(
                "objective 'whitened' goes with network 'patch', objective 'reference' with network 'reference'"
            )
        return self

    def to_yaml(self) -> str:
        """The preset as a YAML file that :func:`load_preset` reads back to an equal preset."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def changed(self, **parts: dict[str, Any]) -> Preset:
        """A copy with some values changed, checked again: ``preset.changed(training={"epochs": 2})``.

        Raises
        ------
        InputError
            A field that does not exist or a value that is not allowed; names field, value and what is allowed.
        """
        values = self.model_dump(mode="json")
        for part, changes in parts.items():
            values[part] = values.get(part, {}) | changes if isinstance(changes, dict) else changes
        return parse_preset(values)


def preset_names() -> tuple[str, ...]:
    """Names of the presets that come with the package: ``("default", "reference")``."""
    return tuple(sorted(path.stem for path in PRESET_FOLDER.glob("*.yaml")))


def load_preset(name_or_path: str | Path) -> Preset:
    """A preset by its name, or from a YAML file.

    Raises
    ------
    InputError
        No such preset or file, not readable, not YAML, an unknown field, a value out of range; names file, field, value
        and range.
    """
    names = preset_names()
    path = PRESET_FOLDER / f"{name_or_path}.yaml" if str(name_or_path) in names else Path(name_or_path)
    try:
        if path.suffix.lower() not in (".yaml", ".yml") or not path.is_file():
            raise InputError("there is no such preset", value=path.name, allowed=f"{', '.join(names)}, or a YAML file")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the preset cannot be read: {error.strerror}", file=path.name) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" (line {line + 1})"
        raise InputError(f"the preset is not a YAML file{where}", file=path.name) from error
    return parse_preset(values, path.name)


def parse_preset(values: Any, file: str | None = None) -> Preset:
    """A preset from plain values, as they stand in a YAML file.

    Raises
    ------
    InputError
        As :func:`load_preset`.
    """
    try:
        return Preset.model_validate(values)
    except ValidationError as error:
        raise as_input_error(error, Preset, "preset", file) from error
