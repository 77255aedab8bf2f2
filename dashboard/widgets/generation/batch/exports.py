"""Batches that are being made or were made: progress and Stop, downloads, the data card, Delete."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import streamlit as st

from abr_model.batches.background import BatchFolder, asked_at, list_batches
from abr_model.errors import InputError
from abr_model.generation.formats.formats import FORMATS
from abr_model.training.available_memory import available_memory
from dashboard.batches import file_bytes, size_in_words
from dashboard.widgets.problem import plain, sentence
from dashboard.widgets.training.states import duration_text, when_text

SHOWN = 20
POLL_ACTIVE_S, POLL_IDLE_S = 1.0, 5.0
LARGEST_DOWNLOAD = 1_000_000_000
STAGES = {
    "preparing": "Reading the model and the training recordings …",
    "finishing": "Writing provenance and data card …",
}
_PROBLEM = "batch_export_problem"


def exports_list() -> None:
    """All of them, the newest first; looks for news by itself, whoever started or stopped one."""
    batches = list_batches()
    active = any(batch.active for batch in batches)
    st.fragment(_list, run_every=POLL_ACTIVE_S if active else POLL_IDLE_S)(_key(batches))


def _key(batches: list[BatchFolder]) -> tuple:
    return tuple((batch.id, batch.state) for batch in batches)


def _list(drawn_as: tuple) -> None:
    batches = list_batches()
    if _key(batches) != drawn_as:
        st.rerun()  # one began, ended or was deleted: what the page offers changes too
    if not batches:
        return
    st.markdown("**Batches**")
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(sentence(problem)))
    for batch in batches[:SHOWN]:
        with st.container(border=True, gap="xsmall"):
            _active(batch) if batch.active else _ended(batch)
    if len(batches) > SHOWN:
        st.caption(f"{len(batches) - SHOWN:,} older ones are not shown.")


def _active(batch: BatchFolder) -> None:
    status = batch.status
    done, total = status.get("done") or 0, status.get("total") or 1
    words, button = st.columns([6, 1], vertical_alignment="center")
    words.progress(min(1.0, done / total), text=progress_words(status, time.time()))
    asked = batch.stop_requested
    button.button(
        "Stopping …" if asked else "Stop", on_click=_try, args=(batch.request_stop,), disabled=asked,
        key=f"batch_stop_{batch.id}", width="stretch", help="Nothing of it is kept.",
    )  # fmt: skip
    _facts(batch)


def progress_words(status: dict, now: float) -> str:
    """``"12,288 of 100,000 recordings · about 3 min left"``, or what is being done before and after that."""
    if words := STAGES.get(status.get("stage")):
        return words
    done, total = status.get("done") or 0, status.get("total") or 0
    if not status.get("began"):
        return "Starting …"
    left = (now - status["began"]) * (total - done) / done if done else None
    return f"{done:,} of {total:,} recordings" + (f" · about {duration_text(left)} left" if left is not None else "")


def _facts(batch: BatchFolder) -> None:
    try:
        order = batch.order
    except InputError as error:
        st.caption(plain(str(error)))
        return
    request = order.request
    noise = [request.residual_noise.in_words] if request.residual_noise else []
    parts = [request.design.in_words, *noise, FORMATS[request.format].label, f"seed {request.seed}"]
    parts.append(when_text(asked_at(batch)))
    st.caption(plain(" · ".join(parts)))


def _ended(batch: BatchFolder) -> None:
    if batch.state != "finished":
        words, button = st.columns([6, 1], vertical_alignment="center")
        colour = "gray" if batch.state == "stopped" else "red"
        words.markdown(f"**Batch** :{colour}-badge[{batch.state}] {plain(sentence(batch.message))}")
        button.button("Delete", on_click=_try, args=(batch.delete,), key=f"batch_delete_{batch.id}", width="stretch")
        _facts(batch)
        return
    try:
        bundle, made = batch.bundle, batch.provenance
        size = made.file.bytes
    except (InputError, AttributeError):
        st.markdown("**Batch** :red-badge[damaged] Its files are not complete any more.")
        st.button("Delete", on_click=_try, args=(batch.delete,), key=f"batch_delete_{batch.id}")
        return
    counts = made.recordings
    copies = f"{counts.withheld:,} near-copies withheld" if made.copies.checked else "not checked for near-copies"
    badge = f":{'gray' if made.copies.checked else 'orange'}-badge[{copies}]"
    words, buttons = st.columns([2, 3], vertical_alignment="center")
    words.markdown(f"**{counts.exported:,} {made.request.content}s** {badge}")
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if size <= most_to_download():
            _downloads(batch, bundle, made)
        _delete(batch)
    _facts(batch)
    if size > most_to_download():
        st.caption(
            f"{size_in_words(size)}: too large to be handed over by the browser. It lies in the data folder, "
            f"exports/{batch.id}/batch."
        )
    with st.expander("Data card"):
        st.markdown(
            card_in_page(bundle.card.read_text(encoding="utf-8") if bundle.card.is_file() else "_The card is gone._")
        )


def _downloads(batch: BatchFolder, bundle, made) -> None:
    format = FORMATS[made.request.format]
    st.download_button(
        f"File ({size_in_words(made.file.bytes)})", lambda: file_bytes(bundle.data), file_name=bundle.data.name,
        mime=format.mime, key=f"batch_file_{batch.id}", on_click="ignore", help="The data alone.",
    )  # fmt: skip
    st.download_button(
        "With card (zip)", lambda: zip_bytes(bundle, made.made), file_name=f"{bundle.data.name}.bundle.zip",
        mime="application/zip", key=f"batch_zip_{batch.id}", on_click="ignore", type="primary",
        help="The data, their provenance (to make them again) and the data card.",
    )  # fmt: skip


def zip_bytes(bundle, made: str) -> bytes:
    """All files of a batch in one archive."""
    with tempfile.TemporaryDirectory() as folder:
        return bundle.zip(Path(folder) / "bundle.zip", made).read_bytes()


def most_to_download() -> int:
    """Bytes that may be handed to a browser: they lie in memory for that."""
    return min(LARGEST_DOWNLOAD, available_memory() // 4)


def card_in_page(card: str) -> str:
    """The card's Markdown with smaller headings, and without the first, which the list says."""
    lines = [line for line in card.splitlines() if not line.startswith("# ")]
    return "\n".join(f"##### {line[3:]}" if line.startswith("## ") else line for line in lines)


def _delete(batch: BatchFolder) -> None:
    with st.popover("Delete", key=f"batch_delete_box_{batch.id}"):
        st.markdown("The file and its card are gone then; provenance that was downloaded makes it again.")
        st.button("Delete for good", on_click=_try, args=(batch.delete,), key=f"batch_delete_{batch.id}")


def _try(action) -> None:
    try:
        action()
    except InputError as error:
        st.session_state[_PROBLEM] = str(error)
