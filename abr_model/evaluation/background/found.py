"""Scorecards on disk: shipped with a model, in the folder of a run's model, or made by an evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from abr_model.evaluation.background.request import REQUEST_FILE
from abr_model.evaluation.scorecard import JSON_FILE


@dataclass(frozen=True)
class ScorecardFile:
    """A scorecard that is there. ``id`` may stand in an address: it is made of generated names alone."""

    path: Path
    id: str

    @property
    def stamp(self) -> tuple[int, int]:
        """Time of change and size: while they stay the same, so does the content."""
        state = self.path.stat()
        return state.st_mtime_ns, state.st_size


def scorecard_files(data: str | Path, shipped: Iterable[Path]) -> list[ScorecardFile]:
    """All of a data folder and of the folders of shipped models, the newest first.

    Parameters
    ----------
    shipped
        Folders that hold folders of models.
    """
    data = Path(data)
    found: dict[Path, str] = {}
    for root in shipped:
        for path in root.glob(f"*/{JSON_FILE}"):
            found.setdefault(path, f"shipped-{path.parent.name}")
    for path in (data / "runs").glob(f"*/model/{JSON_FILE}"):
        found.setdefault(path, f"run-{path.parents[1].name}")
    for path in (data / "evaluations").glob(f"*/{JSON_FILE}"):
        made_here = (path.parent / REQUEST_FILE).is_file()
        found.setdefault(path, path.parent.name if made_here else f"evaluated-{path.parent.name}")
    dated = []
    for path, name in found.items():
        try:
            dated.append((path.stat().st_mtime_ns, name, path))
        except OSError:  # deleted meanwhile
            continue
    return [ScorecardFile(path, name) for _, name, path in sorted(dated, reverse=True)]
