"""The four conditions as sliders: their stops, what a stop is called, and where a whole axis is worked out."""

from __future__ import annotations

from dataclasses import dataclass, field

from abr_model.generation.conditions import age_in_words
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSS_CODES, HEARING_LOSSES, INTENSITY, RATE, Column

LEVELS = tuple(float(level) for level in range(0, 105, 5))
RATES = tuple(round(5.1 + 2 * i, 1) for i in range(48))
AGES = tuple(months / 12 for months in (0, 1, 2, 3, 4, 6, 9, 12, 18)) + tuple(
    float(years) for years in (2, 3, 4, 5, 6, 8, 10, 12, 15, 18, *range(20, 95, 5))
)
"""Half of the track lies below six years: wave V matures within the first two (physiology notes, Gorga's age term)."""
SHORT_LABELS = {
    "normal": "Normal",
    "conductive": "Cond.",
    "sensorineural": "Sensori.",
    "neuropathy": "Neurop.",
    "total": "Total",
}


@dataclass(frozen=True)
class Axis:
    """A condition with its stops.

    Parameters
    ----------
    column
        The condition.
    stops
        Its values, in the order of the track.
    words
        What each stop is called on screen.
    sweep
        Positions among the stops at which the response is worked out when the whole axis is wanted; between two of
        them the browser interpolates. Always the first and the last.
    """

    column: Column
    stops: tuple
    words: tuple[str, ...]
    sweep: tuple[int, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the condition."""
        return self.column.name

    def text(self, value) -> str:
        """A stop as it stands in an address: ``"80"``, ``"3-months"``, ``"normal"``."""
        if self.column.kind == "class":
            return value
        return self.words[self.stops.index(value)].replace(" ", "-") if self.column is AGE else f"{value:g}"

    def value(self, text: str):
        """The stop that :meth:`text` stands for; None for anything else."""
        return next((stop for stop in self.stops if self.text(stop) == text), None)


def _positions(stops: tuple, every: int, first: int = 0) -> tuple[int, ...]:
    """All positions before ``first``, every so many after it, and the last."""
    last = len(stops) - 1
    return tuple(sorted({*range(min(first, last)), *range(first, last, every), last}))


AXES = {
    axis.name: axis
    for axis in (
        Axis(INTENSITY, LEVELS, tuple(f"{level:g} dB nHL" for level in LEVELS), _positions(LEVELS, 1)),
        Axis(AGE, AGES, tuple(map(age_in_words, AGES)), _positions(AGES, 2, AGES.index(20.0))),
        # from 33 /s on wave V moves by at most a twentieth of a millisecond within 6 /s (physiology notes, section 3)
        Axis(RATE, RATES, tuple(f"{rate:.1f} /s" for rate in RATES), _positions(RATES, 3, RATES.index(33.1))),
        Axis(
            HEARING_LOSS,
            HEARING_LOSS_CODES,
            tuple(loss.label for loss in HEARING_LOSSES),
            _positions(HEARING_LOSS_CODES, 1),
        ),
    )
}
"""In the order in which they stand on the page."""
