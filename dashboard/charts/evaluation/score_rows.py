"""Scores one below the other: where each lies within what is allowed, beside real against real and the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from abr_model.evaluation.score import Score
from abr_model.evaluation.scorecard import Beside
from abr_model.evaluation.words import interval_words, met_words, number_words, required_words
from abr_model.schema import Kind
from dashboard.charts.unit_axes import FONT
from dashboard.style import EAR_COLOURS, GRID, INK, MUTED, TRACE_STYLES, apply_layout, faded

ROW_PX, HEAD_PX = 32, 24
NAME_PX, NAME_LETTERS = 398, 66
COLUMNS_PX = {"generated": 78, "interval": 178, "real": 252, "required": 344, "verdict": 436}
"""Right ends of the columns after the marks."""
VALUE_LANE, BESIDE_LANE = -0.1, 0.26
NOT_MET = EAR_COLOURS["right"]
GLYPHS = "○□◇△✚☆⬡"
SYMBOLS = ("circle-open", "square-open", "diamond-open", "triangle-up-open", "cross-open", "star-open", "hexagon-open")


@dataclass(frozen=True)
class Domain:
    """The axis of one row: what is drawn at its left and its right end."""

    low: float
    high: float

    @classmethod
    def of(cls, score: Score) -> Domain:
        """So that value, real against real and what is allowed are apart; baselines far off stand at the ends."""
        known = [score.value, score.limit, *(v for v in score.allowed if v is not None)]
        for interval in (score.interval, score.limit_interval):
            known += interval or ()
        known = [v for v in known if v is not None and np.isfinite(v)]
        if not known:
            return cls(0.0, 1.0)
        low, high = min(known), max(known)
        margin = 0.35 * (high - low) or 0.1 * abs(high) or 1.0
        return cls(low - margin, high + margin)

    def place(self, value: float) -> float:
        """0 at the left end, 1 at the right; beyond them for what is farther off."""
        return (value - self.low) / (self.high - self.low)


def score_rows(scores: Sequence[Score], beside: Sequence[Beside], kind: Kind, theme: str) -> go.Figure:
    """A row a score; its point carries the score's key as ``customdata``.

    A filled dot is met, a cross is not met, an open dot is not asked for. The shaded range is allowed, the upright line
    is real against real, small open marks are other generators; at the end of an axis they point outwards.

    Parameters
    ----------
    scores
        In the order in which they are drawn.
    beside
        Other generators on the same held-out recordings.
    kind
        Of the recordings: colour and dash of real against real.
    """
    figure = go.Figure()
    domains = [Domain.of(score) for score in scores]
    real = TRACE_STYLES[kind]
    _others(figure, scores, domains, beside, theme)
    for row, (score, domain) in enumerate(zip(scores, domains, strict=True)):
        if np.isfinite(score.limit):
            _interval(figure, domain, score.limit_interval, row + 0.06, faded(real.colour(theme), 0.45), 4)
            x = domain.place(score.limit)
            figure.add_scatter(
                x=[x, x], y=[row - 0.32, row + 0.12], mode="lines", name="real against real",
                line={"color": real.colour(theme), "width": 2, "dash": real.dash},
                hovertemplate=f"real against real: {number_words(score.limit, score.unit)}<extra></extra>",
            )  # fmt: skip
        _interval(figure, domain, score.interval, row + VALUE_LANE, TRACE_STYLES[Kind.GENERATED].colour(theme), 2)
    _values(figure, scores, domains, theme)
    apply_layout(figure, theme, height=HEAD_PX + ROW_PX * len(scores) + 6)
    names = TRACE_STYLES[Kind.GENERATED].label
    figure.update_layout(
        margin={"l": NAME_PX, "r": COLUMNS_PX["verdict"] + 10, "t": HEAD_PX, "b": 6},
        shapes=[s for row, (sc, d) in enumerate(zip(scores, domains, strict=True)) for s in _bands(sc, d, row, theme)],
        annotations=[*_head(names, theme), *(t for row, score in enumerate(scores) for t in _texts(score, row, theme))],
        showlegend=False,
        font={"family": FONT, "size": 13, "color": INK[theme]},
        clickmode="event+select",
        hovermode="closest",
    )
    figure.update_xaxes(range=[-0.02, 1.02], visible=False, fixedrange=True)
    figure.update_yaxes(range=[len(scores) - 0.5, -0.5], visible=False, fixedrange=True)
    return figure


def score_key(beside: Sequence[Beside], kind: Kind, theme: str) -> str:
    """The legend of :func:`score_rows` as HTML, once for all of them."""
    generated, real = TRACE_STYLES[Kind.GENERATED].colour(theme), TRACE_STYLES[kind].colour(theme)
    entries = [
        (generated, "●", "generated, met"),
        (NOT_MET[theme], "✖", "generated, not met"),
        (real, "┆", f"real against real ({TRACE_STYLES[kind].label})"),
        (MUTED[theme], "▒", "allowed"),
    ]
    entries += [
        (MUTED[theme], GLYPHS[number % len(GLYPHS)], other.subject.title.replace("_", " "))
        for number, other in enumerate(beside)
    ]
    spans = "".join(
        f'<span style="white-space:nowrap"><span style="color:{colour}">{glyph}</span> {escape(words)}</span>'
        for colour, glyph, words in entries
    )
    ends = " Far off, they stand at the end of the axis and point outwards." if beside else ""
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;font-size:.82rem;color:{MUTED[theme]}">{spans}'
        f"<span>{ends}</span></div>"
    )


def _values(figure: go.Figure, scores: Sequence[Score], domains: Sequence[Domain], theme: str) -> None:
    colour = TRACE_STYLES[Kind.GENERATED].colour(theme)
    looks = {
        "generated, met": (True, {"symbol": "circle", "color": colour, "size": 11}),
        "generated, not met": (False, {"symbol": "x", "color": NOT_MET[theme], "size": 10}),
        "generated, nothing asked": (None, {"symbol": "circle-open", "color": colour, "size": 10}),
    }
    for name, (met, look) in looks.items():
        of = [k for k, score in enumerate(scores) if score.is_told and score.met is met]
        if of:
            figure.add_scatter(
                x=[domains[k].place(scores[k].value) for k in of],
                y=[k + VALUE_LANE for k in of],
                mode="markers",
                marker=look,
                name=name,
                customdata=[scores[k].key for k in of],
                text=[_hover(scores[k]) for k in of],
                hovertemplate="%{text}<extra></extra>",
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 1}},
            )


def _others(figure: go.Figure, scores, domains, beside: Sequence[Beside], theme: str) -> None:
    """Baselines in the lower lane of each row; beyond the ends as arrows."""
    for number, other in enumerate(beside):
        symbol, name = SYMBOLS[number % len(SYMBOLS)], other.subject.title.replace("_", " ")
        x, y, symbols, texts = [], [], [], []
        for row, (score, domain) in enumerate(zip(scores, domains, strict=True)):
            value = other.values.get(score.key)
            if value is None or not np.isfinite(value):
                continue
            place = domain.place(value)
            x.append(min(max(place, 0.0), 1.0))
            y.append(row + BESIDE_LANE)
            symbols.append("triangle-left" if place < 0 else "triangle-right" if place > 1 else symbol)
            texts.append(f"{name}: {number_words(value, score.unit)}")
        if x:
            figure.add_scatter(
                x=x, y=y, mode="markers", name=name, text=texts, hovertemplate="%{text}<extra></extra>",
                marker={"symbol": symbols, "size": 7, "color": MUTED[theme], "line": {"width": 1.3}},
            )  # fmt: skip


def _interval(figure: go.Figure, domain: Domain, interval, y: float, colour: str, width: float) -> None:
    if interval is None or not np.isfinite(interval).all():
        return
    figure.add_scatter(
        x=[min(max(domain.place(v), 0.0), 1.0) for v in interval], y=[y, y], mode="lines", showlegend=False,
        hoverinfo="skip", line={"color": colour, "width": width},
    )  # fmt: skip


def _bands(score: Score, domain: Domain, row: int, theme: str) -> list[dict]:
    """The allowed range, and the rule below the row across all columns."""
    rule = {"type": "line", "y0": row + 0.5, "y1": row + 0.5, "layer": "below", "line": {"color": GRID[theme]}}
    shapes = [
        rule | {"xref": "paper", "x0": 0, "x1": 1},
        rule | {"xref": "paper", "xsizemode": "pixel", "xanchor": 0, "x0": 0, "x1": -NAME_PX},
        rule | {"xref": "paper", "xsizemode": "pixel", "xanchor": 1, "x0": 0, "x1": COLUMNS_PX["verdict"]},
    ]
    if score.is_asked:
        low, high = score.allowed
        shapes.append(
            {
                "type": "rect", "layer": "below", "line": {"width": 0}, "fillcolor": faded(MUTED[theme], 0.2),
                "x0": 0 if low is None else domain.place(low), "x1": 1 if high is None else domain.place(high),
                "y0": row - 0.36, "y1": row + 0.4,
            }
        )  # fmt: skip
    return shapes


def _head(generated: str, theme: str) -> list[dict]:
    titles = {"generated": generated, "interval": "95 % interval", "real": "real", "required": "allowed"}
    return [
        _text(title, 1, COLUMNS_PX[key], theme, yref="paper", yanchor="bottom", yshift=2, muted=True)
        for key, title in titles.items()
    ]


def _texts(score: Score, row: int, theme: str) -> list[dict]:
    name = score.name if len(score.name) <= NAME_LETTERS else f"{score.name[: NAME_LETTERS - 1].rstrip()}…"
    cells = {
        "generated": number_words(score.value, score.unit) if score.is_told else "–",
        "interval": interval_words(score.interval),
        "real": number_words(score.limit),
        "required": required_words(score),
        "verdict": met_words(score.met) if score.is_asked else "",
    }
    parts = [
        _text(name, row, -NAME_PX, theme, side=0, hovertext=score.name, captureevents=False),
        *(_text(words, row, COLUMNS_PX[key], theme, muted=key in ("interval", "real")) for key, words in cells.items()),
    ]
    if score.met is False:
        parts[-1]["font"] = parts[-1]["font"] | {"color": NOT_MET[theme]}
        parts[-1]["text"] = f"<b>{parts[-1]['text']}</b>"
    return parts


def _text(words: str, y: float, shift: int, theme: str, *, side: int = 1, muted: bool = False, **more) -> dict:
    """Words whose right end (``side`` 1) or left end (0) is ``shift`` pixels from that edge of the plot."""
    return {
        "xref": "paper", "yref": "y", "x": side, "y": y, "xshift": shift, "text": words, "showarrow": False,
        "xanchor": "right" if side else "left",
        "font": {"size": 12 if muted else 13, "color": MUTED[theme] if muted else INK[theme]},
    } | more  # fmt: skip


def _hover(score: Score) -> str:
    parts = [f"<b>{score.name}</b>", f"{number_words(score.value, score.unit)} [{interval_words(score.interval)}]"]
    if score.is_asked:
        parts.append(f"allowed: {required_words(score)}; {met_words(score.met)}")
    return "<br>".join(parts)
