"""A dry run: everything that a training does, on few recordings, to see within about a minute whether it works."""

from __future__ import annotations

from typing import Any

from abr_model.configuration import Preset

RECORDINGS = 200
EPOCHS = 2
SAMPLER_STEPS = 100


def dry_run_options(preset: Preset, options: dict[str, Any]) -> tuple[Preset, dict[str, Any]]:
    """Preset and options of :meth:`~abr_model.runs.run.Run.create` for a dry run of what was asked for.

    At most :data:`RECORDINGS` recordings, :data:`EPOCHS` epochs and :data:`SAMPLER_STEPS` steps of the sampler's fit;
    network, objective and everything else stay. Asked for twice it is the same.
    """
    recordings, epochs = options.get("recordings"), options.get("epochs")
    preset = preset.changed(training={"epochs": min(EPOCHS, epochs or preset.training.epochs)})
    if preset.sampler.kind == "latent_flow":
        preset = preset.changed(sampler={"training_steps": min(SAMPLER_STEPS, preset.sampler.training_steps)})
    changes = {"recordings": min(RECORDINGS, recordings or RECORDINGS), "dry_run": True}
    if epochs is not None:
        changes["epochs"] = preset.training.epochs
    return preset, options | changes
