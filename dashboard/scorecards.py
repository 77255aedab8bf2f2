"""Scorecards that there are: shipped, of runs, and made here; each read once for all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.evaluation.background.found import ScorecardFile, scorecard_files
from abr_model.evaluation.scorecard import Beside, Scorecard
from abr_model.evaluation.sections import SECTIONS
from dashboard import session


@dataclass(frozen=True)
class KnownScorecard:
    """A scorecard and where it is from. ``id`` may stand in an address."""

    id: str
    path: Path
    scorecard: Scorecard

    @property
    def title(self) -> str:
        """For a list: cohort, when, and how much of it: ``"Simulated clinic … · 23 Nov 2026 · all sections"``."""
        subject, card = self.scorecard.subject, self.scorecard
        other = " (another cohort)" if subject.is_other_cohort else ""
        whole = len(card.sections) == len(SECTIONS)
        sections = "all sections" if whole else f"{len(card.sections)} of {len(SECTIONS)} sections"
        seed = "" if card.seed == 0 else f" · seed {card.seed}"
        return f"{subject.cohort}{other} · {card.made}{seed} · {sections}"

    @property
    def shipped(self) -> bool:
        """Whether it came with the product."""
        return self.id.startswith("shipped-")


def known_scorecards() -> list[KnownScorecard]:
    """All that can be read, the most complete first, of equally complete ones the newest."""
    found = []
    for file in scorecard_files(session.data_folder(), session.shipped_roots()):
        try:
            found.append(KnownScorecard(file.id, file.path, _read(file)))
        except (InputError, OSError):  # damaged, or deleted meanwhile
            continue
    return sorted(found, key=lambda known: -len(known.scorecard.sections))


def scorecards_of(model_id: str, known: Sequence[KnownScorecard]) -> list[KnownScorecard]:
    """Those of one model; those on the cohort that it learned from first."""
    own = [one for one in known if one.scorecard.subject.model_id == model_id]
    return sorted(own, key=lambda one: one.scorecard.subject.is_other_cohort)


def with_all_beside(one: KnownScorecard, known: Sequence[KnownScorecard]) -> Scorecard:
    """The scorecard with every other generator that was measured on the same held-out recordings as a column: those
    that it carries, and those that other scorecards are or carry."""
    own, besides = one.scorecard, {}
    for beside in (*own.beside, *(b for other in known for b in _of(other.scorecard))):
        title = beside.subject.title
        if title == own.subject.title or title in besides:
            continue
        try:
            own.subject.check_comparable(beside.subject)
        except InputError:
            continue
        besides[title] = beside
    return replace(own, beside=tuple(besides.values()))


def _of(scorecard: Scorecard) -> list[Beside]:
    return [*scorecard.beside, Beside.of(scorecard)]


def _read(file: ScorecardFile) -> Scorecard:
    return _scorecard(str(file.path), *file.stamp)


@st.cache_resource(max_entries=40, show_spinner=False)
def _scorecard(path: str, mtime_ns: int, size: int) -> Scorecard:
    return Scorecard.read(path)
