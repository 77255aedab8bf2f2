"""The folder ``architecture_diagrams``: three figures as Mermaid, SVG and PNG, the measured times, and a README."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from abr_model.diagrams.graph import Diagram
from abr_model.diagrams.main_architecture import main_architecture
from abr_model.diagrams.mermaid import mermaid
from abr_model.diagrams.png import png
from abr_model.diagrams.readme import readme
from abr_model.diagrams.subject import Subject
from abr_model.diagrams.svg import svg
from abr_model.diagrams.times import Times, measure_times, timed
from abr_model.diagrams.training_flow import training_flow
from abr_model.diagrams.training_progress import Progress
from abr_model.diagrams.transformer import transformer
from abr_model.errors import InputError

FORMATS = ("mmd", "svg", "png")
README, TIMES = "README.md", "times.json"
DIAGRAMS: dict[str, Callable[[Subject], Diagram]] = {
    "main_architecture": main_architecture,
    "transformer": transformer,
    "training_flow": training_flow,
}
"""The figures by name, without times."""


def timed_modules(subject: Subject) -> set[str]:
    """Paths of everything that the figures show the time of."""
    drawn = (main_architecture(subject), transformer(subject))
    return {name for diagram in drawn for block in diagram.blocks for name in block.modules}


def measured_times(subject: Subject) -> Times:
    """Shares of time of all blocks, measured now: some seconds."""
    return measure_times(subject, timed_modules(subject))


def diagrams_of(subject: Subject, times: Times | None = None, progress: Progress | None = None) -> list[Diagram]:
    """The three figures; with shares of time where ``times`` are given."""
    whole, detail = main_architecture(subject), transformer(subject)
    flow = training_flow(subject, progress)
    if times is None:
        return [whole, detail, flow]
    return [timed(whole, times, whole), timed(detail, times, whole), flow]


def files_of(
    subject: Subject, times: Times | None = None, formats: Sequence[str] = FORMATS, theme: str = "light"
) -> dict[str, bytes]:
    """Name → content of every file of the folder; the same subject and times give the same bytes.

    Raises
    ------
    InputError
        A format that there is not.
    """
    if unknown := sorted(set(formats) - set(FORMATS)):
        raise InputError("there is no such format", value=unknown[0], allowed=", ".join(FORMATS))
    diagrams = diagrams_of(subject, times)
    files: dict[str, bytes] = {}
    for diagram in diagrams:
        drawn = svg(diagram, theme)
        if "mmd" in formats:
            files[f"{diagram.name}.mmd"] = mermaid(diagram).encode()
        if "svg" in formats:
            files[f"{diagram.name}.svg"] = drawn.encode()
        if "png" in formats:
            files[f"{diagram.name}.png"] = png(drawn)
    if times is not None:
        files[TIMES] = times.as_json().encode()
    files[README] = readme(subject, diagrams, formats, times).encode()
    return files


def write_folder(files: dict[str, bytes], folder: Path) -> Path:
    """Write the files, each replaced atomically.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            partial = folder / f".{name}.partial"
            partial.write_bytes(content)
            partial.replace(folder / name)
    except OSError as error:
        raise InputError(f"the folder cannot be written: {error.strerror}", file=folder.name) from error
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    """The files as one ZIP archive; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"architecture_diagrams/{name}", (2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return target.getvalue()
