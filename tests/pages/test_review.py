"""The Review page without a browser: setting up, joining, results; what runs in the browser is in tests/e2e."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from abr_model.data_folder import pretrained_folder
from abr_model.model import TrainedModel
from abr_model.review.answer import Answer
from abr_model.review.store import Message
from abr_model.review.study import Study, list_studies

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_review(data_folder, sample_cohort, monkeypatch):
    """Opens the page, with the shipped model; ``address`` is what stands in it."""
    from dashboard import session

    monkeypatch.setattr(session, "SHIPPED_MODELS", pretrained_folder())

    def open_(**address) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=120).run()
        app = app.switch_page(str(ROOT / "pages" / "6_Review.py"))
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return open_


@pytest.fixture
def make_study(data_folder, small_cohort):
    def make(**asked) -> Study:
        model = TrainedModel.load(pretrained_folder() / "default")
        return Study.create(data_folder, small_cohort, model, **({"items": 8, "repeats": 2} | asked))

    return make


def answer(study: Study, codes=("r1", "r2"), rating=5) -> None:
    messages = [
        Message(code, item, repeat, Answer.of(
            {"rating": rating, "plausibility": 4, "marks": [{"wave": "V", "ms": 5.5 + 0.01 * item}], "seconds": 9,
             "noticed": ["noise"], "note": "flat *noise*", "done": True}), code, number, time.time())
        for code in codes
        for number, (item, repeat) in enumerate(study.order(code))
    ]  # fmt: skip
    study.store().save(messages)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.main.button if button.label == label).click().run()
    assert not app.exception, app.exception
    return app


def test_without_a_study_the_form_is_open(open_review, words):
    app = open_review()
    assert app.session_state["review_view"] == "new"
    assert "Simulated clinic, not patients" in words(app)
    assert "with 80 % power" in words(app)
    app = open_review(view="results")
    assert "No study yet" in words(app)


def test_a_study_is_set_up_as_the_form_says(open_review, data_folder, words):
    app = open_review()
    app.number_input(key="review_new_items").set_value(10)
    app.number_input(key="review_new_repeats").set_value(3)
    app.text_input(key="review_new_reviewers").set_value("R1, r2")
    app.text_input(key="review_new_label").set_value("pilot").run()
    assert "With 2 reviewers" in words(app)
    press(app, "Make the study")
    [study] = list_studies(data_folder)
    assert (study.config.items, study.config.repeats, study.config.reviewers) == (10, 3, ("r1", "r2"))
    assert study.config.label == "pilot"
    assert app.session_state["review_view"] == "review"
    assert "13 items, one trace at a time" in words(app)
    assert app.query_params["study"] == study.id


def test_what_does_not_go_is_said_and_the_form_stays(open_review, data_folder):
    app = open_review()
    app.number_input(key="review_new_items").set_value(2000).run()
    press(app, "Make the study")
    assert "too few recordings" in app.error[0].value
    assert app.number_input(key="review_new_items").value == 2000
    assert list_studies(data_folder) == []


def test_a_reviewer_joins_by_a_code_name(open_review, make_study, words):
    study = make_study()
    app = open_review()
    app.text_input(key="review_code").set_value("Dr. Meyer!")
    press(app, "Begin")
    assert "Dr. Meyer" in app.error[0].value
    app.text_input(key="review_code").set_value("R7")
    press(app, "Begin")
    assert app.query_params["reviewer"] == "r7"
    assert "simulated clinic, not patients" in words(app)
    press(app, "Leave")
    assert "reviewer" not in app.query_params
    assert study.store().answers() == []


def test_only_the_reviewers_that_were_named_take_part(open_review, make_study):
    study = make_study(reviewers=("r1", "r2"))
    app = open_review()
    assert not [box for box in app.text_input if box.key == "review_code"]
    app = open_review(view="review", study=study.id, reviewer="r9")
    assert "no such reviewer" in app.error[0].value


def test_an_address_of_nothing_does_no_harm(open_review, make_study):
    make_study()
    app = open_review(view="nothing", study="../../x", reviewer="<b>")
    assert app.session_state["review_view"] == "review"


def test_results_stay_blinded_until_the_study_is_closed(open_review, make_study, words):
    study = make_study(label="pilot")
    answer(study)
    app = open_review(view="results", study=study.id)
    assert "results stay blinded" in words(app)
    assert not app.metric
    [progress] = app.dataframe
    assert list(progress.value["confirmed"]) == [10, 10]
    assert not {"correct", "generated", "rating"} & set(progress.value.columns)
    press(app, "Close the study")
    assert study.store().closed is not None
    assert "of answers were right" in words(app)
    assert "not patients" in words(app)
    assert [metric.label for metric in app.metric][:2] == ["Right answers", "d′"]
    assert app.metric[0].value == "50 %"  # everything was called generated


def test_every_closer_look_is_drawn(open_review, make_study, words):
    study = make_study(items=12)
    answer(study, ("r1", "r2", "r3"))
    study.store().close()
    app = open_review(view="results", study=study.id)
    looks = next(control for control in app.button_group if control.key == "review_look")
    assert len(looks.options) == 6
    for option in ("Reviewers", "Marked latencies", "Agreement", "Where", "Noticed", "Items"):
        next(control for control in app.button_group if control.key == "review_look").set_value([option]).run()
        assert not app.exception, (option, app.exception)


def test_a_study_without_answers_can_be_closed(open_review, make_study, words):
    study = make_study()
    study.store().close()
    assert "nothing can be said" in words(open_review(view="results", study=study.id))


def test_a_study_that_is_damaged_is_told_in_words(open_review, make_study):
    study = make_study()
    (study.folder / "items.json").write_text("{")
    app = open_review(view="review", study=study.id, reviewer="r1")
    assert "items of the study cannot be read" in app.error[0].value
    (study.folder / "study.json").write_text("{")
    other = make_study(label="a whole one")
    app = open_review(view="results", study=study.id)
    assert [study.id in error.value.replace("\\", "") for error in app.error] == [True]
    assert app.session_state["review_study"] == other.id, "the others can be worked with"
