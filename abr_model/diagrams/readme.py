"""What stands beside the figures: what each shows, of which model, every block in a table, how they were made."""

from __future__ import annotations

from collections.abc import Sequence

from abr_model.diagrams.graph import Diagram, percent, shape_words
from abr_model.diagrams.subject import Subject
from abr_model.diagrams.times import Times

_ENDINGS = {"mmd": "Mermaid source", "svg": "SVG", "png": "PNG"}
_SHOWS = {
    "main_architecture": "The whole network: recording, conditions and labels to z, and z with conditions back.",
    "transformer": "The Transformer of encoder and decoder layer by layer, and the inside of an attention.",
    "training_flow": "The training from the cohort to the model, with counts and state.",
}


def readme(subject: Subject, diagrams: Sequence[Diagram], formats: Sequence[str], times: Times | None) -> str:
    """The README of the folder, Markdown."""
    parts = [f"# Architecture diagrams\n\nOf {subject.words}: {subject.parameters:,} trainable parameters. "
             f"{_about(subject)}\n\n| figure | shows | files |\n|---|---|---|\n"]  # fmt: skip
    for diagram in diagrams:
        files = ", ".join(f"[{_ENDINGS[f]}]({diagram.name}.{f})" for f in formats)
        parts.append(f"| {diagram.title} | {_SHOWS[diagram.name]} | {files} |\n")
    parts.append(
        "\nEverything in them is read from the live network: shapes from a forward pass, parameters counted, nothing "
        "is drawn by hand. The SVG files need nothing from outside; they print on A4, in black and white, too.\n"
    )
    parts += [_table(diagram, times) for diagram in diagrams if any(block.parameters for block in diagram.blocks)]
    parts.append(_made(subject, formats, times))
    return "\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def _about(subject: Subject) -> str:
    if subject.model is None:
        return "Its weights are those of chance."
    made = subject.model.provenance
    return f"Trained on {made.recordings['train']:,} recordings ({made.kind}): {made.cohort}. Research use only."


def _table(diagram: Diagram, times: Times | None) -> str:
    whole = sum(block.parameters for block in diagram.blocks)
    head = "block | puts out | parameters | share of the model"
    lines = ["", f"## {diagram.title}", "", f"| {head} | {'share of the time | ' * (times is not None)}".rstrip()]
    lines.append("|---|---|---:|---:|" + "---:|" * (times is not None))
    for block in diagram.blocks:
        if block.role == "join" or (not block.parameters and block.time_share is None):
            continue
        share = "–" if block.share is None else percent(block.share)
        cells = [block.title, shape_words(block.shape_out) or "–", f"{block.parameters:,}", share]
        if diagram.name == "transformer":
            cells[0] = f"{block.id.split('_')[0].capitalize()} · {block.title}"
        if times is not None:
            cells.append("–" if block.time_share is None else f"{percent(block.time_share)} of {block.timed}")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    in_all = ["**in all**", "", f"**{whole:,}**", f"{percent(sum(b.share or 0 for b in diagram.blocks))}"]
    lines.append(f"| {' | '.join(in_all + [''] * (times is not None))} |")
    return "\n".join(lines)


def _made(subject: Subject, formats: Sequence[str], times: Times | None) -> str:
    run = subject.run is not None
    name = subject.run.id if run else subject.preset.name
    command = f"abr diagrams {'--run' if run else '--model'} {name}"
    if set(formats) != set(_ENDINGS):
        command += "".join(f" --format {f}" for f in formats)
    lines = ["", "## How they were made", "", f"`{command}{'' if times else ' --no-times'}`"]
    if times is None:
        lines.append("\nShares of time were not measured.")
    else:
        lines.append(
            f"\nShares of time: measured on {times.measured}, {times.batch} recordings in a step, one thread; each "
            "block alone, forward and backward. They differ from machine to machine. "
            "`abr diagrams --times times.json` draws the same figures again without measuring."
        )
    if subject.model is not None:
        made = subject.model.provenance
        lines.append(
            f"\nThe model was trained on {made.trained_at or 'an unknown date'}"
            + (f", run {made.run}." if made.run else ".")
        )
    return "\n".join(lines)
