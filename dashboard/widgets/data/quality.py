"""Quality: Fmp, residual noise and sweeps, and how they go together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.exploration.distributions import Binned, binned
from abr_model.exploration.grouping import by_level
from abr_model.exploration.quality import EXPECTED_SLOPE, SWEEPS, NoiseAgainstSweeps, fmp_by_level, noise_against_sweeps
from abr_model.schema import FMP, RESIDUAL_NOISE
from dashboard import session
from dashboard.charts import quality as charts
from dashboard.charts.small_multiples import bin_names
from dashboard.session import FilteredCohort
from dashboard.widgets.download import figure_box

COLUMNS = (FMP.name, RESIDUAL_NOISE.name, SWEEPS)


def quality_view(recordings: FilteredCohort) -> None:
    """How good the averages are: three distributions, Fmp by level, noise against sweeps."""
    table, theme = recordings.table, session.theme()
    if not table[list(COLUMNS)].notna().any().any():
        st.markdown(":gray[Neither Fmp nor residual noise nor sweeps are known of these recordings.]")
        return
    bins, of_levels, noise, medians = _quality(recordings.key, table)
    figure_box(
        charts.quality_distributions(bins, recordings.kind, theme),
        "Quality of the averages",
        f"Distributions of Fmp (median {medians[0]:.2f}), residual noise (median {medians[1]:.0f} nV) and accepted "
        f"sweeps (median {medians[2]:.0f})",
        "data_quality_chart",
        table=lambda: _as_table(bins),
        note=f"medians: Fmp {medians[0]:.2f}, noise {medians[1]:.0f} nV, sweeps {medians[2]:,.0f}".replace("nan", "–"),
        caption="Fmp compares the averaged response with its residual noise; the higher, the surer is a response. "
        "The outermost bars also hold what lies beyond them.",
    )
    left, right = st.columns(2, gap="small")
    with left:
        figure_box(
            charts.fmp_by_level(of_levels, recordings.kind, theme),
            "Fmp by level",
            "Median and quartiles of Fmp at each level, log axis",
            "data_fmp_level_chart",
            table=of_levels,
            note="median, quartiles",
            caption="Dotted: Fmp 1, the usual threshold of the selection.",
        )
    with right:
        slope = f"{noise.slope:.2f}".replace("-", "−").replace("nan", "not to be told")
        figure_box(
            charts.noise_against_sweeps(noise, recordings.kind, theme),
            "Noise against sweeps",
            f"Residual noise by number of sweeps; slope {slope}, expected −0.5",
            "data_noise_chart",
            table=noise.bins,
            note=f"slope {slope}",
            caption=_noise_words(noise),
        )


def _noise_words(noise: NoiseAgainstSweeps) -> str:
    if not noise.n:
        return "Residual noise or sweeps are not known."
    words = f"One sweep has about {noise.single_sweep_uv:.1f} µV of noise; the average of N sweeps has 1/√N of it."
    if np.isfinite(noise.slope) and noise.slope > EXPECTED_SLOPE + 0.1:
        words += " Flatter than that, as where quiet recordings are stopped early and noisy ones go on."
    return words


def _as_table(bins: list[Binned]) -> pd.DataFrame:
    return pd.concat(
        [pd.DataFrame({"quantity": b.title, "bin": bin_names(b), "recordings": b.counts()}) for b in bins],
        ignore_index=True,
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _quality(key: str, _table: pd.DataFrame) -> tuple[list[Binned], pd.DataFrame, NoiseAgainstSweeps, list[float]]:
    return (
        [binned(_table, column) for column in COLUMNS],
        fmp_by_level(_table, by_level(_table)),
        noise_against_sweeps(_table),
        [float(_table[column].median()) for column in COLUMNS],
    )
