from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script():
    import streamlit as st

    from dashboard.widgets.view_choice import view_choice

    st.write(view_choice("some", {"one": "First", "two": "Second"}, "one"))


def shown(app) -> str:
    assert not app.exception
    return app.markdown[0].value


def test_the_first_view_then_the_chosen_one():
    app = AppTest.from_function(script).run()
    assert shown(app) == "one"
    app.segmented_control(key="some_view_control").set_value("two").run()
    assert shown(app) == "two"
    assert app.query_params["view"] == "two"
    assert shown(app.run()) == "two"


def test_the_address_opens_a_view_at_first_and_when_it_is_changed():
    app = AppTest.from_function(script)
    app.query_params["view"] = "two"
    assert shown(app.run()) == "two"
    app.query_params["view"] = "one"  # a link, or the browser's way back
    assert shown(app.run()) == "one"
    app.query_params["view"] = "nonsense"
    assert shown(app.run()) == "one"


def test_whoever_sets_the_view_opens_it():
    app = AppTest.from_function(script).run()
    app.session_state["some_view"] = "two"
    assert shown(app.run()) == "two"
    assert app.query_params["view"] == "two"
