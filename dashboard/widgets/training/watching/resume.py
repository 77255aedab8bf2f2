"""Going on from an earlier checkpoint."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from abr_model.errors import InputError
from abr_model.runs.lock import Lock
from abr_model.runs.run import Run
from dashboard.widgets.training.run_facts import best_epoch, kept_checkpoints


def resume_popover(run: Run, start: Callable[[], None], attempt: Callable[[Callable[[], object]], bool]) -> None:
    """Choose a checkpoint to go on from; nothing where there is only the last one. ``start`` lets the run go on."""
    names = [name for name in kept_checkpoints(run) if name != "last"]
    if not names:
        return
    best = best_epoch(run)
    with st.popover("Resume from …", key="training_resume_from"):
        name = st.selectbox(
            "Checkpoint", names, format_func=lambda name: _words(name, best and best.epoch), key="training_checkpoint"
        )
        st.caption(
            "What came after it is given up: later checkpoints are deleted, and its curves end there until they are "
            "drawn anew."
        )
        if st.button("Resume from there", key="training_resume_checkpoint"):
            with st.spinner("Going back to the checkpoint …"):
                if attempt(lambda: _resume_from(run, name, start)):
                    st.rerun()


def _words(name: str, best: int | None) -> str:
    if name == "best":
        return "best epoch so far" + (f" ({best})" if best else "")
    return name.replace("epoch-", "after epoch ")


def _resume_from(run: Run, name: str, start: Callable[[], None]) -> None:
    """Make the checkpoint the last one, and go on from there."""
    from abr_model.training.checkpoints import rewind

    lock = Lock(run.folder / "lock")
    try:
        if run.active or not lock.acquire():
            raise InputError("the run is being trained already", value=run.id)
        rewind(run, name)
    except OSError as error:
        raise InputError(f"the checkpoint cannot be made the last one: {error.strerror}", file=run.id) from error
    finally:
        lock.release()
    start()
