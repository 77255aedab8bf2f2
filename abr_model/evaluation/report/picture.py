"""Axes of a small SVG picture of the report: from values to places, lines, bands, ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_STEPS = np.array([1.0, 2.0, 5.0])


@dataclass(frozen=True)
class Axes:
    """A part of a picture: from ``left`` to ``right`` and from ``top`` to ``bottom`` in pixels, for values of ``x`` and
    ``y``. Classes of what is drawn are those of the page's style sheet."""

    across: tuple[float, float]
    down: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]

    def at_x(self, value):
        """Pixels from the left."""
        return self.across[0] + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.across[1] - self.across[0])

    def at_y(self, value):
        """Pixels from the top."""
        return self.down[1] - (value - self.y[0]) / (self.y[1] - self.y[0]) * (self.down[1] - self.down[0])

    def line(self, x: np.ndarray, y: np.ndarray, kind: str) -> str:
        """A polyline; values that are not known are left out."""
        return f'<polyline class="{kind}" points="{self._points(x, y)}"/>'

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str) -> str:
        """What lies between two lines."""
        return f'<polygon class="{kind}" points="{self._points(x, high)} {self._points(x[::-1], low[::-1])}"/>'

    def shaded(self, low: float, high: float, top: float, bottom: float) -> str:
        """A stretch of x, from ``top`` to ``bottom`` pixels."""
        left, right = (float(np.clip(self.at_x(value), *self.across)) for value in (low, high))
        return f'<rect class="span" x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{bottom - top}"/>'

    def y_ticks(self, unit: str) -> list[str]:
        """A line at each round value, three to six of them, with its number."""
        step = _round_step((self.y[1] - self.y[0]) / 6)
        values = step * np.arange(np.ceil(self.y[0] / step), np.floor(self.y[1] / step) + 1) + 0.0
        unit_at = f'<text x="{self.across[0] - 5}" y="{self.down[0] - 3:.1f}" text-anchor="end">{unit}</text>'
        lines = [self._rule(value) + self._number(value, f"{value:.10g}".replace("-", "−")) for value in values]
        return [unit_at, *lines]

    def y_ends(self, largest: float, unit: str) -> list[str]:
        """A line at 0 and the numbers ± ``largest``: for an axis that is too low for more."""
        ends = [self._number(sign * largest, f"{words}{largest:.0f} {unit}") for sign, words in ((1, "+"), (-1, "−"))]
        return [self._rule(0), *ends]

    def x_ticks(self, values: Sequence[float], unit: str, words: Sequence[str] | None = None) -> list[str]:
        """Numbers below, and the unit below them."""
        words = [f"{value:g}" for value in values] if words is None else words
        bottom = self.down[1]
        parts = [
            f'<text x="{self.at_x(value):.1f}" y="{bottom + 14}" text-anchor="middle">{text}</text>'
            for value, text in zip(values, words, strict=True)
        ]
        return [*parts, f'<text x="{self.across[1]}" y="{bottom + 27}" text-anchor="end">{unit}</text>']

    def _rule(self, value: float) -> str:
        left, right, place = *self.across, self.at_y(value)
        return f'<line class="axis" x1="{left}" x2="{right}" y1="{place:.1f}" y2="{place:.1f}"/>'

    def _number(self, value: float, words: str) -> str:
        return f'<text x="{self.across[0] - 5}" y="{self.at_y(value) + 3:.1f}" text-anchor="end">{words}</text>'

    def _points(self, x: np.ndarray, y: np.ndarray) -> str:
        return " ".join(f"{self.at_x(a):.1f},{self.at_y(b):.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))


def _round_step(about: float) -> float:
    """1, 2 or 5 times a power of ten, not below ``about``."""
    power = 10.0 ** np.floor(np.log10(about))
    return float(power * next((s for s in _STEPS if s * power >= about), 10.0))
