"""The page as a whole: what it says, and where there is no model."""

from __future__ import annotations

import pytest


def test_asks_its_question_and_says_what_is_shown(app, words):
    text = words(app)
    assert [t.value for t in app.title] == ["Generation"]
    assert "What would this ear's ABR look like?" in text
    assert "simulated cohort" in text
    assert "recordings near" in text
    assert "research use only" in text
    assert "generated · cohort (n = " in text
    assert "Near = same hearing" in text


def test_nothing_stands_above_the_title(app):
    """A bare string in a page script would be written on the page."""
    assert app.main.children[0].type == "title"


def test_without_a_model_the_page_says_what_to_do(open_page, sample_cohort, words):
    app = open_page("generation")
    assert not app.exception
    assert "There is no trained model yet" in words(app)
    assert "Train one" in words(app)
    assert not app.get("plotly_chart")
    assert not app.get("bidi_component")


def test_a_damaged_model_is_one_message(open_page, sample_cohort, data_folder, model, words):
    folder = model.save(data_folder / "pretrained" / "tiny")
    (folder / "weights.safetensors").write_bytes(b"not weights")
    app = open_page("generation")
    assert not app.exception
    assert "weights.safetensors" in words(app)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes(app, theme, monkeypatch, shown):
    from dashboard import session
    from dashboard.style import TRACE_STYLES

    monkeypatch.setattr(session, "theme", lambda: theme)
    app.run()
    assert not app.exception
    assert shown(app)["styles"]["mean"]["colour"] == TRACE_STYLES["generated"].colour(theme)
