"""How long the training that is being set up will take, and whether its memory suffices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.runs.machine import Machine
from dashboard.widgets.problem import plain, sentence

if TYPE_CHECKING:
    from abr_model.training.estimate import Costs, Estimate

REMEMBERED_S = 3600
HELP = (
    "Measured on a few steps of this very network on this machine, with random numbers in place of recordings. With "
    "other programs at work it takes longer. It ends earlier where the validation loss gets no better."
)


def estimate_card(preset: Preset, recordings: int, threads: int, machine: Machine) -> None:
    """Time and memory of a training of ``preset`` on so many recordings; a warning where its memory will not suffice.

    The first look at a network takes a few seconds; then it is remembered.
    """
    told = estimated(preset, recordings, threads, machine)
    if told is None:
        return
    from abr_model.training.estimate import duration_in_words, size_in_words

    need = told.tightest
    time, memory = st.columns(2)
    time.metric("Time", f"≈ {duration_in_words(told.seconds)}", help=HELP)
    memory.metric(
        need.place.capitalize(),
        f"≈ {size_in_words(need.needed)}",
        help=f"The most that the training needs at any time; {size_in_words(need.available)} are free.",
    )
    st.caption(plain(parts_in_words(told)))
    if not told.fits:
        st.warning(
            f"This will not fit: it needs about {size_in_words(need.needed)} of {need.place}, "
            f"{size_in_words(need.available)} are free. A smaller batch, fewer layers or a smaller width needs less."
        )


def parts_in_words(told: Estimate) -> str:
    """``"20 epochs of 5 s each, then 2 min for the sampler; on CPU, 1 thread."``"""
    from abr_model.training.estimate import duration_in_words

    epochs = f"{told.epochs:,} epochs" if told.epochs > 1 else "1 epoch"
    words = f"{epochs} of {duration_in_words(told.seconds_per_epoch)}{' each' if told.epochs > 1 else ''}"
    if told.sampler_seconds:
        words += f", then {duration_in_words(told.sampler_seconds)} for the sampler"
    return f"{words}; on {told.device}."


def estimated(preset: Preset, recordings: int, threads: int, machine: Machine) -> Estimate | None:
    """The estimate; None where there is none, and then it is said why."""
    from abr_model.training.estimate import cost_key, estimate

    try:
        costs = _costs(cost_key(preset, recordings), threads, machine.model_dump_json(), preset, recordings, machine)
        return estimate(preset, recordings, threads, machine, costs)
    except InputError as error:
        st.caption(f":orange[{plain(sentence(str(error)))}]")
    except (MemoryError, RuntimeError) as error:  # torch says RuntimeError for memory that it does not get
        st.warning(f"Time and memory cannot be told: {plain(sentence(str(error).splitlines()[0]))}")
    return None


@st.cache_data(max_entries=64, ttl=REMEMBERED_S, show_spinner="Trying a few steps …")
def _costs(key: str, threads: int, on: str, _preset: Preset, _recordings: int, _machine: Machine) -> Costs:
    """Tried out once for all sessions, and not again when only the learning rate or the epochs are changed."""
    from abr_model.training.estimate import try_out

    return try_out(_preset, _recordings, threads, _machine)
