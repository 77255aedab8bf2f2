"""The intensity slider and the trace in one component: while it is dragged the trace follows without the server.

``st.slider`` speaks on release only. So the page sends the draws at every level at once, the browser interpolates
between them (``dashboard/components/scrub``), and on release the level comes back for everything else on the page.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from abr_model.cohort import Cohort
from abr_model.generation.response import LevelSeries
from abr_model.schema import WAVES, Kind
from dashboard.charts.generation import DRAWS_SHOWN, HARDLY_MARKED, SURELY_MARKED, half_range
from dashboard.style import GRID, INK, MUTED, PAPER, TRACE_STYLES, faded
from dashboard.widgets.generation.exploring.training_note import TrainingNote

KEY = "response_scrubber"
_FILES = Path(__file__).resolve().parents[3] / "components" / "scrub"
_component = st.components.v2.component(
    KEY, **{kind: (_FILES / f"scrub.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")}
)

CAUTIONS = {"sparse": "few training recordings near", "outside": "outside the training data"}


def response_scrubber(
    series: LevelSeries,
    level_db_nhl: float,
    nearest: Cohort,
    note: TrainingNote,
    theme: str,
    *,
    show: str,
    on_level: Callable[[float], None],
) -> None:
    """Draw the component; see :func:`scrubber_payload`.

    Parameters
    ----------
    on_level
        Called with the level in dB nHL, one of ``series.levels``, when the slider is let go or a key was pressed.
    """

    def released() -> None:
        level = st.session_state[KEY].level
        if level is not None:
            on_level(float(level))

    payload = scrubber_payload(series, level_db_nhl, nearest, note, theme, show=show)
    _component(key=KEY, data=payload, on_level_change=released)


def scrubber_payload(
    series: LevelSeries, level_db_nhl: float, nearest: Cohort, note: TrainingNote, theme: str, *, show: str
) -> dict:
    """What the browser needs, ready for JSON.

    Parameters
    ----------
    series
        Generated draws at L equally spaced levels.
    level_db_nhl
        Where the slider stands, one of these levels.
    nearest
        Recordings near the condition at this level, of any kind and on their own time axis; may be empty.
    note
        What stands under the slider.
    show
        ``"draws"``: single responses; ``"mean"``: none; ``"recording"``: as many generated recordings, with residual
        noise, as there are nearest ones.

    Returns
    -------
    dict
        Arrays are float32, little-endian, C order, in base64; T samples, W waves, µV and ms.

        - ``level``, ``levels`` [L]: dB nHL, plain numbers. ``half_range_uv``: half the height of the µV axis.
        - ``samples`` T, ``start_ms``, ``interval_ms``: time axis of everything generated.
        - ``mean``, ``sd`` [L, T]; ``single`` = ``{count: D, uv: [L, D, T], style}``, the draws or recordings.
        - ``waves``: W names; ``latency_ms``, ``marked`` [L, W], NaN where unknown; ``hardly_marked`` (below it a wave
          is not drawn) and ``surely_marked`` (below it its name stands in brackets).
        - ``nearest`` = ``{count: n, samples: S, start_ms, interval_ms, uv: [n, S], style}``.
        - ``legend``: list of ``{label, style}``; a ``style`` is ``{colour, width, dash: [px, …], opacity}``.
        - ``colours``: ``accent, band, halo, ink, muted, grid, paper``, CSS. ``unit``: of the vertical axis.
        - ``support`` (HTML), ``note``, ``warning``: the strip of training data, the words under it, whether they warn.
        - ``caution`` [L]: what the picture says at levels where training data are few or end, else empty.
        - ``alt``: the picture in words; the browser adds level and wave latencies.
    """
    generated = TRACE_STYLES[Kind.GENERATED]
    colour = generated.colour(theme)
    single, single_label = _single_traces(series, show, len(nearest))
    single_style = _style(colour, 1, opacity=0.35 if show == "draws" else 0.8)
    nearest_style = _style(TRACE_STYLES[nearest.kind].colour(theme), 1, TRACE_STYLES[nearest.kind].dash, 0.85)
    legend = [("generated mean ± SD", _style(colour, 2.6, generated.dash))]
    if len(single[0]):
        legend.append((single_label, single_style))
    if len(nearest):
        legend.append((_nearest_label(nearest), nearest_style))
    return {
        "level": float(level_db_nhl),
        "levels": [float(level) for level in series.levels],
        "half_range_uv": half_range(series.mean, series.sd, nearest.waveforms),
        **_time_axis(series.time_ms),
        "mean": _float32(series.mean),
        "sd": _float32(series.sd),
        "single": {"count": single.shape[1], "uv": _float32(single), "style": single_style},
        "waves": list(WAVES),
        "latency_ms": _float32(series.latency_ms),
        "marked": _float32(series.marked),
        "hardly_marked": HARDLY_MARKED,
        "surely_marked": SURELY_MARKED,
        "nearest": {
            "count": len(nearest),
            **_time_axis(nearest.time_ms),
            "uv": _float32(nearest.waveforms),
            "style": nearest_style,
        },
        "legend": [{"label": label, "style": style} for label, style in legend],
        "colours": {
            "accent": colour,
            "band": faded(colour, 0.16),
            "halo": faded(colour, 0.22),
            "ink": INK[theme],
            "muted": MUTED[theme],
            "grid": GRID[theme],
            "paper": PAPER[theme],
        },
        "unit": "µV, vertex positive up",
        "support": note.strip,
        "note": note.words,
        "warning": note.warns,
        "caution": [CAUTIONS.get(degree, "") for degree in note.degrees],
        "alt": f"Generated ABR, mean ± SD over {series.responses.shape[1]} draws, "
        f"with {len(nearest)} nearest recordings beside it.",
    }


def _single_traces(series: LevelSeries, show: str, nearest: int) -> tuple[np.ndarray, str]:
    """Single traces [L, D, T] to draw over the mean, and what they are."""
    if show == "mean":
        return series.responses[:, :0], ""
    if show == "draws":
        traces = series.responses[:, :DRAWS_SHOWN]
        return traces, f"{traces.shape[1]} single draws"
    traces = series.recordings[:, : max(nearest, 1)]
    words = "with residual noise" if series.has_noise else "this model has no residual noise"
    return traces, f"{traces.shape[1]} generated recording{'s' if traces.shape[1] > 1 else ''} ({words})"


def _nearest_label(nearest: Cohort) -> str:
    label, source = TRACE_STYLES[nearest.kind].label, nearest.provenance.source
    source = source if label in source else f"{label}: {source}"
    return f"{len(nearest)} nearest recording{'s' if len(nearest) > 1 else ''} ({source})"


def _style(colour: str, width: float, dash: str = "solid", opacity: float = 1.0) -> dict:
    lengths = [] if dash == "solid" else [float(length.removesuffix("px")) for length in dash.split(",")]
    return {"colour": colour, "width": width, "dash": lengths, "opacity": opacity}


def _time_axis(time_ms: np.ndarray) -> dict:
    interval = (time_ms[-1] - time_ms[0]) / (len(time_ms) - 1)
    return {"samples": len(time_ms), "start_ms": float(time_ms[0]), "interval_ms": float(interval)}


def _float32(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode("ascii")
