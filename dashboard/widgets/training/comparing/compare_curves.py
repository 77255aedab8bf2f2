"""One metric of several runs, laid over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from abr_model.runs.history import History
from abr_model.runs.run import Run
from dashboard import session
from dashboard.charts.training.comparison import FEW_RUNS, RunLine, overlay, run_line
from dashboard.histories import history_of
from dashboard.widgets.training.comparing.metrics import Metric, metrics_of
from dashboard.widgets.training.watching.figures import draw
from dashboard.widgets.training.watching.view_settings import AXES

POLL_ACTIVE_S, POLL_IDLE_S = 2.0, 5.0
SMOOTHING = 0.6


def curves_card(runs: Sequence[Run], names: Mapping[str, str]) -> None:
    """Curves of ``runs``, renewed while one of them trains; ``names`` by their ids."""
    active = tuple(run.id for run in runs if run.active)
    folders = tuple(run.folder.as_posix() for run in runs)
    seconds = POLL_ACTIVE_S if active else POLL_IDLE_S
    st.fragment(_card, run_every=seconds)(folders, tuple(names[run.id] for run in runs), active)


def _card(folders: tuple[str, ...], names: tuple[str, ...], active: tuple[str, ...]) -> None:
    runs = [Run(Path(folder)) for folder in folders]
    if tuple(run.id for run in runs if run.active) != active:
        st.rerun()  # one has begun or ended: tables and the rate of polling change, too
    histories = [history_of(run) for run in runs]
    for history in histories:
        history.update()
    metrics = metrics_of(histories)
    with st.container(border=True):
        if not metrics:
            st.markdown(":gray[These runs have not logged anything yet.]")
            return
        metric, axis, smoothing, log = _controls(metrics)

        def build():
            lines = _lines(runs, histories, names, metric, axis, smoothing)
            return overlay(lines, session.theme(), axis=axis, y_title=metric.axis_title, log=log)

        draw(
            "compare",
            build,
            settings=(session.theme(), folders, names, metric.key, axis, smoothing, log),
            version=tuple((history.version, len(history)) for history in histories),
            live=True,
            alt=f"{metric.axis_title} of {len(runs)} runs over {axis}: {', '.join(names)}",
        )
        if len(runs) > FEW_RUNS:
            st.caption("Point at a line to see which run it is. Its colour stands in the tables below, too.")


def _controls(metrics: list[Metric]) -> tuple[Metric, str, float, bool]:
    by_key = {metric.key: metric for metric in metrics}
    if st.session_state.get("compare_metric") not in by_key:
        st.session_state.pop("compare_metric", None)
    what, over, smooth, scale = st.columns([2.7, 2.3, 1.5, 1.3], vertical_alignment="bottom", gap="small")
    key = what.selectbox(
        "Metric",
        list(by_key),
        format_func=lambda key: by_key[key].title,
        key="compare_metric",
        persist_state="session",
        help="Errors in µV and ms can be compared between any runs that are measured on the same recordings; a loss "
        "only between runs that minimise the same one.",
    )
    axis = over.segmented_control(
        "Over",
        list(AXES),
        format_func=AXES.get,
        default="epochs",
        required=True,
        key="compare_axis",
        persist_state="session",
        help="Minutes are those of training, without pauses: what a run has cost so far.",
    )
    smoothing = smooth.slider(
        "Smoothing",
        0.0,
        0.99,
        SMOOTHING,
        0.01,
        key="compare_smoothing",
        persist_state="session",
        help="Weight of the past in the smoothed line (exponential moving average); 0 smooths nothing. What is logged "
        "once an epoch is never smoothed. The faint line is what was logged.",
    )
    log = scale.toggle("Log", key="compare_log", persist_state="session", help="Logarithmic axis of values.")
    return by_key[key], axis, smoothing, log


def _lines(
    runs: Sequence[Run], histories: Sequence[History], names: Sequence[str], metric: Metric, axis: str, smoothing: float
) -> list[RunLine]:
    # Means over an epoch are smooth already; a run that logs a value only once an epoch has it there.
    weight = smoothing if metric.kind == "step" else 0.0
    lines = []
    for history, name in zip(histories, names, strict=True):
        x, y = history.series(metric.name, metric.kind, axis)
        if not len(x):
            x, y = history.series(metric.name, "epoch" if metric.kind == "step" else "step", axis)
        lines.append(run_line(name, x, y, weight, len(runs)))
    return lines
