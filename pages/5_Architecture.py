"""Architecture: the model in use as a figure, block by block, with a recording on its way through it."""

from __future__ import annotations

import streamlit as st

from abr_model.diagrams.graph import Diagram
from abr_model.errors import InputError
from dashboard import session
from dashboard.diagrams import diagram_of, subject_of, times_of
from dashboard.widgets.architecture.choosing import chosen_block, chosen_subject, chosen_view
from dashboard.widgets.architecture.figure import downloads, figure, figure_font, live_figure
from dashboard.widgets.architecture.panel import block_panel
from dashboard.widgets.page_header import page_header
from dashboard.widgets.problem import show_problem


def heading(diagram: Diagram) -> None:
    """What the figure shows, and of which model."""
    st.markdown(f"**{diagram.title}** :gray[ · {diagram.subtitle}]")


page_header("Architecture", "What happens to a recording inside the model? Click a block", about="architecture")
views, models, take = st.columns([5, 5, 1.3], vertical_alignment="center")
with views:
    view = chosen_view()
with models:
    choice = chosen_subject()
try:
    subject = subject_of(choice)
    diagram = diagram_of(subject, view)
except InputError as error:
    show_problem(error)
    st.stop()
opened = chosen_block(diagram)
with take:
    downloads(diagram, subject, None if view == "training_flow" else times_of(subject))
figure_font()
if view == "training_flow" and subject.run is not None:
    live_figure(subject, session.theme())
else:
    heading(diagram)
    figure(diagram, session.theme())
if block := diagram.block(opened):
    block_panel(diagram, block, subject)
