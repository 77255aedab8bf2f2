"""A scorecard on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abr_model.evaluation.words import limit_words, met_words, number_words, required_words, value_words

if TYPE_CHECKING:
    from rich.console import Console

    from abr_model.evaluation.score import Score
    from abr_model.evaluation.scorecard import Scorecard

VERDICT_STYLE = {True: "green", False: "bold red", None: "dim"}


def print_scorecard(scorecard: Scorecard, console: Console) -> None:
    """Print what is required first, then the other numbers section by section."""
    subject, tally = scorecard.subject, scorecard.tally
    console.print(f"\n[bold]{_safe(subject.title)}[/bold] on {_safe(subject.cohort)} ({subject.kind})", highlight=False)
    if scorecard.required:
        console.print(_table(scorecard, "Required", scorecard.required))
        counted = ", ".join(f"{n} {words}" for words, n in tally.items() if n)
        console.print(f"[bold]{counted}[/bold] of {len(scorecard.required)}", highlight=False)
    for section in scorecard.sections:
        others = [score for score in section.scores if not score.is_asked]
        if others:
            console.print(_table(scorecard, section.title, others))
    for key, why in scorecard.left_out.items():
        console.print(f"[dim]left out: {key} ({_safe(why)})[/dim]", highlight=False)


def _table(scorecard: Scorecard, title: str, scores: list[Score]):
    from rich.table import Table

    asked = any(score.is_asked for score in scores)
    table = Table(title=f"\n{_safe(title)}", title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column("what", overflow="fold", ratio=2)
    for heading in ("generated [95 %]", "real against real", *(b.subject.title for b in scorecard.beside)):
        table.add_column(_safe(heading), overflow="fold")
    for heading in ("required", "") if asked else ():
        table.add_column(heading)
    for score in scores:
        cells = [_safe(score.name), _safe(value_words(score)), _safe(limit_words(score))]
        cells += [number_words(other.values.get(score.key), score.unit) for other in scorecard.beside]
        if asked:
            style = VERDICT_STYLE[score.met]
            cells += [required_words(score), f"[{style}]{met_words(score.met)}[/{style}]"]
        table.add_row(*cells)
    return table


def _safe(words: str) -> str:
    from rich.markup import escape

    return escape(words)
