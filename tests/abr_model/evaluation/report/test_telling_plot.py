"""The most telling features, drawn in the report."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from abr_model.evaluation.likeness.feature_words import feature_title
from abr_model.evaluation.report.picture import Axes
from abr_model.evaluation.report.report import report_html
from abr_model.evaluation.report.telling_plot import DRAWN, telling_plots
from abr_model.evaluation.score import Section
from abr_model.evaluation.scorecard import Scorecard

TIME = np.arange(0, 13, 0.5)


@pytest.fixture
def told(scorecard) -> Scorecard:
    """A scorecard whose classifier was told most by a component, a band and a peak's height."""
    names = ["component 1", "log power 450–600 Hz", "largest value"]
    features = pd.DataFrame({"feature": names, "where": ["largest at <3.0> ms", None, None]})
    features = features.assign(auc_lost_without=[0.03, 0.02, 0.01], shift_sd=0.3, spread_ratio=1.0, auc_alone=0.6)
    weights = pd.DataFrame({"time_ms": TIME, "component 1": np.where((TIME >= 2) & (TIME <= 4), 1.0, 0.1)})
    by_time = pd.DataFrame({"time_ms": TIME, "real_mean_uv": np.sin(TIME), "generated_mean_uv": np.sin(TIME) + 0.02})
    hertz = np.arange(0, 7000, 50.0)
    spectra = {"real_power_db": -hertz / 100, "generated_power_db": -hertz / 99}
    tables = {
        "two_sample": {"telling_features": features, "feature_weights": weights},
        "distributions": {
            "by_time": by_time.assign(real_sd_uv=0.2, generated_sd_uv=0.3),
            "by_frequency": pd.DataFrame({"frequency_hz": hertz} | spectra),
        },
    }
    others = tuple(section for section in scorecard.sections if section.key not in tables)
    made = tuple(Section(key, key, (), tables=found) for key, found in tables.items())
    return replace(scorecard, sections=others + made)


def drawn(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture).find("svg")


def test_each_feature_is_drawn_where_it_lies(told):
    shape, band, height = map(drawn, telling_plots(told))
    (span,) = shape.findall("rect[@class='span']")
    axes = Axes((46, 370), (0, 1), (0, 12.5), (0, 1))
    assert float(span.get("x")) == pytest.approx(axes.at_x(1.75), abs=0.1)
    assert float(span.get("width")) == pytest.approx(axes.at_x(4.25) - axes.at_x(1.75), abs=0.2)
    for side in ("real", "generated"):
        assert len(shape.findall(f"polygon[@class='{side}']")) == 1, "mean ± SD"
        assert len(band.findall(f"polyline[@class='{side}']")) == 1
    assert len(shape.findall("polyline[@class='difference']")) == 1
    words = [text.text for text in shape.iter("text")]
    assert {"Shape of the trace, most at <3.0> ms", "AUC lost without it: 0.030", "µV", "+20 nV", "ms"} <= set(words)
    assert "Hz" in [text.text for text in band.iter("text")]
    assert len(band.findall("rect[@class='span']")) == 1
    assert not height.findall("rect[@class='span']"), "it looks at the whole trace"


def test_they_stand_in_the_report_and_need_nothing_from_elsewhere(told):
    html = report_html(told)
    assert "What gives it away" in html
    assert html.count("<figure>") == 3
    assert "<3.0>" not in html, "escaped"


@pytest.mark.parametrize("missing", ["telling_features", "by_time", "by_frequency"])
def test_nothing_is_drawn_of_what_was_not_measured(told, missing):
    for section in told.sections:
        section.tables.pop(missing, None)
    assert telling_plots(told) == []
    assert "What gives it away" not in report_html(told)


def test_the_shipped_scorecard_has_them(project_root):
    shipped = Scorecard.read(project_root / "data" / "pretrained" / "default")
    pictures = telling_plots(shipped)
    features = shipped.section("two_sample").tables["telling_features"].head(DRAWN)
    assert len(pictures) == len(features) == DRAWN
    for picture, name, where in zip(pictures, features["feature"], features["where"], strict=True):
        assert feature_title(name, where or "") in picture
