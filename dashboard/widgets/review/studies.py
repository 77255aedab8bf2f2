"""Studies of the data folder, opened once for all sessions."""

from __future__ import annotations

import streamlit as st

from abr_model.data_folder import data_folder
from abr_model.errors import InputError
from abr_model.review.blinded import BlindedItems
from abr_model.review.store import AnswerStore
from abr_model.review.study import Study, list_studies


def studies() -> tuple[list[Study], list[InputError]]:
    """All studies that can be read, newest first, and what is wrong with the others."""
    found, problems = [], []
    for study in list_studies(data_folder()):
        try:
            _ = study.config
        except InputError as error:
            problems.append(InputError(f"the review {study.id} cannot be read: {error.problem}", file=error.file))
        else:
            found.append(study)
    return found, problems


def study_name(study: Study) -> str:
    """Its label; without one the day it was made, and the end of its id."""
    config = study.config
    return config.label or f"Review of {config.created:%d %b %Y} · {study.id.rsplit('-', 1)[-1]}"


def items_of(study: Study) -> BlindedItems:
    """The blinded items; a study's never change."""
    return _items(str(study.folder))


def store_of(study: Study) -> AnswerStore:
    """The answers of a study."""
    return _store(str(study.folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _items(folder: str) -> BlindedItems:
    return Study(folder).items


@st.cache_resource(max_entries=32, show_spinner=False)
def _store(folder: str) -> AnswerStore:
    return Study(folder).store()
