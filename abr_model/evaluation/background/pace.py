"""How long an evaluation takes: by the time that each section took for the shipped model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from abr_model.data_folder import pretrained_folder
from abr_model.errors import InputError
from abr_model.evaluation.sections import SECTIONS, chosen_sections

SAY_S = 0.5
"""Seconds between two words, at least."""
PREPARING_S = 8.0
RECORDINGS = 3301
"""Held-out recordings that the times below are of."""
SECONDS = {
    "two_sample": 38.0, "distributions": 3.6, "cells": 2.5, "physiology": 1.1, "designed": 4.1, "adherence": 2.9,
    "coherence": 0.1, "reconstruction": 2.1, "likelihood": 6.5, "imputation": 6.3, "usefulness": 42.0, "privacy": 11.0,
}  # fmt: skip
"""Measured on one thread for the shipped model; used where its scorecard cannot be read."""


@cache
def section_seconds() -> dict[str, float]:
    """Seconds of each section for the shipped model, as its scorecard says, and of ``"generation"``."""
    from abr_model.evaluation.scorecard import Scorecard

    known = {"generation": PREPARING_S} | SECONDS
    try:
        return known | Scorecard.read(pretrained_folder() / "default").seconds
    except InputError:
        return known


def expected_seconds(sections: Sequence[str] | None, recordings: int, other_cohort: bool = False) -> float:
    """About how long an evaluation takes on a machine like the one that the shipped model was evaluated on.

    Parameters
    ----------
    sections
        Keys; None: all.
    recordings
        Held-out recordings.
    """
    seconds = section_seconds()
    asked = [e.key for e in chosen_sections(sections and list(sections)) if not (other_cohort and e.needs_training)]
    # Half of the work grows with the recordings; of small sets the rest is what takes the time.
    share = 0.25 + 0.75 * recordings / RECORDINGS
    return share * (seconds["generation"] + sum(seconds.get(key, 1.0) for key in asked))


@dataclass
class Pace:
    """Fraction done by time, not by the number of sections, and how much is left at the pace so far."""

    weights: list[float]
    done: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _said: float = 0.0
    _words: str = ""

    @classmethod
    def of(cls, sections: Sequence[str], other_cohort: bool) -> Pace:
        """Of the sections that are to come, in their order."""
        seconds = section_seconds()
        kept = [
            entry.key for entry in SECTIONS if entry.key in sections and not (other_cohort and entry.needs_training)
        ]
        return cls([seconds["generation"], *(seconds.get(key, 1.0) for key in kept)])

    def step(self, words: str, by_count: float) -> bool:
        """Take what :data:`abr_model.evaluation.evaluate.OnProgress` gets; whether it is worth saying."""
        generation, *each = self.weights
        place = min(by_count, 1.0) * len(each)
        whole = int(place)
        past = sum(each[:whole]) + (each[whole] * (place - whole) if whole < len(each) else 0.0)
        preparing = words == "Generating for the held-out conditions"
        self.done = 0.0 if preparing else min(1.0, (generation + past) / sum(self.weights))
        now = time.monotonic()
        if words == self._words and now - self._said < SAY_S:
            return False
        self._words, self._said = words, now
        return True

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None while nothing can be said."""
        spent = time.monotonic() - self._began
        return round(spent * (1 - self.done) / self.done, 1) if self.done > 0.02 and spent > 1 else None
