"""The views of the Data page as a person uses them: a patient, a trace, means, a norm, distributions, a selection."""

from __future__ import annotations

import json

import numpy as np
import pytest

from abr_model.norms import template
from abr_model.schema import HEARING_LOSSES

CONDITIONS = ["age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]


@pytest.fixture
def open_view(open_page, sample_cohort):
    """Opens a view of the Data page."""

    def open_(view: str):
        app = open_page("data")
        return app.segmented_control(key="data_view").set_value(view).run()

    return open_


def figure(app, number: int = 0) -> dict:
    return json.loads(app.get("plotly_chart")[number].proto.spec)


def trace(spec: dict, start: str) -> dict:
    return next(t for t in spec["data"] if t.get("name", "").startswith(start))


# --- traces ----------------------------------------------------------------------------------------------------------


def test_draws_one_patient_with_the_levels_that_the_patient_has(open_view, small_cohort):
    app = open_view("Traces")
    patient = app.selectbox(key="data_patient").value
    rows = small_cohort.table["patient_id"] == patient
    assert f"{int(rows.sum())} ABR recordings of one patient" in app.get("plotly_chart")[0].proto.alt
    levels = sorted({f"{v:g}" for v in small_cohort.table["intensity_db_nhl"][rows]}, key=float)
    assert set(figure(app)["layout"]["yaxis"]["ticktext"]) == set(levels)


def test_next_and_previous_go_through_the_patients(open_view, small_cohort):
    app = open_view("Traces")
    patients = sorted(small_cohort.table["patient_id"].unique())
    assert app.selectbox(key="data_patient").value == patients[0]
    assert app.button(key="data_patient_previous").disabled
    app.button(key="data_patient_next").click().run()
    app.button(key="data_patient_next").click().run()
    assert app.selectbox(key="data_patient").value == patients[2]
    app.button(key="data_patient_previous").click().run()
    assert app.selectbox(key="data_patient").value == patients[1]
    app.selectbox(key="data_patient").set_value(patients[-1]).run()
    assert app.button(key="data_patient_next").disabled
    assert not app.exception


def test_many_patients_are_searched_by_pseudonym(open_view, small_cohort, monkeypatch):
    from dashboard.widgets.data import patients

    monkeypatch.setattr(patients, "LONGEST_LIST", 5)
    app = open_view("Traces")
    assert len(app.selectbox(key="data_patient").options) == 5
    wanted = sorted(small_cohort.table["patient_id"].unique())[20]
    app.text_input(key="data_patient_search").set_value(wanted).run()
    assert app.selectbox(key="data_patient").value == wanted


def test_the_clicked_recording_is_shown_with_all_that_is_known(open_view, small_cohort):
    app = open_view("Traces")
    patient = app.selectbox(key="data_patient").value
    rows = small_cohort.table[small_cohort.table["patient_id"] == patient]
    clicked = rows.iloc[-1]
    app.session_state["data_trace_chosen"] = clicked["recording_id"]
    app.run()
    card = " ".join(str(h.proto.body) for h in app.get("html"))
    assert clicked["recording_id"] in card
    assert f"{clicked['fmp']:,.2f}" in card
    for wave in ("I", "III", "V"):
        latency = clicked[f"latency_{wave}_ms"]
        words = f"{latency:.2f}" if np.isfinite(latency) else ("no response", "not marked")
        assert any(w in card for w in ([words] if isinstance(words, str) else words))


def test_more_recordings_than_one_picture_holds_are_said_to_be_that(open_view, words, monkeypatch):
    from dashboard.widgets.data import traces

    app = open_view("Traces")
    assert "Not drawn" not in words(app)
    monkeypatch.setattr(traces, "MAXIMUM_TRACES", 5)
    app.run()
    assert "more than the 5 that one picture holds" in words(app) and "without a level" not in words(app)


# --- averages --------------------------------------------------------------------------------------------------------


def test_means_by_hearing_are_of_one_level_and_say_their_n(open_view, small_cohort):
    app = open_view("Averages")
    app.segmented_control(key="data_means_by").set_value("Hearing").run()
    app.selectbox(key="data_means_level").set_value("60").run()
    assert not app.exception
    table = small_cohort.table
    at60 = table["intensity_db_nhl"] == 60
    labels = figure(app)["layout"]["yaxis"]["ticktext"]
    counts = {h.short_label: int((at60 & (table["hearing_loss"] == h.code)).sum()) for h in HEARING_LOSSES}
    assert labels == [f"{name}  (n = {n:,})" for name, n in counts.items() if n]


@pytest.mark.parametrize("by", ["Age", "Rate", "Ear"])
def test_means_by_other_conditions(open_view, by):
    app = open_view("Averages")
    app.segmented_control(key="data_means_by").set_value(by).run()
    assert not app.exception
    assert len(figure(app)["layout"]["yaxis"]["ticktext"]) >= 1
    assert by.lower() in app.get("plotly_chart")[0].proto.alt.lower() or figure(app)["layout"]["yaxis"]["title"]


# --- latency-intensity -----------------------------------------------------------------------------------------------


def test_the_source_of_the_norm_stands_below_the_figure(open_view, words):
    app = open_view("Latency–intensity")
    assert "Gorga 1989" in words(app) and "535 children" in words(app) and "transducer not stated" in words(app)
    app.selectbox(key="data_li_norm").set_value("Hood 1998").run()
    assert "14 women of 20 to 30 years" in words(app)
    assert "The ages of its population are not those of these recordings" in words(app)
    assert trace(figure(app), "norm III")
    app.selectbox(key="data_li_norm").set_value("no norm").run()
    assert not [t for t in figure(app)["data"] if t["name"].startswith("norm")]


def test_a_norm_of_ones_own_is_used_and_a_wrong_one_explained(open_view, words):
    app = open_view("Latency–intensity")
    table = template()
    table["name"] = "Our clinic"
    good = table.to_csv(index=False).encode()
    app.file_uploader(key="data_li_norm_file").set_value(("ours.csv", good.replace(b"5.47", b"soon"), "text/csv")).run()
    assert "mean\\_ms" in app.error[0].value and "soon" in app.error[0].value
    assert app.selectbox(key="data_li_norm").value == "Gorga 1989"
    app.file_uploader(key="data_li_norm_file").set_value(("ours.csv", good, "text/csv")).run()
    app.button(key="data_li_norm_use").click().run()
    assert not app.exception
    assert app.selectbox(key="data_li_norm").value == "Our clinic"
    assert "Our clinic" in words(app) and trace(figure(app), "norm I")
    app.switch_page("home_page.py").run()
    back = app.switch_page("../pages/1_Data.py").run()
    assert back.selectbox(key="data_li_norm").value == "Our clinic", "it survives a page change"


def test_one_age_band_alone(open_view, small_cohort):
    app = open_view("Latency–intensity")
    app.selectbox(key="data_li_age").set_value("1–2 years").run()
    table = small_cohort.table
    inside = table["age_years"].between(1, 2, inclusive="left") & table["intensity_db_nhl"].notna()
    marked = int(table["latency_V_ms"][inside].notna().sum())
    assert f"V {marked:,}" in app.get("plotly_chart")[0].proto.alt


# --- distributions and quality ---------------------------------------------------------------------------------------


def test_medians_are_those_of_the_recordings(open_view, small_cohort):
    app = open_view("Distributions")
    app.segmented_control(key="data_distribution").set_value("Quality").run()
    assert not app.exception
    rows = app.dataframe[0].value
    fmp = rows[(rows["column"] == "Fmp") & (rows["group"] == "all recordings")].iloc[0]
    assert fmp["median"] == pytest.approx(small_cohort.table["fmp"].median())


def test_every_set_of_distributions_is_drawn(open_view):
    app = open_view("Distributions")
    for name in app.segmented_control(key="data_distribution").options:
        app.segmented_control(key="data_distribution").set_value(name).run()
        assert not app.exception, name


def test_the_slope_of_the_noise_is_said(open_view, words):
    app = open_view("Quality")
    assert "slope −" in words(app)
    assert "1/√N" in words(app)


# --- selection -------------------------------------------------------------------------------------------------------


def kept(cohort, fmp: float):
    table = cohort.table
    return (table["fmp"] > fmp) & (table["stimulus_polarity"] == "alternating") & table[CONDITIONS].notna().all(axis=1)


def test_selection_follows_the_threshold(open_view, small_cohort, words):
    app = open_view("Selection")
    loose, marginals = words(app), app.get("plotly_chart")[1].proto.spec
    app.slider(key="data_fmp").set_value(4.0).run()
    assert words(app) != loose
    assert app.get("plotly_chart")[1].proto.spec != marginals, "the marginals follow too"
    count = int(kept(small_cohort, 4.0).sum())
    assert f"**{count:,} of {len(small_cohort):,} recordings are kept**" in words(app)


def test_the_originals_step_is_one_click_and_says_what_it_gained(open_view, small_cohort, words):
    app = open_view("Selection")
    app.slider(key="data_fmp").set_value(3.0).run()
    app.button(key="data_fmp_step").click().run()
    assert not app.exception
    assert app.slider(key="data_fmp").value == 1.0
    gained = int(kept(small_cohort, 1.0).sum() - kept(small_cohort, 2.0).sum())
    assert f"{gained:,} more than with Fmp above 2" in words(app)
    table = next(h.proto.body for h in app.get("html") if "gain" in h.proto.body)
    normal = (small_cohort.table["hearing_loss"] == "normal").to_numpy(bool)
    of_normal = int((kept(small_cohort, 1.0) & normal).sum() - (kept(small_cohort, 2.0) & normal).sum())
    assert f"<td>+{of_normal:,}</td>" in table


def test_a_threshold_that_keeps_nothing_is_an_answer(open_page, data_folder, small_cohort, words):
    low = small_cohort.take((small_cohort.table["fmp"] < 0.5).to_numpy(bool))
    low.write(data_folder / "cohorts" / "low.parquet")
    app = open_page("data")
    app.segmented_control(key="data_view").set_value("Selection").run()
    assert not app.exception and not app.error
    assert f"**0 of {len(low):,} recordings are kept**" in words(app)
