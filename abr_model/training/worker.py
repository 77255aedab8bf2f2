"""A further process of a training on several devices: ``python -m abr_model.training.worker FOLDER …``.

Started by the first one (:mod:`abr_model.training.processes`); writes nothing into the run folder.
"""

from __future__ import annotations

import signal
import sys

import torch

from abr_model.errors import InputError
from abr_model.runs.run import Run
from abr_model.training.parts import parts_of
from abr_model.training.place import place_of
from abr_model.training.processes import READY, Member, end_with_parent
from abr_model.training.surroundings import algorithms, quiet
from abr_model.training.trainer import train


def main(arguments: list[str]) -> int:
    """Train as one of several; the exit status is 2 for what a person can mend."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the first process is asked, and ends all
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    folder, node, local, devices, nodes, address, port = arguments
    member = Member(int(node), int(local), int(devices), int(nodes), address, int(port))
    try:
        run = Run(folder)
        config = run.config
        torch.set_num_threads(config.threads)
        place = place_of(config.machine, config.preset.training.precision, config.threads)
        parts = parts_of(config, run.folder)
        print(READY, flush=True)
        with quiet(), algorithms(config.preset.training.deterministic):
            train(run, config, parts, place, member)
    except InputError as error:
        print(f"abr: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
