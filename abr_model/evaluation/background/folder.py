"""A background evaluation is a folder ``evaluations/<id>/`` of the data folder.

::

    evaluation.json   what was asked for; never changed
    status.json       state, section, fraction done; replaced atomically
    lock              held while its process lives
    evaluate.log      what it said
    STOP              exists: the process keeps the sections that are done and ends
    scorecard.json    what it has measured so far, replaced after each section
    scorecard.html    the report, at its end
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.cohort import Provenance, read_metadata
from abr_model.errors import InputError
from abr_model.evaluation.background.request import REQUEST_FILE, EvaluationRequest
from abr_model.evaluation.sections import chosen_sections
from abr_model.runs.living import LivingFolder, ask_to_stop, delete_ended
from abr_model.runs.reading import tail
from abr_model.runs.state import WAITING

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

LOG = "evaluate.log"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Evaluation(LivingFolder):
    """Folder of one evaluation. Cheap to make: nothing is read before it is asked for."""

    # --- making and finding ---------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        data: str | Path,
        model: TrainedModel,
        model_folder: str | Path,
        cohort_path: str | Path,
        *,
        other_cohort: bool = False,
        sections: list[str] | None = None,
        seed: int = 0,
    ) -> Evaluation:
        """A new evaluation in the data folder; nothing is measured yet.

        Parameters
        ----------
        data
            The data folder.
        model, model_folder
            The model, and where it lies.
        cohort_path
            A cohort file. It is not copied.
        other_cohort, sections, seed
            As for :func:`abr_model.evaluation.evaluate.evaluate`.

        Raises
        ------
        InputError
            A file that is no cohort; the model learned from another cohort (or from this one, with ``other_cohort``);
            no such section; the data folder cannot be written.
        """
        from abr_model.cohort_file import CohortFile
        from abr_model.evaluation.other_cohort import preset_for
        from abr_model.evaluation.subject import Subject

        chosen_sections(sections)
        cohort_path = Path(cohort_path).absolute()
        recordings = CohortFile.open(cohort_path)
        if other_cohort:
            Subject.of_other_cohort(model, recordings, preset_for(model, recordings))
        else:
            Subject.of_model(model, recordings)
        metadata = read_metadata(cohort_path)
        request = EvaluationRequest(
            model_folder=str(Path(model_folder).absolute()),
            model_id=model.model_id,
            model_name=model.preset.name,
            cohort_path=str(cohort_path),
            cohort=Provenance.model_validate(metadata["provenance"]).title,
            cohort_digest=metadata["digest"],
            other_cohort=other_cohort,
            sections=None if sections is None else tuple(sections),
            seed=seed,
        )
        name = f"{datetime.now():%Y-%m-%d-%H%M}-evaluation-{secrets.token_hex(2)}"
        made = cls(Path(data) / "evaluations" / name)
        try:
            made.folder.mkdir(parents=True)
            request.write(made.folder)
            made.write_status(state="pending", message="not started", done=0.0)
        except OSError as error:
            raise InputError(f"the folder of evaluations cannot be written: {error.strerror}") from error
        return made

    @classmethod
    def open(cls, data: str | Path, evaluation_id: str) -> Evaluation:
        """The evaluation of that id.

        Raises
        ------
        InputError
            An id that is none, or no such evaluation.
        """
        found = cls(Path(data) / "evaluations" / evaluation_id)
        if not _ID.fullmatch(evaluation_id) or not (found.folder / REQUEST_FILE).is_file():
            raise InputError("there is no such evaluation", value=evaluation_id)
        return found

    # --- what it is -----------------------------------------------------------------------------------------------

    @property
    def request(self) -> EvaluationRequest:
        """What was asked for; :class:`InputError` where the file is damaged."""
        return EvaluationRequest.read(self.folder)

    @property
    def waiting(self) -> bool:
        """Whether it waits for the end of another evaluation."""
        return self.status.get("state") == WAITING and self.active

    @property
    def message(self) -> str:
        """A sentence for a person about its state."""
        if self.state == "crashed":
            return f"the evaluation died without a word; sections that were done are kept. See {LOG}"
        return self.status.get("message", "")

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what it said."""
        return tail(self.folder / LOG, lines)

    # --- stopping, deleting ---------------------------------------------------------------------------------------

    def request_stop(self) -> None:
        """Ask its process to end; sections that are done are kept. Nothing happens to one that has ended.

        Raises
        ------
        InputError
            The request cannot be written.
        """
        if self.active:
            ask_to_stop(self, "evaluation")

    def delete(self) -> None:
        """Delete the folder with all that was measured.

        Raises
        ------
        InputError
            It is at work, or cannot be deleted.
        """
        delete_ended(self, "evaluation")


def list_evaluations(data: str | Path) -> list[Evaluation]:
    """All of a data folder, newest first."""
    found = []
    for path in (Path(data) / "evaluations").glob(f"*/{REQUEST_FILE}"):
        with suppress(OSError):
            found.append((path.stat().st_mtime_ns, Evaluation(path.parent)))
    return [evaluation for _, evaluation in sorted(found, key=lambda pair: (pair[0], pair[1].id), reverse=True)]
