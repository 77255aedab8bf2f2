from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.generation.response import ResponseSeries
from abr_model.schema import Kind
from dashboard.components import __file__ as components
from dashboard.style import TRACE_STYLES
from dashboard.widgets.generation.exploring.response_scrubber import scrubber_payload
from dashboard.widgets.generation.exploring.training_note import TrainingNote

LEVELS = np.arange(0.0, 105, 5)
TIME = np.arange(200) / 15.0
DEGREES = ("outside", "sparse") + 19 * ("inside",)
NOTE = TrainingNote("<div></div>", "few recordings below 5 dB nHL", False, DEGREES)


@pytest.fixture
def series():
    generator = np.random.default_rng(0)
    responses = 0.1 * generator.standard_normal((21, 24, 200))
    latency = np.tile([1.6, 3.7, 5.5], (21, 1))
    latency[0, 0] = np.nan
    return ResponseSeries(
        condition={},
        levels=LEVELS,
        time_ms=TIME,
        mean=responses.mean(axis=1),
        sd=responses.std(axis=1),
        responses=responses,
        recordings=responses + 0.05,
        has_noise=True,
        latency_ms=latency,
        amplitude_uv=np.full((21, 3), 0.3),
        marked=np.full((21, 3), 0.9),
        i_v_ms=np.full(21, 3.9),
        v_i_ratio=np.full(21, 1.7),
    )


def cohort_of(kind: str, n: int, source: str = "a clinic") -> Cohort:
    waveforms = np.random.default_rng(1).standard_normal((n, 250)).astype(np.float32) * 0.1
    table = pd.DataFrame({"recording_id": [f"r{i}" for i in range(n)], "patient_id": "p", "intensity_db_nhl": 60.0})
    return Cohort(waveforms, table, Sampling(rate_hz=20000, start_ms=-1), Provenance(kind=kind, source=source))


def payload(series, nearest, theme="light", show="draws", level=60.0) -> dict:
    """As the browser gets it."""
    return json.loads(json.dumps(scrubber_payload(series, level, nearest, NOTE, theme, show=show), allow_nan=False))


def array(text: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", [Kind.SIMULATED, Kind.CLINICAL])
def test_generated_and_cohort_differ_in_colour_dash_and_name(series, kind, theme):
    mean, _, nearest = payload(series, cohort_of(kind, 7), theme)["legend"]
    assert mean["style"]["colour"] == TRACE_STYLES[Kind.GENERATED].colour(theme)
    assert nearest["style"]["colour"] == TRACE_STYLES[kind].colour(theme)
    assert mean["style"]["dash"] == []
    assert nearest["style"]["dash"]
    assert nearest["label"] == f"7 nearest recordings ({kind}: a clinic)"


def test_the_sweep_is_sent_in_microvolt_and_ms(series):
    sent = payload(series, cohort_of("simulated", 3))
    np.testing.assert_allclose(array(sent["mean"], 21, 200), series.mean, atol=1e-7)
    np.testing.assert_allclose(array(sent["sd"], 21, 200), series.sd, atol=1e-7)
    np.testing.assert_allclose(array(sent["latency_ms"], 21, 3), series.latency_ms, atol=1e-6)
    time = sent["start_ms"] + sent["interval_ms"] * np.arange(sent["samples"])
    np.testing.assert_allclose(time, TIME, atol=1e-6)
    assert sent["level"] == 60.0
    assert sent["levels"] == LEVELS.tolist()
    assert sent["half_range_uv"] >= np.max(np.abs(series.mean) + 2 * series.sd)


def test_nearest_recordings_keep_their_own_time_axis(series):
    nearest = cohort_of("simulated", 3)
    sent = payload(series, nearest)["nearest"]
    assert (sent["count"], sent["samples"]) == (3, 250)
    np.testing.assert_allclose(sent["start_ms"] + sent["interval_ms"] * np.arange(250), nearest.time_ms, atol=1e-6)
    np.testing.assert_allclose(array(sent["uv"], 3, 250), nearest.waveforms)


def test_what_is_shown(series):
    nearest = cohort_of("simulated", 5)
    draws = payload(series, nearest, show="draws")
    assert draws["legend"][1]["label"] == "16 single draws"
    np.testing.assert_allclose(array(draws["single"]["uv"], 21, 16, 200), series.responses[:, :16], atol=1e-7)
    recordings = payload(series, nearest, show="recording")
    assert recordings["legend"][1]["label"] == "5 generated recordings (with residual noise)"
    np.testing.assert_allclose(array(recordings["single"]["uv"], 21, 5, 200), series.recordings[:, :5], atol=1e-7)
    mean = payload(series, nearest, show="mean")
    assert mean["single"]["count"] == 0
    assert len(mean["legend"]) == 2


def test_without_near_recordings_there_is_still_a_trace(series):
    sent = payload(series, cohort_of("simulated", 0), show="recording")
    assert [entry["label"] for entry in sent["legend"]] == [
        "generated mean ± SD",
        "1 generated recording (with residual noise)",
    ]
    assert sent["nearest"]["count"] == 0


def test_levels_without_training_data_carry_a_caution(series):
    caution = payload(series, cohort_of("simulated", 2))["caution"]
    assert caution == ["outside the training data", "few training recordings near", *[""] * 19]


def test_the_browser_reads_what_is_sent_and_nothing_else(series):
    """The payload is a contract between two languages: each key is used, and each that is used is there."""
    script = (Path(components).parent / "scrub" / "scrub.js").read_text(encoding="utf-8")
    sent = set(payload(series, cohort_of("simulated", 2)))
    assert set(re.findall(r"\bdata\.(\w+)", script)) == sent
