"""Figures of an inferred ear, and what they show as a file: each says that it is a model's inference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from abr_model.generation.ears.as_cohort import ears_as_cohort
from abr_model.generation.ears.ear import CAUTION, Ear
from abr_model.generation.ears.elsewhere import EarResponses
from abr_model.generation.export import export_bytes
from dashboard.ears import SEED
from dashboard.session import LoadedModel
from dashboard.style import PLOTLY_CONFIG

FILES = (("csv", "CSV", "text/csv"), ("parquet", "Parquet", "application/vnd.apache.parquet"))


def picture(figure: go.Figure, key: str, alt: str) -> None:
    """Draw a figure; its picture in words ends with what it is."""
    st.plotly_chart(figure, key=key, config=PLOTLY_CONFIG, theme=None, alt=f"{alt}. {CAUTION}")


def ear_download(
    chosen: LoadedModel,
    responses: EarResponses,
    ears: Sequence[Ear],
    name: str,
    key: str,
    shares: np.ndarray | None = None,
) -> None:
    """A button with the responses as CSV or Parquet; made when a button is pressed. No pseudonym is in the name."""
    count = len(responses)
    words = f"Download {count} response{'s' if count > 1 else ''}"
    with st.popover(words, type="tertiary", key=f"{key}_download"):
        st.caption(CAUTION)
        for format, label, mime in FILES:
            st.download_button(
                label,
                lambda format=format: export_bytes(
                    ears_as_cohort(chosen.model, responses, list(ears), SEED, shares), format
                ),
                file_name=f"abr-generated-one-ear-{name}-{chosen.model_id}.{format}",
                mime=mime,
                key=f"{key}_{format}",
                on_click="ignore",
                width="stretch",
            )
