"""What the page knows of a batch before it is made: its plan, how long it will take, who is looked for in it."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from abr_model.batches.copies import Training, training_here
from abr_model.batches.parts import make_part
from abr_model.batches.plan import Plan, plan_of
from abr_model.batches.request import BatchRequest
from abr_model.batches.sweeps import OF_TRAINING, LearnedSweeps, learned_sweeps, sweeps_of_training
from abr_model.errors import InputError
from abr_model.generation.designs.design import Design
from abr_model.generation.formats.formats import FORMATS
from abr_model.generation.generate import BLOCK
from abr_model.recordings import Recordings
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE
from dashboard.cohort_files import training_cohort_file
from dashboard.session import LoadedModel

CHECK_SECONDS_EACH = 0.00025
"""Looking for near-copies among some 15,000 training recordings."""
OF_CHOSEN = "the median of the chosen cohort at the level, because the training cohort is not here or does not say"
START_SECONDS = 8.0
"""Of a new process, with torch."""


def planned(chosen: LoadedModel, design: Design, outside: str, recordings: Recordings | None) -> Plan:
    """What a design gives with this model.

    Raises
    ------
    InputError
        The design cannot be, or nothing is left of it.
    """
    return _plan(chosen.weights_sha256, design.model_dump_json(), outside, chosen, design, recordings)


@st.cache_resource(max_entries=8, show_spinner="Looking through the conditions …")
def _plan(weights: str, design_json: str, outside: str, _chosen, _design, _recordings) -> Plan:
    return plan_of(_design.rows(_recordings), _chosen.model.support, outside)


def training(chosen: LoadedModel) -> Training | None:
    """The recordings that the model learned from; None where they are not in the data folder."""
    path = training_cohort_file(chosen.model)
    return None if path is None else _training(chosen.weights_sha256, str(path), path.stat().st_mtime_ns, chosen)


@st.cache_resource(max_entries=2, show_spinner="Reading the training recordings …")
def _training(weights: str, path: str, mtime_ns: int, _chosen) -> Training | None:
    return training_here(_chosen.model)[0]


def training_is_here(chosen: LoadedModel) -> bool:
    """Whether near-copies can be looked for, without reading a trace."""
    return training_cohort_file(chosen.model) is not None


def learned_sweeps_for(chosen: LoadedModel, recordings: Recordings | None) -> tuple[tuple[LearnedSweeps, ...], str]:
    """Of how many sweeps the learned residual noise is, at each level, and in words where that is from: of the training
    cohort where it is here, else of ``recordings``; empty where neither says it."""
    path = training_cohort_file(chosen.model)
    stamp = path.stat().st_mtime_ns if path else 0
    if found := _sweeps_of_training(chosen.weights_sha256, str(path), stamp, chosen):
        return found, OF_TRAINING
    return (learned_sweeps(recordings), OF_CHOSEN) if recordings is not None else ((), "")


@st.cache_data(max_entries=8, show_spinner=False)
def _sweeps_of_training(weights: str, path: str, mtime_ns: int, _chosen) -> tuple[LearnedSweeps, ...]:
    return sweeps_of_training(_chosen.model)


def seconds_for(chosen: LoadedModel, request: BatchRequest, recordings: int, jobs: int, checks: bool) -> float:
    """About how long a batch will take on this machine."""
    each = _pace(chosen.weights_sha256, chosen) + (CHECK_SECONDS_EACH if checks else 0.0)
    return START_SECONDS + recordings * (each / jobs + FORMATS[request.format].seconds_each)


@st.cache_data(max_entries=8, show_spinner=False)
def _pace(weights: str, _chosen) -> float:
    """Seconds for a recording: of a block that is made to see."""
    import pandas as pd

    values = {AGE.name: [1.0], INTENSITY.name: [80.0], RATE.name: [33.1], HEARING_LOSS.name: ["normal"]}
    block = pd.DataFrame({name: value * BLOCK for name, value in values.items()})
    seconds = []
    for _ in range(2):  # the first one warms up
        start = time.perf_counter()
        make_part(_chosen.model, None, 0, "recording", None, 0, block)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / BLOCK


def bytes_for(request: BatchRequest, recordings: int, samples: int) -> int:
    """About how large its file will be."""
    return int(FORMATS[request.format].bytes_each * samples / 200 * recordings)


def size_in_words(size: float) -> str:
    """``"2.1 GB"``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def file_bytes(path: Path) -> bytes:
    """The content of a file that is downloaded."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("the file is not there any more", file=path.name) from error
