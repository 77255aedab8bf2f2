"""Grand means with their spread: by level, or at one level by age, hearing, rate or ear."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.exploration.grand_means import GrandMeans, grand_means
from abr_model.exploration.grouping import Groups, by_age, by_ear, by_hearing, by_level, by_rate
from abr_model.schema import INTENSITY
from dashboard import session
from dashboard.charts.stacked_means import stacked_means
from dashboard.session import FilteredCohort
from dashboard.widgets.download import figure_box

GROUPINGS: dict[str, Callable[[pd.DataFrame], Groups]] = {
    "Age": by_age,
    "Hearing": by_hearing,
    "Rate": by_rate,
    "Ear": by_ear,
}
MOST_LEVELS = 12
MOST_LEVELS_WITH_BAND = 11
USUAL_LEVEL_DB = 80.0
FRAME_HEIGHT = 130


def averages_view(recordings: FilteredCohort) -> None:
    """Mean ± SD of the traces of each group, with n; one gain for all."""
    if not recordings.table[INTENSITY.name].notna().any():
        st.markdown(":gray[No recording here has a level, so there is nothing to average by level.]")
        return
    by, level_place, band_place = st.columns([4, 3, 2], vertical_alignment="bottom")
    grouping = by.segmented_control(
        "Means by", ["Level", *GROUPINGS], default="Level", key="data_means_by", required=True
    )
    band = (
        band_place.segmented_control("Show", ["mean ± SD", "mean"], default="mean ± SD", key="data_band", required=True)
        == "mean ± SD"
    )
    if grouping == "Level":
        level = None
    else:
        levels = _levels(recordings.key, recordings.table)
        names = list(levels.labels)
        usual = names[int(np.argmin(np.abs(levels.values - USUAL_LEVEL_DB)))]
        if st.session_state.get("data_means_level") not in names:
            st.session_state["data_means_level"] = usual
        counts = dict(zip(names, levels.counts, strict=True))
        level = level_place.selectbox(
            "At level",
            names[::-1],
            format_func=lambda name: f"{name} dB nHL (n = {counts[name]:,})",
            key="data_means_level",
        )
    means = _means(recordings.key, grouping, level, band, recordings)
    if means is None:
        st.markdown(f":gray[{grouping} is not known of any recording at this level.]")
        return
    labels = [f"{name}  (n = {n:,})" for name, n in zip(means.labels, means.counts, strict=True)]
    title = "Mean response by level" if level is None else f"Mean response by {grouping.lower()}"
    figure = stacked_means(
        labels, means.mean, means.sd, means.time_ms, means.kind, session.theme(),
        title=means.title, height=max(300, min(700, FRAME_HEIGHT + 72 * len(labels))), band=band,
    )  # fmt: skip
    spread = "The band is the spread between recordings (± 1 SD), not the uncertainty of the mean. " if band else ""
    figure_box(
        figure,
        title,
        f"Mean ABR{' ± 1 SD' if band else ''}, one below the other: {', '.join(labels)}",
        "data_means_chart",
        table=lambda: as_table(means),
        note=f"{means.counts.sum():,} recordings" + (f" at {level} dB nHL" if level else ""),
        caption=f"{spread}One gain for all, vertex positive up.",
    )


def as_table(means: GrandMeans) -> pd.DataFrame:
    """One row a group and sample: ``group``, ``n``, ``time_ms``, ``mean_uv``, ``sd_uv``."""
    groups, samples = means.mean.shape
    return pd.DataFrame(
        {
            "group": np.repeat(means.labels, samples),
            "n": np.repeat(means.counts, samples),
            "time_ms": np.tile(means.time_ms.round(4), groups),
            "mean_uv": means.mean.ravel().round(5),
            "sd_uv": means.sd.ravel().round(5),
        }
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _levels(key: str, _table: pd.DataFrame) -> Groups:
    return by_level(_table).occurring()


@st.cache_resource(max_entries=32, show_spinner="Averaging …")
def _means(key: str, grouping: str, level: str | None, band: bool, _recordings: FilteredCohort) -> GrandMeans | None:
    table = _recordings.table
    if level is None:
        groups = by_level(table, MOST_LEVELS_WITH_BAND if band else MOST_LEVELS)
        rows = groups.codes >= 0
    else:
        levels = _levels(key, table)
        rows = levels.codes == levels.labels.index(level)
        groups = GROUPINGS[grouping](table)
        rows &= groups.codes >= 0
    if not rows.any():
        return None
    codes = np.where(rows, groups.codes, -1)
    present = Groups(codes, groups.labels, groups.title, groups.values).occurring()
    order = np.arange(len(present))[::-1] if level is None else np.arange(len(present))  # loudest on top
    means = grand_means(_recordings.blocks(rows), present.codes, present.labels, present.title)
    return GrandMeans(
        tuple(means.labels[i] for i in order), means.counts[order], means.mean[order], means.sd[order],
        means.time_ms, means.kind, means.title,
    )  # fmt: skip
