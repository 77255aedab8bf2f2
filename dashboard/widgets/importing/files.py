"""Step 1 of an import: choose files, and see what each of them is before anything is read into a cohort."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.errors import InputError
from abr_model.sources.preview import Preview, look
from dashboard.uploads import Upload, forget_in_memory
from dashboard.widgets.importing.done import open_cohorts
from dashboard.widgets.importing.state import ImportState, Step
from dashboard.widgets.problem import plain, sentence, show_problem

ROWS_WITH_BUTTONS = 12
ACCEPTED = ("parquet", "csv", "txt", "tsv", "xlsx", "hea", "dat", "asc", "yaml")
WHAT_CAN_BE_READ = (
    "Eclipse research export (.xlsx, .csv) · SmartEP text export (.TXT) · PhysioNet WFDB (.hea with its .dat) · "
    "Navigator Pro text · BioSigRZ (.csv) · any table with one recording a row (.csv, .xlsx, .parquet) · "
    "cohort file (.parquet)"
)


def files_step(state: ImportState) -> None:
    """The uploader, the files that were brought, and where to go from here."""
    brought = st.file_uploader(
        "Files", accept_multiple_files=True, key=f"import_upload_{state.round}", label_visibility="collapsed"
    )
    st.caption(
        f"{WHAT_CAN_BE_READ}. Names, birth dates and patient numbers are dropped or replaced by pseudonyms before "
        "anything is stored; the files themselves are removed when the import is closed."
    )
    if brought:
        _lay_down(state, brought)
        st.rerun()
    if not state.folder.files:
        return
    _file_list(state)
    _onward(state)


def _lay_down(state: ImportState, brought: list) -> None:
    """Into the private folder; the uploader is emptied, so that the bytes do not stay in memory as well."""
    for file in brought:
        try:
            state.folder.add(file.name, file.getbuffer())
        except InputError as error:
            state.problem = error
    forget_in_memory(brought)
    state.round += 1
    look_again(state)


def look_again(state: ImportState) -> None:
    """What each file is; what was answered for other files counts no longer."""
    uploads = state.folder.files
    state.previews = {u.path.name: p for u, p in zip(uploads, look([u.path for u in uploads]), strict=True)}
    state.begin_settings()


def _file_list(state: ImportState) -> None:
    with st.container(border=True):
        uploads = state.folder.files
        if len(uploads) > ROWS_WITH_BUTTONS:
            _long_list(state, list(uploads))
            return
        widths = [4, 4, 2, 2, 1]
        for column, title in zip(st.columns(widths), ("File", "What it is", "Recordings", "Size", ""), strict=True):
            column.markdown(f":gray[{title}]" if title else "")
        for number, upload in enumerate(list(uploads)):
            cells, words = st.columns(widths, vertical_alignment="center"), _row(state, upload)
            for cell, text in zip(cells, words.values(), strict=False):
                cell.markdown(plain(text))
            cells[-1].button(
                "", icon=":material/close:", key=f"import_remove_{number}_{upload.path.name}", type="tertiary",
                help="Remove this file", on_click=_remove, args=(state, [upload]),
            )  # fmt: skip
            problem = state.preview_of(upload).problem
            if problem is not None:
                st.markdown(f":red[{plain(sentence(in_short(state.folder.named_error(problem))))}]")
            for warning in state.preview_of(upload).warnings:
                st.markdown(f":orange[{plain(sentence(warning))}]")


def _long_list(state: ImportState, uploads: list[Upload]) -> None:
    problems = [state.preview_of(upload).problem for upload in uploads]
    words = ["" if p is None else sentence(in_short(state.folder.named_error(p))) for p in problems]
    rows = [
        _row(state, upload) | ({"Problem": word} if any(words) else {})
        for upload, word in zip(uploads, words, strict=True)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="import_file_table")
    with st.container(horizontal=True):
        broken = [upload for upload, word in zip(uploads, words, strict=True) if word]
        if broken:
            st.button(
                "Remove those that cannot be read", on_click=_remove, args=(state, broken), key="import_remove_broken"
            )
        st.button("Remove all", on_click=_remove, args=(state, uploads), key="import_remove_all")


def _row(state: ImportState, upload: Upload) -> dict[str, str]:
    preview = state.preview_of(upload)
    count = "–" if preview.recordings is None else f"{preview.recordings:,}"
    return {"File": upload.name, "What it is": what_it_is(preview), "Recordings": count, "Size": size_text(upload.size)}


def what_it_is(preview: Preview) -> str:
    """The kind of a file in words."""
    if preview.problem is not None:
        return preview.format or "cannot be read"
    if preview.kind == "cohort":
        return "cohort file: opened as it is"
    if preview.kind == "companion":
        return "belongs to another of these files"
    return preview.format or "not known"


def in_short(problem: InputError) -> str:
    """What is wrong and where in the file; its name stands above, and what else can be read stands by the uploader."""
    place = [f"row {problem.row}"] if problem.row is not None else []
    place += [f"column {problem.column!r}"] if problem.column is not None else []
    found = "" if problem.value is None else f" (found {problem.value!r})"
    allowed = problem.allowed if place and problem.allowed is not None else None
    return f"{', '.join(place)}{': ' if place else ''}{problem.problem}{found}" + (
        f"; allowed: {allowed}" if allowed else ""
    )


def size_text(size: int) -> str:
    """``"1.4 MB"``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def _remove(state: ImportState, uploads: list[Upload]) -> None:
    for upload in uploads:
        state.folder.remove(upload)
    look_again(state)


def _onward(state: ImportState) -> None:
    previews = [state.preview_of(upload) for upload in state.folder.files]
    cohorts = [upload for upload in state.folder.files if state.preview_of(upload).kind == "cohort"]
    if hindrance := what_hinders(previews):
        st.info(hindrance)
    ready = not hindrance
    if cohorts and len(cohorts) == len(previews):
        label = "Open cohort" if len(cohorts) == 1 else f"Open {len(cohorts)} cohorts"
        if st.button(label, type="primary", disabled=not ready, key="import_open"):
            try:
                open_cohorts(state, cohorts)
            except InputError as error:
                show_problem(error, "The cohort loaded before is kept.")
                return
            st.rerun()
        return
    if st.button("Next: what is what", type="primary", disabled=not ready, key="import_next"):
        state.step = Step.MEANING
        st.rerun()


def what_hinders(previews: list[Preview]) -> str | None:
    """Why these files cannot go on together, in a sentence; None when they can."""
    broken = sum(p.problem is not None for p in previews)
    if broken:
        return f"{broken} of {len(previews)} files cannot be read: remove {'it' if broken == 1 else 'them'} to go on."
    cohorts = sum(p.kind == "cohort" for p in previews)
    if 0 < cohorts < len(previews):
        return (
            "A cohort file is opened as it is, recordings of a clinic are imported: both cannot be done at once. "
            "Remove one kind."
        )
    tables = [p for p in previews if p.kind == "table"]
    if any(
        p.mapping is None or tables[0].mapping is None or tables[0].mapping.lacking(list(p.header)) for p in tables[1:]
    ):
        return "These tables have different columns: import them one after the other."
    return None
