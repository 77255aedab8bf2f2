"""What flows through a block for one recording of the chosen cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.cohort import Cohort
from abr_model.diagrams.flow import Flow, flow_of
from abr_model.diagrams.graph import Block
from abr_model.diagrams.subject import Subject
from abr_model.errors import InputError
from abr_model.network.trace import summary
from abr_model.schema import LABELS
from dashboard import session
from dashboard.charts.architecture import attention_figure, latent_figure, matrix_figure, output_figure, trace_figure
from dashboard.widgets.architecture.recording import recording_picker
from dashboard.widgets.download import figure_box
from dashboard.widgets.problem import show_problem

_TRACE = {"waveform_in", "waveform_out", "patches", "stem", "overlap_add", "smooth", "waveform"}
_LATENT = {"posterior", "prior", "z", "join", "sampler"}
_LABELS = {"labels_in", "labels_out", "label_heads", "label_streams"}


def through_block(block: Block, subject: Subject, view: str) -> None:
    """A recording to choose, and the picture that fits the block."""
    if view == "training_flow":
        st.caption("The training as a whole; open a block of the network or the Transformer to follow a recording.")
        return
    if subject.model is None:
        st.caption("Nothing flows through it yet: these weights are those of chance. Choose a trained model.")
        return
    st.markdown("**What flows through it**")
    recording = recording_picker()
    if recording is None:
        return
    try:
        flow = _flow(subject, recording, block)
    except InputError as error:
        show_problem(error)
        return
    _picture(block, flow, recording)
    _output(block, flow)


def _flow(subject: Subject, recording: Cohort, block: Block) -> Flow:
    parts = tuple(name for name in block.modules if name != "sampler")
    return flow_of(subject.model, recording, parts)


def _picture(block: Block, flow: Flow, recording: Cohort) -> None:
    theme, kind = session.theme(), recording.kind
    part, crosses = _attention_of(block)
    if part:
        _attention(flow, part, crosses, kind, theme)
    elif block.id in _LATENT:
        _latent(flow, theme)
    elif block.id in _LABELS:
        _labels(flow)
    elif block.id in _TRACE:
        correlation = float(np.corrcoef(flow.recording_uv, flow.response_uv)[0, 1])
        figure_box(
            trace_figure(flow, kind, theme),
            "The recording and what is decoded from it",
            f"One recording, and the response that the model decodes from its z; they correlate with {correlation:.2f}",
            "architecture_trace",
            note=f"correlation {correlation:.2f}",
            caption="Dotted: edges of the tokens that the encoder makes of the trace.",
        )


def _attention_of(block: Block) -> tuple[str, bool]:
    """Part of the network whose attention the block shows, and whether it is the one that looks at the memory."""
    if block.id.startswith(("attention_", "encoder")):
        return "encoder", False
    if block.id in ("memory", "decoder_cross"):
        return "decoder", True
    return ("decoder", False) if block.id.startswith("decoder") else ("", False)


def _attention(flow: Flow, part: str, crosses: bool, kind, theme: str) -> None:
    layers = flow.attention_of(part, crosses)
    heads = layers[0].weights.shape[1]
    options = [(a.layer, head) for a in layers for head in range(1, heads + 1)]
    layer, head = st.selectbox(
        "Head", options, format_func=lambda o: f"Layer {o[0]}, head {o[1]}", key=f"architecture_head_{part}_{crosses}",
        label_visibility="collapsed",
    )  # fmt: skip
    chosen = next(a for a in layers if a.layer == layer)
    if not crosses:
        where = "the recording" if part == "encoder" else "the response that is being made"
        figure_box(
            attention_figure(flow, layers, kind, theme, (layer, head)),
            "Attention over time",
            f"For each head of each layer, how much of the attention each piece of {where} receives",
            "architecture_attention",
            note=f"tokens of {where}",
            caption="The darker, the more the other pieces look at it (mean over all of them). Framed: the head below.",
        )
    figure_box(
        matrix_figure(flow, chosen, head, theme),
        f"Who looks at whom: layer {layer}, head {head}",
        f"Attention weights of layer {layer}, head {head}: each row is a token that looks, its weights add up to 100 %",
        "architecture_matrix",
        note="learned memory" if crosses else "",
    )


def _latent(flow: Flow, theme: str) -> None:
    total, active = float(flow.latent.kl.sum()), int((flow.latent.kl > 0.1).sum())
    figure_box(
        latent_figure(flow, theme),
        "Latent code",
        f"Mean and SD of each latent unit; the recording says {total:.1f} nats, {active} units more than 0.1",
        "architecture_latent",
        note=f"{total:.1f} nats in all, {active} units above 0.1",
        caption="A unit whose mean and SD are those of the prior says nothing about this recording.",
    )


def _labels(flow: Flow) -> None:
    digits = [2] * 6
    rows = [
        {
            "label": label.title,
            "marked in the cohort": f"{marked:.{d}f}" if np.isfinite(marked) else "not marked",
            "decoded from z": f"{read:.{d}f}" if np.isfinite(read) else "–",
        }
        for label, marked, read, d in zip(LABELS, flow.marked, flow.read, digits, strict=True)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption("Decoded from the mean of z, which has seen the marked labels; before marks are placed on the peaks.")


def _output(block: Block, flow: Flow) -> None:
    names = [name for name in block.modules if name in flow.outputs]
    if not names:
        return
    output = flow.outputs[names[-1]]
    numbers = summary(output)
    with st.expander(f"Its numbers for this recording, {' × '.join(str(n) for n in output.shape)}"):
        st.caption(f"{names[-1]}: " + ", ".join(f"{words} {value:.3g}" for words, value in numbers.items()))
        st.plotly_chart(
            output_figure(output, session.theme()), key="architecture_output", config={"displayModeBar": False},
            alt=f"Output of {block.title} for one recording",
        )  # fmt: skip
