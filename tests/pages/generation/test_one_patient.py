"""The view "One patient" with the shipped model: on a simulated clinic, and on real recordings."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from abr_model.ears.link import FILE
from abr_model.sources.reading import read_recordings

SHIPPED = Path(__file__).resolve().parents[3] / "data" / "pretrained"


@pytest.fixture
def shipped(data_folder, monkeypatch) -> Path:
    from dashboard import session

    monkeypatch.setattr(session, "SHIPPED_MODELS", SHIPPED)
    return data_folder


def one_patient(open_page):
    app = open_page("generation")
    app.session_state["generation_view"] = "one-patient"
    return app.run()


def show(app, part: str):
    return app.segmented_control(key="one_patient_part").set_value(part).run()


def test_an_ear_is_inferred_shown_elsewhere_and_blended(shipped, sample_cohort, open_page, words):
    app = one_patient(open_page)
    assert not app.exception and not app.error
    assert "Not a measurement" in words(app) and "research use only" in words(app)
    assert "correlate at" in words(app)
    assert len(app.get("plotly_chart")) == 2

    show(app, "elsewhere")
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 3
    level = next(s for s in app.select_slider if s.label == "Level")
    own, other = level.value, 20.0 if level.value > 40 else 90.0
    assert "own conditions" in words(app)
    level.set_value(other).run()
    assert not app.exception and not app.error
    assert f"The same ear at {other:g} dB nHL" in words(app) and own != other
    age = next(s for s in app.select_slider if s.label == "Age")
    age.set_value(90.0).run()
    assert "farther than training ears go" in words(app), "a change that no ear went through is named"

    show(app, "between")
    assert not app.exception and not app.error
    first, second = (app.selectbox(key=f"one_patient{name}_patient").value for name in ("", "_second"))
    assert first != second
    app.slider(key="one_patient_share").set_value(100).run()
    assert "100 % of the second" in words(app)
    assert not app.exception
    pseudonyms = [str(value) for value in app.query_params.values() if "simulated-" in str(value)]
    assert not pseudonyms, "no pseudonym in the address"


def test_another_recording_is_another_ear_and_the_choice_stays(shipped, sample_cohort, open_page, go, words):
    app = one_patient(open_page)
    app.selectbox(key="one_patient_patient").set_value(patient_ids(app)[5]).run()
    assert not app.exception
    chosen = app.selectbox(key="one_patient_patient").value
    assert chosen == patient_ids(app)[5]
    go(app, "data")
    go(app, "generation")
    assert app.selectbox(key="one_patient_patient").value == chosen


def patient_ids(app) -> list[str]:
    return sorted({option.split(" · ")[0] for option in app.selectbox(key="one_patient_patient").options})


def test_without_a_link_the_recording_is_still_shown(shipped, sample_cohort, open_page, words, tmp_path, monkeypatch):
    from dashboard import session

    shutil.copytree(SHIPPED, tmp_path / "shelf")
    (tmp_path / "shelf" / "default" / FILE).unlink()
    monkeypatch.setattr(session, "SHIPPED_MODELS", tmp_path / "shelf")
    app = one_patient(open_page)
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2
    show(app, "elsewhere")
    assert not app.exception
    assert "has not learned how recordings of one ear go together" in words(app)


def test_a_damaged_link_is_a_message(shipped, sample_cohort, open_page, tmp_path, monkeypatch):
    from dashboard import session

    shutil.copytree(SHIPPED, tmp_path / "shelf")
    (tmp_path / "shelf" / "default" / FILE).write_bytes(b"no link")
    monkeypatch.setattr(session, "SHIPPED_MODELS", tmp_path / "shelf")
    app = one_patient(open_page)
    assert not app.exception
    assert any("ear_link" in error.value for error in app.error)


def test_a_filter_that_leaves_nothing(shipped, sample_cohort, open_page, words):
    from abr_model.filtering import CohortFilter

    app = open_page("generation")
    app.session_state["session_filter"] = CohortFilter().with_range("intensity_db_nhl", 3, 4)
    app.session_state["generation_view"] = "one-patient"
    app.run()
    assert not app.exception
    assert "No recording passes the filter" in words(app)


def test_of_real_recordings_age_and_hearing_are_asked_for(human_recordings, shipped, open_page, words):
    paths = sorted((human_recordings / "native").glob("*.TXT"))
    read_recordings(paths, salt=b"0" * 32).cohort.write(shipped / "cohorts" / "clinical.parquet")
    app = one_patient(open_page)
    assert not app.exception
    assert "To be stated: age and hearing loss" in words(app)
    assert not app.get("plotly_chart"), "nothing is assumed"

    loud = next(p for p in patient_ids(app) if level_of(app, p) == 60)
    app.selectbox(key="one_patient_patient").set_value(loud).run()
    app.selectbox(key="one_patient_stated_age_years").set_value(25.0).run()
    assert not app.get("plotly_chart")
    app.selectbox(key="one_patient_stated_hearing_loss").set_value("normal").run()
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 2
    text = words(app) + "".join(w.value for w in app.warning)
    assert "Stated: 25 years, normal hearing" in text
    assert "correlate at 0." in text, "how well the model fits this recording is said with a number"


def level_of(app, patient: str) -> float:
    app.selectbox(key="one_patient_patient").set_value(patient).run()
    return app.selectbox(key="one_patient_level").value
