"""One score as a small picture: value, real against real, other models and what is required on one axis, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from abr_model.evaluation.score import Interval, Score
from abr_model.evaluation.words import number_words

WIDTH, HEIGHT, EDGE = 190, 44, 8
LANES = {"limit": 8, "value": 18, "beside": 27}
"""Height of each lane in pixels; colours are classes of the page's style sheet."""


def interval_plot(score: Score, beside: Sequence[tuple[str, float | None, Interval | None]] = ()) -> str:
    """SVG of one score; empty where there is nothing to draw.

    Parameters
    ----------
    score
        Value as a disc and real against real as a diamond, each with its interval; the required range is shaded.
    beside
        Name, value and interval of other generators: rings below.
    """
    others = [(name, value) for name, value, _ in beside if value is not None and np.isfinite(value)]
    low, high = _domain(score, [value for _, value in others])
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""

    def x(value: float) -> float:
        return round(EDGE + (np.clip(value, low, high) - low) / (high - low) * (WIDTH - 2 * EDGE), 1)

    axis = LANES["beside"] + 6
    parts = [f'<line class="axis" x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{axis}" y2="{axis}"/>']
    if score.is_asked:
        start, end = (x(low if b is None else b) if i == 0 else x(high if b is None else b) for i, b in _sides(score))
        words = "required range"
        parts.insert(
            0, f'<rect class="allowed" x="{start}" y="2" width="{max(end - start, 1.5):.1f}" height="{axis - 2}">'
        )
        parts.insert(1, f"<title>{words}</title></rect>")
    if np.isfinite(score.limit):
        y, at = LANES["limit"], x(score.limit)
        parts.append(_line("limit", score.limit_interval, x, y))
        parts.append(
            f'<path class="limit" d="M{at} {y - 4} l4 4 l-4 4 l-4 -4 z">{_title("real against real", score.limit)}'
        )
        parts.append("</path>")
    if score.is_told:
        y = LANES["value"]
        parts.append(_line("value", score.interval, x, y))
        parts.append(
            f'<circle class="value" cx="{x(score.value)}" cy="{y}" r="4">{_title("generated", score.value)}</circle>'
        )
    for name, value in others:
        parts.append(
            f'<circle class="beside" cx="{x(value)}" cy="{LANES["beside"]}" r="3">{_title(name, value)}</circle>'
        )
    for at, anchor, value in ((EDGE, "start", low), (WIDTH - EDGE, "end", high)):
        parts.append(f'<text x="{at}" y="{HEIGHT - 2}" text-anchor="{anchor}">{number_words(value)}</text>')
    label = escape(f"{score.name}: {number_words(score.value, score.unit)}", quote=True)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg class="plot" role="img" aria-label="{label}" {size}>{"".join(parts)}</svg>'


def _sides(score: Score):
    return enumerate(score.allowed)


def _domain(score: Score, others: list[float]) -> Interval:
    values = [score.value, score.limit, *others]
    for pair in (score.interval, score.limit_interval, score.allowed):
        values += [v for v in pair or () if v is not None]
    values = [v for v in values if np.isfinite(v)]
    if not values or not (score.is_told or others):
        return float("nan"), float("nan")
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _line(kind: str, interval: Interval | None, x, y: float) -> str:
    if interval is None or not np.isfinite(interval).all():
        return ""
    return f'<line class="{kind}" x1="{x(interval[0])}" x2="{x(interval[1])}" y1="{y}" y2="{y}"/>'


def _title(name: str, value: float) -> str:
    return f"<title>{escape(name)}: {number_words(value)}</title>"
