"""The training that is being prepared. It lives in the session, so nothing that was typed is lost with the page.

Streamlit forgets a widget that is not drawn; here every widget is drawn from the draft and writes back into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as of_draft
from typing import Any

import streamlit as st

from abr_model.configuration import Preset, load_preset, preset_names
from abr_model.runs.machine import Machine
from abr_model.runs.run_config import RunConfig
from dashboard.widgets.training.starting.preset_fields import SettingField, fields_of, value_in

_STATE = "training_draft"
FIRST = "default"
OF_THE_RUN = ("threads", "checkpoint_every", "preview_every", "recordings")
OF_THE_MACHINE = ("accelerator", "devices", "compile")


@dataclass(frozen=True)
class Base:
    """The settings that a draft starts from: ``words`` name them, ``origin`` is preset, file, run or model."""

    preset: Preset
    words: str
    origin: str = "preset"


@dataclass(frozen=True)
class StartFrom:
    """Weights to begin with.

    ``kind`` is ``"model"`` (``folder`` is a model's), ``"checkpoint"`` (a run's folder, and the ``name`` of its
    checkpoint) or ``"same"`` (a run's folder: the weights that this run began with). ``words`` say it to a person.
    """

    kind: str
    folder: str
    name: str = ""
    words: str = ""


@dataclass
class Draft:
    """What a person has chosen so far.

    Parameters
    ----------
    base
        Name of the settings in ``bases`` that are changed.
    bases
        The presets of the package, and those that were brought in a file or taken from a run.
    changes
        By base: path of a field → what stands in the form. A base that is chosen again has its changes again.
    options
        Of the run and its machine: ``threads``, ``accelerator``, ``label``, ``notes`` …
    start
        Weights to begin with; None begins from chance.
    remarks
        What could not be taken over from a run.
    """

    base: str
    bases: dict[str, Base]
    changes: dict[str, dict[str, Any]] = of_draft(default_factory=dict)
    options: dict[str, Any] = of_draft(default_factory=dict)
    start: StartFrom | None = None
    remarks: list[str] = of_draft(default_factory=list)

    # --- settings of the preset -----------------------------------------------------------------------------------

    @property
    def own(self) -> Preset:
        """The settings before any change."""
        return self.bases[self.base].preset

    @property
    def fields(self) -> dict[str, SettingField]:
        """What can be changed."""
        return fields_of(self.own)

    def take_base(self, name: str, base: Base) -> None:
        """Go on from these settings, unchanged."""
        self.bases[name] = base
        self.base = name
        self.changes.pop(name, None)

    def written_own(self, path: str) -> Any:
        """The preset's own value as it stands in a form."""
        return self.fields[path].written(value_in(self.own, path))

    def written(self, path: str) -> Any:
        """What stands in the form."""
        if other := self.fields[path].same_as:
            path = other
        changes = self.changes.get(self.base, {})
        return changes[path] if path in changes else self.written_own(path)

    def write(self, path: str, written: Any) -> None:
        """Change a setting; its own value is no change."""
        changes = self.changes.setdefault(self.base, {})
        changes[path] = written
        if self._is_own(path, written):
            del changes[path]

    def _is_own(self, path: str, written: Any) -> bool:
        field = self.fields[path]
        if written == self.written_own(path):
            return True
        try:
            return field.read(written) == field.read(self.written_own(path))
        except ValueError:
            return False

    @property
    def changed(self) -> list[SettingField]:
        """The settings that differ from the preset's."""
        changes = self.changes.get(self.base, {})
        return [field for path, field in self.fields.items() if path in changes]

    def reset(self, path: str | None = None) -> None:
        """The preset's own value again: of one setting, or of all."""
        changes = self.changes.get(self.base, {})
        if path is None:
            changes.clear()
        else:
            changes.pop(path, None)

    def has_effect(self, path: str) -> bool:
        """Whether a setting counts beside the others as they are."""
        field = self.fields[path]
        return all(self.written(f"{field.part}.{other}") in fit for other, fit in field.only_with.items())

    def preset(self) -> Preset:
        """The settings as they are, checked.

        Raises
        ------
        InputError
            They contradict one another, or one cannot be read; names the field.
        """
        parts: dict[str, dict[str, Any]] = {}
        for path, field in self.fields.items():
            if path in self.changes.get(self.base, {}) or field.same_as:
                parts.setdefault(field.part, {})[field.name] = field.read(self.written(path))
        return self.own.changed(**parts)

    # --- what is around it ----------------------------------------------------------------------------------------

    def option(self, name: str) -> Any:
        """An option of the run, of the machine, or the words about it."""
        return self.options.get(name, _default_of(name))

    def machine(self) -> Machine:
        """What to train on."""
        return Machine(**{name: self.option(name) for name in OF_THE_MACHINE})

    def run_options(self) -> dict[str, Any]:
        """Keywords of :meth:`abr_model.runs.run.Run.create`."""
        return {name: self.option(name) for name in OF_THE_RUN}


def _default_of(name: str) -> Any:
    model = Machine if name in OF_THE_MACHINE else RunConfig
    return model.model_fields[name].default if name in model.model_fields else ""


def current() -> Draft:
    """The draft of this session; a new one starts from the preset that ships."""
    if _STATE not in st.session_state:
        bases = {name: Base(load_preset(name), name) for name in preset_names()}
        st.session_state[_STATE] = Draft(FIRST if FIRST in bases else next(iter(bases)), bases)
    return st.session_state[_STATE]
