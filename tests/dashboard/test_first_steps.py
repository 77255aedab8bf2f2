from __future__ import annotations

import pandas as pd
import pytest

from abr_model.norms import published_norms
from abr_model.schema import Kind
from dashboard.explanations import explained_pages, explanation
from dashboard.first_steps import first_steps
from dashboard.navigation import exists
from dashboard.widgets.generation.exploring.settings import settings_of

TABLE = pd.DataFrame(
    {
        "latency_I_ms": [1.6, None, None, None],
        "latency_V_ms": [5.6, 6.0, 7.0, None],
        "intensity_db_nhl": 80.0,
        "hearing_loss": "normal",
    }
)


def step(steps, name: str):
    return next(step for step in steps if step.name == name)


def test_the_steps_say_the_numbers_at_hand():
    steps = first_steps(TABLE, Kind.SIMULATED, False)
    see = step(steps, "Look at the cohort").see
    assert "marked in 75% of the recordings, wave I in 25%" in see
    assert "simulated from published physiology" in see
    assert "simulated" not in step(first_steps(TABLE, Kind.CLINICAL, False), "Look at the cohort").see
    assert "no trained model yet" in step(steps, "Move a slider").see


def test_wave_v_is_where_the_cohort_has_it():
    """Medians of normal ears at the two levels; of too few none."""
    rows = [(80, 5.6), (80, 5.8), (78, 5.7), (30, 7.8), (32, 8.0), (30, 7.6), (50, 6.5)]
    table = pd.DataFrame(rows, columns=["intensity_db_nhl", "latency_V_ms"]).assign(
        hearing_loss="normal", latency_I_ms=None
    )
    assert "marked at 5.7 and 7.8 ms" in step(first_steps(table, Kind.SIMULATED, True), "Move a slider").see
    deaf = table.assign(hearing_loss="total")
    assert "marked at" not in step(first_steps(deaf, Kind.SIMULATED, True), "Move a slider").see
    assert "marked at" not in step(first_steps(table.iloc[:4], Kind.SIMULATED, True), "Move a slider").see


def test_a_step_is_done_when_its_page_was_open_as_it_says():
    steps = first_steps(TABLE, Kind.SIMULATED, False)
    assert not any(one.done({}) for one in steps)
    opened = {"data": {}, "generation": {"compare": "traces", "view": "conditions"}}
    assert [one.name for one in steps if one.done(opened)] == ["Look at the cohort"]
    opened["generation"] |= {"moved": True, "compare": "difference", "view": "batches"}
    assert step(steps, "Move a slider").done(opened)
    assert step(steps, "Compare with recordings").done(opened)
    assert step(steps, "Take a batch along").done(opened)
    assert not step(steps, "Teach a model of your own").done(opened)


def test_every_link_leads_to_a_page_and_settings_that_exist():
    for one in first_steps(TABLE, Kind.SIMULATED, False):
        assert exists(one.page), one.page
        shown = {key: value for key, value in one.settings.items() if key != "view"}
        assert settings_of(shown).in_address() == shown


@pytest.mark.parametrize("page", explained_pages())
def test_every_explanation_is_whole(page):
    text = explanation(page)
    assert len(text) > 200
    assert "{" not in text


@pytest.mark.parametrize("page", ["generation", "data", "realism"])
def test_where_norms_are_shown_their_sources_are_said(page):
    for norm in published_norms():
        assert norm.label in explanation(page)
        assert norm.reference in explanation(page)
