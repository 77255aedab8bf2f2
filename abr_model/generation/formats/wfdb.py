"""PhysioNet's WFDB: a record (header and samples) per recording, in a folder or a zip archive.

Samples are 16-bit integers, 10,000 to the µV (0.1 nV; within ±3.2 µV, a tenth of that for larger ones), so a trace
comes back within 0.05 nV. Conditions, wave labels and the notice are comments of the header (``# <Age>: 0.25``); WFDB
has no columns for them. ``RECORDS`` lists the records.
"""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np

from abr_model.cohort import Cohort
from abr_model.generation.formats.eclipse import made_of
from abr_model.generation.formats.writer import ExportWriter
from abr_model.schema import HEARING_LOSSES, WAVES, amplitude_column, latency_column

MOST_RECORDINGS = 20_000
"""Two files each."""
UNITS_PER_UV = 10_000
_LARGEST = 32_000
SIGNAL = "ABR"
_LABELS = {h.code: h.label for h in HEARING_LOSSES}
_COMMENTS = (
    ("Ear", "ear", ""),
    ("Sex", "sex", ""),
    ("Age", "age_years", ""),
    ("Level", "intensity_db_nhl", " dB nHL"),
    ("Rate", "stimulus_rate_per_s", ""),
    ("Stimulus", "stimulus_type", ""),
    ("Polarity", "stimulus_polarity", ""),
    *((f"Wave {wave} latency", latency_column(wave), " ms") for wave in WAVES),
    *((f"Wave {wave} amplitude", amplitude_column(wave), " uV") for wave in WAVES),
)


class WfdbWriter(ExportWriter):
    """See the head of this file; ``path`` is a folder, or an archive where it ends in ``.zip``."""

    def _open(self) -> None:
        self._folder = self._partial.with_name(f"{self._partial.name}.records") if self._zips else self._partial
        self._folder.mkdir(parents=True)
        self._names: list[str] = []

    @property
    def _zips(self) -> bool:
        return self.path.suffix.lower() == ".zip"

    def _write(self, part: Cohort) -> None:
        rows = part.table.to_dict("records")
        for row, trace in zip(rows, part.waveforms.astype(np.float64), strict=True):
            name = "".join(c if c.isalnum() or c in "-_" else "-" for c in row["recording_id"])
            gain = UNITS_PER_UV
            while np.abs(trace).max() * gain > _LARGEST:
                gain /= 10
            samples = np.rint(trace * gain).astype("<i2")
            (self._folder / f"{name}.dat").write_bytes(samples.tobytes())
            header = self._header(name, samples, gain) + "".join(f"# {c}\n" for c in self._comments(part, row))
            (self._folder / f"{name}.hea").write_text(header, encoding="ascii")
            self._names.append(name)

    def _header(self, name: str, samples: np.ndarray, gain: float) -> str:
        """Record and signal line of header(5). Written here: wfdb's own writer takes 9 ms a record, this 0.2 ms."""
        checksum = (int(samples.sum(dtype=np.int64)) + (1 << 15)) % (1 << 16) - (1 << 15)
        return (
            f"{name} 1 {self.sampling.rate_hz:.10g} {len(samples)}\n"
            f"{name}.dat 16 {gain:.10g}(0)/uV 16 0 {samples[0]} {checksum} 0 {SIGNAL}\n"
        )

    def _comments(self, part: Cohort, row: dict) -> list[str]:
        details = part.provenance.details
        lines = [f"<Notice>: {part.provenance.notice.replace('–', '-')}", f"<Subject>: {row['patient_id']}"]
        lines += [f"<{key}>: {_text(row[column])}{unit}" for key, column, unit in _COMMENTS if _is_there(row[column])]
        if _is_there(row["hearing_loss"]):
            lines.append(f"<Hearing loss>: {_LABELS[row['hearing_loss']]}")
        lines.append(f"<Stimulus onset>: {-self.sampling.start_ms + 0.0:g} ms")
        said = (("Model", "model_id"), ("Seed", "seed"), ("Content", "content"))
        return lines + [f"<{key}>: {details[name]}" for key, name in said if name in details]

    def _close(self, complete: bool) -> None:
        if complete:
            (self._folder / "RECORDS").write_text("".join(f"{name}\n" for name in self._names), encoding="ascii")
            if self._zips:
                zipped(sorted(self._folder.iterdir()), self._partial, made_of(self.provenance.details))

    def _remove_partial(self) -> None:
        super()._remove_partial()
        if self._zips:
            records = self._partial.with_name(f"{self._partial.name}.records")
            for file in records.glob("*") if records.is_dir() else ():
                file.unlink()
            if records.is_dir():
                records.rmdir()


def zipped(files: list[Path], path: Path, made: datetime) -> Path:
    """An archive of ``files`` under their names, all dated ``made``: the same files give the same archive."""
    stamp = max(made.timetuple()[:6], (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, stamp)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
    return path


def _is_there(value) -> bool:
    return isinstance(value, str) or (value is not None and np.isfinite(value))


def _text(value) -> str:
    return value if isinstance(value, str) else f"{round(float(value), 6):.10g}"
