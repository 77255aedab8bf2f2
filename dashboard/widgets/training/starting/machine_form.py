"""On what and how a run trains: threads, device, precision, what is kept along the way."""

from __future__ import annotations

import os

import streamlit as st

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.runs.machine import Machine
from abr_model.runs.run_config import RunConfig
from dashboard.widgets.problem import plain
from dashboard.widgets.training.starting.draft import OF_THE_MACHINE, Draft
from dashboard.widgets.training.starting.field_input import field_input
from dashboard.widgets.training.starting.preset_fields import SettingField, field_of
from dashboard.widgets.training.starting.preset_form import setting
from dashboard.widgets.training.starting.section import section

DEVICES = {"auto": "best device", "cpu": "processor", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
ROWS = (("accelerator",), ("threads", "devices"), ("checkpoint_every", "preview_every"), ("compile",))


def machine_form(draft: Draft) -> None:
    """Options of the run that are no settings of the preset; writes them into the draft."""
    place = section("Machine", "machine", f":gray[{plain(machine_in_words(draft))}]")
    if place is None:
        return
    with place:
        for row in ROWS:
            for column, name in zip(st.columns(len(row), vertical_alignment="bottom"), row, strict=True):
                with column:
                    option_input(draft, name)
        setting(draft, draft.fields["training.precision"])
        cores = os.cpu_count() or 1
        st.caption(f"This machine has {cores} processor core{'s' if cores > 1 else ''}.")


def option_input(draft: Draft, name: str, **widget) -> None:
    """One option of the run or its machine."""
    field = option_field(name)
    field_input(
        field,
        f"training_option_{name}",
        draft.option(name),
        lambda value: draft.options.__setitem__(name, value),
        own=field.info.default,
        choice_words=DEVICES if name == "accelerator" else None,
        help=" ".join(part for part in (field.meaning, f"{field.allowed}." if field.allowed else "") if part),
        **widget,
    )


def option_field(name: str) -> SettingField:
    """Its field."""
    return field_of(Machine if name in OF_THE_MACHINE else RunConfig, name)


def machine_in_words(draft: Draft) -> str:
    """``"best device, 1 thread"``."""
    threads, devices = draft.option("threads"), draft.option("devices")
    words = [DEVICES[draft.option("accelerator")]]
    if devices > 1:
        words.append(f"{devices} processes")
    words.append(f"{threads} thread{'s' if threads > 1 else ''}")
    if (bits := draft.written("training.precision")) != "32":
        words.append(f"{bits} bits" if bits.isdigit() else bits)
    return ", ".join(words)


def machine_problem(draft: Draft, preset: Preset) -> InputError | None:
    """Why this machine cannot train so; None where it can. The usual choice is not looked at: it always can."""
    machine, precision = draft.machine(), preset.training.precision
    if (machine.accelerator, machine.devices, precision) in (("auto", 1, "32"), ("cpu", 1, "32")):
        return None
    from abr_model.training.place import place_of

    try:
        place_of(machine, precision)
    except InputError as error:
        return error
    return None
