"""A workbook in the shape of Interacoustics Eclipse's research export: 29 columns of metadata, then samples 1, 2, 3 ….

Column names and their spelling are those of the original description (``original.md``, data); programs made for that
export read it. What the shape has no place for stands on a second sheet: that the recordings are synthetic, where they
come from, the sampling rate and the time of the first sample. Fields that nobody measured (Fmp, residual noise, sweeps,
filters) are empty, and so are names and dates: there is no person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pandas as pd

from abr_model.cohort import Cohort
from abr_model.generation.formats.about import DECIMALS, LATENCY_DECIMALS
from abr_model.generation.formats.csv_wide import microvolts
from abr_model.generation.formats.writer import ExportWriter
from abr_model.schema import HEARING_LOSSES, WAVES, amplitude_column, latency_column

SHEET, SECOND_SHEET = "Recordings", "Provenance"
METADATA = (
    *("ID", "Name", "Patient_ID", "Stimulus Side", "Age", "Birth Date", "Frequency", "Gender", "Intensity"),
    *("Protocol", "Stimulus Polarity", "Stimulus Rate", "Stimulus Type", "Sweeps Measured", "Sweeps Rejected"),
    *("Test Date", "Hear Loss - Left", "Hear Loss - Right", "Hear_Loss", "I Latancy", "I Amplitude", "III Latancy"),
    *("III Amplitude", "V Latancy", "V Amplitude", "FMP", "High pass hardware", "Low Pass hardware", "ResNo"),
)
"""The 29 columns of the export, in its order and spelling."""
MOST_RECORDINGS = 100_000
"""A workbook of so many is 150 MB, and Excel needs minutes to open it; its own limit is 1,048,575 rows."""
_FIELDS = {
    "Patient_ID": "patient_id",
    "Stimulus Side": "ear",
    "Age": "age_years",
    "Gender": "sex",
    "Intensity": "intensity_db_nhl",
    "Stimulus Polarity": "stimulus_polarity",
    "Stimulus Rate": "stimulus_rate_per_s",
    "Stimulus Type": "stimulus_type",
    "Sweeps Measured": "sweeps_accepted",
    "Sweeps Rejected": "sweeps_rejected",
    "Hear_Loss": "hearing_loss",
    "FMP": "fmp",
    "ResNo": "residual_noise_nv",
    **{f"{wave} Latancy": latency_column(wave) for wave in WAVES},
    **{f"{wave} Amplitude": amplitude_column(wave) for wave in WAVES},
}
_CLINIC_NAMES = {h.code: h.clinic_names[0] for h in HEARING_LOSSES}


class EclipseWriter(ExportWriter):
    """See the head of this file."""

    _book = None

    def _open(self) -> None:
        from xlsxwriter import Workbook

        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "use_zip64": True}
        self._book = Workbook(str(self._partial), options)
        made = made_of(self.provenance.details)
        self._book.set_properties(
            {"title": self.provenance.notice, "comments": self.provenance.source, "created": made}
        )
        self._sheet = self._book.add_worksheet(SHEET)
        for place, name in enumerate((*METADATA, *range(1, self.samples + 1))):
            self._sheet.write_string(0, place, str(name))

    def _write(self, part: Cohort) -> None:
        columns = _columns(part)
        first = len(METADATA)
        number, text = self._sheet.write_number, self._sheet.write_string
        for place, samples in enumerate(microvolts(part)):
            row = self.recordings + place + 1
            number(row, 0, row)
            for column, values in columns.items():
                value = values[place]
                if value is None:
                    continue
                (text if isinstance(value, str) else number)(row, column, value)
            for sample, value in enumerate(samples.tolist(), start=first):
                number(row, sample, value)

    def _close(self, complete: bool) -> None:
        if self._book is None:
            return
        if complete:
            second = self._book.add_worksheet(SECOND_SHEET)
            for row, (what, value) in enumerate(self._second_sheet()):
                second.write_string(row, 0, what)
                second.write_string(row, 1, value)
        self._book.close()

    def _second_sheet(self) -> Iterator[tuple[str, str]]:
        yield "Notice", self.provenance.notice
        yield "Source", self.provenance.source
        yield "Software", self.provenance.software
        yield "Sampling rate (Hz)", f"{self.sampling.rate_hz:g}"
        yield "Time of sample 1 (ms)", f"{self.sampling.start_ms:g}"
        yield "Samples", "µV, vertex positive up"
        yield "Age", "years"
        yield "Intensity", "dB nHL"
        yield "Stimulus Rate", "per second"
        yield "Latancy, Amplitude", "ms, µV; empty: not marked"
        yield from flat(self.provenance.details.get("batch", {}))


def made_of(details: dict) -> datetime:
    """When a batch was made; a file that is made again carries the date of the first one."""
    try:
        return datetime.fromisoformat(details["batch"]["made"]).replace(tzinfo=None)
    except (KeyError, TypeError, ValueError):
        return datetime.now().replace(microsecond=0)


def flat(value, name: str = "") -> Iterator[tuple[str, str]]:
    """Plain values of a nested one as (``"model.preset"``, text), as a second column holds them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif value not in (None, [], ""):
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        yield name, text if len(text) <= 32_000 else f"{text[:32_000]} …"


def _columns(part: Cohort) -> dict[int, list]:
    """Position in the sheet → the cells of a column, None where empty."""
    columns = {METADATA.index("Protocol"): ["Synthetic - research use only"] * len(part)}
    if part.kind.value != "generated":
        columns[METADATA.index("Protocol")] = [part.provenance.notice.replace("–", "-")] * len(part)
    for name, column in _FIELDS.items():
        values = part.table[column]
        if column == "hearing_loss":
            values = values.map(_CLINIC_NAMES)
        elif pd.api.types.is_numeric_dtype(values):
            values = values.round(LATENCY_DECIMALS if column.startswith("latency") else DECIMALS)
        if values.notna().any():
            columns[METADATA.index(name)] = values.astype(object).where(values.notna(), None).tolist()
    return dict(sorted(columns.items()))
