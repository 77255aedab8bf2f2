"""The published summary statistics of the original clinic: aggregates alone, no recording and no person."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np

from abr_model.schema import HEARING_LOSS_CODES

PUBLISHED_BY = "published statistics of the original clinic"
CLASS_NAMES = {
    "normal": "NORMAL",
    "sensorineural": "SNIK (sensorineural)",
    "conductive": "ITIK (conductive)",
    "total": "TOTAL",
    "neuropathy": "NOROPATI (neuropathy)",
}
"""Hearing-loss classes as the published statistics name them."""


@lru_cache(maxsize=1)
def published_clinic() -> dict:
    """All published numbers as they were published (not to be changed in place).

    ``export`` is the whole clinic export, ``selected`` what Fmp > 1.0, alternating polarity and known conditions keep
    of it. Latencies in ms, amplitudes and traces in µV, levels in dB nHL, ages in completed years.
    """
    return json.loads(files("abr_model.realism").joinpath("published_clinic.json").read_text(encoding="utf-8"))


def published_trace() -> tuple[np.ndarray, np.ndarray, float]:
    """Mean [200] and SD [200] of the kept recordings in µV, from 0 ms, and their sampling rate in Hz.

    The rate is inferred, not published: labelled latencies fit 15 kHz (original description, faults of its data
    handling).
    """
    trace = published_clinic()["selected"]["waveform_uv"]
    return np.array(trace["mean"]), np.array(trace["sd"]), float(trace["sampling_rate_hz_inferred"])


def class_share(hearing_loss: str) -> float:
    """Share of the export's recordings of one hearing-loss class."""
    export = published_clinic()["export"]
    return export["hearing_loss"][CLASS_NAMES[hearing_loss]] / export["recordings"]


def wave_v_marked(hearing_loss: str) -> float:
    """Share of the recordings of one hearing-loss class in which wave V is marked."""
    return published_clinic()["export"]["wave_v_marked_by_class"][CLASS_NAMES[hearing_loss].split(" ")[0]]


if set(CLASS_NAMES) != set(HEARING_LOSS_CODES):
    raise AssertionError("the published statistics name other hearing-loss classes")
