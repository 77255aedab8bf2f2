"""The open block: what it is for, its code's own words, its weights, and what flows through it."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from abr_model.diagrams.anatomy import SAMPLER
from abr_model.diagrams.code import code_doc
from abr_model.diagrams.graph import Block, Diagram, percent, shape_words
from abr_model.diagrams.subject import Subject
from dashboard.widgets.architecture.choosing import open_block, open_to_a_click
from dashboard.widgets.architecture.through import through_block
from dashboard.widgets.problem import plain


def block_panel(diagram: Diagram, block: Block, subject: Subject) -> None:
    """Draw it: facts at the left, a recording on its way through the block at the right."""
    with st.container(border=True, key="architecture_panel"):
        _head(diagram, block)
        facts, flow = st.columns([4, 7], gap="medium")
        with facts:
            _facts(block)
            _weights(block, subject)
            _code(block)
        with flow:
            through_block(block, subject, diagram.name)


def _head(diagram: Diagram, block: Block) -> None:
    blocks = [b.id for b in open_to_a_click(diagram)]
    at = blocks.index(block.id)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(block.title)}** :gray[{plain(block.meaning)}]", width="stretch")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            for words, step in (("Previous", -1), ("Next", 1)):
                to = blocks[(at + step) % len(blocks)]
                st.button(words, key=f"architecture_{words.lower()}", on_click=open_block, args=(to,), type="tertiary")
            st.button("Close", key="architecture_close", on_click=open_block, args=("",), type="tertiary")


def _facts(block: Block) -> None:
    rows = [("Takes in", shape_words(block.shape_in)), ("Puts out", shape_words(block.shape_out))]
    if block.parameters:
        share = "" if block.share is None else f" · {percent(block.share)} of the model"
        rows.append(("Parameters", f"{block.parameters:,}{share}"))
    if block.time_share is not None:
        rows.append(("Time", f"{percent(block.time_share)} of {block.timed}"))
    inside = " · ".join(line.rstrip(",;") for line in block.lines if isinstance(line, str))
    rows += [("Inside", inside), *(line for line in block.lines if isinstance(line, tuple))]
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in rows if value
    )
    st.html(f'<table class="facts">{cells}</table>')


def _weights(block: Block, subject: Subject) -> None:
    """Names and shapes of what is learned in it."""
    named = list(subject.sampler.named_parameters()) if block.modules == (SAMPLER,) else [
        (name, values)
        for name, values in subject.network.named_parameters()
        if any(name == part or name.startswith(f"{part}.") for part in block.modules)
    ]  # fmt: skip
    if not named:
        return
    table = pd.DataFrame(
        {
            "weights": [name for name, _ in named],
            "shape": [" × ".join(str(n) for n in values.shape) for _, values in named],
            "number": [values.numel() for _, values in named],
        }
    )
    with st.expander(f"Weights, {len(table)} arrays", expanded=len(table) <= 6):
        widths = {"shape": st.column_config.TextColumn(width=80), "number": st.column_config.NumberColumn(width=75)}
        height = "content" if len(table) <= 8 else 300
        st.dataframe(table, hide_index=True, height=height, column_config=widths)


def _code(block: Block) -> None:
    found = code_doc(block.code)
    if found is None:
        return
    with st.expander(f"Code: {found.name}"):
        st.caption(found.file)
        if found.doc:
            st.code(found.doc, language=None, wrap_lines=True)
        if found.module_doc:
            st.caption("The file says:")
            st.code(found.module_doc, language=None)
