"""Figures of the architecture for the page: what can be drawn, and the caches behind it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from abr_model.configuration import load_preset, preset_names
from abr_model.diagrams.folder import DIAGRAMS, diagrams_of, measured_times
from abr_model.diagrams.graph import Diagram
from abr_model.diagrams.subject import Subject
from abr_model.diagrams.svg import svg
from abr_model.diagrams.times import Times
from abr_model.errors import InputError
from abr_model.runs.run import Run, list_runs
from dashboard import session
from dashboard.widgets.model_picker import model_names
from dashboard.widgets.training.run_facts import run_name
from dashboard.widgets.training.states import STATE_BADGES, shown_state

VIEWS = {"main_architecture": "Network", "transformer": "Transformer", "training_flow": "Training"}
"""The figures by their names."""
assert list(VIEWS) == list(DIAGRAMS)
_PRESET = "preset-"


@dataclass(frozen=True)
class Choice:
    """Something that can be drawn.

    Parameters
    ----------
    key
        In the address: name of a shipped model, id of a run, or ``"preset-reference"``. Says nothing about patients.
    name
        For the list.
    model, run
        Folder of the model, folder of the run; None where there is none.
    preset
        Name of a preset that is drawn without weights.
    """

    key: str
    name: str
    model: Path | None = None
    run: Path | None = None
    preset: str | None = None


def choices() -> list[Choice]:
    """Trained models, runs without a model, presets; in this order, the model in use first."""
    models = session.available_models()
    names = model_names(models)
    in_use = session.chosen_model_folder()
    models.sort(key=lambda model: in_use is None or model.folder != in_use.folder)
    found = []
    for model in models:
        folder = model.folder
        run = folder.parent if (folder.parent / "config.yaml").is_file() else None
        found.append(Choice(run.name if run else folder.name, names[str(folder)], model=folder, run=run))
    drawn = {choice.key for choice in found}
    for run in list_runs(session.runs_folder()):
        if run.id not in drawn:
            state = STATE_BADGES[shown_state(run)][1]
            model = run.model_folder if run.has_model else None
            found.append(Choice(run.id, f"{run_name(run)} ({state})", model=model, run=run.folder))
    return found + [Choice(f"{_PRESET}{name}", f"preset {name}, not trained", preset=name) for name in preset_names()]


def subject_of(choice: Choice) -> Subject:
    """The network that is drawn, with its model and run where there are any.

    Raises
    ------
    InputError
        The model or the run is damaged, or was deleted since the list was made.
    """
    run = None if choice.run is None else Run(choice.run)
    if choice.model is not None:
        return Subject.of_model(session.load_model(choice.model).model, run)
    if run is not None:
        try:
            return _of_run(str(run.folder), (run.folder / "config.yaml").stat().st_mtime_ns)
        except OSError as error:
            raise InputError("the run was deleted", file=choice.key) from error
    return _of_preset(choice.preset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_run(folder: str, mtime_ns: int) -> Subject:
    run = Run(Path(folder))
    return Subject.of_preset(run.preset, run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _of_preset(name: str) -> Subject:
    return Subject.of_preset(load_preset(name))


def times_of(subject: Subject) -> Times:
    """Shares of time, measured on this machine; once for all models of one network."""
    preset = subject.preset
    key = (preset.network.model_dump_json(), preset.sampler.model_dump_json(), preset.training.batch_size)
    return _times(key, subject)


@st.cache_resource(max_entries=16, show_spinner="Measuring the time of each block …")
def _times(key: tuple, _subject: Subject) -> Times:
    return measured_times(_subject)


def diagram_of(subject: Subject, view: str) -> Diagram:
    """A figure of the network with its shares of time; the training as its run folder says it now."""
    if view == "training_flow":
        return DIAGRAMS[view](subject)
    return _network_diagram(_key(subject), view, subject, times_of(subject))


@st.cache_resource(max_entries=32, show_spinner=False)
def _network_diagram(key: str, view: str, _subject: Subject, _times: Times) -> Diagram:
    return next(diagram for diagram in diagrams_of(_subject, _times) if diagram.name == view)


def _key(subject: Subject) -> str:
    """What a figure of the network depends on."""
    return f"{subject.words} {subject.preset.model_dump_json()}"


def drawn(diagram: Diagram, theme: str) -> str:
    """The figure for the page."""
    return svg(diagram, theme, on_page=True)
