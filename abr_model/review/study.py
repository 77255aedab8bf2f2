"""A review is a folder: what is asked, the blinded items, the sealed key, and the answers.

reviews/2026-11-29-2140-review-3f9a/
  study.json             what is asked of whom; never changed
  items.json traces.npy  the blinded half: all that a reviewer's screen is made from
  sealed/                what is recorded and what is generated: key.json, recorded.parquet, generated.parquet
  answers.sqlite         answers, unless a database was named
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.recordings import Recordings, digest_of
from abr_model.review.blinded import ITEMS_FILE, BlindedItems, blind, order_of, quantum_of
from abr_model.review.config import CONFIG_FILE, StudyConfig, reviewer_code
from abr_model.review.database import ADDRESS_VARIABLE, check_address
from abr_model.review.drawing import Drawn, draw_items
from abr_model.review.store import AnswerStore

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

SEALED, KEY_FILE = "sealed", "key.json"
LOW_PASS_HZ = 3000.0
"""The upper limit of a usual ABR display."""
LOW_PASS_NYQUIST = 0.8
"""Where the sampling does not reach so far: at most this share of half the sampling rate."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Study:
    """A folder of a review. Cheap to make: nothing is read before it is asked for."""

    folder: Path

    def __post_init__(self):
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    # --- making and finding ---------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        data: str | Path,
        recordings: Recordings,
        model: TrainedModel,
        *,
        filter: CohortFilter = EVERYTHING,
        low_pass_hz: float | None = LOW_PASS_HZ,
        **asked,
    ) -> Study:
        """A new study in the data folder, its items drawn and frozen.

        Parameters
        ----------
        data
            The data folder: the study is made in ``reviews``.
        recordings, filter
            Where recorded items come from.
        model
            What makes the generated ones.
        low_pass_hz
            For every item alike; at most 0.8 of half the sampling rate. None for none.
        asked
            Other fields of :class:`~abr_model.review.config.StudyConfig`. The same seed, cohort and model give the
            same items.

        Raises
        ------
        InputError
            A value that is not allowed, too few recordings, a folder that cannot be written.
        """
        from abr_model.cohort import Sampling

        storage = asked.pop("storage", None) or os.environ.get(ADDRESS_VARIABLE) or None
        if storage:
            check_address(storage)
        sampling: Sampling = model.sampling
        if low_pass_hz is not None:
            low_pass_hz = min(float(low_pass_hz), LOW_PASS_NYQUIST * sampling.rate_hz / 2)
        config = StudyConfig.of(
            **asked | {"label": " ".join(asked.get("label", "").split())},
            kind=recordings.kind,
            cohort=recordings.provenance.title,
            cohort_digest=digest_of(recordings),
            filter=filter,
            held_out=False,
            model_id=model.model_id,
            model=model.preset.name,
            trained_on=model.provenance.kind,
            sampling=sampling,
            samples=model.network.samples,
            low_pass_hz=low_pass_hz,
            storage=storage,
        )
        drawn = draw_items(
            recordings,
            model,
            filter=filter,
            items=config.items,
            share_generated=config.share_generated,
            display=config.display,
            seed=config.seed,
        )
        return cls._frozen(Path(data), config.model_copy(update={"held_out": drawn.held_out}), drawn)

    @classmethod
    def _frozen(cls, data: Path, config: StudyConfig, drawn: Drawn) -> Study:
        """Written beside its place and moved there whole: a study is complete or not there."""
        order = np.random.default_rng([config.seed, 9127]).permutation(len(drawn.items))
        items = [drawn.items[k] for k in order]
        waveforms = [(drawn.generated if by_model else drawn.recorded).waveforms[rows] for by_model, rows, _ in items]
        shown = [table for *_, table in items]
        quantum = quantum_of(drawn.recorded.waveforms)
        blinded = blind(shown, waveforms, config.sampling, config.shown, config.low_pass_hz, quantum)
        key = [{"generated": by_model, "rows": rows.tolist()} for by_model, rows, _ in items]
        study = cls(data / "reviews" / f"{datetime.now():%Y-%m-%d-%H%M}-review-{secrets.token_hex(2)}")
        making = study.folder.with_name(f".{study.folder.name}")
        try:
            (making / SEALED).mkdir(parents=True)
            config.write(making)
            blinded.write(making)
            drawn.recorded.write(making / SEALED / "recorded.parquet")
            drawn.generated.write(making / SEALED / "generated.parquet")
            (making / SEALED / KEY_FILE).write_text(json.dumps(key) + "\n", encoding="utf-8")
            making.rename(study.folder)
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            raise InputError(f"the folder of reviews cannot be written: {error.strerror}") from error
        return study

    @classmethod
    def open(cls, data: str | Path, study_id: str) -> Study:
        """The study of that id.

        Raises
        ------
        InputError
            An id that is none, or no such study.
        """
        known = ", ".join(study.id for study in list_studies(data)[:5]) or "there is none yet"
        if not _ID.fullmatch(study_id):
            raise InputError("this is no id of a review", value=study_id, allowed=known)
        study = cls(Path(data) / "reviews" / study_id)
        if not (study.folder / CONFIG_FILE).is_file():
            raise InputError("there is no such review", value=study_id, allowed=known)
        return study

    # --- what it is -----------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Generated name: ``2026-11-29-2140-review-3f9a``."""
        return self.folder.name

    @property
    def config(self) -> StudyConfig:
        """What is asked; :class:`InputError` where the file is damaged."""
        return StudyConfig.read(self.folder)

    @property
    def items(self) -> BlindedItems:
        """The blinded items."""
        return BlindedItems.read(self.folder)

    def order(self, reviewer: str) -> list[tuple[int, int]]:
        """``(item, repeat)`` in the order of a reviewer.

        Raises
        ------
        InputError
            No code name, or not one of those that the study names.
        """
        config, code = self.config, reviewer_code(reviewer)
        if config.reviewers and code not in config.reviewers:
            raise InputError("this study has no such reviewer", value=code, allowed=", ".join(config.reviewers))
        return order_of(config, code)

    def store(self) -> AnswerStore:
        """Its answers."""
        return AnswerStore.open(self.folder, self.id, self.config.storage)

    def key(self, store: AnswerStore) -> Key:
        """What each item is.

        Raises
        ------
        InputError
            The study is not closed: whoever knows the key can no longer review blindly.
        """
        if store.closed is None:
            raise InputError("the study is still open; its key stays sealed until it is closed")
        sealed = self.folder / SEALED
        try:
            entries = json.loads((sealed / KEY_FILE).read_text(encoding="utf-8"))
            generated = np.array([entry["generated"] for entry in entries], dtype=bool)
            rows = [np.array(entry["rows"], dtype=np.int64) for entry in entries]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError("the key of the study cannot be read", file=KEY_FILE) from error
        cohorts = [Cohort.read(sealed / f"{name}.parquet") for name in ("recorded", "generated")]
        return Key(generated, rows, *cohorts)


@dataclass(frozen=True)
class Key:
    """The sealed half: ``generated`` [items] bool, the ``rows`` of each item in one of the two cohorts, the cohorts."""

    generated: np.ndarray
    rows: list[np.ndarray]
    recorded_cohort: Cohort
    generated_cohort: Cohort

    def table(self, item: int) -> pd.DataFrame:
        """[k] rows of an item's recordings, as they were drawn, with their labels."""
        cohort = self.generated_cohort if self.generated[item] else self.recorded_cohort
        return cohort.table.iloc[self.rows[item]]


def list_studies(data: str | Path) -> list[Study]:
    """All studies of a data folder, newest first."""
    found = [path.parent for path in (Path(data) / "reviews").glob(f"[!.]*/{CONFIG_FILE}")]
    complete = [folder for folder in found if (folder / ITEMS_FILE).is_file()]
    return [Study(folder) for folder in sorted(complete, key=lambda f: (f / CONFIG_FILE).stat().st_mtime_ns)][::-1]
