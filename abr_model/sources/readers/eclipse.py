"""The research export of Interacoustics Eclipse (EP15/EP25): one row per recording, samples in the columns 1…467.

Column names and their spelling are those of the original description (``original.md``, data).
"""

from __future__ import annotations

from pathlib import Path

from abr_model.errors import InputError
from abr_model.schema import WAVES, amplitude_column, latency_column
from abr_model.sources.columns.guessing import ZERO_IS_MISSING
from abr_model.sources.columns.mapping import ColumnMapping, SampleColumns
from abr_model.sources.identifying import normalised
from abr_model.sources.part import Given, ReadFile
from abr_model.sources.readers.mapped import read_mapped
from abr_model.sources.readers.reader import OPTIONS, NotStatedError, Tell
from abr_model.sources.sheets.cells import Sheet
from abr_model.sources.sheets.opening import sheets_of

FORMAT = "Interacoustics Eclipse research export"
ENDINGS = (".xlsx", ".csv")
PATIENT = "Patient_ID"
_FIELDS = {
    "Stimulus Side": "ear",
    "Gender": "sex",
    "Age": "age_years",
    "Intensity": "intensity_db_nhl",
    "Stimulus Rate": "stimulus_rate_per_s",
    "Hear_Loss": "hearing_loss",
    "Stimulus Type": "stimulus_type",
    "Stimulus Polarity": "stimulus_polarity",
    "Sweeps Measured": "sweeps_accepted",
    "Sweeps Rejected": "sweeps_rejected",
    "FMP": "fmp",
    "ResNo": "residual_noise_nv",
    **{f"{wave} Latancy": latency_column(wave) for wave in WAVES},
    **{f"{wave} Amplitude": amplitude_column(wave) for wave in WAVES},
}
_ALSO_SPELLED = {f"{wave} Latency": f"{wave} Latancy" for wave in WAVES}
_REQUIRED = (PATIENT, "Age", "Intensity", "Stimulus Rate", "Hear_Loss")
_NOT_STATED = {
    "sampling_rate_hz": (
        "this export does not state its sampling rate",
        f"{OPTIONS['sampling_rate_hz']}; this device runs at 30000 or 15000 Hz",
    ),
    "start_ms": (
        "this export does not state the time of its first sample",
        f"{OPTIONS['start_ms']}; 0 where the first sample is taken at stimulus onset",
    ),
}


def recognises(path: Path, start: bytes) -> bool:
    """Whether one table of the file has this format's column names, possibly with columns missing."""
    try:
        return any(is_export(sheet.header) for sheet in sheets_of(path, start))
    except InputError:  # damaged: the table reader says so
        return False


def is_export(header: list[str]) -> bool:
    """Whether a table with these column names is of this format."""
    known = {normalised(name) for name in (PATIENT, *_FIELDS, *_ALSO_SPELLED)}
    return len({normalised(name) for name in header} & known) >= 4


def export_sheet(path: Path, start: bytes) -> Sheet:
    """The table of the file that is the export."""
    return next(sheet for sheet in sheets_of(path, start) if is_export(sheet.header))


def mapping_of(header: list[str], file: str | None = None) -> ColumnMapping:
    """What the columns of this export are; sampling rate and time zero are open, it does not state them.

    Raises
    ------
    InputError
        A required column or a sample is missing, or a column occurs more than once.
    """
    aliases = {normalised(a): normalised(b) for a, b in _ALSO_SPELLED.items()}
    names: dict[str, str] = {}
    for name in header:
        key = aliases.get(normalised(name), normalised(name))
        if key and key in names:
            raise InputError("the column occurs more than once", file=file, column=name)
        names[key] = name
    missing = [name for name in _REQUIRED if normalised(name) not in names]
    if missing:
        raise InputError(
            f"required columns are missing: {', '.join(missing)}",
            file=file,
            allowed=f"{', '.join(_REQUIRED)} and the samples in columns 1, 2, 3 …",
        )
    fields = {column: names[normalised(name)] for name, column in _FIELDS.items() if normalised(name) in names}
    mapping = ColumnMapping(
        columns={"patient_id": names[normalised(PATIENT)], **fields},
        samples=SampleColumns(prefix=""),
        waveform_unit="µV",
        missing_values={column: ("0",) for column in ZERO_IS_MISSING if column in fields},
    )
    mapping.samples.positions(header, file)
    return mapping


def read(path: Path, given: Given, salt: bytes, tell: Tell) -> ReadFile:
    """Read all recordings of one export, block by block.

    A mapping that was given and fits wins over what the names of the columns say.

    Raises
    ------
    NotStatedError
        The sampling rate or the time of the first sample was not given.
    InputError
        A required column or a sample is missing, a column occurs twice, the file holds no recording.
    """
    with path.open("rb") as file:
        sheet = export_sheet(path, file.read(1 << 16))
    own = mapping_of(sheet.header, path.name)
    mapping = own
    if given.mapping is not None and not given.mapping.lacking(sheet.header):
        mapping = given.mapping
    for what, (problem, allowed) in _NOT_STATED.items():
        if getattr(given, what) is None and getattr(mapping, what) is None:
            raise NotStatedError(what, problem, file=path.name, allowed=allowed)
    notes = []
    if mapping is own and "residual_noise_nv" in own.columns:
        notes = [
            f"the export does not state its unit of residual noise: {own.columns['residual_noise_nv']} is taken as nV"
        ]
    if mapping is own and given.unit is None:
        notes.append("samples in the unit of this format")
    return read_mapped(
        sheet,
        mapping,
        given,
        salt,
        tell,
        name=FORMAT,
        notes=tuple(notes),
        absent_columns=tuple(name for name, column in _FIELDS.items() if column not in mapping.columns),
    )
