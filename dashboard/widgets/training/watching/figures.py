"""Figures that are built and sent only when they would look different."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from dashboard.style import PLOTLY_CONFIG

_KEY = "training_figures"


@dataclass
class _Kept:
    settings: Hashable
    version: Hashable
    figure: go.Figure


def draw(
    name: str, build: Callable[[], go.Figure], *, settings: Hashable, version: Hashable, live: bool, alt: str
) -> None:
    """Show a figure; it is built anew only when something that it depends on has changed.

    The browser gets it by reference when it is the same, so a zoom holds.

    Parameters
    ----------
    settings
        What it depends on besides the rows: run, theme, axis …
    version
        Changes when the rows do. While not ``live``, a figure stays as it is until the settings change.
    """
    kept: dict[str, _Kept] = st.session_state.setdefault(_KEY, {})
    found = kept.get(name)
    if found is None or found.settings != settings or (live and found.version != version):
        found = kept[name] = _Kept(settings, version, build())
    st.plotly_chart(found.figure, config=PLOTLY_CONFIG, key=f"training_chart_{name}", alt=alt)
