"""What a run is, in which state, how far it has come, and what to know about it now."""

from __future__ import annotations

import streamlit as st

from abr_model.runs.alerts import alerts
from abr_model.runs.history import History
from abr_model.runs.notes import read_notes
from abr_model.runs.run import Run
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.run_facts import config_of, run_name
from dashboard.widgets.training.states import (
    TRAINS,
    duration_text,
    epochs_text,
    fraction_done,
    seconds_left,
    started_text,
    state_badge,
)

SAID_BY_THE_STATE = ("", "prepared")
AFTER_TRAINING = {
    "fitting the sampler": "the sampler is fitted (about a minute with the preset default)",
    "learning how recordings of one ear go together": "it learns how an ear's recordings go together (up to a minute)",
    "measuring on held-out recordings": "it is measured on the held-out recordings",
}
"""Stages of a run after its last batch, as words that go on a sentence."""


def title_line(run: Run, state: str) -> None:
    """The run's name with its state, and what sort of run it is."""
    config = config_of(run)
    badges = [state_badge(state)]
    if config is not None and config.dry_run:
        badges.append(":orange-badge[dry run: its model is no result]")
    if config is not None and config.search:
        badges.append(":violet-badge[trial of a search]")
    st.markdown(f"**{plain(run_name(run))}** {' '.join(badges)}")


def progress(run: Run, state: str, status: dict) -> None:
    """How far it has come, how long it will take, and on what it trains."""
    if state in TRAINS:
        st.progress(fraction_done(status), text=progress_text(state, status))
    facts = [] if state in TRAINS else [f"{epochs_text(status)} done"]
    if config := config_of(run):
        facts.append(config.preset.name)
    facts += [text for text in (started_text(status), status.get("cohort")) if text]
    if recordings := status.get("recordings"):
        facts.append(" + ".join(f"{count:,} {part}" for part, count in recordings.items()))
    if device := status.get("device"):
        facts.append(f"on {device}")
    st.caption(plain(" · ".join(facts)))
    if only := status.get("filter"):
        st.caption(plain(f"Only recordings with: {' · '.join(only)}"))
    if notes := read_notes(run).notes:
        st.caption("  \n".join(f"“{plain(line)}”" if line else "" for line in notes.splitlines()[:4]))


def progress_text(state: str, status: dict) -> str:
    """``"12 of 80 epochs done · step 240 · about 3 min left"``, or what is being done before and after that."""
    if state == "pending":
        return ":gray[Starting: the recordings are read and prepared …]"
    if (stage := status.get("stage")) in AFTER_TRAINING:
        return f":gray[{epochs_text(status)} done · now {AFTER_TRAINING[stage]}]"
    if not status.get("steps_per_epoch"):
        return ":gray[The recordings are read and prepared …]"
    left = seconds_left(status, state)
    words = f"{epochs_text(status)} done · step {status.get('step') or 0:,}"
    return f":gray[{words}{f' · about {duration_text(left)} left' if left else ''}]"


def messages(run: Run, state: str, status: dict, history: History) -> None:
    """Why it ended, and what to know about it, each in a sentence."""
    if state in ("failed", "crashed"):
        kept = " What was learned up to the last whole epoch is kept." if status.get("epochs_done") else ""
        st.error(plain(sentence(run.message)) + kept)
    elif state not in (*TRAINS, "finished") and (message := run.message) not in SAID_BY_THE_STATE:
        st.caption(plain(sentence(message)))
    for alert in alerts(run, history):
        if not (state == "failed" and alert.kind == "not a number"):  # the message says it already
            (st.error if alert.severity == "error" else st.warning)(plain(alert.sentence))
