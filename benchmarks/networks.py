"""Training recordings per second of the presets, side by side in one process on one thread.

    python benchmarks/networks.py [--json] [--seconds 8] [--rounds 3]

One optimiser step as in training: forward, objective, backward, gradient clip, Adam. Rounds are interleaved, so that a
busy machine slows both, and CPU time is taken, not wall-clock time. Inputs are random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time

import torch

from abr_model.configuration import load_preset, preset_names
from abr_model.network import build_network, parameter_count
from abr_model.objective import build_objective
from abr_model.preparation import ModelInputs


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
        self.speeds: list[float] = []

    def step(self) -> None:
        posterior, _, decoded = self.network(self.batch)
        loss = self.objective(self.batch, posterior, decoded, 0.5)["loss"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimiser.step()

    def round(self, seconds: float) -> None:
        """Recordings per second of CPU time over about ``seconds``."""
        steps, start = 0, time.process_time()
        while time.process_time() - start < seconds:
            self.step()
            steps += 1
        self.speeds.append(steps * self.batch_size / (time.process_time() - start))


def random_inputs(recordings: int, samples: int) -> ModelInputs:
    mask = (torch.rand(recordings, 6) > 0.5).float()
    static = torch.cat([torch.randn(recordings, 3), torch.randint(0, 5, (recordings, 1)).float()], 1)
    labels = torch.randn(recordings, 6) * mask
    return ModelInputs(torch.randn(recordings, samples), static, labels[:, :3], labels[:, 3:], mask)


def measure(seconds: float, rounds: int) -> dict:
    """Median speed of every preset, and how many times faster than ``reference`` it is."""
    torch.set_num_threads(1)
    contestants = [Contestant(name) for name in preset_names()]
    for contestant in contestants:
        for _ in range(3):
            contestant.step()
    for _ in range(rounds):
        for contestant in contestants:
            contestant.round(seconds)
    reference = next(statistics.median(c.speeds) for c in contestants if c.name == "reference")
    return {
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "presets": {
            c.name: {
                "parameters": parameter_count(c.network),
                "batch_size": c.batch_size,
                "recordings_per_second": round(statistics.median(c.speeds), 1),
                "rounds": [round(speed, 1) for speed in c.speeds],
                "times_reference": round(statistics.median(c.speeds) / reference, 2),
            }
            for c in contestants
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seconds", type=float, default=8.0, help="CPU seconds per preset and round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    result = measure(arguments.seconds, arguments.rounds)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"torch {result['torch']}, {result['machine']}, {result['threads']} thread, CPU time")
    for name, row in result["presets"].items():
        print(
            f"{name:12} batch {row['batch_size']:4}  {row['recordings_per_second']:8,.0f} recordings/s"
            f"  × {row['times_reference']:.1f} of reference   (rounds {row['rounds']})"
        )


if __name__ == "__main__":
    main()
