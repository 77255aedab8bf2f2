"""Latency–intensity functions, generated beside held-out, as small SVG pictures: one for each age band."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from abr_model.evaluation.score import Section
from abr_model.realism.ears import AGE_BANDS, AGE_WORDS

WIDTH, HEIGHT = 250, 190
LEFT, RIGHT, TOP, BOTTOM = 30, 14, 22, 30
LINES = (("held_out_ms", "real"), ("generated_ms", "generated"))
"""Columns and the classes of their lines in the page's style sheet; the later one is drawn on top."""


def latency_plots(section: Section) -> list[str]:
    """A picture for each age band of the table ``latency_by_level``; none where the section has no such table."""
    table = section.tables.get("latency_by_level")
    if (
        section.key != "cells"
        or table is None
        or not {"age_band", "level_db_nhl", "n", *dict(LINES)} <= set(table.columns)
    ):
        return []
    values = table[[name for name, _ in LINES]].to_numpy(dtype=float)
    if not np.isfinite(values).any() or not len(table):
        return []
    latencies = (np.floor(np.nanmin(values)), np.ceil(np.nanmax(values)))
    levels = (table["level_db_nhl"].min(), table["level_db_nhl"].max())
    bands = dict(list(table.groupby("age_band")))
    youngest_first = sorted(bands, key=lambda band: AGE_BANDS.get(band, (np.inf,))[0])
    return [
        _plot(AGE_WORDS.get(band, str(band)), bands[band].sort_values("level_db_nhl"), levels, latencies)
        for band in youngest_first
    ]


def _plot(band: str, table: pd.DataFrame, levels: tuple, latencies: tuple) -> str:
    def x(level: float) -> float:
        return round(LEFT + (level - levels[0]) / max(levels[1] - levels[0], 1) * (WIDTH - LEFT - RIGHT), 1)

    def y(latency: float) -> float:
        return round(
            HEIGHT - BOTTOM - (latency - latencies[0]) / (latencies[1] - latencies[0]) * (HEIGHT - TOP - BOTTOM), 1
        )

    parts = [f'<text class="name" x="{LEFT}" y="13">{escape(band)}, n = {table["n"].sum():,.0f}</text>']
    for latency in np.arange(latencies[0], latencies[1] + 1):
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(latency)}" y2="{y(latency)}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{y(latency) + 3}" text-anchor="end">{latency:g}</text>')
    for level in np.arange(20 * np.ceil(levels[0] / 20), levels[1] + 1, 20):
        parts.append(f'<text x="{x(level)}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle">{level:g}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">dB nHL</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 4}">wave V, ms</text>')
    for column, kind in LINES:
        known = table.dropna(subset=[column])
        points = [(x(row["level_db_nhl"]), y(row[column])) for _, row in known.iterrows()]
        path = " ".join(f"{a},{b}" for a, b in points)
        parts.append(f'<polyline class="{kind}" points="{path}"/>')
        for (a, b), (_, row) in zip(points, known.iterrows(), strict=True):
            words = f"{row['level_db_nhl']:g} dB nHL: {row[column]:.2f} ms (n = {row['n']:.0f})"
            parts.append(f'<circle class="{kind}" cx="{a}" cy="{b}" r="2.5"><title>{words}</title></circle>')
    label = escape(f"Wave V latency by level, {band}", quote=True)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg class="lines" role="img" aria-label="{label}" {size}>{"".join(parts)}</svg>'
