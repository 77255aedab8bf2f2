"""Distributions of what a clinician reads off a recording: held-out and generated over one another."""

from __future__ import annotations

import numpy as np
import streamlit as st

from abr_model.evaluation.overlay import FEWEST, OVERLAID, Overlay, mean_spectrum_db, overlay
from abr_model.evaluation.scorecard import Scorecard
from dashboard import session
from dashboard.charts.evaluation.overlays import overlays, spectra
from dashboard.held_out import Sides
from dashboard.session import LoadedModel
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.evaluation.cohort_needed import recordings_behind
from dashboard.widgets.evaluation.group_choice import group_choice, in_group

HIGHEST_HZ = 6000.0
"""Up to here spectra are compared, as in the scorecard."""


def distributions_view(scorecard: Scorecard, chosen: LoadedModel) -> None:
    """Latencies, amplitudes, intervals, noise and spectra of a group of recordings."""
    sides = recordings_behind(scorecard, chosen)
    if sides is None:
        return
    group = group_choice(sides.real.table, "evaluation_distributions")
    real = in_group(sides.real.table, group)
    other = in_group(sides.other.table, group)
    kind, theme = scorecard.subject.kind, session.theme()
    n = int(real.sum())
    if n < FEWEST:
        st.info(f"{n} held-out recordings are too few for a distribution. Choose a larger group.")
        return
    left, right = st.columns([1.9, 1], gap="medium")
    with left, st.container(border=True, gap="xsmall"):
        st.markdown(f"**Single recordings** :gray[ · {n:,} held-out, and as many generated for their conditions]")
        found = [(quantity, over) for quantity, over in zip(OVERLAID, _overlays(sides, real, other), strict=True)]
        st.plotly_chart(
            overlays(found, kind, theme),
            key="evaluation_overlays",
            config=PLOTLY_CONFIG,
            theme=None,
            alt="; ".join(
                f"{q.name}: " + ("too few values" if o is None else f"W {o.wasserstein:.3g} {q.unit}, KS {o.ks:.2f}")
                for q, o in found
            ),
        )
        st.caption(
            "W: Wasserstein distance, how far values would have to be moved. KS: Kolmogorov–Smirnov distance, 0 to 1. "
            "In brackets, real against real: other held-out patients and these, whose ages and losses differ. "
            "Latencies and amplitudes of marked waves. Ends of an axis hold what lies beyond."
        )
    with right, st.container(border=True, gap="xsmall"):
        frequency, of_real = mean_spectrum_db(sides.real.take(np.flatnonzero(real)))
        _, of_generated = mean_spectrum_db(sides.generated.take(np.flatnonzero(real)))
        shown = frequency <= HIGHEST_HZ
        apart = float(np.abs(of_generated - of_real)[shown].mean())
        st.markdown(f"**Power spectrum** :gray[ · {apart:.2f} dB apart on average, to {HIGHEST_HZ / 1000:g} kHz]")
        st.plotly_chart(
            spectra(frequency, of_real, of_generated, kind, theme),
            key="evaluation_spectra",
            config=PLOTLY_CONFIG,
            theme=None,
            alt=f"Mean power spectra, {apart:.2f} dB apart",
        )


def _overlays(sides: Sides, real: np.ndarray, other: np.ndarray) -> list[Overlay | None]:
    values = _values(sides.key, sides)
    return [
        overlay(quantity, of_real[real], of_generated[real], of_other[other])
        for quantity, (of_real, of_generated, of_other) in zip(OVERLAID, values, strict=True)
    ]


@st.cache_resource(max_entries=2, show_spinner=False)
def _values(key: str, _sides: Sides) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Values of every quantity in all held-out, generated and other recordings."""
    return [
        tuple(quantity.values(cohort) for cohort in (_sides.real, _sides.generated, _sides.other))
        for quantity in OVERLAID
    ]
