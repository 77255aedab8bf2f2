"""The quiet line above an import that says where one is."""

from __future__ import annotations

import streamlit as st

from dashboard import session
from dashboard.style import INK, MUTED, PRIMARY
from dashboard.widgets.importing.state import STEP_NAMES, Step


def step_line(step: Step) -> None:
    """1 Files · 2 What is what · 3 Checks · 4 Done; the present step stands out, by weight as well as colour."""
    st.html(step_line_html(step, session.theme()))


def step_line_html(step: Step, theme: str) -> str:
    """The line as HTML."""
    items = []
    for each, name in STEP_NAMES.items():
        colour = PRIMARY[theme] if each == step else INK[theme] if each < step else MUTED[theme]
        weight = 650 if each == step else 400
        current = ' aria-current="step"' if each == step else ""
        tick = "✓" if each < step else str(int(each))
        items.append(f'<li{current} style="color:{colour};font-weight:{weight}"><span>{tick}</span> {name}</li>')
    style = "display:flex;gap:1.6rem;list-style:none;margin:0;padding:0;font-size:0.92rem"
    return f'<ol style="{style}">{"".join(items)}</ol>'
