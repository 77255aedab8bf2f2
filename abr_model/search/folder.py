"""A search is a folder, as a run is: what was asked for, its workers, and where its trials are written down."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abr_model.cohort import Provenance, read_metadata
from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.search.config import CONFIG_FILE, SearchConfig
from abr_model.search.figures import SELECTION_FIGURE
from abr_model.search.space import check_space
from abr_model.search.storage import check_url, open_storage
from abr_model.search.workers import Worker, workers_of

if TYPE_CHECKING:
    import optuna

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SPEC = "search"
"""What the study is given along, so that a worker with another data folder can join."""


@dataclass(frozen=True)
class Search:
    """A folder of a search. Cheap to make: nothing is read before it is asked for."""

    folder: Path

    def __post_init__(self):
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    # --- making and finding ---------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, data: str | Path, preset: Preset, cohort_path: str | Path, space: dict[str, Any], **asked
    ) -> Search:
        """A new search in the data folder; nothing is trained yet.

        Parameters
        ----------
        data
            The data folder: the search is made in ``searches``, its trials will be runs in ``runs``.
        preset
            What is varied.
        cohort_path
            A cohort file. It is not copied.
        space
            By setting (``"training.learning_rate"``) a :class:`~abr_model.search.space.Range`, a
            :class:`~abr_model.search.space.Choices`, or the same as plain values.
        asked
            Other fields of :class:`~abr_model.search.config.SearchConfig`; ``epochs`` is the preset's when left out.

        Raises
        ------
        InputError
            A file that is no cohort, a space or another value that is not allowed, a storage that cannot be used.
        """
        figure = asked.get("figure", SELECTION_FIGURE)
        cohort_path = Path(cohort_path).absolute()
        metadata = read_metadata(cohort_path)
        if asked.get("storage"):
            check_url(asked["storage"])
        config = SearchConfig.of(
            **{"epochs": preset.training.epochs} | asked | {"label": " ".join(asked.get("label", "").split())},
            preset=preset,
            cohort_path=str(cohort_path),
            cohort=Provenance.model_validate(metadata["provenance"]).title,
            cohort_digest=metadata["digest"],
            space=check_space(preset, space, figure),
        )
        return cls._written(Path(data), f"{datetime.now():%Y-%m-%d-%H%M}-search-{secrets.token_hex(2)}", config)

    @classmethod
    def join(cls, data: str | Path, storage: str, search_id: str, cohort_path: str | Path) -> Search:
        """Take part in a search of another data folder or machine that keeps its trials in a shared storage.

        Raises
        ------
        InputError
            The storage knows no such search, the cohort is another one, or the search is in this data folder already.
        """
        import optuna

        _check_id(search_id)
        try:
            study = optuna.load_study(storage=open_storage(storage, Path(data)), study_name=search_id)
        except KeyError as error:
            raise InputError("the storage knows no such search", value=search_id) from error
        metadata = read_metadata(cohort_path)
        spec = json.loads(study.user_attrs[_SPEC])
        if metadata["digest"] != spec["cohort_digest"]:
            raise InputError("the search is on another cohort", file=Path(cohort_path).name, allowed=spec["cohort"])
        config = SearchConfig.model_validate(
            spec | {"cohort_path": str(Path(cohort_path).absolute()), "storage": storage}
        )
        return cls._written(Path(data), search_id, config)

    @classmethod
    def _written(cls, data: Path, search_id: str, config: SearchConfig) -> Search:
        search = cls(data / "searches" / search_id)
        try:
            search.folder.mkdir(parents=True)
            config.write(search.folder)
            search.study(create=True)
        except FileExistsError as error:
            raise InputError("the search is in this data folder already", value=search_id) from error
        except InputError:
            with suppress(OSError):
                (search.folder / CONFIG_FILE).unlink(missing_ok=True)
                search.folder.rmdir()
            raise
        except OSError as error:
            raise InputError(f"the folder of searches cannot be written: {error.strerror}") from error
        return search

    @classmethod
    def open(cls, data: str | Path, search_id: str) -> Search:
        """The search of that id.

        Raises
        ------
        InputError
            An id that is none, or no such search.
        """
        _check_id(search_id)
        search = cls(Path(data) / "searches" / search_id)
        if not (search.folder / CONFIG_FILE).is_file():
            known = ", ".join(other.id for other in list_searches(data)[:5])
            raise InputError("there is no such search", value=search_id, allowed=known or "there is none yet")
        return search

    # --- what it is -----------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Generated name: ``2026-11-22-1432-search-3f9a``."""
        return self.folder.name

    @property
    def config(self) -> SearchConfig:
        """What was asked for; :class:`InputError` where the file is damaged."""
        return SearchConfig.read(self.folder)

    @property
    def runs_folder(self) -> Path:
        """Where the runs of its trials are."""
        return self.folder.parents[1] / "runs"

    def study(self, create: bool = False) -> optuna.Study:
        """Optuna's study of this search.

        Raises
        ------
        InputError
            The storage cannot be used, or no longer knows the search.
        """
        import optuna

        config = self.config
        storage = open_storage(config.storage, self.folder)
        if not create:
            try:
                return optuna.load_study(study_name=self.id, storage=storage)
            except KeyError as error:
                raise InputError("the storage no longer knows this search", value=self.id) from error
        study = optuna.create_study(study_name=self.id, storage=storage, direction="minimize", load_if_exists=True)
        if _SPEC not in study.user_attrs:
            spec = config.model_dump(mode="json", exclude={"cohort_path", "storage"})
            study.set_user_attr(_SPEC, json.dumps(spec, ensure_ascii=False))
        return study

    # --- workers --------------------------------------------------------------------------------------------------

    @property
    def workers(self) -> list[Worker]:
        """Workers of this folder, newest first; dead ones too."""
        return workers_of(self.folder)

    @property
    def active(self) -> bool:
        """Whether a worker of this folder is at work."""
        return any(worker.active for worker in self.workers)

    def request_stop(self) -> None:
        """Ask all workers of this folder to stop: trials finish their batch, are kept, and go on next time."""
        (self.folder / "STOP").touch()

    @property
    def stop_requested(self) -> bool:
        """Whether someone has asked."""
        return (self.folder / "STOP").exists()

    def clear_stop(self) -> None:
        """Forget it, before going on."""
        (self.folder / "STOP").unlink(missing_ok=True)


def list_searches(data: str | Path) -> list[Search]:
    """All searches of a data folder, newest first."""
    found = [path.parent for path in (Path(data) / "searches").glob(f"*/{CONFIG_FILE}")]
    return [
        Search(folder) for folder in sorted(found, key=lambda f: (f / CONFIG_FILE).stat().st_mtime_ns, reverse=True)
    ]


def _check_id(search_id: str) -> None:
    if not _ID.fullmatch(search_id) or ".." in search_id:
        raise InputError("this is no id of a search", value=search_id, allowed="letters, digits, - _ . (at most 64)")
