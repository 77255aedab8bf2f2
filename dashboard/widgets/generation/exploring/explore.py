"""Sliders for the conditions, and what the model makes of them beside recordings near them.

The view is a part of the page that is renewed on its own, and what a person waits for comes first: the picture where
the sliders stand, then the axis that is likely to be dragged next, then the figures.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

from abr_model.batches.sweeps import LearnedSweeps, NoiseOfSweeps
from abr_model.errors import InputError
from abr_model.generation.nearest import Nearest, near_at_any_level, nearest_recordings
from abr_model.generation.response import ResponseSeries
from abr_model.generation.support import support_findings
from abr_model.generation.sweeps import at_sweeps, usual_sweeps
from abr_model.joint_support import joint_support
from abr_model.norms import Norm
from abr_model.recordings import Recordings
from abr_model.schema import INTENSITY
from dashboard import session
from dashboard.charts.level_series import latency_intensity_figure, level_series_figure
from dashboard.comparison import comparison_cohort
from dashboard.generated import DRAWS, generated_series
from dashboard.opened import note_opened
from dashboard.session import LoadedModel
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.filter_box import filter_box
from dashboard.widgets.generation.exploring.axes import AXES
from dashboard.widgets.generation.exploring.display import display_box
from dashboard.widgets.generation.exploring.explorer import explorer, sweep_asked
from dashboard.widgets.generation.exploring.export_box import export_box
from dashboard.widgets.generation.exploring.near import (
    FARTHEST_SHOWN,
    NEAREST_SHOWN,
    near_caption,
    near_recordings,
)
from dashboard.widgets.generation.exploring.payload import explorer_payload
from dashboard.widgets.generation.exploring.settings import (
    USUAL_CONDITION,
    ExploreSettings,
    chosen_settings,
    follow_address,
)
from dashboard.widgets.generation.exploring.settings_box import settings_box
from dashboard.widgets.generation.exploring.training_note import training_note
from dashboard.widgets.generation.exploring.waves_table import show_waves_table
from dashboard.widgets.norm_picker import norm_in_words

LEVEL_STEP_SHOWN = 10
OF_NEAR = "the median of recordings near these conditions"
HEAD_CSS = """<style>
@media (min-width: 1100px) {.st-key-explore_head {margin: -3.35rem 0 0 24rem; width: calc(100% - 24rem);}}
.st-key-explore_below [data-testid="stHorizontalBlock"] {flex-wrap: wrap;}
.st-key-explore_below [data-testid="stColumn"] {min-width: 280px;}
.st-key-explorer_box [data-testid="stCaptionContainer"] p {font-size: 0.8rem; line-height: 1.3;}
</style>"""
"""On wide screens the head stands on the line of the view choice."""
HEAD_START_S = 0.03
"""The picture is sent and drawn in this time, before the work and the messages of all that stands below it keep both
server and browser busy: it is there some 35 ms sooner, and they 30 ms later (docs/generation.md)."""


def explore_view(chosen: LoadedModel, theme: str) -> None:
    """Conditions, the generated response beside recordings near it, its level series, and a batch as a file."""
    follow_address()
    _explore(chosen, theme)


@st.fragment
def _explore(chosen: LoadedModel, theme: str) -> None:
    model, settings = chosen.model, chosen_settings()
    moved = settings.condition[INTENSITY.name] != USUAL_CONDITION[INTENSITY.name]
    note_opened("generation", compare=settings.compare, **({"moved": True} if moved else {}))
    condition, ear = settings.condition, None if settings.ear == "both" else settings.ear
    comparison = comparison_cohort(session.chosen_recordings(), model.preset.preparation, ear)
    cohort = comparison.cohort
    st.html(HEAD_CSS)
    head = st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False, key="explore_head")
    picture = st.container(border=True, gap="xsmall", key="explorer_box")
    try:
        nearest = nearest_recordings(cohort, condition, NEAREST_SHOWN, FARTHEST_SHOWN)
        learned = usual_sweeps(cohort.table.iloc[nearest.near_rows]) or usual_sweeps(cohort.table)
        here = _as_shown(chosen, settings, INTENSITY.name, (condition[INTENSITY.name],), learned)
        asked = sweep_asked()
        axis = AXES.get(asked)
        sweep = axis and _as_shown(chosen, settings, asked, tuple(axis.stops[i] for i in axis.sweep), learned)
    except InputError as error:
        picture.error(str(error))
        return
    near = near_recordings(cohort, nearest, settings)
    notes = {
        name: training_note(model.support, axis.column, axis.stops, condition, theme) for name, axis in AXES.items()
    }
    response = here.at(condition[INTENSITY.name])
    with picture:
        noise = _noise_in_words(here, settings, learned)
        said = {"model": chosen.model_id, "recordings_words": noise}
        explorer(explorer_payload(settings, here, near, notes, theme, sweep=sweep, **said))
        time.sleep(HEAD_START_S)
        words, filter = st.columns([2.6, 1], vertical_alignment="center")
        words.caption(near_caption(nearest, near, response, settings, comparison))
        with filter:
            filter_box()
    with head:
        st.markdown(_support_badge(model.support, condition, nearest), width="stretch")
        settings_box(settings)
        norm = display_box(settings, learned)
    with st.container(key="explore_below"):
        waves, stack, function = st.columns([1.05, 1.2, 1.2], gap="medium")
    with waves:
        show_waves_table(response, cohort.table.iloc[nearest.near_rows])
    series = generated_series(chosen, condition, INTENSITY.name, AXES[INTENSITY.name].stops)
    with stack, st.container(border=True, gap="xsmall", height="stretch"):
        _level_series(series, condition[INTENSITY.name], theme)
    with function, st.container(border=True, gap="xsmall", height="stretch"):
        _latency_intensity(series, response, cohort, condition, norm, theme)
    export_box(chosen, condition, _noise_of_export(here, settings, learned))


def _as_shown(
    chosen: LoadedModel, settings: ExploreSettings, axis: str, values: tuple, learned: float | None
) -> ResponseSeries:
    """What the model says along ``axis``, with residual noise of the number of sweeps that is set."""
    series = generated_series(chosen, settings.condition, axis, values)
    return at_sweeps(series, settings.sweeps, learned) if settings.sweeps and learned else series


def _noise_in_words(series: ResponseSeries, settings: ExploreSettings, learned: float | None) -> str:
    if not series.has_noise:
        return "this model has no residual noise"
    return f"residual noise of {settings.sweeps:,} sweeps" if settings.sweeps and learned else "with residual noise"


def _noise_of_export(series: ResponseSeries, settings: ExploreSettings, learned: float | None) -> NoiseOfSweeps | None:
    """That of the recordings that are shown, for those that are exported."""
    if not (settings.sweeps and learned and series.has_noise):
        return None
    here = LearnedSweeps(level_db_nhl=settings.condition[INTENSITY.name], sweeps=learned)
    return NoiseOfSweeps(sweeps=settings.sweeps, learned=(here,), learned_from=OF_NEAR)


def _support_badge(support: Mapping, condition: Mapping, nearest: Nearest) -> str:
    """Whether the training data cover the conditions, and how many recordings of the cohort are near."""
    findings = support_findings(support, condition)
    near = f"{nearest.near:,} recording{'' if nearest.near == 1 else 's'} near"
    near_badge = f":{'gray' if nearest.near else 'orange'}-badge[{near}]"
    if not findings:
        inside = "inside training support" if joint_support(support) else "each condition inside training support"
        return f":gray-badge[{inside} · {near}]" if nearest.near else f":gray-badge[{inside}] {near_badge}"
    colours = {"outside": "red", "sparse": "orange"}
    gravest = [f for f in findings if f.degree == findings[0].degree]
    return " ".join([*(f":{colours[f.degree]}-badge[{f.sentence}]" for f in gravest), near_badge])


def _level_series(series: ResponseSeries, level: float, theme: str) -> None:
    stacked = series.every(LEVEL_STEP_SHOWN, level)
    st.markdown(f"**Level series** :gray[ · dB nHL, means of {DRAWS} draws]")
    st.plotly_chart(
        level_series_figure(stacked, level, theme),
        key="level_series_figure",
        config=PLOTLY_CONFIG,
        theme=None,
        alt=f"Generated mean responses, {stacked.levels[-1]:g} to {stacked.levels[0]:g} dB nHL, wave V marked",
    )


def _latency_intensity(
    series: ResponseSeries, response, cohort: Recordings, condition: Mapping, norm: Norm | None, theme: str
) -> None:
    beside = cohort.part(near_at_any_level(cohort, condition))
    band = f" · band: {norm.name} ± 2 SD" if norm else ""
    help = " ".join(norm_in_words(norm, condition["age_years"])) if norm else None
    st.markdown(f"**Wave V latency–intensity** :gray[{band}]" if band else "**Wave V latency–intensity**", help=help)
    st.plotly_chart(
        latency_intensity_figure(series, response, beside, theme, norm=norm),
        key="latency_intensity_figure",
        config=PLOTLY_CONFIG,
        theme=None,
        alt="Wave V latency by level: generated, the cohort's marked waves with their median, "
        + (f"and the band of {norm.name}" if norm else "no norm"),
    )
