"""The Generation page without a browser: the page, and what it sends to the component of sliders and trace."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.widgets.generation.exploring.settings import ExploreSettings


@pytest.fixture
def app(open_page, sample_cohort, data_folder, model):
    model.save(data_folder / "pretrained" / "tiny")
    app = open_page("generation")
    assert not app.exception
    return app


def _figure(app, number: int = 0) -> dict:
    return json.loads(app.get("plotly_chart")[number].proto.spec)


def _trace(spec: dict, name: str) -> dict:
    found = [t for t in spec["data"] if name in t.get("name", "")]
    assert len(found) == 1, [t.get("name") for t in spec["data"]]
    return found[0]


def _shown(app) -> dict:
    """What the component of sliders and trace is sent."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def _settings(app) -> ExploreSettings:
    return app.session_state["generation_settings"]


def _set_to(app, show: str | None = None, compare: str | None = None, **condition):
    """What the component does when a slider is let go or a button is clicked; it has no browser here."""
    before = _settings(app)
    app.session_state["generation_settings"] = replace(
        before,
        condition=before.condition | condition,
        show=show or before.show,
        compare=compare or before.compare,
    )
    return app


def _level_to(app, level: float):
    return _set_to(app, intensity_db_nhl=float(level))


def _array(sent: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(sent["of"]), "<i2").reshape(sent["shape"]) * sent["step"]


def _mean_of(app) -> np.ndarray:
    """The generated mean, µV, where the sliders stand."""
    return _array(_shown(app)["picture"]["mean"])[0]


def _axis_of(app, name: str) -> dict:
    return next(axis for axis in _shown(app)["axes"] if axis["name"] == name)


def _labels(app) -> list[str]:
    return [words for words in _shown(app)["legend"].values() if words]


def _given(function):
    """A function as a fixture: modules of tests cannot import from one another."""
    return pytest.fixture(lambda: function, name=function.__name__[1:])


figure, trace, labels = map(_given, (_figure, _trace, _labels))
shown, array, mean_of, axis_of = map(_given, (_shown, _array, _mean_of, _axis_of))
settings, set_to, level_to = map(_given, (_settings, _set_to, _level_to))
