"""What the Realism page shows of a cohort, worked out once per cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.realism import Check, as_frame, check_physiology, compare, keep, tally, true_physiology
from abr_model.realism.conflicts import EXPLAINED
from abr_model.realism.ears import AGE_BANDS, AGE_WORDS, normal_ears, of_age, wave_v_function
from abr_model.realism.published import published_clinic, published_trace
from abr_model.recordings import Recordings
from abr_model.schema import Kind
from dashboard import session
from dashboard.charts.realism import check_rows, number, trace_overlay, wave_v_by_level
from dashboard.session import LoadedCohort
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.download import download_table, figure_box
from dashboard.widgets.problem import sentence

SHOWN_AGES = ("infants", "children", "adults")


@dataclass(frozen=True)
class Realism:
    """A cohort beside the published clinic and the pass bands: ``checks``; ``mean`` and ``sd`` [200] of the kept
    recordings in µV (None where they do not cover the window) and how many they are; wave V's latency–intensity
    function and median age of each age group with enough ears."""

    checks: list[Check]
    mean: np.ndarray | None
    sd: np.ndarray | None
    kept: int
    functions: dict[str, pd.DataFrame]
    ages: dict[str, float]


def realism_of(loaded: LoadedCohort) -> Realism:
    """The whole comparison; a few seconds the first time."""
    words = f"Comparing {len(loaded.table):,} recordings with the published clinic …"
    with st.spinner(words, show_time=True):
        return _realism(loaded.digest, _is_of_todays_simulator(loaded), loaded)


@st.cache_data(max_entries=8, show_spinner=False)
def _realism(digest: str, truth: bool, _cohort: Recordings) -> Realism:
    kept = keep(_cohort)
    checks = [*compare(_cohort, kept=kept), *(_true_physiology() if truth else []), *check_physiology(_cohort.table)]
    ears = normal_ears(_cohort.table)
    groups = {AGE_WORDS[band]: of_age(ears, AGE_BANDS[band]) for band in SHOWN_AGES}
    functions = {words: wave_v_function(part) for words, part in groups.items()}
    functions = {words: function for words, function in functions.items() if len(function)}
    ages = {words: float(groups[words]["age"].median()) for words in functions}
    return Realism(checks, kept.mean, kept.sd, kept.n, functions, ages)


def _is_of_todays_simulator(cohort: Recordings) -> bool:
    from abr_model.sources.simulator import DEFAULT

    made_with = cohort.provenance.details.get("parameters_sha256")
    return cohort.kind == Kind.SIMULATED and made_with == DEFAULT.sha256()


@st.cache_data(max_entries=1, show_spinner=False)
def _true_physiology() -> list[Check]:
    return true_physiology()


def show_answer(realism: Realism, kind: Kind) -> None:
    """One sentence, and what could not be told."""
    counted = tally(realism.checks)
    if not counted.judged:
        st.markdown("**Nothing in this cohort can be compared with the published clinic.**")
        return
    st.markdown(f"#### {counted.met} of {counted.judged} checks met")
    words = [f"{counted.not_met} not met" if counted.not_met else "none failed"]
    if counted.untold:
        words.append(f"{counted.untold} cannot be told in this cohort (too few ears, or not recorded)")
    words.append(f"{counted.information} published numbers have no tolerance and are reported only")
    if kind != Kind.SIMULATED:
        words.append(
            "these recordings need not look like that clinic: a difference is a difference between clinics, not a fault"
        )
    st.caption(sentence("; ".join(words)))


def show_unmet(realism: Realism, kind: Kind) -> None:
    """What is not met, each with its reason where one is known."""
    unmet = [c for c in realism.checks if c.met is False]
    if not unmet:
        return
    with st.container(border=True, key="realism_unmet", gap="xsmall"):
        st.markdown(f"**Not met** :gray[ · {len(unmet)}]")
        _rows(unmet, kind, "realism_unmet_rows")
        rows_of: dict[str, list[str]] = {}
        for check in unmet:
            if reason := _explanation(check, kind):
                rows_of.setdefault(reason, []).append(check.name)
        for reason, names in rows_of.items():  # rows that share a reason share its words
            st.markdown(f":gray[**{'; '.join(names)}:** {reason}]")


def _explanation(check: Check, kind: Kind) -> str:
    return EXPLAINED.get(check.key, "") if kind == Kind.SIMULATED else ""


def show_figures(realism: Realism, kind: Kind) -> None:
    """Average trace and wave V by level, published beside the cohort's."""
    left, right = st.columns(2, gap="medium")
    with left:
        _trace_figure(realism, kind)
    with right:
        _wave_v_figure(realism, kind)


def _trace_figure(realism: Realism, kind: Kind) -> None:
    if realism.mean is None:
        with st.container(border=True):
            st.markdown("**Average trace after selection**")
            st.caption("The recordings do not cover 0 to 13.3 ms, or none is kept.")
        return
    mean, sd, rate_hz = published_trace()
    time_ms = np.arange(len(mean)) * 1000 / rate_hz
    of_published = published_clinic()["selected"]["recordings"]
    here = (realism.mean, realism.sd)
    found = {c.key: c.measured for c in realism.checks}
    figure_box(
        trace_overlay(time_ms, (mean, sd), here, (of_published, realism.kept), kind, session.theme()),
        "Average trace after selection",
        f"Mean ± SD of {of_published:,} published and {realism.kept:,} recordings; the means correlate "
        f"{found['trace_mean_r']:.3f}, the SDs {found['trace_sd_r']:.3f}",
        "realism_trace",
        note="mean ± SD",
        table=pd.DataFrame(
            {"time_ms": time_ms, "published_mean_uv": mean, "published_sd_uv": sd, "mean_uv": here[0], "sd_uv": here[1]}
        ),
        caption="The band is the spread between recordings. All levels, ages and classes together, as published.",
    )


def _wave_v_figure(realism: Realism, kind: Kind) -> None:
    from abr_model.norms import GORGA_1989

    if not realism.functions:
        with st.container(border=True):
            st.markdown("**Wave V latency–intensity, normal ears**")
            st.caption("No level has ten normal ears with a marked wave V.")
        return
    groups = "; ".join(
        f"{name}: " + ", ".join(f"{r.level:g} dB {r.mean:.2f} ms" for r in f.itertuples() if r.level % 20 == 0)
        for name, f in realism.functions.items()
    )
    figure_box(
        wave_v_by_level(realism.functions, realism.ages, GORGA_1989, kind, session.theme()),
        "Wave V latency–intensity, normal ears",
        f"Wave V latency by level over the band of {GORGA_1989.name}. {groups}",
        "realism_wave_v",
        note=f"band: {GORGA_1989.name} ± 2 SD",
        table=pd.concat([f.assign(age=name) for name, f in realism.functions.items()], ignore_index=True),
        caption="Mean ± SD over ears; the band is drawn at each group's median age. The faster the stimulus, the later "
        "wave V: about 0.25 ms from 11 to 33/s.",
    )


def show_groups(realism: Realism, kind: Kind) -> None:
    """All rows, one group at a time."""
    groups = list(dict.fromkeys(c.group for c in realism.checks))
    labels = {g: _group_label(g, [c for c in realism.checks if c.group == g]) for g in groups}
    with st.container(border=True, key="realism_groups", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown("**All rows**")
            with st.container(width=190):
                download_table(as_frame(realism.checks), "Realism", "realism_csv", "Download all (CSV)")
        group = st.pills(
            "Group", groups, format_func=labels.get, default=groups[0], key="realism_group", required=True,
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        of_group = [c for c in realism.checks if c.group == group]
        _rows(of_group, kind, "realism_rows")
        _notes(of_group)


def _group_label(group: str, checks: list[Check]) -> str:
    counted = tally(checks)
    return f"{group} {counted.met}/{counted.judged}" if counted.judged else group


def _rows(checks: list[Check], kind: Kind, key: str) -> None:
    words = "; ".join(
        f"{c.name}: {number(c.measured, c.unit)}, allowed {c.allowed or 'not set'}, {c.state}" for c in checks
    )
    figure = check_rows(checks, kind, session.theme())
    st.plotly_chart(figure, config=PLOTLY_CONFIG, key=key, theme=None, alt=words)


def _notes(checks: list[Check]) -> None:
    notes: dict[str, list[str]] = {}
    for check in checks:
        if check.note:
            notes.setdefault(check.note, []).append(check.name)
    sources = list(dict.fromkeys(c.source for c in checks if c.source))
    with st.expander("Notes and sources"):
        lines = [
            f"- {', '.join(names) if len(names) <= 3 else f'{len(names)} rows'}: {note}"
            for note, names in notes.items()
        ]
        st.markdown("\n".join([*lines, *(f"- Source: {source}" for source in sources)]))


ABOUT = """
**Two things are held beside this cohort.**
The *published clinic*: summary statistics of 55,237 click-evoked recordings of 2,043 patients, mostly infants
(counts, means, spreads, quartiles, one average trace). And *physiology*: pass bands that click-evoked ABR of normal
ears keep to, each from the papers named with its row.

**How to read a row.** The grey band is what is allowed, the line in it the published number. A filled dot lies inside,
a red cross outside, an arrow far outside. An open dot cannot be told: fewer than ten ears, or too uncertain.
Age, level, rate and hearing loss may differ by as much as two clinics of this size drawn from one population do
(95 of 100 times; patients, not recordings, are what is drawn).

**True responses and marks.** A clinic marks noisy traces and tests nobody at 100/s, so physiology is checked twice: on
the simulator's true responses of a small designed clinic, and on the waves as they are marked in this cohort.

**What it cannot show.** Only aggregates of one clinic are published, so a cohort may match every row and still differ
in what they do not tell: how quantities go together, rare shapes, single patients. Nothing here says anything about a
person, and none of it makes a recording fit for diagnosis.
"""


def show_about() -> None:
    """What am I looking at?"""
    with st.expander("What am I looking at?"):
        st.markdown(ABOUT)
