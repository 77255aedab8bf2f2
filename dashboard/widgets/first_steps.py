"""The first steps of a newcomer, as cards: what to do, what there is to see, and which are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.first_steps import Step
from dashboard.navigation import exists, link_to

IN_A_ROW = 3


def show_first_steps(steps: Sequence[Step], opened: Mapping) -> None:
    """Draw the steps whose page there is, numbered, those that are done marked so in words."""
    steps = [step for step in steps if exists(step.page)]
    done = [step.done(opened) for step in steps]
    st.markdown(f"**Your first two minutes** :gray[ · {sum(done)} of {len(steps)} done]")
    for start in range(0, len(steps), IN_A_ROW):
        for offset, column in enumerate(st.columns(IN_A_ROW)):
            number = start + offset
            if number < len(steps):
                with column, st.container(border=True, height="stretch", gap="xsmall"):
                    _card(number + 1, steps[number], done[number])


def _card(number: int, step: Step, done: bool) -> None:
    mark = " :green-badge[done]" if done else ""
    st.markdown(f"**{number}. {step.name}**{mark}")
    st.markdown(f"{step.do} :gray[{step.see}]")
    link_to(step.page, step.label, **step.settings)
