"""The Data page as a whole: what it says, its views, the cohort that is chosen."""

from __future__ import annotations

import pytest


@pytest.fixture
def app(open_page, sample_cohort):
    return open_page("data")


def chosen(app) -> str:
    return app.selectbox(key="data_cohort").value


def test_asks_one_question_and_says_what_the_recordings_are(app, words):
    assert not app.exception
    assert [t.value for t in app.title] == ["Data"]
    assert "What is in this cohort, and what is missing?" in words(app)
    assert "simulated cohort" in words(app)
    assert "Views that" not in words(app), "nothing of the script itself is written on the page"


def test_each_view_draws_without_a_fault_and_says_what_its_figures_show(app):
    views = list(app.segmented_control(key="data_view").options)
    assert views == [
        "Traces", "Averages", "Latency–intensity", "Distributions", "Quality", "Missing", "Selection", "Table",
    ]  # fmt: skip
    for view in views:
        app.segmented_control(key="data_view").set_value(view).run()
        assert not app.exception, view
        assert not app.error, view
        charts = app.get("plotly_chart")
        assert charts or view == "Table"
        assert all(len(chart.proto.alt) > 20 for chart in charts), view
        if view not in ("Missing", "Table"):
            names = [b.proto.label for b in app.get("download_button")]
            assert names.count("Figure (web page)") == len(charts), "each figure can be taken along"


def test_only_the_open_view_is_drawn(app):
    app.segmented_control(key="data_view").set_value("Table").run()
    assert not app.get("plotly_chart")
    assert len(app.dataframe) == 1


def test_the_table_is_paged_and_carries_units(app, small_cohort):
    app.segmented_control(key="data_view").set_value("Table").run()
    first = app.dataframe[0].value
    assert len(first) == 200 < len(small_cohort)
    assert "Intensity (dB nHL)" in app.dataframe[0].proto.columns
    page = next(n for n in app.number_input if n.label.startswith("Page"))
    page.set_value(2).run()
    assert list(app.dataframe[0].value["recording_id"]) == list(small_cohort.table["recording_id"][200:400])


def test_the_open_view_survives_a_page_change(app):
    app.segmented_control(key="data_view").set_value("Quality").run()
    home = app.switch_page("home_page.py").run()
    assert not home.exception
    back = app.switch_page("../pages/1_Data.py").run()
    assert back.segmented_control(key="data_view").value == "Quality"


def test_simulating_a_clinic_chooses_it_and_the_choice_survives_a_page_change(app, data_folder):
    app.number_input(key="data_simulate_patients").set_value(10)
    app.number_input(key="data_simulate_seed").set_value(5)
    app.button(key="data_simulate").click().run()
    assert not app.exception
    assert chosen(app).endswith("simulated-10-patients-seed-5.parquet")
    home = app.switch_page("home_page.py").run()
    assert any("10 patients · seed 5" in m.value for m in home.sidebar.markdown)


def test_a_simulated_cohort_links_to_how_real_it_is(app):
    assert any("How real is the simulation?" in str(link.proto) for link in app.get("page_link"))


def test_a_filter_that_nothing_passes_is_said_in_every_view(app, words):
    from abr_model.filtering import CohortFilter

    app.session_state["session_filter"] = CohortFilter().with_range("age_years", 109.0, 110.0)
    for view in app.segmented_control(key="data_view").options:
        app.segmented_control(key="data_view").set_value(view).run()
        assert not app.exception, view
        assert "No recording passes" in words(app), view


def test_recordings_of_which_hardly_anything_is_known_break_no_view(open_page, data_folder):
    import numpy as np
    import pandas as pd

    from abr_model.cohort import Cohort, Provenance, Sampling

    table = pd.DataFrame({"recording_id": ["a", "b", "c"], "patient_id": ["p", "p", "q"]})
    waveforms = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    bare = Cohort(waveforms, table, Sampling(rate_hz=10000, start_ms=0), Provenance(kind="clinical", source="test"))
    bare.write(data_folder / "cohorts" / "bare.parquet")
    app = open_page("data")
    for view in app.segmented_control(key="data_view").options:
        app.segmented_control(key="data_view").set_value(view).run()
        assert not app.exception, view
        assert not app.error, view
