"""Every setting of the preset, with its meaning and its range: the few that matter first, the others by part."""

from __future__ import annotations

import streamlit as st
from pydantic import BaseModel

from abr_model.configuration import Preset
from abr_model.errors import InputError
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.starting.draft import Draft
from dashboard.widgets.training.starting.field_input import choice_in_words, field_input
from dashboard.widgets.training.starting.preset_fields import PARTS, TAGS, SettingField, in_words, path_of, value_in
from dashboard.widgets.training.starting.preset_file import preset_file
from dashboard.widgets.training.starting.section import section

MAIN = (
    "training.epochs",
    "training.learning_rate",
    "training.batch_size",
    "training.early_stopping_patience",
    "preparation.fmp_above",
    "preparation.polarity",
    "network.latent",
    "training.seed",
)
"""The few that matter first."""
BESIDE_THE_MACHINE = ("training.precision",)
"""Of the preset, but asked for where the machine is."""


def preset_form(draft: Draft, problem: InputError | None) -> None:
    """The right side of New training. ``problem`` is the contradiction in the settings as they are, if there is one."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False, gap="small"
    ):
        st.markdown("**Settings**")
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
            _changes(draft)
            preset_file(draft)
    if problem is not None:
        st.error(f"{plain(sentence(in_words(problem, draft.fields)))} Until then it cannot be started.")
    at = "" if problem is None else path_of(problem, draft.fields)
    with st.container(border=True):
        _grid(draft, [draft.fields[path] for path in MAIN if path in draft.fields], at)
    for part in PARTS:
        _part(draft, part, at)


def _changes(draft: Draft) -> None:
    """How many settings differ from the preset's; each can be put back, or all."""
    changed = draft.changed
    if not changed:
        st.markdown(f":gray[As in {plain(draft.bases[draft.base].words)}]")
        return
    with st.popover(changed_in_words(len(changed)), key="training_changes"):
        for field in changed:
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                st.markdown(
                    f"{field.label}: {_shown(draft.written_own(field.path))} → {_shown(draft.written(field.path))}"
                )
                st.button(
                    "Reset",
                    key=f"training_reset_{field.path}",
                    on_click=draft.reset,
                    args=(field.path,),
                    type="tertiary",
                )
    st.button("Reset", key="training_reset", on_click=draft.reset, help="All settings as in the preset again.")


def changed_in_words(count: int) -> str:
    """``"3 settings changed"``."""
    return f"{count} setting{'s' if count > 1 else ''} changed"


def _part(draft: Draft, part: str, at: str) -> None:
    fields = [f for f in draft.fields.values() if f.part == part and f.path not in (*MAIN, *BESIDE_THE_MACHINE)]
    if not fields:
        return
    changed = sum(field in fields for field in draft.changed)
    marks = f":orange-badge[{changed} changed]" if changed else ""
    marks += " :red-badge[does not fit]" if at.partition(".")[0] == part else ""
    place = section(Preset.model_fields[part].description, part, marks)
    if place is None:
        return
    with place:
        _kind_of(getattr(draft.own, part))
        _grid(draft, fields, at)


def _kind_of(part: BaseModel) -> None:
    """Of a part that comes in several kinds: which one this is."""
    tag = next((getattr(part, name) for name in TAGS if hasattr(part, name)), None)
    if tag is not None:
        st.caption(f"**{choice_in_words(tag)}**: {plain((type(part).__doc__ or '').strip())}")


def _grid(draft: Draft, fields: list[SettingField], at: str) -> None:
    for first in range(0, len(fields), 2):
        for column, field in zip(st.columns(2, gap="medium"), fields[first : first + 2], strict=False):
            with column, st.container(gap="xxsmall"):
                setting(draft, field, wrong=field.path == at)


def setting(draft: Draft, field: SettingField, wrong: bool = False) -> None:
    """One setting: its input, and below it what it means, its range, and the preset's value where it was changed."""
    path = field.path
    effect = draft.has_effect(path) and field.same_as is None
    field_input(
        field,
        f"training_{path.replace('.', '_')}",
        draft.written(path),
        lambda written: draft.write(path, written),
        own=value_in(draft.own, path) if field.kind in ("whole", "number") else None,
        disabled=not effect,
    )
    st.caption(setting_in_words(draft, field, wrong))


def setting_in_words(draft: Draft, field: SettingField, wrong: bool = False) -> str:
    """What stands below an input, as markdown."""
    words = [plain(field.meaning)]
    if field.allowed:
        words.append(f"{field.allowed[:1].upper()}{field.allowed[1:]}.")
    if not draft.has_effect(field.path):
        others = [
            f"{draft.fields[f'{field.part}.{name}'].label} “{' or '.join(fit)}”"
            for name, fit in field.only_with.items()
        ]
        words.append(f"Counts only with {plain(' and '.join(others))}.")
    if field in draft.changed:
        words.append(
            f":orange-badge[changed] in the {draft.bases[draft.base].origin}: {_shown(draft.written_own(field.path))}"
        )
    if wrong:
        words.append(":red-badge[does not fit]")
    return " ".join(words)


def _shown(written) -> str:
    if isinstance(written, bool):
        return "on" if written else "off"
    if isinstance(written, float):
        return f"{written:g}"
    return plain("none" if written is None else choice_in_words(written))
