"""The bar at the foot of the Generation page: a batch at the sliders' conditions as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from abr_model.generation.conditions import conditions_table
from abr_model.generation.export import export_bytes
from abr_model.generation.generate import CONTENTS, generate
from abr_model.schema import KIND_NOTICES, Kind

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

LARGEST = 10_000
"""Recordings in one file from the page; ``abr generate`` makes more."""
CONTENT_LABELS = {"recording": "Recording", "response": "Response"}


def batch_bytes(model: TrainedModel, condition: Mapping, n: int, seed: int, content: str, format: str) -> bytes:
    """A file of ``n`` generated recordings at one condition."""
    return export_bytes(generate(model, conditions_table(**condition, n=n), seed, content), format)


def export_box(model: TrainedModel, condition: Mapping) -> None:
    """Number, seed and content of a batch, and a button per format. The batch is made when a button is pressed."""
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
        words.markdown(
            f"{n:,} {content}{'s' if n > 1 else ''} at these conditions · seed {seed}  \n"
            f":gray[{KIND_NOTICES[Kind.GENERATED]}]"
        )
        name = f"abr-generated-{model.model_id}-seed-{seed}-n-{n}"
        for place, format, label, kind, mime in (
            (csv, "csv", "Export CSV", "primary", "text/csv"),
            (parquet, "parquet", "Parquet", "secondary", "application/vnd.apache.parquet"),
        ):
            place.download_button(
                label,
                lambda format=format: batch_bytes(model, condition, n, seed, content, format),
                file_name=f"{name}.{format}",
                mime=mime,
                key=f"download_{format}",
                on_click="ignore",
                type=kind,
                width="stretch",
            )
