"""All scorecards of a folder side by side, with what each generator costs."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from abr_model.errors import InputError
from abr_model.evaluation.score import Score
from abr_model.evaluation.scorecard import JSON_FILE, Scorecard, write_file
from abr_model.evaluation.sections import SECTIONS
from abr_model.evaluation.words import UNTOLD, limit_words, number_words, required_words

FIGURES_FILE = "figures.json"
TABLE_FILE = "baselines"


class Figures(BaseModel):
    """What a generator costs, on one thread; None where it was not measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fit_processor_seconds: float | None = None
    fit_seconds: float | None = None
    traces_per_processor_second: float | None = None
    traces_per_second: float | None = None


COSTS = {
    "fit_processor_seconds": "fit, processor seconds",
    "fit_seconds": "fit, seconds",
    "traces_per_processor_second": "generated traces per processor second",
    "traces_per_second": "generated traces per second",
}


def read_folder(folder: Path) -> list[tuple[Scorecard, Figures]]:
    """Scorecards in the subfolders, by name, with their costs.

    Raises
    ------
    InputError
        There is none, or two were measured on different held-out recordings.
    """
    found = []
    for path in sorted(folder.glob(f"*/{JSON_FILE}")):
        figures = path.with_name(FIGURES_FILE)
        cost = Figures.model_validate_json(figures.read_bytes()) if figures.is_file() else Figures()
        found.append((Scorecard.read(path), cost))
    if not found:
        raise InputError("the folder has no scorecard", allowed=f"a subfolder with {JSON_FILE} for each generator")
    for scorecard, _ in found[1:]:
        found[0][0].subject.check_comparable(scorecard.subject)
    return found


def write_table(folder: Path) -> str:
    """Write ``baselines.md`` and ``baselines.json``; returns the first."""
    found = read_folder(folder)
    text = markdown(found)
    write_file(folder / f"{TABLE_FILE}.md", text)
    rows = [
        {
            "name": scorecard.subject.name,
            "model_id": scorecard.subject.model_id,
            "costs": figures.model_dump(),
            "scores": {s.key: s.value if s.is_told else None for s in scorecard.scores},
            "real_against_real": {s.key: s.limit if s.limit == s.limit else None for s in scorecard.scores},
        }
        for scorecard, figures in found
    ]
    write_file(folder / f"{TABLE_FILE}.json", json.dumps(rows, indent=1))
    return text


def markdown(found: list[tuple[Scorecard, Figures]]) -> str:
    """A table a section, a column a generator; what was asked of the default preset is in the last column."""
    first = found[0][0]
    held_out = f"{first.recordings['real']:,} held-out recordings of {first.patients['real']:,} patients"
    lines = [f"{first.subject.cohort}; {held_out}; seed {first.seed}.", ""]
    names = [scorecard.subject.title for scorecard, _ in found]
    for entry in SECTIONS:
        columns = [_scores(scorecard, entry.key) for scorecard, _ in found]
        keys = list(dict.fromkeys(key for column in columns for key in column))
        if keys:
            lines += [f"## {entry.title}", "", *_head(["", *names, "real against real", "required"])]
            for key in keys:
                known = [column[key] for column in columns if key in column]
                values = [number_words(c[key].value, c[key].unit) if key in c else UNTOLD for c in columns]
                limits = [limit_words(s) for s in known if limit_words(s) != UNTOLD]
                lines.append(_row([known[0].name, *values, limits[0] if limits else UNTOLD, required_words(known[0])]))
            lines.append("")
    lines += ["## Cost, one thread", "", *_head(["", *names])]
    for field, words in COSTS.items():
        values = [getattr(figures, field) for _, figures in found]
        lines.append(_row([words, *(number_words(v) for v in values)]))
    return "\n".join(lines) + "\n"


def _scores(scorecard: Scorecard, section: str) -> dict[str, Score]:
    found = scorecard.section(section)
    return {} if found is None else {score.key: score for score in found.scores}


def _head(cells: list[str]) -> list[str]:
    return [_row(cells), _row(["---"] * len(cells))]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
