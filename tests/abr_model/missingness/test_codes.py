from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.missingness import CODES, GROUPINGS, NOT_KNOWN, code_counts, contradictions, grouping, marked_patients
from abr_model.missingness.codes import wave_codes
from abr_model.table import conform_table


@pytest.fixture
def judged():
    """One recording of each code of wave V, and one in which a latency was given and the response judged absent."""
    return conform_table(
        pd.DataFrame(
            {
                "recording_id": list("abcdef"),
                "patient_id": ["p", "p", "p", "q", "q", "r"],
                "intensity_db_nhl": [80, 80, 80, 20, 20, 20.0],
                "latency_V_ms": [6.0, 14.0, np.nan, np.nan, np.nan, 7.0],
                "response_V": ["present", None, "present", "absent", None, "absent"],
            }
        )
    )


def test_each_recording_has_the_code_of_what_was_said(judged):
    codes = wave_codes(judged, window_ms=(0, 13.3))
    assert list(codes["V"]) == ["marked", "outside", "present", "no_response", "not_marked", "marked"]
    assert set(codes["I"]) == {"not_marked"}
    assert list(codes["V"].cat.categories) == [code.name for code in CODES]


def test_without_a_window_nothing_lies_outside(judged):
    assert list(wave_codes(judged)["V"])[1] == "marked"


def test_counts_add_up_to_all_recordings(judged):
    counts = code_counts(judged, window_ms=(0, 13.3))
    assert (counts.groupby("wave")["recordings"].sum() == 6).all()
    wave_v = counts[counts["wave"] == "V"].set_index("code")
    assert wave_v["recordings"].to_dict() == {
        "marked": 2,
        "outside": 1,
        "present": 1,
        "no_response": 1,
        "not_marked": 1,
    }
    assert wave_v["share"].sum() == pytest.approx(1)


def test_counts_by_group(judged):
    counts = code_counts(judged, by=grouping("level").of(judged), window_ms=(0, 13.3), waves=("V",))
    assert list(dict.fromkeys(counts["group"])) == ["20", "80"]
    absent = counts[counts["code"] == "no_response"].set_index("group")
    assert absent["recordings"].to_dict() == {"20": 1, "80": 0} and (absent["of"] == 3).all()


def test_a_latency_of_a_wave_judged_absent_is_said(judged):
    assert contradictions(judged) == {"V": 1}
    assert contradictions(judged.assign(response_V=None)) == {}


def test_patients_in_whom_a_wave_is_marked_at_least_once(judged):
    found = marked_patients(judged).set_index("wave")
    assert found.loc["V", ["patients", "marked"]].to_list() == [3, 2]
    assert found.loc["V", "share"] == pytest.approx(2 / 3)
    assert found.loc["V", "median"] == pytest.approx(2 / 3)  # of 2/3, 0/2 and 1/1
    assert found.loc["I", "marked"] == 0


def test_every_grouping_names_each_recording_and_puts_the_unknown_last(table):
    for one in GROUPINGS:
        groups = one.of(table)
        assert len(groups) == len(table) and groups.notna().all()
        assert one.title(table)
        if table[one.column].isna().any():
            assert groups.cat.categories[-1] == NOT_KNOWN
    assert list(grouping("hearing loss").of(table)) == ["Normal"] * 4 + ["Total"] * 2 + [NOT_KNOWN] * 2
    assert list(grouping("age").of(table))[-1] != NOT_KNOWN  # born today


def test_an_unknown_grouping_is_named(table):
    from abr_model.errors import InputError

    with pytest.raises(InputError, match="'site'"):
        grouping("site")
