"""What the pages share: the chosen cohort, the chosen model, and the caches behind both.

A choice lives in ``st.session_state`` and survives a page change; the recordings and the model behind it are shared by
all sessions and never changed in place. Cache keys are path, time of change and size, so a replaced file is read anew.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from abr_model.cohort_file import CohortFile
from abr_model.data_folder import data_folder, pretrained_folder
from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from dashboard.cohort_files import CohortEntry, available_cohorts, cohort_name, keep_cohort, simulated_cohort_file
from dashboard.folders import cohorts_folder, runs_folder
from dashboard.model_folders import LoadedModel, ModelFolder, described_model, read_model
from dashboard.model_in_use import model_in_use, set_model_in_use
from dashboard.recordings import FilteredCohort, LoadedCohort, filtered
from dashboard.widgets.problem import plain

__all__ = (
    "CohortEntry",
    "FilteredCohort",
    "LoadedCohort",
    "LoadedModel",
    "ModelFolder",
    "available_cohorts",
    "available_models",
    "choose_cohort",
    "choose_model",
    "chosen_cohort",
    "chosen_filter",
    "chosen_model",
    "chosen_model_folder",
    "chosen_recordings",
    "cohorts_folder",
    "data_folder",
    "dropped_from_filter",
    "keep_cohort",
    "load_cohort",
    "load_model",
    "pop_model_problem",
    "runs_folder",
    "set_filter",
    "shipped_roots",
    "simulated_cohort_file",
    "tell_model_problem",
    "theme",
    "use_model",
)

SHIPPED_MODELS = pretrained_folder()
FIRST_PATIENTS = 500
FIRST_SEED = 2
"""Another than that of the shipped model's training clinic, so that the two share no patient: what is compared with the
model must not be what it has learned."""

_COHORT_KEY = "session_cohort_path"
_FILTER_KEY = "session_filter"
_FILTER_DROPPED = "session_filter_dropped"
_MODEL_KEY = "session_model_folder"
_MODEL_PROBLEM = "session_model_problem"


def theme() -> str:
    """``"light"`` or ``"dark"``, whichever the browser shows."""
    shown = getattr(st.context.theme, "type", None)
    return "dark" if shown == "dark" else "light"


# --- cohorts ---------------------------------------------------------------------------------------------------------


def load_cohort(path: str | Path) -> LoadedCohort:
    """A cohort file without choosing it.

    Raises
    ------
    InputError
        The file is missing, damaged or not a cohort.
    """
    return _load_cohort(Path(path))


def choose_cohort(path: str | Path) -> LoadedCohort:
    """Work with this cohort from now on.

    Raises
    ------
    InputError
        The file is missing, damaged or not a cohort. What was chosen before stays chosen.
    """
    loaded = _load_cohort(Path(path))
    if st.session_state.get(_COHORT_KEY) != str(loaded.path):
        _take_filter_along(loaded)
    st.session_state[_COHORT_KEY] = str(loaded.path)
    return loaded


def chosen_cohort() -> LoadedCohort:
    """The cohort this session works with; without a choice the newest file, on a first start a simulated clinic.

    Raises
    ------
    InputError
        No cohort can be read and none can be simulated.
    """
    if path := st.session_state.get(_COHORT_KEY):
        try:
            return _load_cohort(Path(path))
        except InputError as error:
            del st.session_state[_COHORT_KEY]
            st.toast(plain(f"The chosen cohort can no longer be read. {error}"))
    problem = None
    for file in available_cohorts():
        try:
            return choose_cohort(file.path)
        except InputError as error:  # damaged inside: try the next one
            problem = problem or error
    if problem is not None:
        st.toast(plain(str(problem)))
    with st.spinner(f"First start: simulating a clinic of {FIRST_PATIENTS} patients …"):
        return choose_cohort(simulated_cohort_file(FIRST_PATIENTS, FIRST_SEED))


def _load_cohort(path: Path) -> LoadedCohort:
    try:
        state = path.stat()
    except OSError as error:
        raise InputError("there is no such cohort file", file=path.name) from error
    return _read_cohort(str(path), state.st_mtime_ns, state.st_size)


@st.cache_resource(max_entries=3, show_spinner="Reading the cohort …")
def _read_cohort(path: str, mtime_ns: int, size: int) -> LoadedCohort:
    file = CohortFile.open(path)
    return LoadedCohort(file, cohort_name(file.provenance, Path(path)), Path(path), file.digest)


# --- filter -----------------------------------------------------------------------------------------------------------


def chosen_filter() -> CohortFilter:
    """What this session looks at; without a choice everything."""
    return st.session_state.get(_FILTER_KEY, EVERYTHING)


def set_filter(filter: CohortFilter) -> None:
    """Look at these recordings from now on, on every page."""
    st.session_state[_FILTER_KEY] = filter
    st.session_state.pop(_FILTER_DROPPED, None)


def dropped_from_filter() -> list[str]:
    """What was left out of the filter when the cohort was changed, in words; until a filter is set again."""
    return st.session_state.get(_FILTER_DROPPED, [])


def _take_filter_along(loaded: LoadedCohort) -> None:
    """The filter stays when another cohort is chosen, without the parts that say nothing about that one."""
    if chosen_filter().is_empty:
        return
    fitted, dropped = chosen_filter().fitted(loaded.table)
    if dropped:
        set_filter(fitted)
        st.session_state[_FILTER_DROPPED] = dropped


def chosen_recordings() -> FilteredCohort:
    """The recordings of the chosen cohort that pass the chosen filter; may be none.

    Raises
    ------
    InputError
        As :func:`chosen_cohort`.
    """
    return _filtered(chosen_cohort(), chosen_filter())


def _filtered(loaded: LoadedCohort, filter: CohortFilter) -> FilteredCohort:
    return _pass(loaded.digest, str(loaded.path), filter.sha256(), loaded, filter)


@st.cache_resource(max_entries=4, show_spinner=False)  # a table of 1,000,000 recordings has 300 MB
def _pass(digest: str, path: str, filter_sha256: str, _loaded: LoadedCohort, _filter: CohortFilter) -> FilteredCohort:
    return filtered(_loaded, _filter)


# --- models ----------------------------------------------------------------------------------------------------------


def available_models() -> list[ModelFolder]:
    """Models that can generate: the shipped ones first, then those trained here, newest first.

    Left out are dry runs, whose models have hardly learned anything, and folders whose description cannot be read.
    """
    shipped = {path.parent for root in shipped_roots() for path in root.glob("*/model.json")}
    trained = {path.parent: path.stat().st_mtime_ns for path in runs_folder().glob("*/model/model.json")}
    ordered = [(folder, "shipped") for folder in sorted(shipped, key=lambda f: (f.name != "default", f.name))]
    ordered += [(folder, "trained here") for folder in sorted(trained, key=trained.get, reverse=True)]
    models = []
    for folder, origin in ordered:
        try:
            state = (folder / "model.json").stat()
            models.append(described_model(str(folder), origin, state.st_mtime_ns, state.st_size))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [model for model in models if not model.dry_run]


def choose_model(folder: str | Path) -> LoadedModel:
    """Generate with this model from now on.

    Raises
    ------
    InputError
        The folder is not a model. What was chosen before stays chosen.
    """
    loaded = _load_model(Path(folder))
    st.session_state[_MODEL_KEY] = str(loaded.folder)
    return loaded


def use_model(folder: str | Path) -> LoadedModel:
    """Generate with this model from now on, in this session and in every new one: it is kept in the data folder.

    Raises
    ------
    InputError
        The folder is not a model, or one of a dry run. What was in use before stays in use.
    """
    loaded = _load_model(Path(folder))
    set_model_in_use(folder)
    return choose_model(loaded.folder)


def load_model(folder: str | Path) -> LoadedModel:
    """A model without choosing it.

    Raises
    ------
    InputError
        The folder is not a model.
    """
    return _load_model(Path(folder))


def chosen_model_folder() -> ModelFolder | None:
    """Which model this session generates with, without loading it; None when there is none yet.

    Its own choice; without one the model in use (:mod:`dashboard.model_in_use`); else the first that there is.
    """
    models = available_models()
    own, in_use = st.session_state.get(_MODEL_KEY), model_in_use()
    return (
        next((m for m in models if str(m.folder) == own), None)
        or next((m for m in models if m.folder.resolve() == in_use), None)
        or (models[0] if models else None)
    )


def chosen_model() -> LoadedModel | None:
    """The model this session generates with, as :func:`chosen_model_folder` says; None when there is none yet.

    Where that one is damaged, the next that can be read is chosen and the sidebar says so.

    Raises
    ------
    InputError
        Every model folder is damaged.
    """
    first = chosen_model_folder()
    if first is None:
        return None
    problem = None
    for model in [first, *(m for m in available_models() if m.folder != first.folder)]:
        try:
            loaded = choose_model(model.folder)
        except InputError as error:
            problem = problem or error
            continue
        if problem is not None:
            tell_model_problem(f"{problem} {loaded.name} is used instead.")
            st.rerun()  # the sidebar is drawn before the page, with the model that cannot be read
        return loaded
    raise problem


def tell_model_problem(words: str) -> None:
    """Leave a message about a model for the sidebar."""
    st.session_state[_MODEL_PROBLEM] = words


def pop_model_problem() -> str | None:
    """The message about a model that was left, once."""
    return st.session_state.pop(_MODEL_PROBLEM, None)


def shipped_roots() -> list[Path]:
    """Folders that hold folders of shipped models."""
    return list(dict.fromkeys([SHIPPED_MODELS, data_folder() / "pretrained"]))


def _load_model(folder: Path) -> LoadedModel:
    try:
        states = [(folder / name).stat() for name in ("model.json", "weights.safetensors")]
    except OSError as error:
        raise InputError("the model folder is incomplete", file=folder.name) from error
    return read_model(str(folder), tuple((s.st_mtime_ns, s.st_size) for s in states))
