"""One training run, live: state, progress, curves, log, and what can be done with it now."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.run import Run, list_runs, without_abandoned
from dashboard import session
from dashboard.charts.training.curves import beta_curve, curve, history_table, terms, title_of
from dashboard.navigation import open_page
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.problem import plain, sentence, show_problem

STATE_BADGES = {
    "not started": ("gray", "not started"),
    "pending": ("gray", "starting"),
    "running": ("primary", "training"),
    "finished": ("green", "finished"),
    "stopped": ("gray", "stopped"),
    "failed": ("red", "failed"),
    "crashed": ("red", "broken off"),
}
"""Colour and word for each state of a run, as :func:`shown_state` gives it."""
ACTIVE = ("pending", "running")
"""Of the shown states those of a trainer that lives."""
AFTER_TRAINING = {
    "fitting the sampler": "the sampler is fitted (about a minute with the preset default)",
    "measuring on held-out recordings": "it is measured on the held-out recordings",
}
"""Stages of a run after its last batch, as words that go on a sentence."""
RANGES = {"all epochs": None, "last 20": 20, "last 5": 5}
SAID_BY_THE_STATE = ("", "training", "prepared", "starting")
SMALL = 240
POLL_ACTIVE_S, POLL_IDLE_S = 1.0, 5.0


def shown_state(run: Run) -> str:
    """The state of ``run``, telling one that is starting (pending) from one that nobody has started."""
    state = run.state
    return "not started" if state == "pending" and not run.active else state


def run_monitor(run: Run, launch: Callable[[Run], None]) -> None:
    """Show ``run``, renewed every second while it trains and every five seconds otherwise.

    It always polls: another window, or the command line, may start or end a training at any time.
    """
    seconds = POLL_ACTIVE_S if shown_state(run) in ACTIVE else POLL_IDLE_S
    st.fragment(_panel, run_every=seconds)(run.folder.as_posix(), launch)


def _panel(folder: str, launch: Callable[[Run], None]) -> None:
    run = Run(folder)
    state, status = shown_state(run), run.status
    _renew_page_when_changed(run, state)
    with st.container(border=True):
        _head(run, state, status)
        _actions(run, state, launch)
        if state in ACTIVE and run.stop_requested:
            st.caption(stopping_text(status.get("stage")))
    live, shown = _controls(state in ACTIVE)
    table = history_table(without_abandoned(_rows(run, live)), status.get("steps_per_epoch"))
    _curves(table, state in ACTIVE, shown)
    with st.expander("Log of the training"):
        st.code(run.log_tail(60) or "Nothing has been logged yet.", language=None, height=260)


def _renew_page_when_changed(run: Run, state: str) -> None:
    """Draw the whole page anew (list of runs, rate of polling) when a run has begun, ended or changed its state."""
    seen = (state, tuple(r.id for r in list_runs(run.folder.parent)))
    before = st.session_state.get("training_seen")
    st.session_state["training_seen"] = seen
    if before is not None and before != seen:
        st.rerun()


def _head(run: Run, state: str, status: dict) -> None:
    colour, word = STATE_BADGES[state]
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.markdown(f"**{status.get('preset', run.id)}** :{colour}-badge[{word}] :gray[{started_text(status)}]")
    epochs, done = status.get("epochs") or 1, status.get("epochs_done") or 0
    step, per_epoch = status.get("step") or 0, status.get("steps_per_epoch")
    fraction = min(1.0, step / (per_epoch * epochs)) if per_epoch else done / epochs
    right.markdown(
        f":gray[{done:,} of {epochs:,} epochs done{time_left_text(status, fraction, state)}]", text_alignment="right"
    )
    if state in ACTIVE:
        st.progress(fraction)
    if state in ("failed", "crashed"):
        kept = " What was learned up to the last whole epoch is kept." if done else ""
        st.error(plain(sentence(run.message)) + kept)
    elif (message := run.message) not in SAID_BY_THE_STATE:
        st.caption(plain(sentence(message)))
    if recordings := status.get("recordings"):
        parts = " · ".join(f"{count:,} {part}" for part, count in recordings.items())
        where = f" · trained on {plain(device)}" if (device := status.get("device")) else ""
        st.caption(f"Recordings: {parts}{where}")
    if warning := status.get("warning"):
        st.warning(plain(sentence(warning)))
    if only := status.get("filter"):
        st.caption(f"Only recordings with: {plain(' · '.join(only))}")


def _actions(run: Run, state: str, launch: Callable[[Run], None]) -> None:
    with st.container(horizontal=True):
        if state in ACTIVE:
            asked = run.stop_requested
            st.button(
                "Stopping …" if asked else "Stop",
                on_click=run.request_stop,
                disabled=asked,
                key="training_stop",
                help="Finishes the batch, makes a model of what was learned, and stops. It can go on later.",
            )
            if asked:
                st.button(
                    "End at once",
                    on_click=_end_at_once,
                    args=(run,),
                    key="training_force",
                    help="Makes no model of what was learned last. The last checkpoint is kept: it can go on later.",
                )
        elif run.resumable:
            words = "Start" if state == "not started" else "Resume"
            st.button(words, on_click=_resume, args=(run, launch), key="training_resume")
        if run.has_model and state not in ACTIVE:
            chosen = session.chosen_model_folder()
            if chosen is not None and chosen.folder == run.model_folder:
                st.markdown(":green-badge[used for generation]")
                if st.button("Open Generation", key="training_open_generation"):
                    open_page("generation")
            elif st.button("Use this model for generation", type="primary", key="training_use_model"):
                _use_model(run)


def stopping_text(stage: str | None) -> str:
    """What a training that was asked to stop is still doing, and what “End at once” would keep.

    Parameters
    ----------
    stage
        ``status["stage"]`` of the run.
    """
    if stage in AFTER_TRAINING:
        return (
            f"Training has stopped and its checkpoint is saved. Now {AFTER_TRAINING[stage]}, so that there is a model "
            "of what was learned. “End at once” skips that and keeps the checkpoint: it can go on later."
        )
    return (
        "It finishes its batch and saves a checkpoint. Then it makes a model of what was learned: with the preset "
        "default, fitting the sampler takes about a minute. “End at once” makes no model and keeps the last checkpoint "
        "that was saved."
    )


def tell(problem: InputError) -> None:
    """Show ``problem`` at the top of the page when it is drawn next; a change of a run must not draw it away."""
    st.session_state["training_problem"] = problem
    st.session_state.pop("training_seen", None)


def _resume(run: Run, launch: Callable[[Run], None]) -> None:
    try:
        launch(run)
    except InputError as error:
        tell(error)


def _end_at_once(run: Run) -> None:
    from abr_model.runs import launch as background

    try:
        background.force_stop(run)
    except InputError as error:
        tell(error)


def _use_model(run: Run) -> None:
    try:
        session.choose_model(run.model_folder)
    except InputError as error:
        show_problem(error)
    else:
        st.rerun()


def _controls(active: bool) -> tuple[bool, str]:
    """Whether the view follows the training, and how far back it looks."""
    live = True
    with st.container(horizontal=True):
        if active:
            chosen = st.segmented_control(
                "View",
                ["Live", "Paused"],
                default="Live",
                key="training_live",
                required=True,
                label_visibility="collapsed",
                help="Paused keeps the curves as they are, so that you can zoom in. The training goes on.",
            )
            live = chosen == "Live"
        shown = st.segmented_control(
            "Epochs shown",
            list(RANGES),
            default="all epochs",
            key="training_range",
            required=True,
            label_visibility="collapsed",
        )
    return live, shown


def _rows(run: Run, live: bool) -> list[dict]:
    """All rows that were read so far; only what was appended is read again."""
    kept = st.session_state.get("training_rows")
    if kept is None or kept["run"] != run.id:
        kept = st.session_state["training_rows"] = {"run": run.id, "offset": 0, "rows": []}
    if live or not kept["rows"]:
        rows, offset = run.metrics(kept["offset"])
        if offset < kept["offset"]:  # the file was started anew: these are its rows from the start
            kept["rows"] = []
        kept["rows"] += rows
        kept["offset"] = offset
    return kept["rows"]


def _curves(table: pd.DataFrame, active: bool, shown: str) -> None:
    names = terms(table)
    if not names:
        with st.container(border=True):
            waiting = "The curves appear with the first logged step." if active else "This run logged no step."
            st.markdown(f":gray[{waiting}]")
        return
    since = max(0.0, float(table["epochs_done"].max()) - RANGES[shown]) if RANGES[shown] else 0.0
    theme = session.theme()
    with st.container(border=True):
        st.markdown("**Loss** :gray[ · what training makes smaller; validation recordings are not trained on]")
        _draw(curve(table, "loss", theme, since=since), "loss", table)
    others = [n for n in names if n not in ("loss", "kl")]
    kl, beta, error, other = *st.columns(2), *st.columns(2)
    with kl, st.container(border=True):
        st.markdown("**KL** :gray[ · how much z says about a recording]")
        if "kl" in names:
            _draw(curve(table, "kl", theme, height=SMALL, since=since), "kl", table)
    with beta, st.container(border=True):
        st.markdown("**β** :gray[ · weight of the KL in the loss]")
        _draw(beta_curve(table, theme, height=SMALL, since=since), "beta", table)
    with error, st.container(border=True, height="stretch"):
        st.markdown("**Reconstruction error** :gray[ · of the trace]")
        if "validation_rmse_uv" in table:
            _draw(curve(table, "rmse_uv", theme, height=SMALL, since=since), "rmse", table)
        else:
            st.markdown(":gray[Known after the first epoch.]")
    with other, st.container(border=True, height="stretch"):
        if others:
            term = st.selectbox("Term of the loss", others, format_func=title_of, key="training_term")
            _draw(curve(table, term, theme, height=SMALL - 20, since=since), "term", table)


def _draw(figure, name: str, table: pd.DataFrame) -> None:
    """The browser redraws only when the figure differs, so a zoom holds while nothing was logged."""
    st.plotly_chart(
        figure,
        config=PLOTLY_CONFIG,
        key=f"training_chart_{name}",
        alt=f"Training curve of {name} over {table['epochs_done'].max():.1f} epochs",
    )


def started_text(status: dict) -> str:
    """``"started 14:32"`` in the time of this machine; empty before the start."""
    try:
        started = datetime.fromisoformat(status["started"])
    except (KeyError, TypeError, ValueError):
        return ""
    started = started.astimezone()
    today = started.date() == datetime.now(UTC).astimezone().date()
    return f"started {started:%H:%M}" if today else f"started {started:%d %b %Y, %H:%M}"


def time_left_text(status: dict, fraction: float, state: str) -> str:
    """``" · about 3 min left"``: the trainer's own estimate, else from the pace so far; empty when nothing is known."""
    seconds = status.get("seconds_left")
    if state != "running":
        return ""
    if seconds is None and 0.01 < fraction < 1 and status.get("started"):
        started = datetime.fromisoformat(status["started"]).astimezone(UTC)
        seconds = (datetime.now(UTC) - started).total_seconds() * (1 - fraction) / fraction
    return f" · about {duration_text(seconds)} left" if seconds else ""


def duration_text(seconds: float) -> str:
    """A duration in the unit that fits: seconds, minutes, hours."""
    if seconds < 90:
        return f"{math.ceil(seconds / 5) * 5:d} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
