"""What an import did: which recordings were refused and why, what was dropped, what was changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from abr_model.errors import InputError
from abr_model.sources.checks.findings import Finding
from abr_model.sources.identifying import shown
from abr_model.spreadsheet import safe_cell
from abr_model.waves import PeakOffset

REFUSED_COLUMNS = ("file", "row", "column", "value", "reason")


class Refusals:
    """Cells of one file that keep a recording out. Values are masked on the way in, so no name can get out."""

    def __init__(self, file: str):
        self.file = file
        self._entries: list[dict] = []
        self.rows: set[int] = set()

    def add(self, row: int, column: str, value, reason: str, known_words=()) -> None:
        """Refuse the recording at ``row`` (1 = first line of data, or first recording of the file)."""
        self.rows.add(int(row))
        self._entries.append(
            {"file": self.file, "row": int(row), "column": column, "value": shown(value, known_words), "reason": reason}
        )

    def add_all(self, rows, column: str, values, reason: str, known_words=()) -> None:
        """Refuse several recordings for the same reason."""
        for row, value in zip(rows, values, strict=True):
            self.add(row, column, value, reason, known_words)

    def frame(self) -> pd.DataFrame:
        """One line per cell: file, row, column, value, reason."""
        frame = pd.DataFrame(self._entries, columns=list(REFUSED_COLUMNS))
        return frame.sort_values("row", kind="stable", ignore_index=True)


@dataclass(frozen=True)
class ImportReport:
    """What an import read, refused, dropped and changed.

    ``files`` has one row per file (file, format, read, refused); ``refused`` one row per cell that kept a recording
    out (file, row, column, value, reason). ``zeros_as_missing`` counts, per column of the file, the zeros that were
    read as missing. ``stated`` says what the person said and for how many recordings. ``wave_v`` says how far the
    marked wave V lies from the peak of its trace (None without marks). ``findings`` are what was checked on the whole
    (:func:`abr_model.sources.checks.checks.check_import`), problems first. No identifying value is in here.
    """

    files: pd.DataFrame
    refused: pd.DataFrame
    identifying_columns: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()
    zeros_as_missing: dict[str, int] = field(default_factory=dict)
    wave_v: PeakOffset | None = None
    stated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Findings to be settled before the cohort is stored."""
        return tuple(finding for finding in self.findings if finding.severity == "problem")

    @property
    def recordings_read(self) -> int:
        """Recordings in the cohort."""
        return int(self.files["read"].sum())

    @property
    def recordings_refused(self) -> int:
        """Recordings that were left out, each with a reason in ``refused``."""
        return int(self.files["refused"].sum())

    def refused_csv(self) -> bytes:
        """``refused`` as a CSV file for a spreadsheet: UTF-8 with byte-order mark, no cell that is a formula."""
        return self.refused.map(safe_cell).to_csv(index=False).encode("utf-8-sig")

    def lines(self) -> list[str]:
        """The report as sentences, most important first."""
        lines = [f"{self.recordings_read:,} recordings read, {self.recordings_refused:,} refused"]
        if len(self.refused):
            reasons = self.refused.groupby(["reason", "column"], sort=False)["row"].count()
            ordered = reasons.sort_values(ascending=False, kind="stable").items()
            lines += [f"refused: {reason} – column {column!r}, {count:,} times" for (reason, column), count in ordered]
        for title, names in (
            ("dropped as identifying, the patient's number replaced by a pseudonym", self.identifying_columns),
            ("not used", self.unused_columns),
            ("not in the file, so missing in the cohort", self.absent_columns),
        ):
            if names:
                lines.append(f"{title}: {', '.join(names)}")
        if self.zeros_as_missing:
            counts = ", ".join(f"{name} {count:,}" for name, count in self.zeros_as_missing.items())
            lines.append(f"zeros read as missing: {counts}")
        lines += [*self.stated, *self.notes]
        words = {"problem": "problem: ", "look": "please look: ", "fine": ""}
        return lines + [words[finding.severity] + finding.sentence for finding in self.findings]


class NothingImportedError(InputError):
    """Every recording was refused; ``report`` says why, one by one."""

    def __init__(self, report: ImportReport):
        first = report.refused.iloc[0]
        self.report = report
        super().__init__(
            f"no recording could be imported ({report.recordings_refused:,} refused); the first: {first['reason']}",
            file=first["file"],
            row=int(first["row"]),
            column=first["column"],
            value=first["value"] or None,
        )
