from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.evaluation.features import Components, trace_features
from abr_model.evaluation.likeness.feature_pictures import DRAWN, feature_histograms, feature_weights
from abr_model.evaluation.likeness.feature_words import feature_difference, feature_title, feature_unit
from abr_model.evaluation.likeness.two_sample import two_sample_section
from abr_model.evaluation.likeness.two_samples import TwoSamples
from abr_model.evaluation.scorecard import Scorecard


def test_the_section_keeps_what_is_drawn(constructed, scorecard):
    comparison = constructed()
    section = two_sample_section(comparison)
    first = list(section.tables["telling_features"]["feature"][:DRAWN])
    bins = section.tables["feature_histograms"]
    assert set(bins["feature"]) <= set(first) and len(set(bins["feature"])) >= DRAWN - 2
    sums = bins.groupby("feature")[["generated_percent", "real_percent"]].sum()
    assert np.allclose(sums, 100, atol=0.01)
    weights = section.tables["feature_weights"]
    assert list(weights["time_ms"]) == pytest.approx(list(comparison.real.time_ms), abs=1e-4)
    assert [c for c in weights if c != "time_ms"] == [f for f in first if f.startswith("component")]
    again = Scorecard.from_json(replace(scorecard, sections=[section]).to_json())
    assert len(again.section("two_sample").tables["feature_histograms"]) == len(bins)


def test_a_weight_is_where_the_component_is(small_cohort):
    components = Components(small_cohort.waveforms)
    weights = feature_weights(components, small_cohort.time_ms, ["component 2", "kurtosis along the trace"])
    assert list(weights) == ["time_ms", "component 2"]
    assert weights["component 2"].abs().max() == pytest.approx(1.0)
    assert weights["component 2"].abs().idxmax() == np.abs(components.axes[1]).argmax()


def test_histograms_see_a_shift():
    rng = np.random.default_rng(0)
    values = np.r_[rng.normal(1, 0.1, 300), rng.normal(0, 0.1, 300)]
    samples = TwoSamples(
        np.zeros((600, 4)), pd.DataFrame({"size": values, "constant": 1.0}), np.empty((600, 0)),
        np.repeat([True, False], 300), np.arange(600).astype(str),
    )  # fmt: skip
    bins = feature_histograms(samples, ["size", "constant"])
    assert set(bins["feature"]) == {"size"}  # a constant has no distribution
    centre = (bins["low"] + bins["high"]) / 2
    assert np.average(centre, weights=bins["generated_percent"]) == pytest.approx(1.0, abs=0.05)
    assert np.average(centre, weights=bins["real_percent"]) == pytest.approx(0.0, abs=0.05)


def test_every_feature_has_words(small_cohort):
    names = list(trace_features(small_cohort.take(range(5)), Components(small_cohort.waveforms)))
    assert len(names) > 40
    for name in names:
        title = feature_title(name, "largest at 6.1 ms" if name.startswith("component") else "")
        assert title and title != name and feature_unit(name), name
    assert feature_title("component 3", "largest at 6.1 ms") == "Shape of the trace, most at 6.1 ms"


@pytest.mark.parametrize(
    ("shift", "spread", "alone", "words"),
    [
        (0.4, 1.0, 0.6, "higher on average by 0.40"),
        (-0.4, 0.7, 0.4, "lower on average by 0.40 standard deviations and scattered less (0.70 times"),
        (0.0, 1.0, 0.5, "only together with other features"),
        (0.06, 1.0, 0.51, "By itself it tells hardly anything"),
    ],
)
def test_how_they_differ_in_words(shift, spread, alone, words):
    assert words in feature_difference(shift, spread, alone)
