"""The settings of a run as a flat list with words, so that runs can be laid beside one another."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from abr_model.runs.run_config import RunConfig
from abr_model.setting_names import NAMES

WITHOUT_EFFECT = "–"
"""Stands for a setting that the run's preset does not have, or that has no effect beside its other choices."""

_PARTS = ("preparation", "scaling", "network", "objective", "sampler", "training")
_WORDS = {
    "preset": ("Preset", "Name of the set of settings that the run began from"),
    "cohort": ("Cohort", "Which recordings, and the start of the SHA-256 of their content"),
    "filter": ("Filter", "Which recordings of the cohort"),
    "recordings": ("Recordings asked for", "How many of the recordings that are kept"),
    "start": ("First weights", "Where training began from"),
    "dry_run": ("Dry run", "Made only to see whether everything works; its model is no result"),
    "search": ("Search", "The search that the run is a trial of"),
    "threads": ("Processor threads", "Of each process of the trainer; changes the speed, hardly the result"),
    "accelerator": ("Trains on", "Processor or GPU"),
    "processes": ("Processes", "That train together, each with batches of its own"),
    "compile": ("Compiled", "Whether the network is compiled"),
}


def settings_of(config: RunConfig) -> dict[str, Any]:
    """Every setting that can make one run differ from another, by its dotted name: ``"training.learning_rate"``.

    Parameters
    ----------
    config
        Of one run.

    Returns
    -------
    dict
        Plain values: numbers, text, booleans, tuples, None. A setting of the preset that has no effect beside the other
        choices (the step of a schedule that has none) is :data:`WITHOUT_EFFECT`. Free text of a person (the label) and
        places on the disk are left out.
    """
    machine = config.machine
    values: dict[str, Any] = {
        "preset": config.preset.name,
        "cohort": f"{config.cohort} ({config.cohort_digest[:8]})",
        "filter": "; ".join(config.filter.in_words()) or "none",
        "recordings": "all" if config.recordings is None else config.recordings,
        "start": "chance" if config.start is None else config.start.words,
        "dry_run": config.dry_run,
        "search": config.search or "none",
    }
    for part in _PARTS:
        model = getattr(config.preset, part)
        for name, field in type(model).model_fields.items():
            effective = _has_effect(model, field)
            values[f"{part}.{name}"] = getattr(model, name) if effective else WITHOUT_EFFECT
    return values | {
        "accelerator": machine.accelerator,
        "processes": machine.processes,
        "threads": config.threads,
        "compile": machine.compile,
    }


def _has_effect(model: BaseModel, field) -> bool:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if "same_as" in extra:  # told once, at the field whose value it repeats
        return False
    return all(getattr(model, other, None) in choices for other, choices in extra.get("only_with", {}).items())


def setting_words(name: str, config: RunConfig | None = None) -> tuple[str, str]:
    """What a setting is called, and what it means, for a person.

    Parameters
    ----------
    name
        Dotted name, as in :func:`settings_of`.
    config
        A run that has it: the meaning of a field depends on the kind of network, loss or sampler.
    """
    if name in _WORDS:
        return _WORDS[name]
    part, _, field_name = name.partition(".")
    words = NAMES.get(name) or f"{part}: {field_name.replace('_', ' ')}".capitalize()
    if part == "scaling":  # beside other settings "age" alone does not say what of it
        words = f"Scaling of the {words.lower()}"
    field = None if config is None else type(getattr(config.preset, part)).model_fields.get(field_name)
    return words, "" if field is None else field.description or ""


def value_words(value: Any) -> str:
    """A setting's value for a person: ``"yes"``, ``"0.0005"``, ``"0: 0, 5: 0.01"``; a value left open is ``"any"``."""
    if value is None:
        return "any"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        pairs = bool(value) and all(isinstance(item, tuple | list) and len(item) == 2 for item in value)
        if pairs:
            return ", ".join(f"{value_words(a)}: {value_words(b)}" for a, b in value)
        return ", ".join(value_words(item) for item in value)
    return str(value)
