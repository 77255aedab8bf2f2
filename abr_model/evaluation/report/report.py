"""A scorecard as one page: a single HTML file that opens from disk, needs no network, and prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup

from abr_model.evaluation.report.heat_map import HeatMap, heat_maps
from abr_model.evaluation.report.interval_plot import interval_plot
from abr_model.evaluation.report.latency_plot import latency_plots
from abr_model.evaluation.report.telling_plot import telling_plots
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.scorecard import Beside, Scorecard, write_file
from abr_model.evaluation.sections import SECTIONS
from abr_model.evaluation.words import (
    UNTOLD,
    interval_words,
    met_words,
    number_words,
    required_words,
)
from abr_model.schema import KIND_NOTICES, Kind

HTML_FILE = "scorecard.html"
LONGEST_TABLE = 60
"""Rows of a table that the page shows; all are in the JSON."""
OPEN = {
    "bands": ["band", "unit", "low", "high", "held_out", "held_out_state", "generated", "generated_state", "source"]
}
"""Tables that are unfolded at first, and which of their columns a person wants to see; all are in the JSON."""
NOT_SHOWN = ("feature_histograms", "feature_weights")
"""Tables of points to draw; they are in the JSON."""
BETTER = {
    "lower": "lower is better",
    "higher": "higher is better",
    "near limit": "nearest to real against real is best",
}
PARTS = {"train": "training", "other": "other held-out", "real": "held-out"}


@dataclass(frozen=True)
class Cell:
    """A number of a table of scores: words, below them its interval, below that how many."""

    value: str
    interval: str = ""
    n: str = ""


@dataclass(frozen=True)
class Row:
    """One score as the page shows it."""

    score: Score
    value: Cell
    limit: Cell
    beside: list[Cell]
    plot: Markup
    required: str
    verdict: str
    verdict_class: str
    better: str
    note: str


@dataclass(frozen=True)
class TableView:
    """A table of a section: headings and cells as words; ``numeric`` says which columns are numbers."""

    name: str
    headings: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    left: int = 0
    is_open: bool = False


@dataclass(frozen=True)
class SectionView:
    """A section as the page shows it."""

    key: str
    title: str
    rows: list[Row]
    tables: list[TableView] = field(default_factory=list)
    heat_maps: list[HeatMap] = field(default_factory=list)
    pictures: list[Markup] = field(default_factory=list)
    telling: list[Markup] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


def report_html(scorecard: Scorecard) -> str:
    """The page of a scorecard.

    Everything that is not written here or in the template is escaped: a name in a scorecard file cannot bring markup.
    """
    sections = [_section_view(section, scorecard) for section in scorecard.sections]
    titles = {entry.key: entry.title for entry in SECTIONS}
    return _template().render(
        scorecard=scorecard,
        subject=scorecard.subject,
        notice=KIND_NOTICES[scorecard.subject.kind],
        synthetic=KIND_NOTICES[Kind.GENERATED],
        tally=scorecard.tally,
        sections=sections,
        required=[row for view in sections for row in view.rows if row.score.is_asked],
        left_out=[(titles.get(key, key), why) for key, why in scorecard.left_out.items()],
        facts=_facts(scorecard),
        columns=[other.subject.title.replace("_", " ") for other in scorecard.beside],
    )


def write_report(scorecard: Scorecard, folder: str | Path) -> Path:
    """Write ``scorecard.html``, replaced atomically.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    return write_file(Path(folder) / HTML_FILE, report_html(scorecard))


@cache
def _template() -> Template:
    loader = PackageLoader("abr_model", "evaluation/report")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template("report.html")


def _section_view(section: Section, scorecard: Scorecard) -> SectionView:
    telling = telling_plots(scorecard) if section.key == "two_sample" else []
    return SectionView(
        section.key,
        section.title,
        [_row(score, scorecard.beside) for score in section.scores],
        [_table_view(name, table) for name, table in section.tables.items() if name not in NOT_SHOWN],
        heat_maps(section),
        [Markup(picture) for picture in latency_plots(section)],  # escapes what it is given
        [Markup(picture) for picture in telling],
        list(dict.fromkeys(score.source for score in section.scores if score.source)),
    )


def _row(score: Score, beside: tuple[Beside, ...]) -> Row:
    others = [(b.subject.title, b.values.get(score.key), b.intervals.get(score.key)) for b in beside]
    n = f"{score.n:,} {score.of}" if score.n else ""
    return Row(
        score=score,
        value=Cell(number_words(score.value, score.unit), interval_words(score.interval), n),
        limit=Cell(number_words(score.limit, score.unit), interval_words(score.limit_interval)),
        beside=[Cell(number_words(value, score.unit), interval_words(interval)) for _, value, interval in others],
        plot=Markup(interval_plot(score, others)),  # escapes what it is given
        required=required_words(score),
        verdict=met_words(score.met) if score.is_asked else "",
        verdict_class={True: "met", False: "missed", None: "untold"}[score.met],
        better=BETTER.get(score.better, score.better),
        note=score.note[:1].upper() + score.note[1:],
    )


def _table_view(name: str, table: pd.DataFrame) -> TableView:
    wanted = [column for column in OPEN.get(name, ()) if column in table.columns]
    table = table[wanted] if wanted else table
    shown = table.head(LONGEST_TABLE)
    numeric = [pd.api.types.is_numeric_dtype(t) and not pd.api.types.is_bool_dtype(t) for t in table.dtypes]
    columns = [[_cell_words(cell, is_number) for cell in shown.iloc[:, i]] for i, is_number in enumerate(numeric)]
    headings = [str(c).replace("_", " ") for c in table.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return TableView(name.replace("_", " "), headings, numeric, rows, len(table) - len(shown), name in OPEN)


def _cell_words(cell, is_number: bool) -> str:
    if pd.isna(cell):
        return UNTOLD
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if is_number:
        return f"{cell:,}" if isinstance(cell, int) else number_words(float(cell))
    return str(cell)


def _facts(scorecard: Scorecard) -> list[tuple[str, str]]:
    subject = scorecard.subject
    names = PARTS | {"train": "teaches the readers, new to the model too"} if subject.is_other_cohort else PARTS
    parts = "; ".join(
        f"{names.get(part, part)}: {n:,} recordings of {scorecard.patients[part]:,} patients"
        for part, n in scorecard.recordings.items()
    )
    facts = [
        ("Evaluated", subject.title),
        ("Preset", subject.preset),
        ("Trainable parameters", "" if subject.parameters is None else f"{subject.parameters:,}"),
        ("Cohort", f"{subject.cohort} – {KIND_NOTICES[subject.kind]}"),
        ("Another cohort than the one it learned from", subject.learned_from),
        ("SHA-256 of its content", subject.cohort_digest),
        ("Only recordings with", "; ".join(subject.filter.in_words())),
        ("Parts", f"split by {subject.split}. {parts}"),
        ("Seed", str(scorecard.seed)),
        ("Made", f"{scorecard.made}, in {sum(scorecard.seconds.values()):,.0f} s"),
        ("Software", ", ".join(f"{name} {number}" for name, number in scorecard.software.items())),
    ]
    return [(what, words) for what, words in facts if words]
