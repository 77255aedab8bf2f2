"""Conditions on the left, what the model makes of them on the right, a batch as a file at the foot."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.generation.nearest import Nearest, near_at_any_level, near_criterion, nearest_recordings
from abr_model.generation.response import Response
from abr_model.generation.support import support_findings
from abr_model.joint_support import joint_support
from abr_model.norms import GORGA_1989
from abr_model.schema import INTENSITY
from dashboard.charts.generation import SHOW, seldom_marked
from dashboard.charts.level_series import latency_intensity_figure, level_series_figure
from dashboard.comparison import Comparison
from dashboard.generated import DRAWS, generated_series
from dashboard.session import LoadedModel
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.generation.exploring.condition_sliders import LEVELS, choose_level, condition_sliders
from dashboard.widgets.generation.exploring.export_box import export_box
from dashboard.widgets.generation.exploring.response_scrubber import response_scrubber
from dashboard.widgets.generation.exploring.training_note import training_note
from dashboard.widgets.generation.exploring.waves_table import show_waves_table

NEAREST_SHOWN = 7
# In steps of 5 dB (or as much age or rate): recordings farther off are no comparison and are not drawn.
FARTHEST_SHOWN = 6
LEVEL_STEP_SHOWN = 10
SHOW_LABELS = {"draws": "Draws", "mean": "Mean", "recording": "Recording"}
SHOW_HELP = (
    "Draws: single responses that the model draws for these conditions, without noise. Mean: their mean ± SD alone. "
    "Recording: as they would come from the device, with residual noise."
)


def support_badge(support, findings, nearest: Nearest) -> str:
    """Whether the training data cover the conditions, and how many recordings of the cohort are near."""
    near = f"{nearest.near:,} recording{'' if nearest.near == 1 else 's'} near"
    near_badge = f":{'gray' if nearest.near else 'orange'}-badge[{near}]"
    if not findings:
        inside = "inside training support" if joint_support(support) else "each condition inside training support"
        return f":gray-badge[{inside} · {near}]" if nearest.near else f":gray-badge[{inside}] {near_badge}"
    colours = {"outside": "red", "sparse": "orange"}
    gravest = [f for f in findings if f.degree == findings[0].degree]
    return " ".join([*(f":{colours[f.degree]}-badge[{f.sentence}]" for f in gravest), near_badge])


def trace_caption(nearest: Nearest, response: Response, note: str) -> str:
    """The line under the trace: how near the recordings drawn are, what "near" counts, what a bracket means."""
    words = nearest.description[:1].upper() + nearest.description[1:]
    seldom = seldom_marked(response)
    brackets = f"({', '.join(seldom)}): seldom marked." if seldom else ""
    return " ".join(filter(None, [f"{words}. Near = {near_criterion()}.", brackets, note]))


def explore_view(chosen: LoadedModel, comparison: Comparison, theme: str) -> None:
    """Sliders, the generated response beside recordings near it, its level series, and a batch as a file."""
    model, cohort = chosen.model, comparison.cohort
    head = st.container()
    left, right = st.columns([1, 2.75], gap="medium")
    with left, st.container(key="conditions", gap="small"):
        condition = condition_sliders(model.support, theme)
        show = st.segmented_control(
            "Show",
            SHOW,
            default=SHOW[0],
            required=True,
            format_func=SHOW_LABELS.get,
            key="show",
            bind="query-params",
            width="stretch",
            help=SHOW_HELP,
        )
    try:
        nearest = nearest_recordings(cohort, condition, NEAREST_SHOWN, FARTHEST_SHOWN)
        series = generated_series(chosen, condition, LEVELS)
    except InputError as error:
        st.error(str(error))
        return

    level = condition[INTENSITY.name]
    response = series.at(level)
    with head:
        findings = support_findings(model.support, condition)
        st.markdown(support_badge(model.support, findings, nearest))
    with left:
        show_waves_table(response, cohort.table.iloc[nearest.near_rows])
        filter_box()
    with right:
        drawn = cohort.take(nearest.rows)
        with st.container(border=True, gap="xsmall"):
            note = training_note(model.support, INTENSITY, LEVELS, condition, theme)
            response_scrubber(series, level, drawn, note, theme, show=show, on_level=choose_level)
            st.caption(trace_caption(nearest, response, comparison.note))
        stacked = series.every(LEVEL_STEP_SHOWN, level)
        stack, function = st.columns(2, gap="medium")
        with stack, st.container(border=True, gap="xsmall"):
            st.markdown(f"**Level series** :gray[ · dB nHL, means of {DRAWS} draws]")
            st.plotly_chart(
                level_series_figure(stacked, level, theme),
                key="level_series_figure",
                config=PLOTLY_CONFIG,
                theme=None,
                alt=f"Generated mean responses, {stacked.levels[-1]:g} to {stacked.levels[0]:g} dB nHL, wave V marked",
            )
        with function, st.container(border=True, gap="xsmall"):
            st.markdown("**Wave V latency–intensity** :gray[ · band: Gorga 1989 ± 2 SD]", help=GORGA_1989.label)
            st.plotly_chart(
                latency_intensity_figure(series, response, cohort.part(near_at_any_level(cohort, condition)), theme),
                key="latency_intensity_figure",
                config=PLOTLY_CONFIG,
                theme=None,
                alt="Wave V latency by level: generated, the cohort's marked waves, and the band of Gorga 1989",
            )
    export_box(model, condition)
