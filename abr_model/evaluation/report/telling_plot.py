"""What gives generated recordings away, as small SVG pictures: the most telling features, each where it lies.

The Evaluation page draws the same of one feature at a time (``dashboard/charts/evaluation/telling.py``).
"""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from abr_model.evaluation.likeness.feature_pictures import BAND, marked_spans
from abr_model.evaluation.likeness.feature_words import feature_difference, feature_title
from abr_model.evaluation.report.picture import Axes
from abr_model.evaluation.scorecard import Scorecard

DRAWN = 6
"""Features, the most telling ones; all are in the table and the JSON."""
WIDTH, LEFT, RIGHT = 380, 46, 10
TRACE, DIFFERENCE, BOTTOM = (36, 150), (166, 206), 236
LOWEST_HZ, HERTZ = 50.0, (100, 200, 500, 1000, 2000, 5000)
SIDES = ("real", "generated")
"""Columns begin so, and classes of the page's style sheet are called so; the later one is drawn on top."""
_NEEDED = {
    "telling_features": {"feature", "where", "auc_lost_without", "shift_sd", "spread_ratio", "auc_alone"},
    "by_time": {"time_ms", *(f"{side}_{what}_uv" for side in SIDES for what in ("mean", "sd"))},
    "by_frequency": {"frequency_hz", *(f"{side}_power_db" for side in SIDES)},
}


def telling_plots(scorecard: Scorecard) -> list[str]:
    """A picture for each of the most telling features; none where traces or features were not measured."""
    found = {
        name: table
        for key in ("two_sample", "distributions")
        if (section := scorecard.section(key)) is not None
        for name, table in section.tables.items()
    }
    if not all(name in found and columns <= set(found[name].columns) for name, columns in _NEEDED.items()):
        return []
    features, bins = found["telling_features"].head(DRAWN), found.get("feature_histograms")
    pictures = []
    for row in features.itertuples():
        own = None if bins is None else bins[bins["feature"] == row.feature]
        if band := BAND.fullmatch(row.feature):
            drawn, where = (
                _spectrum(found["by_frequency"], float(band[1]), float(band[2])),
                "shaded in the mean spectra",
            )
        else:
            time = found["by_time"]["time_ms"].to_numpy(dtype=float)
            spans = marked_spans(row.feature, found.get("feature_weights"), own, time)
            drawn = _trace(found["by_time"], spans)
            where = "shaded on the mean traces" if spans else "on the whole mean traces"
        pictures.append(_picture(row, where, drawn))
    return pictures


def _picture(row, where: str, drawn: str) -> str:
    title = escape(feature_title(row.feature, row.where or ""))
    difference = escape(feature_difference(row.shift_sd, row.spread_ratio, row.auc_alone))
    label = escape(f"{feature_title(row.feature, row.where or '')}, {where}", quote=True)
    return (
        f'<figure><svg class="lines" role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {BOTTOM}" width="{WIDTH}" '
        f'height="{BOTTOM}"><text class="name" x="{LEFT}" y="13">{title}</text>'
        f'<text x="{LEFT}" y="27">AUC lost without it: {row.auc_lost_without:.3f}</text>{drawn}</svg>'
        f"<figcaption>{difference}</figcaption></figure>"
    )


def _trace(by_time: pd.DataFrame, spans: list[tuple[float, float]]) -> str:
    """Mean ± SD of both sides in µV, below it their difference in nV."""
    time = by_time["time_ms"].to_numpy(dtype=float)
    mean = {side: by_time[f"{side}_mean_uv"].to_numpy(dtype=float) for side in SIDES}
    sd = {side: by_time[f"{side}_sd_uv"].to_numpy(dtype=float) for side in SIDES}
    difference = 1000 * (mean["generated"] - mean["real"])
    most = max(float(np.max(np.abs(mean[side]) + sd[side])) for side in SIDES) or 1.0
    span_ms = (float(time[0]), float(time[-1]))
    above = Axes((LEFT, WIDTH - RIGHT), TRACE, span_ms, (-most, most))
    largest_nv = float(np.max(np.abs(difference))) or 1.0
    below = Axes((LEFT, WIDTH - RIGHT), DIFFERENCE, span_ms, (-1.2 * largest_nv, 1.2 * largest_nv))
    parts = [above.shaded(a, b, TRACE[0], DIFFERENCE[1]) for a, b in spans]
    parts += [*above.y_ticks("µV"), *below.y_ends(largest_nv, "nV")]
    parts += below.x_ticks(np.arange(np.ceil(time[0] / 2) * 2, time[-1] + 0.1, 2), "ms")
    parts += [above.band(time, mean[side] - sd[side], mean[side] + sd[side], side) for side in SIDES]
    parts += [above.line(time, mean[side], side) for side in SIDES]
    return "".join([*parts, below.line(time, difference, "difference")])


def _spectrum(by_frequency: pd.DataFrame, low: float, high: float) -> str:
    """Mean power of both sides in dB over a logarithmic frequency."""
    shown = by_frequency[by_frequency["frequency_hz"] >= LOWEST_HZ]
    hertz = np.log10(shown["frequency_hz"].to_numpy(dtype=float))
    power = {side: shown[f"{side}_power_db"].to_numpy(dtype=float) for side in SIDES}
    values = np.concatenate(list(power.values()))
    axes = Axes(
        (LEFT, WIDTH - RIGHT), (TRACE[0], DIFFERENCE[1]), (hertz[0], hertz[-1]), (values.min() - 3, values.max() + 3)
    )
    parts = [axes.shaded(np.log10(max(low, LOWEST_HZ)), np.log10(high), TRACE[0], DIFFERENCE[1]), *axes.y_ticks("dB")]
    ticks = [value for value in HERTZ if hertz[0] <= np.log10(value) <= hertz[-1]]
    parts += axes.x_ticks(np.log10(ticks), "Hz", [f"{value:g}" for value in ticks])
    return "".join([*parts, *(axes.line(hertz, power[side], side) for side in SIDES)])
