"""What is set: in the session, in the address, under a name."""

from __future__ import annotations

import pytest


def test_what_is_set_stands_in_the_address(app, set_to, axis_of):
    set_to(app, "mean", "difference", age_years=0.0).run()
    assert app.query_params["age"] == "newborn"
    assert app.query_params["show"] == "mean"
    assert app.query_params["compare"] == "difference"
    assert axis_of(app, "age_years")["stops"][axis_of(app, "age_years")["at"]] == "newborn"


def test_a_level_let_go_is_in_the_address_and_the_usual_one_is_not(app, level_to):
    level_to(app, 50).run()
    assert app.query_params["level"] == "50"
    level_to(app, 80).run()
    assert "level" not in app.query_params


def test_the_level_survives_a_page_change(app, project_root, settings, level_to):
    level_to(app, 35).run()
    app.switch_page(str(project_root / "pages" / "1_Data.py")).run()
    app.query_params.clear()  # as a browser's address is after a page change
    app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()
    assert settings(app).condition["intensity_db_nhl"] == 35
    assert app.query_params["level"] == "35"


def test_an_address_that_is_changed_later_is_followed(app, settings, level_to):
    level_to(app, 50).run()
    app.query_params["level"] = "20"  # as the browser's way back does
    app.run()
    assert settings(app).condition["intensity_db_nhl"] == 20


@pytest.mark.parametrize(
    ("address", "level", "age", "hearing"),
    [
        ({"level": "40", "age": "30-years", "hearing": "total"}, 40, 30.0, "total"),
        ({"level": "300", "age": "-1", "hearing": "deaf"}, 80, 0.25, "normal"),
    ],
)
def test_settings_come_from_the_address_and_a_bad_one_is_ignored(
    open_page, sample_cohort, data_folder, model, project_root, address, level, age, hearing, settings
):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("home")
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()
    assert not app.exception
    condition = settings(app).condition
    assert (condition["intensity_db_nhl"], condition["age_years"], condition["hearing_loss"]) == (level, age, hearing)


def test_named_settings_are_gone_to_kept_and_deleted(app, settings, level_to):
    app.selectbox(key="settings_picked").set_value("Newborn screening, 35 dB nHL").run()
    assert not app.exception
    assert settings(app).condition["intensity_db_nhl"] == 35
    assert settings(app).condition["age_years"] == 0
    level_to(app, 40).run()
    app.text_input(key="settings_name").set_value("our screening").run()
    app.button(key="settings_keep").click().run()
    assert app.selectbox(key="settings_picked").value == "our screening"
    level_to(app, 90).run()
    app.selectbox(key="settings_picked").set_value("our screening").run()
    assert settings(app).condition["intensity_db_nhl"] == 40
    app.button(key="settings_forget").click().run()
    assert "our screening" not in app.selectbox(key="settings_picked").options


def test_a_name_that_is_refused_is_explained(app, words):
    app.text_input(key="settings_name").set_value("  ").run()
    app.button(key="settings_keep").click().run()
    assert not app.exception
    assert any("name is not allowed" in error.value for error in app.error)
