"""What goes to the reviewing screen and what comes back from it."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st

from abr_model.data_folder import pretrained_folder
from abr_model.model import TrainedModel
from abr_model.provenance import Provenance
from abr_model.review.study import SEALED, Study
from dashboard.widgets.review.payload import review_payload
from dashboard.widgets.review.screen import take_messages


@pytest.fixture(scope="module")
def study(tmp_path_factory, small_cohort) -> Study:
    """Not to be answered: tests that do so make a store of their own."""
    model = TrainedModel.load(pretrained_folder() / "default")
    return Study.create(tmp_path_factory.mktemp("data"), small_cohort, model, items=30, repeats=5, mark=("III", "V"))


@pytest.fixture(autouse=True)
def fresh_answers(study):
    yield
    for path in study.folder.glob("answers.sqlite*"):
        path.unlink()
    st.cache_resource.clear()


def payload(study: Study, theme: str = "light", **more) -> dict:
    """As the browser gets it."""
    order = study.order("r1")
    made = review_payload(study.id, study.config, study.items, "r1", order, study.store().answers("r1"), theme, **more)
    return json.loads(json.dumps(made, allow_nan=False))


def complete(**more) -> dict:
    marks = [{"trace": 0, "wave": "V", "ms": 5.5}, {"trace": 0, "wave": "III", "ms": None}]
    return {"marks": marks, "plausibility": 4, "rating": 5, "noticed": ["noise"], "note": "", "seconds": 3.2} | more


def sent(*answers, at=0, window="w", first=1) -> dict:
    messages = [
        {"window": window, "number": first + k, "index": index, "answer": answer, "ago_ms": 100}
        for k, (index, answer) in enumerate(answers)
    ]
    return {"at": at, "messages": messages}


def take(study: Study, message: dict) -> dict:
    return take_messages(study.store(), study, "r1", study.order("r1"), message)


def test_the_first_items_are_there_and_the_next_ones_follow(study):
    first = payload(study)
    assert [int(place) for place in first["items"]] == list(range(12))
    later = payload(study, at=20)
    assert [int(place) for place in later["items"]] == list(range(18, 32))
    last = payload(study, at=35)
    assert max(int(place) for place in last["items"]) == 34
    assert first["total"] == 35
    uv = np.frombuffer(base64.b64decode(first["items"]["0"]["traces"]), dtype="<i2") * first["step_uv"]
    item = study.order("r1")[0][0]
    assert np.array_equal(uv, study.items.traces[item] * study.items.step_uv)


def test_nothing_in_it_tells_the_kind_or_a_repeat(study):
    sent_all = {
        place: payload(study, at=at)["items"][place]
        for at in (0, 12, 24, 34)
        for place in payload(study, at=at)["items"]
    }
    assert len(sent_all) == 35
    key = json.loads((study.folder / SEALED / "key.json").read_text())
    order = study.order("r1")
    by_kind = {True: set(), False: set()}
    for place, item in sent_all.items():
        shape = (tuple(item), len(item["traces"]), len(item["facts"]), len(item["levels"]), item["ear"] is None)
        by_kind[key[order[int(place)][0]]["generated"]].add(shape)
    assert by_kind[True] == by_kind[False]
    twice = [place for place, (_, repeat) in enumerate(order) if repeat]
    assert {tuple(sent_all[str(place)]) for place in twice} == {("levels", "facts", "ear", "traces")}
    text = json.dumps(payload(study))
    for secret in (study.config.cohort_digest, study.config.model_id, "sealed", "repeat", "recording_id", "patient"):
        assert secret not in text


def test_an_answer_is_stored_and_acknowledged(study):
    before = time.time()
    news = take(study, sent((0, complete(done=True)), (1, {"rating": 2}), at=1))
    assert news == {"at": 1, "stored": ["w.1", "w.2"], "problem": ""}
    stored = study.store().answers("r1")
    order = study.order("r1")
    assert {(one.item, one.repeat) for one in stored} == {order[0], order[1]}
    assert all(before - 1 < one.given < time.time() for one in stored)
    now = payload(study)
    assert now["done"][:3] == [True, False, False]
    assert now["answers"]["0"]["marks"][1] == {"trace": 0, "wave": "III", "ms": None}
    assert now["answers"]["1"]["rating"] == 2


def test_who_comes_back_begins_where_nothing_is_confirmed(study):
    take(study, sent(*[(place, complete(done=True)) for place in range(15)]))
    assert [int(place) for place in payload(study)["items"]][:3] == [13, 14, 15]


def test_a_confirmed_answer_that_lacks_something_is_kept_and_not_confirmed(study):
    news = take(study, sent((0, complete(done=True, marks=[{"trace": 0, "wave": "V", "ms": 5.5}]))))
    assert news["stored"] == ["w.1"]
    [one] = study.store().answers("r1")
    assert not one.answer.done
    assert one.answer.marks[0].ms == 5.5


@pytest.mark.parametrize(
    "answer", [{"rating": 7}, {"rating": "x"}, {"marks": [{"wave": "II", "ms": 1}]}, {"note": "x" * 501}, None, []]
)
def test_what_is_no_answer_is_dropped_with_a_word_and_holds_nothing_up(study, answer):
    news = take(study, sent((0, answer), (1, complete())))
    assert set(news["stored"]) >= {"w.2"}
    assert "refused" in news["problem"]
    assert len(study.store().answers("r1")) == 1


def test_a_place_that_is_not_there_is_refused(study):
    assert "refused" in take(study, sent((99, complete())))["problem"]
    assert study.store().answers("r1") == []


def test_after_the_end_nothing_is_taken(study):
    study.store().close()
    news = take(study, sent((0, complete(done=True))))
    assert news["stored"] == ["w.1"], "the browser must not send it for ever"
    assert "closed" in news["problem"]
    assert study.store().answers("r1") == []


def test_while_the_database_is_gone_the_browser_keeps_what_it_has(study, monkeypatch):
    from abr_model.errors import InputError

    store = study.store()
    monkeypatch.setattr(type(store), "save", lambda *_: (_ for _ in ()).throw(InputError("the disk is full")))
    news = take_messages(store, study, "r1", study.order("r1"), sent((0, complete())))
    assert news["stored"] == []
    assert "trying again" in news["problem"]


def test_only_a_clinical_cohort_is_called_real(tmp_path, small_cohort):
    clinical = replace(small_cohort, provenance=Provenance(kind="clinical", source="a clinic"))
    model = TrainedModel.load(pretrained_folder() / "default")
    study = Study.create(tmp_path, clinical, model, items=4)
    words = payload(study)["words"]
    assert (words["recorded"], words["rating"]) == ("real", "Real or generated?")
    assert "imulat" not in json.dumps(words) + study.config.notice


def test_both_themes_have_their_colours(study):
    light, dark = payload(study), payload(study, "dark")
    assert light["colours"].keys() == dark["colours"].keys()
    assert light["colours"]["ink"] != dark["colours"]["ink"]
    assert light["words"]["recorded"] == "simulated clinic"
