"""The scorecard: every number of the evaluation of one model, with what it was measured on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from abr_model import __version__
from abr_model.errors import InputError
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.section_json import section_as_plain, section_from_plain
from abr_model.evaluation.sections import SECTIONS
from abr_model.evaluation.subject import Subject
from abr_model.evaluation.words import limit_words, required_words, value_words

JSON_FILE = "scorecard.json"
FORMAT, FORMAT_VERSION = "abr-scorecard", 1
LARGEST_BYTES = 100_000_000
PLAIN = {
    "seed": TypeAdapter(int),
    "recordings": TypeAdapter(dict[str, int]),
    "patients": TypeAdapter(dict[str, int]),
    "left_out": TypeAdapter(dict[str, str]),
    "seconds": TypeAdapter(dict[str, float]),
    "made": TypeAdapter(str),
    "software": TypeAdapter(dict[str, str]),
}
"""Fields that are JSON as they are, and what checks them."""
NOT_ASKED, NO_NETWORK, NOT_REACHED = "not asked for", "it has no network", "not reached: the evaluation was stopped"
NO_TRAINING = "it needs the recordings that the model learned from, which are of another cohort"
"""Why a section is left out."""


def _software() -> dict[str, str]:
    names = ("torch", "scikit-learn", "scipy", "numpy")
    return {"abr-synthesis": __version__} | {name: version(name) for name in names}


class Beside(BaseModel):
    """What another scorecard says, as far as a column beside this one shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Subject
    values: dict[str, float | None] = Field(description="value of each score by its key; None where it cannot be told")
    intervals: dict[str, tuple[float, float]] = Field(description="where there is one")

    @classmethod
    def of(cls, scorecard: Scorecard) -> Beside:
        """A scorecard as a column."""
        scores = scorecard.scores
        return cls(
            subject=scorecard.subject,
            values={score.key: score.value if score.is_told else None for score in scores},
            intervals={score.key: score.interval for score in scores if score.interval is not None},
        )


@dataclass(frozen=True)
class Scorecard:
    """Every number of one evaluation.

    Parameters
    ----------
    subject
        Who was evaluated on what.
    seed
        Of all chance in the evaluation.
    recordings, patients
        Per part: ``train``, ``other`` (validation: real against real), ``real`` (test: what is generated beside).
    sections
        Those that were worked out, in the order of :data:`abr_model.evaluation.sections.SECTIONS`.
    left_out
        Key of each other section → why it is not here.
    seconds
        That each section took; ``"generation"``: splitting, generating, simulating the true responses.
    made
        Date, UTC.
    software
        Version of each package that the numbers depend on.
    beside
        Other scorecards on the same held-out recordings, as columns.
    """

    subject: Subject
    seed: int
    recordings: dict[str, int]
    patients: dict[str, int]
    sections: list[Section] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    made: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))
    software: dict[str, str] = field(default_factory=_software)
    beside: tuple[Beside, ...] = ()

    # --- numbers ------------------------------------------------------------------------------------------------

    @property
    def scores(self) -> list[Score]:
        """All of all sections."""
        return [score for section in self.sections for score in section.scores]

    def score(self, key: str) -> Score:
        """One number.

        Raises
        ------
        InputError
            The scorecard has no such number.
        """
        for score in self.scores:
            if score.key == key:
                return score
        raise InputError("the scorecard has no such number", value=key)

    def section(self, key: str) -> Section | None:
        """One section; None where it was left out."""
        return next((section for section in self.sections if section.key == key), None)

    @property
    def unfinished(self) -> list[str]:
        """Keys of the sections that were to come when the evaluation was stopped."""
        return [key for key, why in self.left_out.items() if why == NOT_REACHED]

    @property
    def required(self) -> list[Score]:
        """Those of which something is asked."""
        return [score for score in self.scores if score.is_asked]

    @property
    def tally(self) -> dict[str, int]:
        """How many of :attr:`required` are ``met``, ``not met`` and ``untold``."""
        verdicts = [score.met for score in self.required]
        return {"met": verdicts.count(True), "not met": verdicts.count(False), "untold": verdicts.count(None)}

    def summary(self) -> list[dict]:
        """A row for each of :attr:`required`: ``key``, ``what``, ``value``, ``real`` (against real), ``required``,
        all as words, and ``met`` (None: cannot be told)."""
        return [
            {
                "key": score.key,
                "what": score.name,
                "value": value_words(score),
                "real": limit_words(score),
                "required": required_words(score),
                "met": score.met,
            }
            for score in self.required
        ]

    # --- other scorecards ---------------------------------------------------------------------------------------

    def with_beside(self, scorecards) -> Scorecard:
        """The same with other scorecards as columns.

        Raises
        ------
        InputError
            One was measured on other held-out recordings.
        """
        for other in scorecards:
            self.subject.check_comparable(other.subject)
        return replace(self, beside=tuple(Beside.of(other) for other in scorecards))

    def completed_by(self, earlier: Scorecard) -> Scorecard:
        """The same with those sections of an ``earlier`` scorecard of the same subject that it lacks itself.

        Raises
        ------
        InputError
            Another subject, seed or software: their numbers do not belong together.
        """
        for what in ("subject", "seed", "software", "recordings"):
            own, theirs = getattr(self, what), getattr(earlier, what)
            if own != theirs:
                raise InputError(f"the scorecards differ in {what}", value=str(theirs), allowed=str(own))
        have = {section.key: section for section in (*earlier.sections, *self.sections)}
        return replace(
            self,
            sections=[have[entry.key] for entry in SECTIONS if entry.key in have],
            left_out={key: why for key, why in self.left_out.items() if key not in have},
            seconds=earlier.seconds | self.seconds,
            beside=self.beside or earlier.beside,
        )

    # --- as a file ----------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Versioned JSON; a number that cannot be told is null."""
        content = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "subject": self.subject.model_dump(mode="json"),
            **{name: getattr(self, name) for name in PLAIN},
            "summary": self.summary(),
            "sections": [section_as_plain(section) for section in self.sections],
            "beside": [other.model_dump(mode="json") for other in self.beside],
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes, file: str | None = None) -> Scorecard:
        """The scorecard that :meth:`to_json` wrote.

        Raises
        ------
        InputError
            No scorecard, of another version, or incomplete; names ``file`` where it is given.
        """
        content = _checked_content(text, file)
        try:
            return cls(
                subject=Subject.model_validate(content["subject"]),
                **{name: check.validate_python(content[name]) for name, check in PLAIN.items()},
                sections=[section_from_plain(section) for section in content["sections"]],
                beside=tuple(Beside.model_validate(other) for other in content["beside"]),
            )
        except (KeyError, TypeError, ValueError) as error:  # pydantic's ValidationError is a ValueError
            reason = str(error).splitlines()[0]
            raise InputError(f"the scorecard is incomplete or damaged: {reason}", file=file) from error

    def write(self, folder: str | Path) -> Path:
        """Write ``scorecard.json``, replaced atomically.

        Raises
        ------
        InputError
            The folder cannot be written.
        """
        return write_file(Path(folder) / JSON_FILE, self.to_json())

    @staticmethod
    def read(path: str | Path) -> Scorecard:
        """The scorecard in a file, or in the ``scorecard.json`` of a folder.

        Raises
        ------
        InputError
            As :meth:`from_json`, or no such file.
        """
        path = Path(path)
        path = path / JSON_FILE if path.is_dir() else path
        try:
            if path.stat().st_size > LARGEST_BYTES:
                raise InputError("the file is too large for a scorecard", file=path.name)
            text = path.read_bytes()
        except OSError as error:
            raise InputError("the scorecard cannot be read", file=path.name, allowed=JSON_FILE) from error
        return Scorecard.from_json(text, path.name)


def _checked_content(text: str | bytes, file: str | None) -> dict:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError("the scorecard is not JSON, or it is truncated", file=file) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError("the file is not a scorecard", file=file, allowed="what `abr evaluate` writes")
    if content.get("version") != FORMAT_VERSION:
        found = content.get("version")
        raise InputError("the scorecard has another version", file=file, value=found, allowed=str(FORMAT_VERSION))
    return content


def write_file(path: Path, text: str) -> Path:
    """Write a text file so that a reader sees the old one or the new one, never a half.

    Raises
    ------
    InputError
        It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror}", file=path.name) from error
    return path
