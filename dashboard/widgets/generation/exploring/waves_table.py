"""Waves of the generated response beside those of the recordings near it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.generation.response import Response
from abr_model.schema import WAVES, amplitude_column, latency_column
from dashboard.charts.generation import HARDLY_MARKED

WAVES_CSS = """<style>
table.waves {width: 100%; border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums;}
table.waves th {font-weight: 400; opacity: 0.65; text-align: right; padding: 0.15rem 0;}
table.waves td {text-align: right; padding: 0.14rem 0; white-space: nowrap;}
table.waves td:first-child {text-align: left; font-weight: 600;}
table.waves tbody tr {border-top: 1px solid rgba(128, 140, 155, 0.22);}
</style>"""
FEWEST = 3
"""A median of fewer marked waves than this is not shown."""
AMPLITUDE_RULE = "Amplitude: as marked in the cohort; simulated clinic: height above the zero line."
"""Laboratories measure differently (peak to trough, from the zero line): what an amplitude here means."""


def waves_table(response: Response, near: pd.DataFrame) -> pd.DataFrame:
    """Latency, amplitude and share marked of waves I, III, V, then the intervals and V/I; each cell "generated ·
    cohort".

    Parameters
    ----------
    response
        What the model draws.
    near
        Table of the cohort's recordings near the condition, any number of rows. Medians of the marked ones.

    Returns
    -------
    DataFrame
        Text columns ``wave``, ``latency ms``, ``amplitude µV``, ``marked %``.
    """
    rows = []
    for wave in WAVES:
        own = response.waves.loc[wave].copy()
        if own["marked"] < HARDLY_MARKED:  # not drawn, and its latency is worth no number
            own[["latency_ms", "amplitude_uv"]] = np.nan
        latency, amplitude = near[latency_column(wave)], near[amplitude_column(wave)]
        share = latency.notna().mean() if len(near) >= FEWEST else np.nan
        rows.append(
            (
                wave,
                _pair(own["latency_ms"], _median(latency)),
                _pair(own["amplitude_uv"], _median(amplitude)),
                _pair(100 * own["marked"], 100 * share, 0),
            )
        )
    hardly = response.waves["marked"] < HARDLY_MARKED
    for early, late, own in (("I", "III", "i_iii_ms"), ("III", "V", "iii_v_ms"), ("I", "V", "i_v_ms")):
        known = not hardly[[early, late]].any()
        generated = getattr(response, own) if known else np.nan
        interval = near[latency_column(late)] - near[latency_column(early)]
        ratio = ""
        if (early, late) == ("I", "V"):
            first = near[amplitude_column("I")]
            of_near = (near[amplitude_column("V")] / first).where(first > 0)
            ratio = f"V/I {_pair(response.v_i_ratio if known else np.nan, _median(of_near))}"
        rows.append((f"{early}–{late}", _pair(generated, _median(interval)), ratio, ""))
    return pd.DataFrame(rows, columns=["wave", "latency ms", "amplitude µV", "marked %"])


def show_waves_table(response: Response, near: pd.DataFrame) -> None:
    """Draw the card with :func:`waves_table`; n is the number of recordings that are near."""
    with st.container(border=True, key="waves", gap="xsmall", height="stretch"):
        notes = []
        if response.waves["marked"].isna().all():
            notes.append("This model does not predict whether a wave is marked.")
        if len(near) < FEWEST:
            notes.append("Too few recordings near for medians.")
        st.markdown(f"**Waves** :gray[ · generated · cohort (n = {len(near):,})]", help=AMPLITUDE_RULE)
        st.html(_as_html(waves_table(response, near)))
        if notes:
            st.caption(" ".join(notes))


def _as_html(table: pd.DataFrame) -> str:
    """A quiet table with aligned digits: Streamlit's own tables are too wide for the column of sliders."""
    head = "".join(f"<th>{name}</th>" for name in ["", *table.columns[1:]])
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table.itertuples(index=False)
    )
    return f'{WAVES_CSS}<table class="waves"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _median(values: pd.Series) -> float:
    present = values.dropna()
    return float(present.median()) if len(present) >= FEWEST else np.nan


def _pair(generated: float, cohort: float, digits: int = 2) -> str:
    return f"{_number(generated, digits)} · {_number(cohort, digits)}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"
