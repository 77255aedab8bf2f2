from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abr_model.schema import Kind
from dashboard.components import __file__ as components
from dashboard.style import TRACE_STYLES
from dashboard.widgets.generation.exploring.axes import AXES
from dashboard.widgets.generation.exploring.payload import NearRecordings, explorer_payload
from dashboard.widgets.generation.exploring.settings import ExploreSettings
from dashboard.widgets.generation.exploring.training_note import TrainingNote

from .conftest import TIME, cohort_of

SCRIPTS = [Path(components).parent / "explorer" / name for name in ("explorer.js", "controls.js", "plot.js")]
USUAL = ExploreSettings()


def note(name: str) -> TrainingNote:
    stops = AXES[name].stops
    degrees = ("outside", "sparse", *["inside"] * (len(stops) - 2))
    return TrainingNote("<div></div>", "few recordings below", False, degrees)


def near_of(kind=Kind.SIMULATED, n: int = 7, with_mean: bool = False) -> NearRecordings:
    traces = cohort_of(kind, n)
    mean, sd = (traces.waveforms.mean(axis=0), traces.waveforms.std(axis=0, ddof=1)) if with_mean else (None, None)
    return NearRecordings(traces, mean, sd, count=40, patients=10, words=f"{kind}: a clinic")


def payload(picture, near=None, settings=USUAL, theme="light", sweep=None) -> dict:
    """As the browser gets it."""
    notes = {name: note(name) for name in AXES}
    said = {"model": "29da5f0c", "recordings_words": "with residual noise"}
    sent = explorer_payload(settings, picture, near or near_of(), notes, theme, sweep=sweep, **said)
    return json.loads(json.dumps(sent, allow_nan=False))


def array(sent: dict) -> np.ndarray:
    """As the browser reads it."""
    steps = np.frombuffer(base64.b64decode(sent["of"]), "<i2").reshape(sent["shape"])
    return np.where(steps == -32768, np.nan, steps * sent["step"])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", [Kind.SIMULATED, Kind.CLINICAL])
def test_generated_and_cohort_differ_in_colour_dash_and_name(picture, kind, theme):
    sent = payload(picture, near_of(kind), theme=theme)
    assert sent["styles"]["mean"]["colour"] == TRACE_STYLES[Kind.GENERATED].colour(theme)
    assert sent["styles"]["near"]["colour"] == TRACE_STYLES[kind].colour(theme)
    assert sent["styles"]["mean"]["dash"] == []
    assert sent["styles"]["near"]["dash"]
    assert sent["legend"]["near"] == f"7 nearest recordings ({kind}: a clinic)"
    assert sent["legend"]["mean"].startswith("generated")


def test_the_picture_is_sent_in_microvolt_and_ms(picture):
    sent = payload(picture)
    assert array(sent["picture"]["mean"]).shape == (1, 200)
    np.testing.assert_allclose(array(sent["picture"]["mean"]), picture.mean, atol=2e-5)
    np.testing.assert_allclose(array(sent["picture"]["sd"]), picture.sd, atol=2e-5)
    np.testing.assert_allclose(array(sent["picture"]["latency_ms"]), picture.latency_ms, atol=2e-4)
    time = sent["time"]["start_ms"] + sent["time"]["interval_ms"] * np.arange(sent["time"]["samples"])
    np.testing.assert_allclose(time, TIME, atol=1e-6)
    assert sent["sweep"] is None
    assert sent["model"] == "29da5f0c", "axes of another model are not kept"


def test_every_slider_stands_where_it_was_put(picture):
    at = USUAL.condition | {"age_years": 30.0, "hearing_loss": "total"}
    axes = {axis["name"]: axis for axis in payload(picture, settings=replace(USUAL, condition=at))["axes"]}
    assert list(axes) == list(AXES)
    chosen = {name: axis["stops"][axis["at"]] for name, axis in axes.items()}
    assert chosen == {
        "intensity_db_nhl": "80 dB nHL",
        "age_years": "30 years",
        "stimulus_rate_per_s": "33.1 /s",
        "hearing_loss": "Total loss",
    }
    assert axes["intensity_db_nhl"]["caution"][:3] == ["outside the training data", "few training recordings near", ""]


def test_a_whole_axis_is_sent_where_it_was_asked_for(picture, age_sweep):
    sent = payload(picture, sweep=age_sweep)["sweep"]
    assert sent["axis"] == "age_years"
    assert sent["stops"] == list(AXES["age_years"].sweep)
    assert array(sent["mean"]).shape == (len(sent["stops"]), 200)
    np.testing.assert_allclose(array(sent["mean"]), age_sweep.mean, atol=3e-5)
    np.testing.assert_allclose(array(sent["single"]), age_sweep.responses[:, :12], atol=5e-5)


def test_nearest_recordings_keep_their_own_time_axis(picture):
    near = near_of(n=3)
    sent = payload(picture, near)["near"]
    assert array(sent["traces"]).shape == (3, 250)
    times = sent["time"]["start_ms"] + sent["time"]["interval_ms"] * np.arange(250)
    np.testing.assert_allclose(times, near.traces.time_ms, atol=1e-6)
    np.testing.assert_allclose(array(sent["traces"]), near.traces.waveforms, atol=2e-5)


@pytest.mark.parametrize(
    ("show", "count", "words"),
    [
        ("mean", 0, ""),
        ("draws", 5, "5 single draws"),
        ("recordings", 5, "5 generated recordings (with residual noise)"),
    ],
)
def test_what_is_shown(picture, show, count, words):
    sent = payload(picture, settings=replace(USUAL, show=show, draws=5))
    assert array(sent["picture"]["single"]).shape == (1, count, 200)
    assert sent["legend"]["single"] == words
    if show == "recordings":
        np.testing.assert_allclose(array(sent["picture"]["single"]), picture.recordings[:, :5], atol=5e-5)


def test_the_difference_is_generated_less_recorded_mean(picture):
    near = near_of(n=12, with_mean=True)
    sent = payload(picture, near, settings=replace(USUAL, compare="difference"))
    recorded = np.interp(TIME, near.traces.time_ms, near.mean)
    np.testing.assert_allclose(array(sent["near"]["difference"]), picture.mean[0] - recorded, atol=3e-5)
    # of ten patients and 24 draws
    sd = np.interp(TIME, near.traces.time_ms, near.sd)
    error = 1.96 * np.sqrt(sd**2 / 10 + picture.sd[0] ** 2 / 24)
    np.testing.assert_allclose(array(sent["near"]["error"]), error, atol=3e-5)
    assert sent["legend"]["near_mean"] == "mean ± SD of 40 recordings near (simulated: a clinic)"
    assert sent["legend"]["difference"]
    assert sent["legend"]["near"] == ""


def test_without_near_recordings_there_is_still_a_trace(picture):
    sent = payload(picture, near_of(n=0), settings=replace(USUAL, compare="difference"))
    assert sent["near"]["difference"] is None
    assert [words for words in sent["legend"].values() if words] == ["generated mean ± SD", "12 single draws"]
    assert array(sent["near"]["traces"]).shape == (0, 250)


def test_the_browser_reads_what_is_sent_and_nothing_else(picture):
    """The payload is a contract between two languages: each key is used, and each that is used is there."""
    script = re.sub(r"//.*", "", "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS))
    read = set(re.findall(r"\b(?:data|payload)\.(\w+)", script))
    for names in re.findall(r"const \{ ([^}]+) \} = data;", script):
        read |= {name.split(":")[0].strip() for name in names.split(",")}
    made_there = {"pictures"}
    assert read - made_there == set(payload(picture)) | {"echo"}
