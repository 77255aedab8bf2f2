"""How long a training will take and how much memory it needs, told before it starts.

Measured on a few steps of the very network on this machine, with random numbers in place of recordings
(:mod:`abr_model.training.measuring`), and added up to what a run does. How far that is off is measured by
``benchmarks/estimate.py``.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abr_model.configuration import Preset
from abr_model.runs.machine import Machine

if TYPE_CHECKING:
    from abr_model.training.network_cost import NetworkCost
    from abr_model.training.place import Place
    from abr_model.training.sampler_cost import SamplerCost

PROGRAM_BYTES = 600 * 2**20
"""A trainer apart from its recordings and its network (measured: 572 MiB before Lightning and TensorBoard start)."""
START_SECONDS = 5.0
"""From the command to the first recording: programs are read from disk (measured: 4.5 s on an idle machine)."""
EPOCH_SECONDS = 0.4
"""Around an epoch: two checkpoints, rows of the metrics, a preview every other time (measured: 0.4 to 0.5 s)."""
KEPT_PAGES = 1.5
"""Memory of the process by bytes that tensors need: freed pieces between them stay (measured: 1.25 to 1.7)."""
USABLE = 0.9
"""Share of the free memory that a training may take: other programs grow, too."""
WEIGHT_COPIES = 7
"""Weights, their gradients, two moments of Adam; all but the gradients once more while a checkpoint is made."""
RESIDUAL_DRAWS, RESIDUAL_COPIES = 4, 10
"""Of the sampler's fit: residuals per training recording; and how often their numbers lie in memory as 4 bytes."""
INPUT_COPIES = 4
"""A recording lies in the cohort and in the network's inputs, and while they are made once more in 64 bits."""
CHUNK = 1024
"""Most recordings that go through the network together once it is trained."""
MEASURING_PASSES = 12
"""Held-out figures and the labels' calibration, in passes of a recording through encoder and decoder (measured: 10 to
12)."""

_FREE_OF_COST = ("training_steps", "learning_rate", "ema", "condition_jitter", "solver_steps")
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Need:
    """Memory in one place, in bytes: ``"memory"`` or ``"memory of the GPU"``."""

    place: str
    needed: int
    available: int

    @property
    def share(self) -> float:
        """Of what is free; above :data:`USABLE` it does not fit."""
        return self.needed / max(self.available, 1)


@dataclass(frozen=True)
class Estimate:
    """What a training is expected to take.

    Parameters
    ----------
    seconds_per_epoch
        Training and validation of one epoch.
    sampler_seconds
        Fit of the sampler after the last epoch; 0 where nothing is fitted.
    seconds
        In all, from the start to the model, if no epoch is spared by early stopping.
    memory
        The memory of each place.
    device
        What it trains on, in words.
    epochs, batch_size
        What it was asked for.
    """

    seconds_per_epoch: float
    sampler_seconds: float
    seconds: float
    memory: tuple[Need, ...]
    device: str
    epochs: int
    batch_size: int

    @property
    def tightest(self) -> Need:
        """The place where least is left."""
        return max(self.memory, key=lambda need: need.share)

    @property
    def memory_bytes(self) -> int:
        """Largest amount of memory at any time, where least is left."""
        return self.tightest.needed

    @property
    def available_bytes(self) -> int:
        """What is free there now."""
        return self.tightest.available

    @property
    def fits(self) -> bool:
        """Whether the memory suffices."""
        return self.tightest.share <= USABLE

    @property
    def words(self) -> str:
        """One sentence about the time and one about the memory."""
        last = f", then {duration_in_words(self.sampler_seconds)} for the sampler" if self.sampler_seconds else ""
        epochs = f"{self.epochs:,} epoch{'' if self.epochs == 1 else 's'}"
        time = (
            f"About {duration_in_words(self.seconds)} in all: {epochs} of {duration_in_words(self.seconds_per_epoch)}"
        )
        need = self.tightest
        memory = f"about {size_in_words(need.needed)} of {need.place}, {size_in_words(need.available)} are free"
        if self.fits:
            return f"{time}{last}. Needs {memory}."
        return f"{time}{last}. This will not fit: it needs {memory}."


@dataclass(frozen=True)
class Costs:
    """What was tried out on this machine: the network where it trains, the network once trained, the sampler."""

    network: NetworkCost
    at_rest: NetworkCost
    sampler: SamplerCost | None


def estimate(
    preset: Preset, recordings: int, threads: int = 1, machine: Machine | None = None, costs: Costs | None = None
) -> Estimate:
    """Try a few steps of the network of ``preset`` and add up what a run does, alone on this machine.

    Takes about two seconds, a very large network some more; with ``costs`` no time.

    Parameters
    ----------
    preset
        All hyper-parameters.
    recordings
        Recordings that are kept by selection (and sample), of all three parts.
    threads
        CPU threads of each process.
    machine
        What to train on; one process on what is there when left out.
    costs
        What :func:`try_out` gave for a preset that :func:`cost_key` does not tell from this one.

    Raises
    ------
    InputError
        This machine has not what is asked for.
    """
    from abr_model.training.place import place_of

    machine = machine or Machine()
    place = place_of(machine, preset.training.precision, threads)
    costs = costs or try_out(preset, recordings, threads, machine)
    return _added_up(preset, recordings, place, costs, _crowding(place, threads))


def try_out(preset: Preset, recordings: int, threads: int = 1, machine: Machine | None = None) -> Costs:
    """The costs of network and sampler, measured now; parameters and errors as for :func:`estimate`."""
    from abr_model.training.measuring import undisturbed
    from abr_model.training.network_cost import network_cost
    from abr_model.training.place import place_of
    from abr_model.training.sampler_cost import sampler_cost

    place = place_of(machine or Machine(), preset.training.precision, threads)
    with _one_at_a_time, undisturbed(threads):  # two at a time would slow one another
        network = network_cost(preset, _batch(preset, recordings), place.accelerator)
        # Once trained, the network works on the processor.
        at_rest = network if place.accelerator == "cpu" else network_cost(preset, 1, "cpu")
        return Costs(network, at_rest, sampler_cost(preset))


def cost_key(preset: Preset, recordings: int) -> str:
    """What the costs of ``preset`` depend on, as text: not its learning rate, epochs, seed, split, …"""
    training = preset.training
    values = {
        "samples": preset.preparation.samples,
        "waveform": preset.scaling.waveform,
        "network": preset.network.model_dump(mode="json"),
        "objective": preset.objective.kind,
        "sampler": preset.sampler.model_dump(mode="json", exclude=set(_FREE_OF_COST)),
        "augmented": [training.noise_sd > 0, training.max_shift_samples > 0],
        "step": [training.optimiser, training.precision, _batch(preset, recordings)],
    }
    return json.dumps(values, sort_keys=True)


def _batch(preset: Preset, recordings: int) -> int:
    """Recordings per step: not more than there are in the training part."""
    return min(preset.training.batch_size, max(1, round(recordings * preset.preparation.fractions[0])))


def _crowding(place: Place, threads: int) -> float:
    """How many processes share a processor; 1 where there is one for each thread."""
    import psutil

    if place.accelerator != "cpu":
        return 1.0
    return max(1.0, place.devices * threads / (psutil.cpu_count() or 1))


def _added_up(preset: Preset, recordings: int, place: Place, costs: Costs, crowding: float) -> Estimate:
    train, validation, test = (recordings * fraction for fraction in preset.preparation.fractions)
    network, at_rest, sampler = costs.network, costs.at_rest, costs.sampler
    # The last step of an epoch sees what is left, so parts of a step are counted; there is one at least.
    steps = max(1.0, train / (_batch(preset, recordings) * place.processes))
    validating = 2 * validation / place.processes * network.pass_seconds  # with its labels, and once more without
    epoch = crowding * (steps * network.step_seconds + validating)
    epoch += EPOCH_SECONDS + _refresh_seconds(preset, train, at_rest, sampler)
    fitting = 0.0 if sampler is None else _fit_seconds(preset, train, at_rest, sampler)
    measuring = MEASURING_PASSES * (validation + test) * at_rest.pass_seconds
    return Estimate(
        seconds_per_epoch=epoch,
        sampler_seconds=fitting,
        seconds=START_SECONDS + preset.training.epochs * epoch + fitting + measuring,
        memory=_needs(preset, recordings, place, costs),
        device=place.words,
        epochs=preset.training.epochs,
        batch_size=preset.training.batch_size,
    )


def _fit_seconds(preset: Preset, train: float, network: NetworkCost, sampler: SamplerCost) -> float:
    residuals = RESIDUAL_DRAWS * train
    colour = sampler.colour_seconds + residuals * sampler.residual_seconds
    return residuals * network.pass_seconds + colour + preset.sampler.training_steps * sampler.step_seconds


def _refresh_seconds(preset: Preset, train: float, network: NetworkCost, sampler: SamplerCost | None) -> float:
    """Where the noise's colour is measured on residuals after each epoch."""
    objective = preset.objective
    if objective.kind != "whitened" or objective.noise_from != "residuals" or sampler is None:
        return 0.0
    rows = min(objective.rows, train)
    return rows * (network.pass_seconds + sampler.residual_seconds) + sampler.colour_seconds


def _needs(preset: Preset, recordings: int, place: Place, costs: Costs) -> tuple[Need, ...]:
    from abr_model.training.available_memory import available_memory

    network, at_rest, sampler = costs.network, costs.at_rest, costs.sampler
    batch, trace = _batch(preset, recordings), 4 * preset.preparation.samples
    train, validation, _ = (recordings * fraction for fraction in preset.preparation.fractions)
    weights = WEIGHT_COPIES * network.weight_bytes
    step = network.step_bytes(batch)
    validated = network.passing_bytes * min(max(256, batch), validation)
    training = weights + KEPT_PAGES * max(step, validated) + min(step, validated)
    trained = KEPT_PAGES * at_rest.passing_bytes * min(CHUNK, train) + network.weight_bytes
    if sampler is not None:
        trained += KEPT_PAGES * sampler.step_bytes + 5 * sampler.weight_bytes
        trained += RESIDUAL_DRAWS * RESIDUAL_COPIES * train * trace
    program = PROGRAM_BYTES + INPUT_COPIES * recordings * trace
    if place.accelerator != "cuda":
        needed = max(place.devices * (program + training), program + trained)
        return (Need("memory", int(needed), available_memory()),)
    import torch

    on_gpu = training + (train + validation) * trace
    return (
        Need("memory of the GPU", int(on_gpu), torch.cuda.mem_get_info()[0]),
        Need("memory", int(max(place.devices * program, program + trained)), available_memory()),
    )


def duration_in_words(seconds: float) -> str:
    """``"0.4 s"``, ``"12 s"``, ``"4 min"``, ``"2.5 h"``, ``"12 days"``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for unit, size, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds / size < most:
            return f"{seconds / size:.1f} {unit}" if unit == "h" else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:,.0f} days"


def size_in_words(size: int) -> str:
    """``"0.7 GB"``, ``"12 GB"``; ``"85 MB"`` below 0.1 GB."""
    if size < 10**8:
        return f"{size / 10**6:.0f} MB"
    return f"{size / 10**9:.1f} GB" if size < 10**10 else f"{size / 10**9:,.0f} GB"
