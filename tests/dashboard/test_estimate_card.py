from __future__ import annotations

import dataclasses

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from abr_model.errors import InputError
from abr_model.training import estimate as estimating
from abr_model.training.estimate import Costs
from abr_model.training.network_cost import NetworkCost
from dashboard.widgets.training.starting.estimate_card import parts_in_words

COSTS = Costs(NetworkCost(1e6, 0.0, 2e5, 1e4, 0.1, 1e-4), NetworkCost(1e6, 0.0, 2e5, 1e4, 0.1, 1e-4), None)


@pytest.fixture
def tried(monkeypatch):
    """Counts how often a network was tried out, and has it cost :data:`COSTS`."""
    calls = []

    def try_out(preset, recordings, threads, machine):
        calls.append(preset)
        return COSTS

    st.cache_data.clear()
    monkeypatch.setattr(estimating, "try_out", try_out)
    return calls


def card() -> None:
    import streamlit as st

    from abr_model.configuration import load_preset
    from abr_model.runs.machine import Machine
    from dashboard.widgets.training.starting.estimate_card import estimate_card

    preset = load_preset("default").changed(training=st.session_state.get("training", {}))
    estimate_card(preset, 100_000, 1, Machine(accelerator=st.session_state.get("accelerator", "cpu")))


def shown(app: AppTest) -> str:
    return "\n".join(str(e.value) for kind in (app.metric, app.caption, app.warning) for e in kind)


def test_time_and_memory_stand_on_the_card(tried):
    app = AppTest.from_function(card).run()
    assert not app.exception and not app.warning
    assert [m.label for m in app.metric] == ["Time", "Memory"]
    assert "20 epochs of" in shown(app) and "on CPU, 1 thread" in shown(app)


def test_what_does_not_fit_is_warned_of(tried, monkeypatch):
    from abr_model.training import available_memory

    monkeypatch.setattr(available_memory, "available_memory", lambda: 3 * 10**8)
    app = AppTest.from_function(card).run()
    (warning,) = app.warning
    assert "will not fit" in warning.value and "0.3 GB are free" in warning.value


def test_a_network_is_tried_once_until_something_that_costs_is_changed(tried):
    app = AppTest.from_function(card).run().run()
    app.session_state["training"] = {"learning_rate": 0.01, "epochs": 40}
    app.run()
    assert "40 epochs of" in shown(app) and len(tried) == 1
    app.session_state["training"] = {"batch_size": 64}
    app.run()
    assert len(tried) == 2


@pytest.mark.parametrize("problem", [InputError("too large"), MemoryError("no memory"), RuntimeError("x\ny")])
def test_where_nothing_can_be_told_the_page_says_so_and_lives(tried, monkeypatch, problem):
    def fails(*arguments):
        raise problem

    monkeypatch.setattr(estimating, "try_out", fails)
    app = AppTest.from_function(card).run()
    assert not app.exception and not app.metric
    assert str(problem).splitlines()[0].lower() in shown(app).lower()


def test_a_machine_that_is_not_there_is_said(tried):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    app = AppTest.from_function(card)
    app.session_state["accelerator"] = "cuda"
    app.run()
    assert not app.exception and "NVIDIA" in shown(app)


def test_one_epoch_and_a_sampler_in_words():
    told = estimating.Estimate(2.0, 90.0, 99.0, (), "CPU, 1 thread", epochs=1, batch_size=8)
    assert parts_in_words(told) == "1 epoch of 2.0 s, then 2 min for the sampler; on CPU, 1 thread."
    assert parts_in_words(dataclasses.replace(told, epochs=3, sampler_seconds=0.0)) == (
        "3 epochs of 2.0 s each; on CPU, 1 thread."
    )
