"""Where the time goes: every part of a network tried alone, forward and backward, on the inputs that it has in a step.

Shares are those of processor time on one thread; what lies between the parts (sums, copies) is left out. They are kept
as a small file, so that figures can be drawn again without measuring.
"""

from __future__ import annotations

import copy
import json
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor, nn

from abr_model.diagrams.anatomy import SAMPLER
from abr_model.diagrams.graph import Diagram
from abr_model.diagrams.subject import Subject
from abr_model.errors import InputError
from abr_model.sampler import Sampler
from abr_model.training.measuring import once, random_recordings, undisturbed

FORMAT = "abr-diagram-times"
_one_at_a_time = threading.Lock()
LARGEST_BATCH = 64
"""Recordings of the step that is tried, at most: the shares of a larger one are the same."""
REPETITIONS = 3


@dataclass(frozen=True)
class Times:
    """Seconds of parts, measured once.

    Parameters
    ----------
    model
        What was measured, in words.
    measured
        Date, UTC.
    batch
        Recordings in the step.
    step_seconds
        Module path → seconds of its forward and backward pass; the parts of a Transformer layer beside the whole.
    generating_seconds
        Of drawing z and noise (``"sampler"``), and of decoding (``"decoder"``), without a gradient.
    """

    model: str
    measured: str
    batch: int
    step_seconds: dict[str, float]
    generating_seconds: dict[str, float]

    def as_json(self) -> str:
        """What :meth:`read` reads."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def read(path: Path) -> Times:
        """From a file with what :meth:`as_json` gives.

        Raises
        ------
        InputError
            No such file, or it holds something else.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("format") != FORMAT:
                raise ValueError
            times = Times(**content)
            numbers = [*times.step_seconds.values(), *times.generating_seconds.values()]
            if not all(isinstance(number, int | float) and number >= 0 for number in numbers):
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError("the file does not hold measured times", file=path.name, allowed="a times.json") from error
        return times


def measure_times(subject: Subject, modules: set[str]) -> Times:
    """Try the modules at these paths; about a second or two.

    Parameters
    ----------
    subject
        Its network is left as it is: a copy is tried.
    modules
        Paths of modules; of parameters, which take no time, nothing is measured.
    """
    network = copy.deepcopy(subject.network)  # a page shares the model: nobody else may see it train
    batch = min(LARGEST_BATCH, subject.preset.training.batch_size)
    known = {name: module for name, module in network.named_modules() if name in modules}
    with _one_at_a_time, undisturbed(1):  # two at a time would slow one another
        recordings = random_recordings(batch, subject.preset)
        calls = _calls(network.train(), known, recordings)
        step = {name: _median(lambda n=name: _forward_backward(known[n], calls[n])) for name in calls}
        generating = _generating(network.eval(), subject.sampler, recordings)
    return Times(
        subject.words,
        datetime.now(UTC).date().isoformat(),
        batch,
        {name: float(f"{seconds:.3g}") for name, seconds in sorted(step.items())},
        {name: float(f"{seconds:.3g}") for name, seconds in generating.items()},
    )


def timed(diagram: Diagram, times: Times, whole: Diagram) -> Diagram:
    """The diagram with each block's share of time.

    Parameters
    ----------
    whole
        The main architecture, whose blocks make up the time of a step.
    """
    total = sum(_seconds(block.modules, times) for block in whole.blocks)
    generating = sum(times.generating_seconds.values())
    shares = {}
    for block in diagram.blocks:
        if block.role == "sampler" and generating:
            shares[block.id] = times.generating_seconds.get(SAMPLER, 0.0) / generating
        elif total and any(name in times.step_seconds for name in block.modules):
            shares[block.id] = _seconds(block.modules, times) / total
    return diagram.with_times(shares)


def _seconds(modules: tuple[str, ...], times: Times) -> float:
    return sum(times.step_seconds.get(name, 0.0) for name in modules)


def _calls(network: nn.Module, modules: dict[str, nn.Module], recordings) -> dict[str, list]:
    """Every call of each module in one pass of the network: list of (positional, keyword) inputs."""
    calls: dict[str, list] = {}

    def note(name: str):
        def hook(_module, inputs, keywords):
            calls.setdefault(name, []).append((_alone(inputs), _alone(keywords)))

        return hook

    handles = [m.register_forward_pre_hook(note(name), with_kwargs=True) for name, m in modules.items()]
    try:
        network(recordings)
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _alone(values):
    """Inputs cut off from what made them, with a gradient of their own."""
    if isinstance(values, dict):
        return {name: _alone(value) for name, value in values.items()}
    if isinstance(values, tuple):
        return tuple(_alone(value) for value in values)
    if isinstance(values, Tensor) and values.is_floating_point():
        return values.detach().requires_grad_()
    return values


def _forward_backward(module: nn.Module, calls: list) -> None:
    for inputs, keywords in calls:
        output = module(*inputs, **keywords)
        output = output[0] if isinstance(output, tuple) else output
        output.sum().backward()


@torch.no_grad()
def _generating(network: nn.Module, sampler: Sampler, recordings) -> dict[str, float]:
    numbers = torch.Generator().manual_seed(0)

    def draw():
        drawn = sampler.draw(recordings.static, numbers)
        sampler.residual_noise(drawn, numbers)
        return drawn

    z = draw().z
    return {SAMPLER: _median(draw), "decoder": _median(lambda: network.decode(z, recordings.static))}


def _median(run) -> float:
    once(run)
    return sorted(once(run) for _ in range(REPETITIONS))[REPETITIONS // 2]
