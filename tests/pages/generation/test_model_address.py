"""The model in the address."""

from __future__ import annotations

from dataclasses import replace

import pytest


def open_with(open_page, project_root, **address):
    app = open_page("home")
    for name, value in address.items():
        app.query_params[name] = value
    return app.switch_page(str(project_root / "pages" / "3_Generation.py")).run()


@pytest.fixture
def other_model(model):
    """Another model, by its weights."""
    import copy

    import torch

    network = copy.deepcopy(model.network)
    with torch.no_grad():
        next(network.parameters()).add_(0.01)
    return replace(model, network=network)


def test_the_address_names_the_model(app, model):
    assert app.query_params["model"] == model.model_id


def test_a_link_shows_the_model_it_was_made_with(
    open_page, sample_cohort, data_folder, model, other_model, project_root
):
    model.save(data_folder / "pretrained" / "default")
    other_model.save(data_folder / "pretrained" / "other")
    assert other_model.model_id != model.model_id
    app = open_with(open_page, project_root, model=other_model.model_id)
    assert not app.exception
    assert app.query_params["model"] == other_model.model_id
    assert app.sidebar.selectbox(key="model").value.endswith("other")
    app.sidebar.selectbox(key="model").set_value(str(data_folder / "pretrained" / "default")).run()
    assert app.query_params["model"] == model.model_id  # what a person picks later holds


def test_a_link_of_a_model_that_is_not_here_says_so(open_page, sample_cohort, data_folder, model, project_root, words):
    model.save(data_folder / "pretrained" / "default")
    app = open_with(open_page, project_root, model="0123456789ab")
    assert not app.exception
    assert "made with model 01234567, which is not here" in words(app)
    assert app.query_params["model"] == model.model_id
