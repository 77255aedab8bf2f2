"""A figure on the page whose blocks can be opened, and what can be taken along.

The figure is SVG made here; the browser only makes its blocks clickable (``dashboard/components/diagram``).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from abr_model.diagrams.folder import files_of, zipped
from abr_model.diagrams.graph import Diagram
from abr_model.diagrams.mermaid import mermaid
from abr_model.diagrams.png import png
from abr_model.diagrams.subject import Subject
from abr_model.diagrams.svg import font_faces, svg
from abr_model.diagrams.times import Times
from abr_model.diagrams.training_flow import training_flow
from abr_model.diagrams.training_progress import Progress
from abr_model.runs.run import Run
from dashboard.diagrams import drawn, times_of
from dashboard.histories import history_of
from dashboard.style import PRIMARY
from dashboard.widgets.architecture.choosing import BLOCK, open_block

POLL_ACTIVE_S, POLL_IDLE_S = 1.0, 5.0
_FILES = Path(__file__).resolve().parents[2] / "components" / "diagram"
_component = st.components.v2.component(
    "architecture_diagram",
    **{kind: (_FILES / f"diagram.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")},
)


def figure_font() -> None:
    """The font of the figures, once a page."""
    st.html(f"<style>{font_faces()}</style>")


def figure(diagram: Diagram, theme: str) -> None:
    """Draw it; a click on a block, or Enter on it, opens it and draws the page anew.

    The browser is given ``svg`` (the figure), ``selected`` (id of the open block, or empty) and ``accent`` (CSS colour
    of the ring around it).
    """
    key = f"architecture_{diagram.name}"

    def chosen() -> None:
        block = st.session_state[key].block
        if block is not None:
            open_block(block)

    payload = {
        "svg": drawn(diagram, theme),
        "selected": st.session_state.get(BLOCK, ""),
        "accent": PRIMARY[theme],
    }
    _component(key=key, data=payload, on_block_change=chosen)
    st.caption(diagram.caption)


def live_figure(subject: Subject, theme: str) -> None:
    """The training flow of a run, which looks for news by itself: every second while it trains."""
    folder = subject.run.folder.as_posix()
    active = subject.run.active

    def renewed() -> None:
        run = Run(Path(folder))
        if run.active != active or run.has_model != (subject.model is not None):
            st.rerun()  # it began, ended, or has a model by now
        diagram = training_flow(subject, Progress.of_run(run, history_of(run)))
        st.markdown(f"**{diagram.title}** :gray[ · {diagram.subtitle}]")
        figure(diagram, theme)

    st.fragment(renewed, run_every=POLL_ACTIVE_S if active else POLL_IDLE_S)()


def downloads(diagram: Diagram, subject: Subject, times: Times | None) -> None:
    """The figure as SVG, PNG and Mermaid source, and all three figures with a README; made when asked for."""
    with st.popover("Download", type="tertiary", key="architecture_download"):
        for label, ending, mime, make in (
            ("This figure (SVG)", "svg", "image/svg+xml", lambda: svg(diagram).encode()),
            ("This figure (PNG)", "png", "image/png", lambda: png(svg(diagram))),
            ("This figure (Mermaid source)", "mmd", "text/plain", lambda: mermaid(diagram).encode()),
        ):
            st.download_button(label, data=make, file_name=f"{diagram.name}.{ending}", mime=mime, width="stretch",
                               key=f"architecture_{ending}", on_click="ignore")  # fmt: skip
        st.download_button(
            "All three with a README (ZIP)", data=lambda: zipped(files_of(subject, times or times_of(subject))),
            file_name="architecture_diagrams.zip", mime="application/zip", width="stretch", key="architecture_zip",
            on_click="ignore", help="As `abr diagrams` writes them; they print on A4, landscape.",
        )  # fmt: skip
