from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from abr_model.generation.conditions import age_in_words
from abr_model.joint_support import JointSupport
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSS_CODES, INTENSITY, RATE, WAVES, Kind
from dashboard.style import TRACE_STYLES, faded
from dashboard.widgets.generation.exploring.axes import AGES, LEVELS, RATES, SHORT_LABELS
from dashboard.widgets.generation.exploring.training_note import support_strip, training_note
from dashboard.widgets.generation.exploring.waves_table import waves_table


class Drawn:
    """What the table needs of a response."""

    def __init__(self, marked=(0.4, 0.5, 0.9)):
        columns = {"latency_ms": [1.6, 3.7, 5.5], "amplitude_uv": [0.3, 0.35, 0.5], "marked": list(marked)}
        self.waves = pd.DataFrame(columns, index=list(WAVES))
        self.i_iii_ms, self.iii_v_ms, self.i_v_ms, self.v_i_ratio = 2.1, 1.8, 3.9, 1.68


def near(n: int) -> pd.DataFrame:
    columns = {f"latency_{w}_ms": np.full(n, t) for w, t in zip(WAVES, (1.7, 3.8, 5.7), strict=True)}
    columns |= {f"amplitude_{w}_uv": np.full(n, a) for w, a in zip(WAVES, (0.2, 0.3, 0.4), strict=True)}
    return pd.DataFrame(columns)


def cells(table: pd.DataFrame, wave: str) -> list[str]:
    return table.loc[table["wave"] == wave].iloc[0].tolist()[1:]


def test_generated_beside_cohort():
    table = waves_table(Drawn(), near(8))
    assert cells(table, "V") == ["5.50 · 5.70", "0.50 · 0.40", "90 · 100"]
    assert cells(table, "I–III") == ["2.10 · 2.10", "", ""]
    assert cells(table, "III–V") == ["1.80 · 1.90", "", ""]
    assert cells(table, "I–V") == ["3.90 · 4.00", "V/I 1.68 · 2.00", ""]


def test_medians_take_marked_waves_only():
    recordings = near(8)
    recordings.loc[:4, ["latency_I_ms", "amplitude_I_uv"]] = np.nan
    recordings.loc[5:, "latency_I_ms"] = [1.5, 1.6, 1.9]
    assert cells(waves_table(Drawn(), recordings), "I") == ["1.60 · 1.60", "0.30 · 0.20", "40 · 38"]


def test_too_few_marked_waves_have_no_median():
    recordings = near(8)
    recordings.loc[2:, "latency_I_ms"] = np.nan
    assert cells(waves_table(Drawn(), recordings), "I")[0] == "1.60 · –"
    assert cells(waves_table(Drawn(), near(2)), "V") == ["5.50 · –", "0.50 · –", "90 · –"]
    assert cells(waves_table(Drawn(), near(0)), "V") == ["5.50 · –", "0.50 · –", "90 · –"]


def test_a_wave_that_is_hardly_ever_marked_has_no_latency():
    table = waves_table(Drawn(marked=(0.01, 0.5, 0.9)), near(8))
    assert cells(table, "I") == ["– · 1.70", "– · 0.20", "1 · 100"]
    assert cells(table, "I–V")[0] == "– · 4.00"
    assert cells(table, "I–III")[0] == "– · 2.10"
    assert cells(table, "III–V")[0] == "1.80 · 1.90"


def test_a_model_without_marks_keeps_its_latencies():
    assert cells(waves_table(Drawn(marked=(np.nan,) * 3), near(8)), "I") == ["1.60 · 1.70", "0.30 · 0.20", "– · 100"]


def test_sliders_hold_what_a_clinic_uses():
    assert (LEVELS[0], LEVELS[-1], LEVELS[1]) == (0, 100, 5)
    assert 33.1 in RATES
    assert sum(age < 2 for age in AGES) >= 8  # wave V matures within the first two years
    assert len({age_in_words(age) for age in AGES}) == len(AGES)  # the address holds the words
    assert list(AGES) == sorted(AGES)


CONDITION = {"age_years": 0.25, "intensity_db_nhl": 80.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}


@pytest.fixture(scope="module")
def joint():
    """Sixty normal ears at 80 dB nHL and 3 months, seven totally deaf ones, twelve more at 20 dB nHL and 30 years."""
    groups = [
        (60, CONDITION),
        (7, CONDITION | {"hearing_loss": "total"}),
        (12, CONDITION | {"hearing_loss": "total", "intensity_db_nhl": 20.0, "age_years": 30.0}),
    ]
    table = pd.DataFrame([c | {"patient_id": f"{g}-{p}"} for g, (n, c) in enumerate(groups) for p in range(n)])
    known = {
        name: dict(zip(("minimum", "p1", "p99", "maximum"), np.percentile(table[name], [0, 1, 99, 100]), strict=True))
        for name in ("age_years", "intensity_db_nhl", "stimulus_rate_per_s")
    }
    joint = JointSupport.of(table).model_dump(mode="json")
    return known | {"hearing_loss": {"normal": 60, "total": 19}, "joint": joint}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_strip_of_an_older_model_lies_under_all_training_data(theme):
    support = {"intensity_db_nhl": {"minimum": 0.0, "maximum": 100.0, "p1": 20.0, "p99": 90.0}}
    html = support_strip(support, INTENSITY, LEVELS, CONDITION, theme)
    assert faded(TRACE_STYLES[Kind.GENERATED].colour(theme), 0.55) in html
    (_, all_width), (left, width) = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", html)
    assert (float(all_width), float(left), float(width)) == (100.0, 20.0, 70.0)
    assert "training data: 0 dB nHL to 100 dB nHL, 98 % between 20 dB nHL and 90 dB nHL" in html


def test_the_strip_follows_the_stops_of_the_age_slider():
    support = {"age_years": {"minimum": 0.0, "maximum": 90.0, "p1": 0.0, "p99": 2.0}}
    html = support_strip(support, AGE, AGES, CONDITION, "light")
    _, (left, width) = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", html)
    assert float(left) == 0
    assert float(width) == pytest.approx(100 * AGES.index(2.0) / (len(AGES) - 1), abs=0.1)


def strip_of(support, condition) -> list[tuple]:
    """(from, to, opacity) of each bar under the intensity slider; from and to in dB nHL."""
    html = support_strip(support, INTENSITY, LEVELS, condition, "light")
    bars = re.findall(r"rgba\([^)]*?([\d.]+)\);left:([\d.]+)%;width:([\d.]+)%", html)
    return [(float(left), float(left) + float(width), float(opacity)) for opacity, left, width in bars]


def test_the_strip_lies_under_the_training_data_near_the_other_conditions(joint):
    assert strip_of(joint, CONDITION) == [(67.5, 82.5, 0.55)]  # 80 dB nHL is the loudest
    assert strip_of(joint, CONDITION | {"hearing_loss": "total"}) == [(67.5, 82.5, 0.18)]
    assert strip_of(joint, CONDITION | {"hearing_loss": "total", "age_years": 30.0}) == [(17.5, 32.5, 0.55)]
    assert strip_of(joint, CONDITION | {"age_years": 2.0}) == []
    html = support_strip(joint, INTENSITY, LEVELS, CONDITION | {"hearing_loss": "total"}, "light")
    assert "training data near the other conditions: few recordings at any intensity" in html


def test_of_hearing_classes_each_has_its_degree_and_a_word(joint):
    """Buttons stand in the order of the classes."""
    assert list(SHORT_LABELS) == list(HEARING_LOSS_CODES)
    note = training_note(joint, HEARING_LOSS, HEARING_LOSS_CODES, CONDITION, "light")
    assert note.degrees == ("inside", "outside", "outside", "outside", "sparse")
    assert note.words.startswith("few recordings: total loss; hardly any: conductive loss")
    assert note.strip == ""


def test_every_stop_has_its_degree(joint):
    note = training_note(joint, INTENSITY, LEVELS, CONDITION, "light")
    assert dict(zip(LEVELS, note.degrees, strict=True))[80] == "inside"
    assert dict(zip(LEVELS, note.degrees, strict=True))[60] == "outside"
    assert not note.warns
    assert note.words == "hardly any recordings below 70 dB nHL or above 80 dB nHL"


def test_those_sliders_warn_that_lead_out_of_a_rare_combination(joint):
    """Total loss at 20 dB nHL was seen at 30 years: the age leads there, the level and the rate do not."""
    rare = CONDITION | {"hearing_loss": "total", "intensity_db_nhl": 20.0}
    warns = {
        column.name: training_note(joint, column, positions, rare, "light").warns
        for column, positions in ((AGE, AGES), (INTENSITY, LEVELS), (RATE, RATES))
    }
    assert warns == {"age_years": True, "intensity_db_nhl": False, "stimulus_rate_per_s": False}
    assert training_note(joint, INTENSITY, LEVELS, rare, "light").words == "few recordings at any intensity"


def test_the_note_warns_where_the_slider_stands_outside():
    known = {"minimum": 10.0, "maximum": 90.0, "p1": 20.0, "p99": 80.0}
    support = {
        "age_years": {"minimum": 0.0, "maximum": 90.0, "p1": 0.0, "p99": 80.0},
        "intensity_db_nhl": known,
        "stimulus_rate_per_s": {"minimum": 5.0, "maximum": 95.0, "p1": 5.0, "p99": 95.0},
        "hearing_loss": {"normal": 1000},
    }
    condition = {"age_years": 30.0, "stimulus_rate_per_s": 33.1, "hearing_loss": "normal"}
    inside = training_note(support, INTENSITY, LEVELS, condition | {"intensity_db_nhl": 50.0}, "light")
    outside = training_note(support, INTENSITY, LEVELS, condition | {"intensity_db_nhl": 100.0}, "light")
    assert not inside.warns
    assert outside.warns
    assert "100 dB nHL" in outside.words
    assert inside.strip == outside.strip
