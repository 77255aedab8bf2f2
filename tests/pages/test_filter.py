"""The filter is set on one page and holds on all of them."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.filtering import CohortFilter
from abr_model.runs import launch as background
from abr_model.runs.run import list_runs

NORMAL = CohortFilter(classes={"hearing_loss": ["normal"]})


@pytest.fixture
def app(open_page, sample_cohort, data_folder, model):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("data")
    assert not app.exception
    return app


def control(app, kind: str, label: str):
    return next(element for element in app.get(kind) if element.label == label)


def conditions(app):
    return next(p for p in app.get("button_group") if p.label.startswith("Conditions of the filter"))


def only_normal(app):
    control(app, "button_group", "Hearing loss").set_value(["normal"]).run()
    assert not app.exception
    return app


def passing(cohort: Cohort, filter: CohortFilter) -> int:
    return int(filter.mask(cohort.table).sum())


def test_without_a_filter_all_recordings_are_shown(app, small_cohort, words):
    assert f"**All {len(small_cohort):,}** recordings" in words(app)
    assert "Filter" not in [c.value for c in app.sidebar.caption]


def test_what_is_set_on_one_page_holds_on_all_and_is_there_on_the_way_back(app, go, small_cohort, words):
    count = f"**{passing(small_cohort, NORMAL):,}** of {len(small_cohort):,} recordings"
    assert count in words(only_normal(app))
    for page in ("training", "generation", "home", "data"):
        go(app, page)
        assert not app.exception, page
        assert "normal" in next(m.value for m in app.sidebar.markdown if " pass" in m.value), page
        if page != "home":
            assert count in words(app), page
            assert control(app, "button_group", "Hearing loss").value == ["normal"], page


def test_a_range_of_levels(app, small_cohort, words):
    control(app, "select_slider", "Intensity (dB nHL)").set_range(60.0, 80.0).run()
    wanted = CohortFilter().with_range("intensity_db_nhl", 60, 80)
    assert f"**{passing(small_cohort, wanted):,}** of" in words(app)
    assert "60 to 80 dB nHL" in words(app)
    slider = control(app, "select_slider", "Intensity (dB nHL)")
    slider.set_range(slider.options and float(slider.options[0]), float(slider.options[-1])).run()
    assert f"**All {len(small_cohort):,}** recordings" in words(app)


def test_values_that_are_not_known_are_kept_when_asked(open_page, small_cohort, data_folder, words):
    table = small_cohort.table.copy()
    table.loc[: len(table) // 2, "age_years"] = float("nan")
    cohort = Cohort(small_cohort.waveforms, table, small_cohort.sampling, small_cohort.provenance)
    cohort.write(data_folder / "cohorts" / "half.parquet")
    app = open_page("data")
    control(app, "select_slider", "Age").set_range(*_first_and(app, "5 years")).run()
    wanted = CohortFilter().with_range("age_years", None, 5)
    assert f"**{passing(cohort, wanted):,}** of" in words(app)
    control(app, "checkbox", "Also recordings where it is not known").check().run()
    wanted = CohortFilter().with_range("age_years", None, 5, unknown=True)
    assert f"**{passing(cohort, wanted):,}** of" in words(app)


def _first_and(app, label: str) -> tuple[float, float]:
    return 0.0, float(label.split()[0])


def test_waves_and_patients(app, small_cohort, words):
    control(app, "selectbox", "Wave V").select("present").run()
    control(app, "selectbox", "Wave I").select("missing").run()
    patients = sorted(small_cohort.table["patient_id"].unique())[:3]
    control(app, "multiselect", "Patients").set_value(patients).run()
    wanted = CohortFilter(patients=patients, present=["latency_V_ms"], missing=["latency_I_ms"])
    assert 0 < passing(small_cohort, wanted) < len(small_cohort)
    assert f"**{passing(small_cohort, wanted):,}** of" in words(app)


def test_a_click_removes_one_condition_and_clear_all(app, small_cohort, words):
    only_normal(app)
    control(app, "button_group", "Ear").set_value(["left"]).run()
    names = list(conditions(app).options)
    assert names == ["left ear ✕", "normal ✕", "Clear"]
    conditions(app).set_value(0).run()
    assert not app.exception
    assert f"**{passing(small_cohort, NORMAL):,}** of" in words(app)
    assert control(app, "button_group", "Ear").value == []
    conditions(app).set_value(1).run()
    assert f"**All {len(small_cohort):,}** recordings" in words(app)
    assert control(app, "button_group", "Hearing loss").value == []


def test_the_controls_show_a_filter_that_was_set_elsewhere(app, go):
    only_normal(app)
    app.session_state["session_filter"] = CohortFilter(
        ranges={"fmp": {"minimum": 1.37}}, classes={"hearing_loss": ["total"]}
    )
    app.run()
    assert not app.exception
    assert control(app, "button_group", "Hearing loss").value == ["total"]
    assert control(app, "select_slider", "Fmp").value[0] == 1.37


def test_a_training_learns_from_the_filtered_recordings(app, go, data_folder, small_cohort, monkeypatch, words):
    monkeypatch.setattr(background, "launch", lambda run, queue: None)
    only_normal(app)
    go(app, "training")
    assert any(f"of {len(small_cohort):,} recordings are kept" in expander.label for expander in app.expander)
    app.button(key="training_start").click().run()
    assert not app.exception and not app.error
    (run,) = list_runs(data_folder / "runs")
    assert run.config.filter == NORMAL
    assert "--filter filter.json" in run.config.command
    assert CohortFilter.read(run.folder / "filter.json") == NORMAL
    assert "Only recordings with: normal" in words(app).replace("\\", "")


def test_generation_compares_with_the_filtered_recordings(app, go, small_cohort, words):
    go(app, "generation")
    assert "nearest recordings (simulated clinic)" in drawn(app)
    control(app, "button_group", "Hearing loss").set_value(["total"]).run()
    assert not app.exception
    assert "no recording with normal hearing in this cohort" in words(app).lower()
    control(app, "button_group", "Hearing loss").set_value(["normal"]).run()
    assert "nearest recordings (simulated clinic, filtered)" in drawn(app)


def test_a_filter_that_lets_nothing_pass_is_said_on_every_page(app, go, words):
    app.session_state["session_filter"] = CohortFilter(ranges={"age_years": {"minimum": 109}})
    for page in ("data", "training", "generation", "home"):
        go(app, page)
        assert not app.exception, page
        if page != "home":
            assert "No recording passes" in words(app), page
    go(app, "training")
    assert app.button(key="training_start").disabled
    go(app, "generation")
    assert "No recording of the cohort passes the filter" in words(app)


def drawn(app) -> str:
    return "".join(str(component.proto) for component in app.get("bidi_component"))


def test_another_cohort_keeps_what_applies_and_says_what_it_dropped(app, data_folder, small_cohort, words):
    only_normal(app)
    patient = small_cohort.table["patient_id"].iloc[-1]
    control(app, "multiselect", "Patients").set_value([patient]).run()
    other = simulated_without(patient).write(data_folder / "cohorts" / "other.parquet")
    app.run()
    app.selectbox(key="data_cohort").set_value(str(other)).run()
    assert not app.exception
    assert f"does not hold it: patient {patient}" in words(app).replace("\\", "")
    assert app.session_state["session_filter"] == NORMAL
    control(app, "button_group", "Ear").set_value(["left"]).run()
    assert "does not hold it" not in words(app)


def simulated_without(patient: str) -> Cohort:
    from abr_model.sources.simulator import simulate

    cohort = simulate(patients=5, seed=4)
    assert patient not in set(cohort.table["patient_id"])
    return cohort


def test_the_table_is_sorted_over_all_recordings_and_taken_along_filtered(app, small_cohort, monkeypatch):
    only_normal(app)
    control(app, "button_group", "View").set_value("Table").run()
    app.selectbox(key="data_table_by").set_value("fmp").run()
    control(app, "button_group", "Order").set_value(False).run()
    shown = app.dataframe[0].value
    normal = small_cohort.table[NORMAL.mask(small_cohort.table)]
    assert len(shown) == 200 < len(normal)
    assert shown["fmp"].tolist() == sorted(normal["fmp"].dropna(), reverse=True)[:200]
    labels = {b.proto.label for b in app.get("download_button")}
    assert {"Table (CSV)", "With traces (CSV)", "With traces (Parquet)"} <= labels


def test_what_is_taken_along_is_the_filtered_part_and_says_so(sample_cohort, small_cohort, tmp_path):
    from abr_model.generation.export import export, export_bytes
    from dashboard.recordings import filtered
    from dashboard.session import load_cohort

    recordings = filtered(load_cohort(sample_cohort), NORMAL)
    export(recordings, tmp_path / "part.parquet")
    part = Cohort.read(tmp_path / "part.parquet")
    expected = small_cohort.take(NORMAL.mask(small_cohort.table))
    assert part.digest() == expected.digest()
    assert part.provenance.source == "simulated clinic, filtered"
    assert part.provenance.details["filter"] == {"classes": {"hearing_loss": ["normal"]}}
    assert part.provenance.details["part_of"]["digest"] == small_cohort.digest()
    csv = pd.read_csv(io.BytesIO(export_bytes(recordings, "csv")))
    assert len(csv) == len(expected) and csv["recording_id"].tolist() == expected.table["recording_id"].tolist()
