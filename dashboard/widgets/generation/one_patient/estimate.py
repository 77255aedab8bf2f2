"""The recording with the model's response estimate, and its wave labels: given ones, and imputed ones."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.generation.ears.ear import Ear
from abr_model.schema import INTENSITY, WAVES
from dashboard.charts.ears.estimate import estimate_figure, residual_figure
from dashboard.charts.generation import HARDLY_MARKED
from dashboard.ears import InferredEar, ear_at_levels
from dashboard.session import LoadedModel
from dashboard.widgets.download import download_table
from dashboard.widgets.generation.exploring.waves_table import WAVES_CSS
from dashboard.widgets.generation.one_patient.taking_along import ear_download, picture


def estimate_view(chosen: LoadedModel, inferred: InferredEar, theme: str) -> None:
    """Labels on the left, recording, estimate and what is left on the right."""
    ear = inferred.ear
    own = ear_at_levels(chosen, inferred, ear.condition, (ear.condition[INTENSITY.name],))
    left, right = st.columns([1, 2.75], gap="medium")
    with left, st.container(border=True, gap="xsmall", key="one_patient_labels"):
        st.markdown(f"**Waves** :gray[ · given, or imputed ({ear.labels.level:.0%} interval)]")
        st.html(labels_html(label_rows(ear)))
        st.caption(f"Imputed: where a mark would lie if the wave were marked; no sign of a response. {ear.labels.note}")
        download_table(lambda: labels_table(ear), "imputed labels", "one_patient_labels_csv", "Labels (CSV)")
    with right, st.container(border=True, gap="xsmall"):
        st.markdown("**Recording and response estimate** :gray[ · generated from one recording, research use only]")
        picture(
            estimate_figure(ear, own, theme),
            "one_patient_estimate",
            f"Recording at {ear.condition[INTENSITY.name]:g} dB nHL with the model's response estimate, which "
            f"correlates with it at {ear.correlation[0]:.2f}",
        )
        picture(residual_figure(ear, theme), "one_patient_residual", "What the estimate leaves of the recording")
        noise = ear.recordings.table["residual_noise_nv"].iloc[0]
        known = f"; residual noise of the recording {noise:.0f} nV" if np.isfinite(noise) else ""
        st.caption(
            f"Solid mark: as marked in the recording. Open mark, name in brackets: imputed, with its interval. "
            f"Left of the recording: {1000 * ear.left_uv[0]:.0f} nV{known}."
        )
        ear_download(chosen, own, [ear], "response-estimate", "one_patient_estimate")


def label_rows(ear: Ear) -> list[tuple[str, str, str, str]]:
    """Wave, latency ms, amplitude µV, and whether it is given or how often it would be marked."""
    rows, labels = [], ear.labels
    for k, wave in enumerate(WAVES):
        cells = [_cell(labels, label) for label in (k, k + len(WAVES))]
        if labels.given[0, k]:
            what = "given"
        elif np.isfinite(labels.marked[0, k]):
            what = f"marked {labels.marked[0, k]:.0%}"
            if labels.marked[0, k] < HARDLY_MARKED:
                cells = ["–", "–"]
        else:
            what = "imputed"
        rows.append((wave, *cells, what))
    return rows


def labels_table(ear: Ear) -> pd.DataFrame:
    """For a file: wave labels of the chosen recording, one row each; ``origin`` is "given" or "imputed"."""
    labels = ear.labels
    rows = []
    for label, (what, unit) in enumerate([("latency", "ms")] * 3 + [("amplitude", "uV")] * 3):
        given = bool(labels.given[0, label])
        rows.append(
            {
                "kind": "as recorded" if given else "generated",
                "wave": WAVES[label % 3],
                "label": what,
                "unit": unit,
                "origin": "given" if given else "imputed",
                "median": round(float(labels.median[0, label]), 4),
                "low": round(float(labels.low[0, label]), 4),
                "high": round(float(labels.high[0, label]), 4),
                "interval_level": labels.level,
                "interval_from": "" if given else labels.interval[label],
                "probability_marked": round(float(labels.marked[0, label]), 4),
                "notice": "as recorded" if given else "model's inference from a recording; research use only",
            }
        )
    return pd.DataFrame(rows)


def labels_html(rows: list[tuple[str, str, str, str]]) -> str:
    """A quiet table with aligned digits."""
    head = "<tr><th></th><th>latency ms</th><th>amplitude µV</th><th></th></tr>"
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    css = "<style>table.waves small {opacity: 0.65; display: block; line-height: 1;}</style>"
    return f'{WAVES_CSS}{css}<table class="waves"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _cell(labels, label: int) -> str:
    value = labels.median[0, label]
    if not np.isfinite(value):
        return "–"
    if labels.given[0, label]:
        return f"<b>{value:.2f}</b>"
    low, high = labels.low[0, label], labels.high[0, label]
    interval = f"<small>{low:.2f} to {high:.2f}</small>" if np.isfinite(low) else ""
    return html.escape(f"({value:.2f})") + interval
