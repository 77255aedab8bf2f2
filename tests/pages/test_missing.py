"""What is missing, on the Data page: the answer in words, each section, and a combination shown everywhere."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.filtering import CohortFilter
from dashboard.widgets.data import missing_together

FILTER = "session_filter"


@pytest.fixture
def judged(small_cohort: Cohort) -> Cohort:
    """The small cohort, with what was judged where wave V is not marked, and some values of quality and person gone."""
    chance = np.random.default_rng(2)
    table = small_cohort.table.copy()
    marked = table["latency_V_ms"].notna().to_numpy()
    said = chance.random(len(table)) < 0.5
    response = np.where(said & marked, "present", np.where(said & ~marked, "absent", None))
    table["response_V"] = pd.Series(response, dtype="str")
    table.loc[chance.random(len(table)) < 0.1, "residual_noise_nv"] = np.nan
    return dataclasses.replace(small_cohort, table=table, _checked=False)


@pytest.fixture
def open_missing(open_page, data_folder):
    """Opens the view with a cohort."""

    def open_(cohort: Cohort):
        cohort.write(data_folder / "cohorts" / "judged.parquet")
        app = open_page("data")
        view = app.segmented_control(key="data_view")
        return view.set_value(next(v for v in view.options if "issing" in v)).run()

    return open_


@pytest.fixture
def app(open_missing, judged):
    return open_missing(judged)


def section(app, name: str):
    app.segmented_control(key="missing_section").set_value(name).run()
    assert not app.exception, name
    return app


def alts(app) -> list[str]:
    return [chart.proto.alt for chart in app.get("plotly_chart")]


def patterns_list(app):
    return next(box for box in app.selectbox if box.key.startswith("missing_upset"))


def passing(app) -> CohortFilter:
    return app.session_state[FILTER] if FILTER in app.session_state else CohortFilter()


def test_the_answer_comes_first_in_words(app, judged, words):
    assert not app.exception and not app.error
    text = words(app)
    marked = judged.table["latency_V_ms"].notna().mean()
    assert f"V in {marked:.0%}".replace("%", " %") in text
    absent = (judged.table["response_V"] == "absent").mean()
    assert re.search(f"Judged to be no response: wave .*V in {absent:.0%}".replace("%", " %"), text)
    assert "residual noise in" in text
    assert "Where wave V is missing" in text and "The most frequent of" in text


def test_without_judgements_not_marked_may_mean_either(open_missing, small_cohort, words):
    table = small_cohort.table.assign(response_I=None, response_III=None, response_V=None)
    app = open_missing(dataclasses.replace(small_cohort, table=table, _checked=False))
    assert "“not marked” may mean either" in words(app)


@pytest.mark.parametrize("name", ["How often", "Where", "Together", "Why"])
def test_each_section_draws_figures_that_say_what_they_show(app, name):
    section(app, name)
    assert not app.error
    assert alts(app) and all(len(alt) > 40 for alt in alts(app))
    assert len(app.get("download_button")) >= 2 * len(alts(app))  # figure and numbers


def test_how_often_says_what_is_known_of_each_wave(app, judged):
    first = alts(section(app, "How often"))[0]
    share = (judged.table["response_V"] == "absent").mean()
    assert f"no response {share:.0%}".replace("%", " %") in first


def test_where_follows_the_choice(app):
    section(app, "Where")
    by_level = alts(app)
    app.selectbox(key="missing_by").set_value("hearing loss").run()
    assert not app.exception and alts(app) != by_level and "by hearing loss" in alts(app)[0]
    app.segmented_control(key="missing_show").set_value("Wave V").run()
    assert "Wave V is marked in: Normal" in alts(app)[0]
    app.segmented_control(key="missing_show").set_value("All recordings").run()
    for order in app.selectbox(key="missing_sort").options:
        app.selectbox(key="missing_sort").set_value(order).run()
        assert not app.exception, order
    assert "sorted by order in the file" in alts(app)[0]


def test_a_combination_shows_its_recordings_everywhere_and_there_is_a_way_back(app, judged, words):
    section(app, "Together")
    listed = list(patterns_list(app).options)
    assert listed[0] == missing_together.ALL
    number, label = next((i, w) for i, w in enumerate(listed) if "wave V" in w and "wave I," in w)
    patterns_list(app).set_value(number).run()
    assert not app.exception
    chosen = passing(app)
    assert {"latency_V_ms", "amplitude_V_uv", "latency_I_ms"} <= set(chosen.missing)
    assert not set(chosen.missing) & set(chosen.present)
    shown = int(chosen.mask(judged.table).sum())
    assert label.endswith(f"{shown:,} recordings") and f"Only recordings {label.split(' · ')[0]}" in words(app)
    assert len(patterns_list(app).options) == len(listed)  # the others stay in view, to choose another
    assert patterns_list(app).value == number
    app.button(key="missing_back").click().run()
    assert not app.exception and passing(app).is_empty
    assert "Only recordings" not in words(app)


def test_another_combination_replaces_the_first_and_the_rest_of_the_filter_stays(app):
    app.session_state[FILTER] = CohortFilter(classes={"hearing_loss": ("normal",)}, present=("age_years",))
    section(app, "Together")
    for number in (1, 2):
        patterns_list(app).set_value(number).run()
    assert passing(app).classes == {"hearing_loss": ("normal",)}
    patterns_list(app).set_value(0).run()
    assert passing(app) == CohortFilter(classes={"hearing_loss": ("normal",)}, present=("age_years",))


def test_a_click_on_a_bar_or_a_dot_chooses_its_combination(app, monkeypatch):
    chosen = []
    monkeypatch.setattr(missing_together, "choose_pattern", lambda found, number: chosen.append(number))
    for points in (
        [{"customdata": [3, "without wave I", 12]}],
        [{"customdata": [2, "Wave V"]}],
        [{"customdata": ["Wave V", 100]}],  # a bar at the left: a column, no combination
        [],
    ):
        monkeypatch.setattr(missing_together.st, "session_state", {"k": {"selection": {"points": points}}})
        missing_together._clicked("k", None)
    assert chosen == [3, 2]


def test_why_compares_at_once_and_predicts_on_the_button(app, words):
    section(app, "Why")
    assert "Cliff’s δ" in words(app) and "AUC" not in words(app)
    app.button(key="missing_predict").click().run()
    assert not app.exception and not app.error
    assert "AUC" in words(app) and any("depends" in alt or "as if at random" in alt for alt in alts(app))
    assert "What cannot be seen" in words(app)
    app.selectbox(key="missing_along_of").set_value("hearing_loss").run()
    assert not app.exception and "AUC" in words(app)  # what was asked for stays


def test_littles_test_is_run_on_its_button_and_said_in_words(app, words):
    section(app, "Why")
    assert "expected to say no" in words(app) and "χ²" not in words(app)
    app.button(key="missing_little").click().run()
    assert not app.exception
    assert "With all recordings the test" in words(app) and "χ²" in words(app)
    assert "With one recording of each patient" in words(app)


def test_no_response_can_be_left_out(app, judged, words):
    section(app, "Why")
    all_of_them = alts(app)
    label = next(c for c in app.segmented_control if c.key.startswith("missing_label"))
    label.set_value("Wave V").run()
    app.toggle(key="missing_leave_out").set_value(True).run()
    assert not app.exception and alts(app) != all_of_them
    silent = (judged.table["latency_V_ms"].isna() & judged.table["response_V"].isna()).sum()
    assert f"{int(silent):,} without" in words(app)


def test_the_numbers_of_every_figure_can_be_taken_along(app, monkeypatch):
    from dashboard.widgets import download

    taken = {}

    def take(table, name, key, label):
        taken[key] = pd.read_csv(io.BytesIO(download.csv_bytes(table() if callable(table) else table)))

    monkeypatch.setattr(download, "download_table", take)
    for name in ("How often", "Together", "Why", "Where"):
        section(app, name)
    app.segmented_control(key="missing_show").set_value("All recordings").run()
    app.segmented_control(key="missing_section").set_value("Why").run()
    app.button(key="missing_predict").click().run()
    assert not app.exception
    assert len(taken) >= 9 and all(len(table) for table in taken.values())
    upset = next(table for key, table in taken.items() if key.startswith("missing_upset"))
    assert {"latency_V_ms", "amplitude_V_uv", "recordings", "share"} <= set(upset.columns)
    assert upset["share"].sum() == pytest.approx(1)
    assert {"recordings", "first", "last", "latency_V_ms"} <= set(taken["missing_matrix_csv"].columns)
    assert taken["missing_predictability_csv"]["auc"].between(0, 1).all()


def test_a_filter_that_lets_nothing_pass_is_no_fault(app, words):
    app.session_state[FILTER] = CohortFilter(ranges={"age_years": {"minimum": 109}})
    app.run()
    assert not app.exception
    assert not alts(app)


def test_nothing_missing_is_no_fault_in_any_section(open_missing, small_cohort):
    table = small_cohort.table.copy()
    whole = table["latency_I_ms"].notna() & table["latency_III_ms"].notna() & table["latency_V_ms"].notna()
    whole &= table["age_years"].notna()
    assert whole.sum() > 20
    app = open_missing(small_cohort.take(whole.to_numpy(bool)))
    for name in ("How often", "Where", "Together", "Why"):
        section(app, name)


def test_a_handful_of_recordings_is_no_fault_in_any_section(open_missing, judged):
    app = open_missing(judged.take(np.arange(5)))
    for name in ("How often", "Where", "Together", "Why"):
        section(app, name)
    for key in ("missing_predict", "missing_little"):
        if any(b.key == key for b in app.button):
            app.button(key=key).click().run()
            assert not app.exception
