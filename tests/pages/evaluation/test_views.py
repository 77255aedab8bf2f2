from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.charts.evaluation.cells import cell_key, cell_name
from dashboard.widgets.evaluation.view_choice import VIEWS


def test_the_answer_first_then_what_is_not_met(measured, open_view, shown, charts):
    app = open_view()
    text = shown(app)
    tally = measured.tally
    assert "Can this model's recordings stand in for real ones?" in text
    assert f"{tally['met']} of {len(measured.required)} figures that are asked of the recordings are met" in text
    assert f"**Not met** :gray[ · {tally['not met']}]" in text
    assert text.index("**Not met**") < text.index("**Met**")
    drawn = charts(app)
    missed = next(score for score in measured.required if score.met is False)
    assert drawn["evaluation_rows_missed"].alt.startswith(missed.name)
    assert drawn["evaluation_rows_missed"].alt.count("not met") == tally["not met"]
    assert "pca flow" in text and "real against real (simulated)" in text
    assert "how well the model learned the simulator" in text


def test_each_figure_opens_its_note_and_source(measured, open_view, shown):
    app = open_view()
    key = "two_sample_auc_boosting"
    app.selectbox(key="evaluation_score").set_value(key).run()
    text, score = shown(app), measured.score(key)
    assert score.note in text and f"Source: {score.source}" in text
    assert "pca flow" in text and f"{score.value:.3f}" in text


def test_it_can_be_taken_along(measured, open_view):
    app = open_view()
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels[:2] == ["Report (HTML)", "Numbers (JSON)"]


def test_what_gives_it_away(measured, open_view, shown, charts):
    app = open_view("What gives it away")
    text = shown(app)
    times = round(100 * measured.score("two_sample_auc_boosting").value)
    assert f"surer of the generated one **{times} times in 100**" in text and "AUC that the classifier loses" in text
    features = measured.section("two_sample").tables["telling_features"]
    component = next(f for f in features["feature"][:12] if f.startswith("component"))
    app.selectbox(key="evaluation_feature").set_value(component).run()
    assert not app.exception
    drawn = charts(app)
    assert "shaded for Shape of the trace, most at" in drawn["evaluation_feature_trace"].alt
    assert "evaluation_feature_values" in drawn


def test_a_scorecard_without_that_section_says_so(measured, model_folder, open_view, shown):
    left = [section for section in measured.sections if section.key not in ("two_sample", "cells")]
    replace(measured, sections=left).write(model_folder)
    assert "Not measured yet" in shown(open_view("What gives it away"))
    assert "No cells to show" in shown(open_view("Cells"))


def test_a_cell_opens_its_traces(measured, open_view, shown, charts, small_cohort):
    app = open_view("Cells")
    drawn = charts(app)
    assert "Wave V latency of the mean response, error (ms)" in drawn["evaluation_cell_map"].alt
    cells = measured.section("cells").tables["cells"].to_dict("records")
    for cell in cells:  # the held-out part of this small cohort fills few of them
        app.selectbox(key="evaluation_cell_picker").set_value(cell_key(cell)).run()
        assert not app.exception
        assert app.query_params["cell"] == cell_key(cell)
        if "evaluation_cell_traces" in charts(app):
            break
        assert "No held-out recording lies in this cell" in shown(app)
    assert f"**{cell_name(cell)}** :gray[ · " in shown(app)
    assert cell_name(cell) in charts(app)["evaluation_cell_traces"].alt
    app.segmented_control(key="evaluation_cell_show").set_value("traces").run()
    assert not app.exception and charts(app)["evaluation_cell_traces"].alt.endswith("traces")


def test_distributions_of_a_group(measured, open_view, shown, charts):
    app = open_view("Distributions")
    alt = charts(app)["evaluation_overlays"].alt
    assert "Wave V latency: W " in alt and "Residual noise above 1.5 kHz: W " in alt
    assert "dB apart on average" in shown(app)
    app.selectbox(key="evaluation_distributions_class").set_value("normal").run()
    assert not app.exception
    assert charts(app)["evaluation_overlays"].alt != alt


def test_reconstruction_one_by_one_with_labels_hidden(measured, open_view, shown, charts):
    app = open_view("Reconstruction")
    text = shown(app)
    assert "What is left" in text and "Expected noise" in text
    first = charts(app)["evaluation_reconstruction"].alt
    app.button(key="evaluation_next").click().run()
    assert not app.exception
    assert app.number_input(key="evaluation_reconstruction_place").value == 2
    assert charts(app)["evaluation_reconstruction"].alt != first
    app.button(key="evaluation_previous").click().run()
    app.button(key="evaluation_previous").click().run()
    assert app.number_input(key="evaluation_reconstruction_place").value > 2  # round to the last
    app.selectbox(key="evaluation_reconstruction_order").set_value("cohort").run()
    pills = next(c for c in app.button_group if c.key == "evaluation_hidden")
    pills.set_value(["latency_V_ms", "amplitude_V_uv"]).run()
    assert not app.exception
    app.number_input(key="evaluation_reconstruction_place").set_value(1).run()
    for _ in range(40):  # to one in which wave V is marked
        if "Wave V latency hidden: marked" in charts(app)["evaluation_reconstruction"].alt:
            break
        app.button(key="evaluation_next").click().run()
    assert "Wave V latency hidden: marked" in charts(app)["evaluation_reconstruction"].alt
    assert "filled in" in shown(app)


def test_no_recording_and_no_patient_in_the_address(measured, open_view, small_cohort):
    for view in ("Cells", "Reconstruction"):
        app = open_view(view)
        values = " ".join(str(value) for value in app.query_params.values())
        assert "simulated-0" not in values


def test_compare_with_a_baseline(measured, open_view, shown):
    app = open_view("Compare")
    assert "differ beyond their interval" in shown(app)
    options = app.multiselect[0].options
    assert "pca flow" in " ".join(options)
    table = app.dataframe[0].value
    assert list(table.columns) == ["Figure", "Here", "There", "Difference", "Beyond chance"]
    assert table["Beyond chance"].iloc[0] in ("better there", "worse there")


def test_nothing_to_compare(measured, model_folder, open_view, shown):
    replace(measured, beside=()).write(model_folder)
    assert "Nothing to compare yet" in shown(open_view("Compare"))


@pytest.mark.parametrize("view", ["Cells", "Distributions", "Reconstruction"])
def test_a_cohort_that_is_not_here(measured, sample_cohort, open_view, view, shown):
    sample_cohort.unlink()
    app = open_view(view)
    assert "The recordings are not here yet" in shown(app)
    assert app.button(key="evaluation_simulate").label == "Simulate the 40 patients"
    app.button(key="evaluation_simulate").click().run()
    assert not app.exception
    assert "The recordings are not here yet" not in shown(app)


def test_a_clinical_cohort_cannot_be_simulated(measured, model_folder, open_view, shown, measured_model):
    made = measured_model.provenance.model_copy(update={"cohort": "Eclipse export", "cohort_digest": "cd" * 32})
    clinical = replace(measured_model, provenance=made)
    clinical.save(model_folder)
    subject = measured.subject.model_copy(update={"cohort": "Eclipse export", "cohort_digest": "cd" * 32})
    replace(measured, subject=subject, beside=()).write(model_folder)
    text = shown(open_view("Reconstruction"))
    assert "Import that cohort again" in text and "Eclipse export" in text


def test_every_view_stands_in_the_address(measured, open_view):
    for key, label in VIEWS.items():
        assert open_view(label).query_params["view"] == key
