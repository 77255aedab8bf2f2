"""What the explorer in the browser is sent: the sliders, the picture where they stand, and a whole axis when asked for.

Arrays travel as 16-bit steps of one size, little-endian, in base64 (``{"of": text, "step": size of a step, "shape":
[…]}``): a thirty-thousandth of the largest value is far below any noise, and half the bytes are half the wait. A value
that is not known is the lowest step.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from abr_model.cohort import Cohort
from abr_model.generation.response import ResponseSeries
from abr_model.schema import HEARING_LOSS, WAVES, Kind
from dashboard.charts.generation import HARDLY_MARKED, SURELY_MARKED
from dashboard.style import GRID, INK, MUTED, PAPER, TRACE_STYLES, faded
from dashboard.widgets.generation.exploring.axes import AXES, SHORT_LABELS
from dashboard.widgets.generation.exploring.settings import ExploreSettings
from dashboard.widgets.generation.exploring.training_note import FEW, MANY, TrainingNote

CAUTIONS = {"sparse": "few training recordings near", "outside": "outside the training data"}
_UNKNOWN = -32768


@dataclass(frozen=True)
class NearRecordings:
    """Recordings of a cohort beside the generated response.

    ``traces``: the nearest ones, drawn singly; ``mean`` and ``sd`` [T] µV on the time axis of ``traces`` over ``count``
    recordings of ``patients`` patients that are near, None where fewer than three are; ``words``: what they are, for
    the legend.
    """

    traces: Cohort
    mean: np.ndarray | None
    sd: np.ndarray | None
    count: int
    patients: int
    words: str


def explorer_payload(
    settings: ExploreSettings,
    picture: ResponseSeries,
    near: NearRecordings,
    notes: Mapping[str, TrainingNote],
    theme: str,
    *,
    model: str,
    recordings_words: str,
    sweep: ResponseSeries | None = None,
) -> dict:
    """Everything that the browser needs, ready for JSON.

    Parameters
    ----------
    settings
        Where the sliders stand, and what is drawn.
    picture
        Generated draws where they stand: a series of one value, T samples.
    near
        Recordings of the cohort; their time axis may be another one.
    notes
        What stands under each slider, by condition.
    model
        Identity of the model: what an axis that the browser keeps was drawn by.
    recordings_words
        What generated recordings are said to carry: ``"residual noise of 2,000 sweeps"``.
    sweep
        Draws along one condition at the stops ``AXES[sweep.axis].sweep``, where the browser asked for them.

    Returns
    -------
    dict
        - ``axes``: list of ``{name, label, kind, stops: [words], short: [words], at, strip, tints, note, warns,
          caution: [words]}``, one a condition; ``at`` is the stop that is chosen.
        - ``choices``: what is drawn, as in :class:`ExploreSettings`.
        - ``time`` = ``{samples, start_ms, interval_ms}``; ``picture``: a block; ``sweep``: None or a block with
          ``axis`` and ``stops``, the positions it was worked out at. A block of S conditions has ``mean``, ``sd``
          [S, T], ``single`` [S, D, T], ``latency_ms``, ``marked`` [S, 3].
        - ``near`` = ``{time, traces: [n, T], mean, sd, difference: [T] or None, error}``.
        - ``legend``: what each line is, in words. ``styles``, ``colours``: how it looks. ``alt``: all of it in words.
    """
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    kind = TRACE_STYLES[near.traces.kind]
    return {
        "axes": [_axis(name, settings, notes[name], theme) for name in AXES],
        "choices": {"show": settings.show, "compare": settings.compare},
        "time": _time(picture.time_ms),
        "picture": _block(picture, settings),
        "sweep": None
        if sweep is None
        else _block(sweep, settings) | {"axis": sweep.axis, "stops": list(AXES[sweep.axis].sweep)},
        "model": model,
        "near": _near(near, picture),
        "waves": {"names": list(WAVES), "hardly_marked": HARDLY_MARKED, "surely_marked": SURELY_MARKED},
        "legend": _legend(settings, near, recordings_words),
        "styles": {
            "mean": _style(colour, 2.6),
            "single": _style(colour, 1, opacity=0.4 if settings.show == "draws" else 0.7),
            "near": _style(kind.colour(theme), 1, kind.dash, 0.85),
            "near_mean": _style(kind.colour(theme), 2, kind.dash),
            "difference": _style(INK[theme], 1.6),
        },
        "colours": {
            "accent": colour,
            "band": faded(colour, 0.16),
            "near_band": faded(kind.colour(theme), 0.13),
            "difference_band": faded(MUTED[theme], 0.18),
            "halo": faded(colour, 0.22),
            "accent_many": faded(colour, MANY),
            "accent_few": faded(colour, FEW),
            "ink": INK[theme],
            "muted": MUTED[theme],
            "grid": GRID[theme],
            "paper": PAPER[theme],
        },
        "alt": _alt(settings, picture, near),
    }


def _axis(name: str, settings: ExploreSettings, note: TrainingNote, theme: str) -> dict:
    axis = AXES[name]
    classes = name == HEARING_LOSS.name
    return {
        "name": name,
        "label": "Hearing" if classes else axis.column.label,
        "kind": "class" if classes else "track",
        "stops": list(axis.words),
        "short": [SHORT_LABELS[stop] for stop in axis.stops] if classes else [],
        "at": axis.stops.index(settings.condition[name]),
        "strip": note.strip,
        "note": note.words,
        "warns": note.warns,
        "caution": [CAUTIONS.get(degree, "") for degree in note.degrees],
    }


def _block(series: ResponseSeries, settings: ExploreSettings) -> dict:
    single = {"mean": series.responses[:, :0], "draws": series.responses, "recordings": series.recordings}
    return {
        "mean": _steps(series.mean),
        "sd": _steps(series.sd),
        "single": _steps(single[settings.show][:, : settings.draws]),
        "latency_ms": _steps(series.latency_ms),
        "marked": _steps(series.marked),
    }


def _near(near: NearRecordings, picture: ResponseSeries) -> dict:
    found = {"time": _time(near.traces.time_ms), "traces": _steps(near.traces.waveforms)}
    if near.mean is None:
        return found | {"mean": None, "sd": None, "difference": None, "error": None}
    time = picture.time_ms
    mean, sd = (np.interp(time, near.traces.time_ms, values) for values in (near.mean, near.sd))
    # recordings of one patient go together: the error of their mean is counted by patients
    error = np.sqrt(sd**2 / max(near.patients, 1) + picture.sd[0] ** 2 / picture.responses.shape[1])
    difference = picture.mean[0] - mean
    return found | {
        "mean": _steps(near.mean),
        "sd": _steps(near.sd),
        "difference": _steps(difference),
        "error": _steps(1.96 * error),
    }


def _legend(settings: ExploreSettings, near: NearRecordings, recordings_words: str) -> dict[str, str]:
    """Words of each line that may be drawn, by its style."""
    n = settings.draws
    single = {
        "mean": "",
        "draws": f"{n} single draw{'s' if n > 1 else ''}",
        "recordings": f"{n} generated recording{'s' if n > 1 else ''} ({recordings_words})",
    }
    words = {"mean": "generated mean ± SD", "single": single[settings.show]}
    shown = len(near.traces)
    nearest = f"{shown} nearest recording{'s' if shown > 1 else ''} ({near.words})" if shown else ""
    of_mean = "" if near.mean is None else f"mean ± SD of {near.count:,} recordings near ({near.words})"
    difference = "" if near.mean is None else "generated − recorded mean, with its 95 % interval"
    return words | {
        "near": nearest if settings.compare == "traces" else "",
        "near_mean": of_mean if settings.compare in ("mean", "difference") else "",
        "difference": difference if settings.compare == "difference" else "",
    }


def _alt(settings: ExploreSettings, picture: ResponseSeries, near: NearRecordings) -> str:
    beside = {
        "traces": f", with {len(near.traces)} nearest recordings beside it",
        "mean": f", with the mean of {near.count} recordings near beside it",
        "difference": f", with its difference from the mean of {near.count} recordings near",
        "nothing": "",
    }
    return f"Generated ABR, mean ± SD over {picture.responses.shape[1]} draws{beside[settings.compare]}."


def _style(colour: str, width: float, dash: str = "solid", opacity: float = 1.0) -> dict:
    lengths = [] if dash == "solid" else [float(length.removesuffix("px")) for length in dash.split(",")]
    return {"colour": colour, "width": width, "dash": lengths, "opacity": opacity}


def _time(time_ms: np.ndarray) -> dict:
    interval = (time_ms[-1] - time_ms[0]) / (len(time_ms) - 1)
    return {"samples": len(time_ms), "start_ms": float(time_ms[0]), "interval_ms": float(interval)}


def _steps(values: np.ndarray) -> dict:
    """Numbers as 16-bit steps."""
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    step = float(np.abs(values[known]).max(initial=0.0)) / 32767 or 1.0
    steps = np.where(known, np.rint(np.where(known, values, 0) / step), _UNKNOWN).astype("<i2")
    return {
        "of": base64.b64encode(steps.tobytes()).decode("ascii"),
        "step": step,
        "shape": list(values.shape),
    }
