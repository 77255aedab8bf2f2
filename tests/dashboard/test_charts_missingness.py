from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.missingness import (
    code_counts,
    differences,
    label_patterns,
    little_test,
    missing_matrix,
    missing_rates,
    nullity_correlation,
    nullity_tree,
    predictability,
    rate_along,
    same_nullity,
)
from abr_model.schema import LABEL_NAMES
from abr_model.table import conform_table
from dashboard.charts.missingness import code_bars, rate_bars, rate_map
from dashboard.charts.missingness_matrix import matrix_map
from dashboard.charts.missingness_reasons import (
    differences_chart,
    importance_chart,
    prediction_chart,
    rate_along_chart,
)
from dashboard.charts.missingness_together import together_map, upset_chart
from dashboard.charts.missingness_words import (
    column_label,
    difference_words,
    in_words,
    little_words,
    pattern_words,
    percent,
    prediction_words,
    signed,
    strongest_words,
    together_in_words,
)


def table() -> pd.DataFrame:
    """Four recordings: V marked in three, I and III in one; the age of one is not known."""
    frame = pd.DataFrame({name: [1.0, np.nan, np.nan, np.nan] for name in LABEL_NAMES})
    frame["latency_V_ms"] = frame["amplitude_V_uv"] = [5.0, 5.0, 5.0, np.nan]
    return conform_table(
        frame.assign(
            recording_id=list("abcd"),
            patient_id=["p", "p", "q", "q"],
            age_years=[30.0, 30.0, np.nan, 30.0],
            intensity_db_nhl=[80.0, 80.0, 40.0, 40.0],
            stimulus_rate_per_s=33.0,
            hearing_loss="normal",
        )
    )


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """400 recordings of 40 patients: V is missing below 40 dB, more often in sensorineural loss."""
    chance = np.random.default_rng(1)
    level = chance.choice(np.arange(0, 100, 10.0), 400)
    hearing = np.repeat(chance.choice(["normal", "sensorineural"], 40), 10)
    lacks = (level < 40) | ((hearing == "sensorineural") & (chance.random(400) < 0.4))
    return conform_table(
        pd.DataFrame(
            {
                "recording_id": [f"r{i}" for i in range(400)],
                "patient_id": [f"p{i // 10:02d}" for i in range(400)],
                "intensity_db_nhl": level,
                "age_years": np.repeat(chance.uniform(0, 80, 40), 10),
                "hearing_loss": hearing,
                "latency_V_ms": np.where(lacks, np.nan, 6.0),
                "fmp": np.where(lacks, 0.5, 3.0) + chance.normal(0, 0.1, 400) ** 2,
            }
        )
    )


# --- how often, and where --------------------------------------------------------------------------------------------


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
    assert list(heat.customdata[row][0][:2]) == [1, 2]


def test_bars_of_the_codes_add_up_and_leave_out_what_does_not_occur():
    judged = table().assign(response_V=[None, None, None, "absent"])
    figure = code_bars(code_counts(judged), "dark")
    bars = {bar.name: np.array(bar.x) for bar in figure.data}
    assert list(bars) == ["marked", "no response", "not marked"]
    assert sum(bars.values()).tolist() == [1, 1, 1]
    assert bars["no response"].tolist() == [0, 0, 0.25]
    assert list(figure.data[0].y) == ["Wave I", "Wave III", "Wave V"]
    hatched = {bar.name: bar.marker.pattern.shape for bar in figure.data}
    assert len(set(hatched.values())) > 1  # never colour alone


def test_bars_by_group_carry_the_number_of_recordings():
    level = pd.Series(pd.Categorical(["80", "80", "40", "40"], ["40", "80"], ordered=True))
    figure = code_bars(code_counts(table(), by=level, waves=("V",)), "light", of="group", title="Intensity (dB nHL)")
    assert list(figure.data[0].y) == ["40  (n = 2)", "80  (n = 2)"]
    assert list(figure.data[0].x) == [0.5, 1.0]


def test_bars_of_the_columns_have_intervals():
    rates = missing_rates(table())
    bar = rate_bars(rates, "light").data[0]
    assert list(bar.x) == list(rates["rate"])
    assert np.all(np.array(bar.error_x.array) >= 0) and np.all(np.array(bar.error_x.arrayminus) >= 0)


def test_the_matrix_has_a_row_a_bin_and_says_what_it_is_sorted_by(made):
    matrix = missing_matrix(made, ["latency_V_ms", "age_years"], "intensity_db_nhl", bins=20)
    figure = matrix_map(matrix, "light", sort_title="Intensity (dB nHL)")
    heat, line = figure.data
    assert np.shape(heat.z) == (20, 2) and heat.y[-1] == 400
    assert np.array_equal(heat.z, matrix.share)
    assert figure.layout.yaxis.title.text == "Intensity (dB nHL)"
    assert set(figure.layout.yaxis.ticktext) <= {str(level) for level in range(0, 100, 10)}
    assert list(line.x) == list(matrix.complete)


def test_the_matrix_names_classes_and_what_is_not_known(made):
    unknown = made.copy()
    unknown.loc[:99, "hearing_loss"] = None
    matrix = missing_matrix(unknown, ["latency_V_ms"], "hearing_loss", bins=8)
    figure = matrix_map(matrix, "dark", sort_title="Hearing loss", names={"normal": "Normal"})
    assert list(figure.layout.yaxis.ticktext) == ["Normal", "sensorineural", "not known"]
    plain = matrix_map(missing_matrix(unknown, ["latency_V_ms"], bins=8), "dark")
    assert "order of the file" in plain.layout.yaxis.title.text and plain.layout.yaxis.ticktext[-1] == "400"


# --- together --------------------------------------------------------------------------------------------------------


def upset(chosen=None):
    rows = same_nullity(table())
    patterns = label_patterns(table(), [names[0] for names in rows])
    return rows, patterns, upset_chart(patterns, rows, "dark", chosen=chosen)


def trace(figure, name: str):
    return next(t for t in figure.data if t.name == name)


def test_upset_has_a_bar_a_combination_and_a_dot_for_each_missing_column():
    rows, patterns, figure = upset()
    assert sorted(map(column_label, rows)) == ["Age", "Wave I, wave III", "Wave V"]
    assert list(trace(figure, "recordings").y) == list(patterns["share"])
    lacking = patterns[[names[0] for names in rows]].to_numpy()
    assert len(trace(figure, "missing").x) == lacking.sum() and len(trace(figure, "known").x) == (~lacking).sum()


def test_upset_sizes_at_the_left_are_the_rates_of_the_columns():
    _, _, figure = upset()
    sizes = next(t for t in figure.data if t.type == "bar" and t.orientation == "h")
    found = {name: size / 4 for name, size in sizes.customdata}
    assert found == {"Wave I, wave III": 0.75, "Wave V": 0.25, "Age": 0.25}
    assert list(sizes.x) == [found[name] for name, _ in sizes.customdata]
    assert list(sizes.x) == sorted(sizes.x, reverse=True)  # the axis runs upwards: the most missing at the bottom


def test_upset_bars_and_dots_carry_the_number_of_their_combination():
    rows, patterns, figure = upset()
    for name in ("missing", "known"):
        dots = trace(figure, name)
        for x, data in zip(dots.x, dots.customdata, strict=True):
            label = next(names for names in rows if column_label(names) == data[1])
            assert bool(patterns[label[0]].iloc[int(data[0])]) == (name == "missing") and int(data[0]) == x
    assert [data[0] for data in trace(figure, "recordings").customdata] == list(range(len(patterns)))


def test_upset_emphasises_the_chosen_combination_even_if_it_is_rare():
    rows, patterns, _ = upset()
    figure = upset_chart(patterns, rows, "light", most=2, chosen=3)
    bars = trace(figure, "recordings")
    assert [data[0] for data in bars.customdata] == [0, 3]
    assert bars.marker.color[0] != bars.marker.color[1]


def test_missing_together_shows_each_pair_once_and_names_the_strongest():
    names = ["age_years", "latency_I_ms", "latency_V_ms"]
    correlation = pd.DataFrame([[1, 0.8, -0.5], [0.8, 1, 0.0], [-0.5, 0.0, 1]], names, names)
    heat = trace(together_map(correlation, "light"), "φ")
    assert list(heat.x) == ["Age", "Wave I latency", "Wave V latency"]
    np.testing.assert_array_equal(heat.z, [[np.nan] * 3, [0.8, np.nan, np.nan], [-0.5, 0.0, np.nan]])
    assert [list(row)[:2] for row in heat.text] == [["", ""], ["0.8", ""], ["−0.5", "0.0"]]
    text = " ".join(together_in_words(correlation))
    assert "Most together: age and wave I latency (0.80)" in text
    assert "Most apart: age and wave V latency (−0.50)" in text


def test_the_tree_lies_beside_the_map_in_the_same_order():
    correlation = nullity_correlation(table())
    tree = nullity_tree(correlation)
    figure = together_map(correlation, "light", tree)
    heat, branches = trace(figure, "φ"), trace(figure, "missing alike")
    assert [row[0][0] for row in heat.customdata] == list(heat.x)
    leaves = [y for x, y in zip(branches.x, branches.y, strict=True) if x == 0 and y is not None]
    assert {0, len(correlation) - 1} <= set(leaves)
    assert max(x for x in branches.x if x is not None) == pytest.approx(tree.merges[-1, 2])
    joined = [column for column in tree.columns if correlation.loc[column, "latency_I_ms"] > 0.999]
    at = [tree.columns.index(c) for c in joined]
    assert max(at) - min(at) == len(joined) - 1  # one block


# --- why -------------------------------------------------------------------------------------------------------------


def test_differences_are_drawn_with_intervals_and_what_is_behind_them(made):
    found = differences(made, "latency_V_ms")
    figure = differences_chart(found, "Wave V", "light")
    numbers, classes = trace(figure, "Cliff’s δ"), trace(figure, "Cramér’s V")
    drawn = dict(zip([d[0] for d in numbers.customdata], numbers.x, strict=True))
    rows = found.table.set_index("variable")
    assert drawn["Intensity"] == rows.loc["intensity_db_nhl", "effect"] < -0.474
    assert len(numbers.x) + len(classes.x) == len(found.table)
    texts = [note.text for note in figure.layout.annotations]
    level = rows.loc["intensity_db_nhl"]
    assert f"{level['missing_median']:.0f} | {level['present_median']:.0f} dB nHL" in texts
    assert "without | with wave V" in texts
    steps = [shape.x0 for shape in figure.layout.shapes if shape.xref == "x"]
    assert sorted(steps) == [-0.474, -0.33, -0.147, 0, 0.147, 0.33, 0.474]


def test_rates_along_a_value_are_drawn_in_percent_with_room_for_the_interval(made):
    along = rate_along(made, "latency_V_ms", "intensity_db_nhl")
    figure = rate_along_chart(along, "intensity_db_nhl", "Wave V", "dark")
    assert list(figure.data[0].y) == list(along["rate"])
    assert figure.layout.xaxis.title.text == "Intensity (dB nHL)" and figure.layout.yaxis.tickformat == ".0%"
    by_class = rate_along_chart(rate_along(made, "latency_V_ms", "hearing_loss"), "hearing_loss", "Wave V", "dark")
    assert list(by_class.data[0].x) == ["Normal", "Sensorineural"] and by_class.data[0].mode == "markers"
    spread = rate_along_chart(rate_along(made, "latency_V_ms", "fmp"), "fmp", "Wave V", "dark")
    assert spread.layout.xaxis.type == "log"


def test_predictions_show_both_models_against_chance(made):
    found = predictability(made, "latency_V_ms", folds=3)
    figure = prediction_chart([("Wave V", found)], "light")
    boosted, straight = figure.data
    assert list(boosted.x) == [found.auc] and list(straight.x) == [found.linear_auc]
    assert boosted.marker.symbol != straight.marker.symbol
    assert [shape.x0 for shape in figure.layout.shapes] == [0.5]
    bar = importance_chart(found, "light").data[0]
    assert bar.y[-1] == "Intensity" and bar.x[-1] == max(bar.x)


# --- words -----------------------------------------------------------------------------------------------------------


def test_words_speak_of_marked_waves_and_unknown_conditions():
    text = " ".join(in_words(missing_rates(table()), code_counts(table())))
    assert "I in 25 %, III in 25 %, V in 75 %" in text
    assert "age in 25 %" in text
    assert "“not marked” may mean either" in text


def test_words_tell_no_response_from_not_marked():
    judged = table().assign(response_V=[None, None, None, "absent"])
    text = " ".join(in_words(missing_rates(judged), code_counts(judged)))
    assert "Judged to be no response: wave V in 25 %" in text and "Nothing is said of wave V in 0 %" in text
    assert "may mean either" not in text


def test_percent_does_not_call_a_rare_value_absent():
    shares = (0, 0.001, 0.254, 0.999, 1.0, np.nan)
    assert [percent(s) for s in shares] == ["0 %", "< 1 %", "25 %", "> 99 %", "100 %", "–"]


def test_numbers_have_a_true_minus_and_never_a_negative_zero():
    assert [signed(v, 1) for v in (-0.51, -0.04, 0.04)] == ["−0.5", "0.0", "0.0"]
    assert signed(12345.6, 0, thousands=True) == "12,346"


def test_combinations_in_words():
    assert pattern_words(["Wave I", "Age", "Fmp"]) == "without wave I, age, Fmp"
    assert pattern_words([], 1200) == "nothing missing · 1,200 recordings"


def test_a_difference_is_a_sentence_with_numbers_units_and_size(made):
    found = differences(made, "latency_V_ms")
    rows = found.table.set_index("variable", drop=False)
    level = difference_words(rows.loc["intensity_db_nhl"], "Wave V")
    assert level.startswith("Where wave V is missing, intensity is lower by ") and "dB nHL (median " in level
    assert level.endswith(": large).") and "95 %" in level
    hearing = difference_words(rows.loc["hearing_loss"], "Wave V", interval=False)
    assert "hearing is more often sensorineural" in hearing and "Cramér’s V" in hearing and "95 %" not in hearing
    assert strongest_words(found, "Wave V")[0] == difference_words(rows.iloc[0], "Wave V")


def test_no_difference_is_said_to_be_none(made):
    by_lot = made.assign(latency_I_ms=np.where(np.random.default_rng(4).random(400) < 0.5, np.nan, 1.5))
    words = strongest_words(differences(by_lot, "latency_I_ms", ["age_years", "intensity_db_nhl"]), "Wave I")
    assert words == ["Recordings without wave I hardly differ from those with it in what is compared here."]


def test_predictions_in_words_keep_chance_apart_from_dependence(made):
    found = predictability(made, "latency_V_ms", folds=3)
    assert "depends strongly on what was recorded, most of all on intensity" in prediction_words(found, "Wave V")
    by_lot = made.assign(latency_I_ms=np.where(np.random.default_rng(4).random(400) < 0.5, np.nan, 1.5))
    assert "as if at random" in prediction_words(predictability(by_lot, "latency_I_ms", folds=3), "Wave I")


def test_littles_test_in_words(made):
    unknown = made["age_years"].where(made["intensity_db_nhl"] > 30)
    found = little_test(made.assign(age_years=unknown), ["intensity_db_nhl", "age_years", "fmp"])
    words = little_words(found, "all recordings")
    assert words.startswith("With all recordings the test rejects") and "p < 0.001" in words
    assert f"df = {found.df}" in words


def test_funnel_has_one_bar_a_rule_with_its_numbers():
    from dashboard.charts.selection import funnel_chart

    funnel = pd.DataFrame({"rule": ["all", "Fmp above 1"], "removed": [0, 40], "kept": [1000, 960]})
    kept, removed = funnel_chart(funnel, "light").data
    assert list(kept.x) == [1000, 960]
    assert list(removed.text) == ["1,000", "960  (−40)"]
