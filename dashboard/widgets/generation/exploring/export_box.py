"""The bar at the foot of the Generation page: a batch at the sliders' conditions, with its data card."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from abr_model.batches.batch import make_batch
from abr_model.batches.request import BatchRequest
from abr_model.batches.sweeps import NoiseOfSweeps
from abr_model.generation.designs.grid import GridDesign
from abr_model.generation.formats.formats import FORMATS
from abr_model.generation.generate import CONTENTS
from abr_model.model_card import evaluation_in
from abr_model.schema import KIND_NOTICES, Kind
from dashboard.batches import training, training_is_here
from dashboard.session import LoadedModel

LARGEST = 10_000
"""Recordings in one file from here; the view of batches, and ``abr generate``, make more."""
CONTENT_LABELS = {"recording": "Recording", "response": "Response"}


def batch_bytes(
    chosen: LoadedModel,
    condition: Mapping,
    n: int,
    seed: int,
    content: str,
    format: str,
    noise: NoiseOfSweeps | None = None,
) -> bytes:
    """``n`` generated recordings at one condition, with provenance and data card, as one archive."""
    design = GridDesign(**{name: [value] for name, value in condition.items()}, n=n)
    request = BatchRequest(design=design, seed=seed, content=content, format=format, residual_noise=noise)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{_name(chosen, seed, n)}{FORMATS[format].endings[0]}"
        evaluation = evaluation_in(chosen.folder, chosen.model_id)
        batch = make_batch(chosen.model, request, target, training=training(chosen), evaluation=evaluation)
        return batch.bundle.zip(Path(folder) / "bundle.zip", batch.provenance.made).read_bytes()


def _name(chosen: LoadedModel, seed: int, n: int) -> str:
    return f"abr-generated-{chosen.model_id}-seed-{seed}-n-{n}"


def export_box(chosen: LoadedModel, condition: Mapping, noise: NoiseOfSweeps | None = None) -> None:
    """Number, seed and content of a batch, and a button per format. The batch is made when a button is pressed.

    ``noise``: the residual noise that is shown above, where it is another than the learned one; recordings carry it.
    """
    with st.container(border=True, key="export"):
        words, count, seed_box, content_box, csv, parquet = st.columns(
            [3, 1.1, 0.9, 1.45, 0.95, 0.85], vertical_alignment="bottom"
        )
        n = count.number_input("Recordings", 1, LARGEST, 1000, 100, key="export_n", bind="query-params")
        seed = seed_box.number_input("Seed", 0, 2**31 - 1, 7, key="export_seed", bind="query-params")
        content = content_box.segmented_control(
            "Content",
            CONTENTS,
            default=CONTENTS[0],
            required=True,
            format_func=CONTENT_LABELS.get,
            key="export_content",
            bind="query-params",
            help="Recording: with the residual noise of an average, where the model has learned it. "
            "Response: the evoked response alone.",
        )
        copies = "near-copies withheld" if training_is_here(chosen) else "not checked for near-copies"
        noise = noise if content == "recording" else None
        said = f" · residual noise of {noise.sweeps:,} sweeps" if noise else ""
        words.markdown(
            f"{n:,} {content}{'s' if n > 1 else ''} at these conditions{said} · seed {seed} · {copies}  \n"
            f":gray[{KIND_NOTICES[Kind.GENERATED]}]",
            help="A zip archive: file, provenance and data card. The view Batches has other designs and formats.",
        )
        for place, format, label, kind in (
            (csv, "csv", "Export CSV", "primary"),
            (parquet, "parquet", "Parquet", "secondary"),
        ):
            place.download_button(
                label,
                lambda format=format: batch_bytes(chosen, condition, n, seed, content, format, noise),
                file_name=f"{_name(chosen, seed, n)}.{format}.zip",
                mime="application/zip",
                key=f"download_{format}",
                on_click="ignore",
                type=kind,
                width="stretch",
            )
