"""Speed of the presets, side by side in one process: training, fitting the sampler, generating.

    python benchmarks/networks.py [--json result.json] [--seconds 8] [--rounds 3] [--threads 1]
                                  [--epochs default=20 reference=80] [--recordings 15419]

Training: one optimiser step as in training: forward, objective, backward, gradient clip, Adam, at the preset's batch
size. Sampler: one step of its fit. Generating: `generate` with residual noise and labels, for different conditions.
Rounds are interleaved, so that a busy machine slows both; on one thread processor time is taken, on several wall-clock
time. Inputs and weights are random: speed does not depend on them. With `--epochs` (epochs to the best model, as a
model's card says them) the training time to the best model is worked out from these speeds, sampler included.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import torch

from abr_model.configuration import Preset, load_preset, preset_names
from abr_model.generation.generate import generate
from abr_model.model import ModelProvenance, TrainedModel
from abr_model.network import build_network, parameter_count
from abr_model.objective import build_objective
from abr_model.preparation import ModelInputs
from abr_model.sampler import build_sampler
from abr_model.schema import CONDITION_NAMES
from abr_model.sources.simulator import simulate
from abr_model.training.parts import prepare_parts
from abr_model.training_support import support_of

CLINIC = simulate(patients=40, seed=0)
CONDITIONS = CLINIC.table[list(CONDITION_NAMES)].dropna().sample(4096, replace=True, random_state=0)


class Contestant:
    """A preset ready to train, on random recordings."""

    def __init__(self, name: str):
        preset = load_preset(name)
        torch.manual_seed(0)
        self.name, self.batch_size = name, preset.training.batch_size
        self.network = build_network(preset.network).train()
        self.objective = build_objective(preset.objective, preset.preparation.samples)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=preset.training.learning_rate)
        self.clip = preset.training.gradient_clip
        self.batch = random_inputs(self.batch_size, preset.preparation.samples)
        self.model = untrained_model(preset, self.network)
        self.preset = preset
        self.speeds: list[float] = []
        self.generation_speeds: list[float] = []

    def step(self) -> None:
        posterior, _, decoded = self.network(self.batch)
        loss = self.objective(self.batch, posterior, decoded, 0.5)["loss"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimiser.step()

    def round(self, seconds: float) -> None:
        """Recordings per second over about ``seconds`` of training, and over one batch that is generated."""
        self.network.train()
        steps, start = 0, clock()
        while clock() - start < seconds:
            self.step()
            steps += 1
        self.speeds.append(steps * self.batch_size / (clock() - start))
        start = clock()
        generate(self.model, CONDITIONS, seed=0)
        self.generation_speeds.append(len(CONDITIONS) / (clock() - start))

    def sampler_seconds(self, steps: int = 200) -> float:
        """Seconds of the fit's optimiser steps, measured on ``steps`` of them; 0 where nothing is fitted."""
        config = self.preset.sampler
        if config.kind != "latent_flow":
            return 0.0
        marks: list[float] = []
        short = config.model_copy(update={"training_steps": 50 + steps})
        inputs = random_inputs(2000, self.preset.preparation.samples)
        sampler = build_sampler(short, self.network.latent, self.network.samples)
        sampler.fit(self.network.eval(), self.objective, inputs, 0, lambda done, of: marks.append(clock()))
        return (marks[-1] - marks[0]) / steps * config.training_steps


def clock() -> float:
    """Processor time on one thread, wall-clock time on several: idle threads spin and would count twice."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def untrained_model(preset: Preset, network: torch.nn.Module) -> TrainedModel:
    """Enough of a model to generate with: random weights, scaling and support of a small simulated clinic."""
    parts = prepare_parts(CLINIC, preset)
    provenance = ModelProvenance(
        kind=CLINIC.kind, cohort="simulated", cohort_digest="", split="patient", recordings={}, patients={},
        command="", epochs=0,
    )  # fmt: skip
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    support = support_of(parts.train)
    return TrainedModel(network, sampler, preset, parts.scaling, parts.train.sampling, support, provenance)


def random_inputs(recordings: int, samples: int) -> ModelInputs:
    mask = (torch.rand(recordings, 6) > 0.5).float()
    static = torch.cat([torch.randn(recordings, 3), torch.randint(0, 5, (recordings, 1)).float()], 1)
    labels = torch.randn(recordings, 6) * mask
    return ModelInputs(torch.randn(recordings, samples), static, labels[:, :3], labels[:, 3:], mask)


def measure(seconds: float, rounds: int, threads: int, epochs: dict[str, int], recordings: int) -> dict:
    """Median speeds of every preset, and how many times faster than ``reference`` it is."""
    torch.set_num_threads(threads)
    contestants = [Contestant(name) for name in preset_names()]
    for contestant in contestants:
        contestant.round(seconds / 4)
        contestant.speeds.clear()
        contestant.generation_speeds.clear()
    for _ in range(rounds):
        for contestant in contestants:
            contestant.round(seconds)
    rows = {}
    for contestant in contestants:
        row = {
            "parameters": parameter_count(contestant.network),
            "batch_size": contestant.batch_size,
            "trained_per_second": round(statistics.median(contestant.speeds), 1),
            "generated_per_second": round(statistics.median(contestant.generation_speeds), 1),
            "sampler_seconds": round(contestant.sampler_seconds(), 1),
            "rounds": [round(speed, 1) for speed in contestant.speeds],
        }
        if contestant.name in epochs:
            row["epochs"] = epochs[contestant.name]
            trained = row["epochs"] * recordings / row["trained_per_second"]
            row["seconds_to_best_model"] = round(trained + row["sampler_seconds"], 1)
        rows[contestant.name] = row
    reference = rows["reference"]
    for row in rows.values():
        for name in ("trained_per_second", "generated_per_second"):
            row[f"{name}_times_reference"] = round(row[name] / reference[name], 2)
        if "epochs" in row and "epochs" in reference:
            row["training_time_reference_over_this"] = round(
                reference["seconds_to_best_model"] / row["seconds_to_best_model"], 2
            )
    return {
        "torch": torch.__version__, "machine": platform.machine(), "threads": threads,
        "time": "processor" if threads == 1 else "wall clock", "presets": rows,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the result there")
    parser.add_argument("--seconds", type=float, default=8.0, help="of training per preset and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", nargs="*", default=[], metavar="PRESET=N", help="epochs to the best model")
    parser.add_argument("--recordings", type=int, default=15_419, help="training recordings, for --epochs")
    arguments = parser.parse_args()
    epochs = {name: int(number) for name, _, number in (pair.partition("=") for pair in arguments.epochs)}
    result = measure(arguments.seconds, arguments.rounds, arguments.threads, epochs, arguments.recordings)
    print(f"torch {result['torch']}, {result['machine']}, {result['threads']} thread(s), {result['time']} time")
    for name in next(iter(result["presets"].values())) | result["presets"]["default"]:
        values = "".join(f"{row.get(name, '–')!s:>28}" for row in result["presets"].values())
        print(f"{name:36}{values}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
