"""What an import has come to so far: the files, what the person said of them, what was read. Lives in the session."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.columns.mapping import ColumnMapping
from abr_model.sources.preview import Preview
from abr_model.sources.reading import ImportResult
from dashboard.uploads import Upload, UploadFolder
from dashboard.widgets.importing.excerpt import Excerpt

_STATE = "import_state"
_OPEN_IN_ADDRESS = "import"


class Step(IntEnum):
    """Where the person is."""

    FILES = 1
    MEANING = 2
    CHECKS = 3
    DONE = 4


STEP_NAMES = {
    Step.FILES: "Files",
    Step.MEANING: "What is what",
    Step.CHECKS: "Checks",
    Step.DONE: "Done",
}


@dataclass(frozen=True)
class Settings:
    """What the person said about the files.

    ``mapping`` says what the columns of a table are and how it was sampled; the other fields answer for formats that
    have no mapping. ``stated`` is column of a cohort → value, for recordings whose file is silent.
    """

    mapping: ColumnMapping | None = None
    sampling_rate_hz: float | None = None
    start_ms: float | None = None
    unit: str | None = None
    invert_polarity: bool = False
    label_shift_ms: float = 0.0
    level_offset_db: float | None = None
    stated: dict = field(default_factory=dict)

    @classmethod
    def of(cls, mapping: ColumnMapping) -> Settings:
        """What a mapping says, as the person's answers."""
        return cls(
            mapping=mapping,
            sampling_rate_hz=mapping.sampling_rate_hz,
            start_ms=mapping.start_ms,
            unit=mapping.waveform_unit,
            invert_polarity=mapping.invert_polarity,
            label_shift_ms=mapping.label_shift_ms,
            level_offset_db=mapping.level_offset_db or None,
        )

    @property
    def whole_mapping(self) -> ColumnMapping | None:
        """The mapping with every answer in it, as it is kept for the next file with these columns."""
        if self.mapping is None:
            return None
        answers = {
            "sampling_rate_hz": self.sampling_rate_hz,
            "start_ms": self.start_ms,
            "waveform_unit": self.unit,
            "invert_polarity": self.invert_polarity,
            "label_shift_ms": self.label_shift_ms,
            "level_offset_db": self.level_offset_db or 0.0,
        }
        return self.mapping.model_copy(update=answers)

    def arguments(self) -> dict:
        """Keywords of :func:`abr_model.sources.reading.read_recordings`."""
        return {
            "mapping": self.whole_mapping,
            "sampling_rate_hz": self.sampling_rate_hz,
            "start_ms": self.start_ms,
            "unit": self.unit,
            "invert_polarity": self.invert_polarity,
            "label_shift_ms": self.label_shift_ms,
            "level_offset_db": self.level_offset_db,
            "stated": {name: value for name, value in self.stated.items() if value is not None},
        }


@dataclass
class ImportState:
    """An import that is under way.

    ``round`` counts emptied uploaders. ``problem`` is why the last thing that was tried did not work. ``changes`` are
    the corrections that were applied, each with the settings before it. ``excerpts`` are the first rows, by file.
    """

    folder: UploadFolder = field(default_factory=UploadFolder)
    step: Step = Step.FILES
    round: int = 0
    previews: dict[str, Preview] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    problem: InputError | None = None
    result: ImportResult | None = None
    stored: Path | None = None
    changes: list[tuple[str, Settings]] = field(default_factory=list)
    excerpts: dict[str, Excerpt] = field(default_factory=dict)
    revision: int = 0

    def key(self, name: str) -> str:
        """Key of a widget whose value comes from the settings: a new one when they are changed from elsewhere."""
        return f"import_{name}_{self.revision}"

    def begin_settings(self) -> None:
        """Start from what was guessed or remembered for the files that are there."""
        mapping = next((p.mapping for p in self.previews.values() if p.mapping is not None), None)
        self.settings = Settings() if mapping is None else Settings.of(mapping)
        self.excerpts.clear()
        self.changes.clear()
        self.revision += 1
        self.forget_result()

    def change(self, *, redraw: bool = False, **answers) -> None:
        """Other settings; what was read with the old ones no longer counts.

        ``redraw`` where they do not come from the widgets, which then show them.
        """
        self.revision += redraw
        settings = replace(self.settings, **answers)
        if settings != self.settings:
            self.settings = settings
            self.forget_result()

    def forget_result(self) -> None:
        """What was read is no longer what the settings say."""
        self.result, self.problem = None, None

    def preview_of(self, upload: Upload) -> Preview:
        """What was found in a file."""
        return self.previews[upload.path.name]


def current() -> ImportState | None:
    """The import that is under way; None when there is none."""
    return st.session_state.get(_STATE)


def begin() -> None:
    """Open an import."""
    if current() is None:
        st.session_state[_STATE] = ImportState()
    st.query_params[_OPEN_IN_ADDRESS] = "open"  # tells a reload from a first visit; holds no name


def end() -> None:
    """Close it; the files that were brought are removed."""
    state = st.session_state.pop(_STATE, None)
    if state is not None:
        state.folder.close()
    for key in [key for key in st.session_state if str(key).startswith("import_")]:
        if key not in KEPT_AFTER_CLOSING:
            del st.session_state[key]
    st.query_params.pop(_OPEN_IN_ADDRESS, None)


def was_open_before_reload() -> bool:
    """Whether the address says that an import was open of which the session knows nothing."""
    return current() is None and st.query_params.get(_OPEN_IN_ADDRESS) == "open"


KEPT_AFTER_CLOSING = ("import_outcome",)
