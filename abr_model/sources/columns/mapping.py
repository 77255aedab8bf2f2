"""What the columns of a clinic's table are: guessed by name, corrected by a person, kept as a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from abr_model.errors import InputError
from abr_model.schema import AMPLITUDES, COLUMN_NAMES, COLUMNS_BY_NAME, LATENCIES
from abr_model.sources.identifying import normalised
from abr_model.validation import as_input_error

WaveformUnit = Literal["µV", "mV", "nV", "V"]
LatencyUnit = Literal["ms", "µs", "s"]
AmplitudeUnit = Literal["µV", "mV", "nV"]
NoiseUnit = Literal["nV", "µV"]
AgeUnit = Literal["years", "months", "weeks", "days"]

FACTORS = {
    "waveform_unit": {"µV": 1.0, "mV": 1e3, "nV": 1e-3, "V": 1e6},
    "latency_unit": {"ms": 1.0, "µs": 1e-3, "s": 1e3},
    "amplitude_unit": {"µV": 1.0, "mV": 1e3, "nV": 1e-3},
    "residual_noise_unit": {"nV": 1.0, "µV": 1e3},
    "age_unit": {"years": 1.0, "months": 1 / 12, "weeks": 7 / 365.25, "days": 1 / 365.25},
}
"""Unit → what a number in it is multiplied by to be in the unit of a cohort (µV, ms, µV, nV, years)."""

UNIT_OF = {
    "age_years": "age_unit",
    "residual_noise_nv": "residual_noise_unit",
    **{c.name: "latency_unit" for c in LATENCIES},
    **{c.name: "amplitude_unit" for c in AMPLITUDES},
}
"""Cohort column → the field of a mapping that says its unit."""

MAPPABLE = tuple(name for name in COLUMN_NAMES if name != "recording_id")
"""Columns of a cohort that a column of a file can be; a recording's name is made from its trace."""

NO_RESPONSE_WORDS = (
    *("nr", "n.r.", "no response", "no resp", "no wave", "absent", "not present", "np", "yok", "yanıt yok"),
    *("cevap yok", "dalga yok", "keine antwort", "keine reaktion", "nicht vorhanden", "pas de réponse", "absente"),
    *("sin respuesta", "ausente", "nessuna risposta", "assente", "sem resposta", "无反应", "未引出"),
)
"""Words in a cell of a latency or an amplitude that say: looked for, and there was none."""


class SampleColumns(BaseModel):
    """Which columns hold the samples of a trace; exactly one of the three ways is filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: str | None = Field(
        default=None, description="columns of this name and a number, in the order of the numbers; '' for 1, 2, 3 …"
    )
    first: str | None = Field(default=None, description="first of consecutive columns, in the order of the file")
    last: str | None = Field(default=None, description="last of consecutive columns")
    list_column: str | None = Field(default=None, description="one column whose cells are lists of samples (Parquet)")

    @model_validator(mode="after")
    def _one_way(self):
        ways = (self.prefix is not None) + (self.first is not None) + (self.list_column is not None)
        if ways != 1 or (self.first is None) != (self.last is None):
            raise ValueError("one of: prefix; first and last; list_column")
        return self

    def positions(self, header: list[str], file: str | None = None) -> list[int]:
        """Positions of the sample columns in ``header``; of the one column for a list column.

        Raises
        ------
        InputError
            No such columns, fewer than two, or a number is left out.
        """
        if self.list_column is not None:
            return [position_of(self.list_column, header, file)]
        if self.first is not None:
            first, last = position_of(self.first, header, file), position_of(self.last, header, file)
            if last <= first:
                raise InputError(
                    "the last column of samples stands before the first", file=file, column=self.last,
                    allowed="first and last as in the file, from left to right",
                )  # fmt: skip
            return list(range(first, last + 1))
        numbered = numbered_columns(header, self.prefix)
        wanted = f"columns named {self.prefix}1, {self.prefix}2, {self.prefix}3 … with the samples"
        if len(numbered) < 2:
            raise InputError("the samples are missing", file=file, allowed=wanted)
        numbers = sorted(numbered)
        gap = next((n for n, found in enumerate(numbers, start=numbers[0]) if n != found), None)
        if gap is not None:
            raise InputError(
                "a column of samples is missing", file=file, column=f"{self.prefix}{gap}", allowed=f"{wanted}, no gap"
            )
        return [numbered[n] for n in numbers]


class ColumnMapping(BaseModel):
    """What stands where in a table with one row per recording, in which unit, and what its words mean."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    columns: dict[str, str] = Field(description="column of a cohort → column of the file; patient_id is the patient")
    samples: SampleColumns
    one_patient_per_file: bool = Field(default=False, description="there is no patient column: a file is one patient")
    sampling_rate_hz: float | None = Field(default=None, ge=1_000, le=1e6, description="samples per second")
    sampling_rate_column: str | None = Field(default=None, description="column with the samples per second of each row")
    start_ms: float | None = Field(
        default=None, ge=-1000, le=1000, description="time of the first sample relative to stimulus onset, ms"
    )
    waveform_unit: WaveformUnit | None = Field(default=None, description="unit of the samples; None = not said")
    latency_unit: LatencyUnit = "ms"
    amplitude_unit: AmplitudeUnit = "µV"
    residual_noise_unit: NoiseUnit = "nV"
    age_unit: AgeUnit = "years"
    invert_polarity: bool = Field(default=False, description="the file has vertex positive down: turn every trace over")
    label_shift_ms: float = Field(default=0.0, ge=-20, le=20, description="added to every latency, ms")
    level_offset_db: float = Field(default=0.0, ge=-120, le=120, description="added to every level: peSPL to nHL, dB")
    words: dict[str, dict[str, str]] = Field(
        default={}, description="column of a cohort → word of the file → class, beside those that are known anyway"
    )
    missing_values: dict[str, tuple[str, ...]] = Field(
        default={}, description="column of a cohort → values of the file that mean missing: 0, 999, -1, n.m."
    )
    no_response_words: tuple[str, ...] = Field(
        default=NO_RESPONSE_WORDS, description="words in a latency or amplitude cell: judged, and absent"
    )

    @field_validator("waveform_unit", "latency_unit", "amplitude_unit", "residual_noise_unit", mode="before")
    @classmethod
    def _micro(cls, unit):
        return unit.replace("μ", "µ").replace("u", "µ") if isinstance(unit, str) else unit

    @field_validator("missing_values", mode="before")
    @classmethod
    def _as_text(cls, values):
        if not isinstance(values, dict):
            return values
        lists = {k: v if isinstance(v, list | tuple) else [v] for k, v in values.items()}
        return {k: tuple(str(v) for v in several) for k, several in lists.items()}

    @model_validator(mode="after")
    def _of_a_cohort(self):
        for field in (self.columns, self.words, self.missing_values):
            for name in field:
                if name not in MAPPABLE:
                    raise ValueError(f"{name!r} is not a column of a cohort; columns are {', '.join(MAPPABLE)}")
        for name, words in self.words.items():
            unknown = [w for w in words.values() if w not in COLUMNS_BY_NAME[name].classes]
            if unknown:
                raise ValueError(f"{unknown[0]!r} is not a class of {name}: {COLUMNS_BY_NAME[name].allowed}")
        if self.one_patient_per_file and "patient_id" in self.columns:
            raise ValueError("a patient column or one patient per file, not both")
        return self

    def file_columns(self) -> list[str]:
        """Every column of the file that is named here, the numbered samples apart."""
        named = [*self.columns.values(), self.sampling_rate_column, self.samples.first, self.samples.last]
        return [name for name in (*named, self.samples.list_column) if name is not None]

    def lacking(self, header: list[str]) -> list[str]:
        """What is named here and not in ``header``: such a table is not the one that the mapping was made for."""
        there = {normalised(name) for name in header}
        return [name for name in dict.fromkeys(self.file_columns()) if normalised(name) not in there]

    def save(self, path: str | Path) -> Path:
        """Write as YAML; :meth:`load` gives back exactly this.

        Raises
        ------
        InputError
            It cannot be written there.
        """
        path = Path(path)
        text = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise InputError("the mapping cannot be written there", file=path.name) from error
        return path

    @classmethod
    def load(cls, path: str | Path, name: str | None = None) -> ColumnMapping:
        """Read a mapping file.

        Raises
        ------
        InputError
            No such file, not YAML, an unknown field, unit, class or column.
        """
        path = Path(path)
        name = name or path.name
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError("there is no such file", file=name, allowed="a mapping file (.yaml)") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError("the file is not a mapping: it is not YAML", file=name) from error
        if not isinstance(values, dict):
            raise InputError("the file is not a mapping", file=name, allowed=", ".join(cls.model_fields))
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise as_input_error(error, cls, "mapping", file=name) from error


def numbered_columns(header: list[str], prefix: str) -> dict[int, int]:
    """Number → position of the columns called ``prefix`` and a number."""
    start, found = normalised(prefix), {}
    for position, name in enumerate(header):
        rest = normalised(name)
        if not rest.startswith(start):
            continue
        digits = rest[len(start) :].strip()
        if digits.isascii() and digits.isdigit() and len(digits) < 20:
            found.setdefault(int(digits), position)
    return found


def position_of(name: str, header: list[str], file: str | None = None) -> int:
    """Position of the column ``name``, however its case and spaces are written; exact spelling wins.

    Raises
    ------
    InputError
        It is not there, or there twice.
    """
    same = [i for i, other in enumerate(header) if other == name]
    same = same or [i for i, other in enumerate(header) if normalised(other) == normalised(name)]
    if not same:
        raise InputError("the column is missing", file=file, column=name)
    if len(same) > 1:
        raise InputError("the column occurs more than once", file=file, column=name)
    return same[0]
