from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.missingness import label_patterns, missing_rates
from abr_model.schema import LABEL_NAMES
from dashboard.charts.missingness import in_words, pattern_chart, percent, rate_map
from dashboard.charts.selection import funnel_chart


def table() -> pd.DataFrame:
    """Four recordings: V marked in three, I and III in one; the age of one is not known."""
    frame = pd.DataFrame({name: [1.0, np.nan, np.nan, np.nan] for name in LABEL_NAMES})
    frame["latency_V_ms"] = frame["amplitude_V_uv"] = [5.0, 5.0, 5.0, np.nan]
    return frame.assign(
        age_years=[30.0, 30.0, np.nan, 30.0],
        intensity_db_nhl=[80.0, 80.0, 40.0, 40.0],
        stimulus_rate_per_s=33.0,
        hearing_loss="normal",
    )


def test_the_map_has_a_cell_per_column_and_group_with_its_share():
    rates = missing_rates(table(), by="intensity_db_nhl").assign(group=lambda r: r["group"].map("{:g}".format))
    figure = rate_map(rates, "light", group_title="Intensity (dB nHL)")
    heat = figure.data[0]
    assert np.shape(heat.z) == (10, 2)
    row = list(heat.y).index("Wave V latency")
    assert list(heat.x) == ["40<br>n = 2", "80<br>n = 2"]
    assert list(heat.z[row]) == [0.5, 0.0]
    assert figure.layout.xaxis.title.text == "Intensity (dB nHL)"
    assert list(heat.text[row]) == ["50 %", "0 %"]


def test_patterns_show_shares_and_what_each_lacks():
    patterns = label_patterns(table())
    columns = [c for c in LABEL_NAMES if patterns[c].any()] + ["age_years"]
    figure = pattern_chart(patterns, columns, "dark")
    bars, known, missing = figure.data
    assert sum(bars.y) == 1.0
    assert len(known.x) + len(missing.x) == len(patterns) * len(columns)
    assert len(missing.x) == int(patterns[columns].sum().sum())


def test_words_speak_of_marked_waves_and_unknown_conditions():
    text = " ".join(in_words(missing_rates(table())))
    assert "I in 25 %, III in 25 %, V in 75 %" in text
    assert "age in 25 %" in text
    assert "does not mean absent" in text


def test_percent_does_not_call_a_rare_value_absent():
    assert [percent(s) for s in (0, 0.001, 0.254, 0.999, 1.0, np.nan)] == [
        "0 %",
        "< 1 %",
        "25 %",
        "> 99 %",
        "100 %",
        "–",
    ]


def test_funnel_has_one_bar_a_rule_with_its_numbers():
    funnel = pd.DataFrame({"rule": ["all", "Fmp above 1"], "removed": [0, 40], "kept": [1000, 960]})
    kept, removed = funnel_chart(funnel, "light").data
    assert list(kept.x) == [1000, 960]
    assert list(removed.text) == ["1,000", "960  (−40)"]


def test_missing_together_shows_each_pair_once_and_names_the_strongest():
    from dashboard.charts.missingness import together_in_words, together_map

    names = ["age_years", "latency_I_ms", "latency_V_ms"]
    correlation = pd.DataFrame([[1, 0.8, -0.5], [0.8, 1, 0.0], [-0.5, 0.0, 1]], names, names)
    heat = together_map(correlation, "light").data[0]
    assert list(heat.x) == ["Age", "Wave I latency"] and list(heat.y) == ["Wave I latency", "Wave V latency"]
    np.testing.assert_array_equal(heat.z, [[0.8, np.nan], [-0.5, 0.0]])
    assert [list(row) for row in heat.text] == [["0.8", ""], ["−0.5", "0.0"]]
    text = " ".join(together_in_words(correlation))
    assert "Most together: age and wave I latency (0.80)" in text
    assert "Most apart: age and wave V latency (−0.50)" in text
