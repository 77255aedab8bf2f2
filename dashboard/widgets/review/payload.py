"""What the reviewing screen is sent: the next items, blinded, and what was said of them. No Streamlit in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from abr_model.review.answer import NOTICED
from abr_model.review.blinded import BlindedItems
from abr_model.review.config import StudyConfig
from abr_model.review.store import Stored
from dashboard.style import EAR_COLOURS, GRID, INK, MUTED, PAPER, PRIMARY

BEFORE, AHEAD = 2, 12
"""So many items around the one that is looked at go to the browser: the next one never waits for the server."""
PLAUSIBILITIES = ("no", "hardly", "partly", "mostly", "fully")
RATINGS = ("surely", "likely", "maybe", "maybe", "likely", "surely")
LINE = {"light": "#D5DBE1", "dark": "#38424D"}
WARNING = {"light": "#B45309", "dark": "#F0A35E"}


def review_payload(
    study_id: str,
    config: StudyConfig,
    items: BlindedItems,
    reviewer: str,
    order: list[tuple[int, int]],
    said: Iterable[Stored],
    theme: str,
    *,
    at: int | None = None,
    stored: Iterable[str] = (),
    closed: bool = False,
    problem: str = "",
) -> dict:
    """Ready for JSON.

    Parameters
    ----------
    said
        What this reviewer has answered so far.
    at
        Place in their order that is looked at; None: the first one without a confirmed answer.
    stored
        Names of the messages that are on the disk: the browser forgets them.
    problem
        What the screen says instead of "all stored".

    Returns
    -------
    dict
        - ``items``: place → ``{levels, facts, ear, traces}``: conditions in words, traces [k, T] as int16 in base64,
          one number is ``step_uv`` µV. ``answers``: place → what was said. ``done``: by place, whether confirmed.
        - ``axis`` (samples, start_ms, interval_ms), ``half_range_uv``, ``display``, ``total``.
        - ``mark``, ``plausibility``, ``noticed``, ``words``: the questions. ``colours``, ``ear_colours``: CSS.
        - ``stored``, ``closed``, ``problem``, ``storage_key`` (where the browser keeps what is not stored yet).

        Nothing in it depends on what an item is, nor whether it is shown a second time: items have no names, only
        their place in this reviewer's order.
    """
    place_of = {pair: place for place, pair in enumerate(order)}
    answers = {place_of[one.item, one.repeat]: one.answer for one in said if (one.item, one.repeat) in place_of}
    done = [place in answers and answers[place].done for place in range(len(order))]
    here = done.index(False) if at is None and False in done else len(order) if at is None else at
    window = range(max(here - BEFORE, 0), min(here + AHEAD, len(order)))
    return {
        "total": len(order),
        "items": {str(place): items.payload(order[place][0]) for place in window},
        "answers": {str(place): answers[place].model_dump(mode="json") for place in window if place in answers},
        "done": done,
        "axis": {
            "samples": config.samples,
            "start_ms": config.sampling.start_ms,
            "interval_ms": 1000.0 / config.sampling.rate_hz,
        },
        "step_uv": items.step_uv,
        "half_range_uv": items.half_range_uv,
        "display": config.display,
        "mark": list(config.mark),
        "plausibility": config.plausibility,
        "noticed": dict(NOTICED) if config.noticed else None,
        "words": {
            "recorded": config.recorded_word,
            "rating": f"{config.recorded_word[:1].upper()}{config.recorded_word[1:]} or generated?",
            "ratings": list(RATINGS),
            "plausibility": "Plausible as an ABR of such an ear?",
            "plausibilities": list(PLAUSIBILITIES),
        },
        "colours": {
            "ink": INK[theme],
            "muted": MUTED[theme],
            "grid": GRID[theme],
            "paper": PAPER[theme],
            "accent": PRIMARY[theme],
            "line": LINE[theme],
            "warning": WARNING[theme],
        },
        "ear_colours": {ear: colours[theme] for ear, colours in EAR_COLOURS.items()},
        "stored": list(stored),
        "closed": closed,
        "problem": problem,
        "storage_key": f"abr-review:{study_id}:{reviewer}",
    }


def message_name(message: Mapping) -> str:
    """How the browser calls a message: its window and its number."""
    return f"{message['window']}.{message['number']}"
