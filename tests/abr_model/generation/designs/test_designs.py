from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.generation.designs.design import design_of, load_design, save_design
from abr_model.generation.designs.drawn import moved_age
from abr_model.generation.designs.rows import ChosenRows
from abr_model.generation.designs.table import TEMPLATE, TableDesign, read_conditions
from abr_model.schema import CONDITION_NAMES

GRID = {
    "kind": "grid",
    "age_years": [0, 0.25],
    "intensity_db_nhl": "20:80:20",
    "stimulus_rate_per_s": 33.1,
    "hearing_loss": "normal,total",
    "n": 3,
}


def whole(rows) -> pd.DataFrame:
    return rows.at(0, len(rows))


@pytest.fixture(scope="module")
def drawn(small_cohort):
    """Values of a design that is drawn from the small cohort."""
    return {"cohort": "clinic", "cohort_digest": small_cohort.digest(), "n": 3_000, "seed": 5}


def test_a_grid_has_every_combination_n_times():
    rows = design_of(GRID).rows()
    table = whole(rows)
    assert list(table.columns) == list(CONDITION_NAMES)
    assert len(rows) == len(table) == 2 * 4 * 1 * 2 * 3
    assert (table.value_counts() == 3).all()
    assert table.drop_duplicates()["intensity_db_nhl"].value_counts().index.sort_values().tolist() == [20, 40, 60, 80]
    assert table.iloc[:3].drop_duplicates().shape[0] == 1, "the recordings of one condition follow one another"


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("20:100:40", [20, 60, 100]),
        ("20:50:20", [20, 40]),
        ("0:0.3:0.1", [0, 0.1, 0.2, 0.3]),
        ("80:20:-30", [80, 50, 20]),
        ("5, 7:9", [5, 7, 8, 9]),
        (30, [30]),
    ],
)
def test_ranges(given, values):
    assert list(design_of(GRID | {"intensity_db_nhl": given}).intensity_db_nhl) == values


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"intensity_db_nhl": "20:100:-10"}, "first:last:step"),
        ({"intensity_db_nhl": "0:100:0"}, "first:last:step"),
        ({"intensity_db_nhl": "loud"}, "loud"),
        ({"intensity_db_nhl": [20, 20]}, "given twice"),
        ({"intensity_db_nhl": 300}, "out of range"),
        ({"hearing_loss": "deaf"}, "deaf"),
        ({"age_years": []}, "age_years"),
        ({"n": 0}, "n is out of range"),
        ({"n": 1_000_000_000}, "number of recordings"),
        ({"kind": "cube"}, "cube"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_bad_grid_is_named(change, words):
    with pytest.raises(InputError, match=words):
        design_of(GRID | change).rows()


def test_a_design_goes_through_yaml(tmp_path, drawn):
    only = CohortFilter(ranges={"intensity_db_nhl": {"minimum": 40}})
    table = TableDesign.of(whole(design_of(GRID).rows()))
    for design in (design_of(GRID), table, design_of({"kind": "balanced", **drawn, "filter": only})):
        assert load_design(save_design(design, tmp_path / "design.yaml")) == design
    for text in ("[1, 2", "- 1", "kind: cube"):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(InputError, match=r"bad\.yaml"):
            load_design(tmp_path / "bad.yaml")


@pytest.mark.parametrize("kind", ["grid", "cohort", "balanced", "table"])
def test_any_stretch_of_rows_is_the_same_as_all_of_them(kind, small_cohort, drawn):
    values = {"cohort": drawn, "balanced": drawn | {"n": 400}, "grid": GRID}
    design = (
        TableDesign.of(whole(design_of(GRID).rows())) if kind == "table" else design_of({"kind": kind} | values[kind])
    )
    rows = design.rows(small_cohort)
    table = whole(rows)
    for start, stop in ((0, 0), (0, 1), (7, 40), (len(rows) - 5, len(rows))):
        pd.testing.assert_frame_equal(rows.at(start, stop), table.iloc[start:stop].reset_index(drop=True))
    blocks = pd.concat([block for _, block in rows.blocks(17)], ignore_index=True)
    pd.testing.assert_frame_equal(blocks, table)


def test_the_first_draws_do_not_depend_on_how_many_follow(small_cohort, drawn):
    many = design_of({"kind": "cohort"} | drawn).rows(small_cohort)
    few = design_of({"kind": "cohort"} | drawn | {"n": 100}).rows(small_cohort)
    pd.testing.assert_frame_equal(whole(few), many.at(0, 100))
    other = design_of({"kind": "cohort"} | drawn | {"seed": 6}).rows(small_cohort)
    assert not whole(other).equals(whole(many))


def test_like_the_cohort_keeps_what_occurs_together(small_cohort, drawn):
    table = whole(design_of({"kind": "cohort"} | drawn).rows(small_cohort))
    known = small_cohort.table[list(CONDITION_NAMES)]
    there = set(known[["intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]].itertuples(index=False, name=None))
    assert (
        set(table[["intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss"]].itertuples(index=False, name=None))
        <= there
    )
    complete = small_cohort.table.dropna(subset=list(CONDITION_NAMES))
    share = complete["hearing_loss"].eq("normal").groupby(complete["patient_id"]).mean().mean()
    assert table["hearing_loss"].eq("normal").mean() == pytest.approx(share, abs=0.03), "every patient counts alike"


def test_every_patient_counts_alike_or_every_recording(small_cohort):
    """Two patients, one with a single recording at 90 dB, one with many at 30 dB."""
    table = small_cohort.table
    busy = table["patient_id"].value_counts().index[0]
    rows = np.concatenate(
        [np.flatnonzero(table["patient_id"] == busy), np.flatnonzero(table["patient_id"] != busy)[:1]]
    )
    cohort = small_cohort.take(rows)
    levels = np.r_[np.full(len(rows) - 1, 30.0), 90.0]
    object.__setattr__(cohort, "table", cohort.table.assign(intensity_db_nhl=levels))
    values = {"kind": "cohort", "cohort_digest": cohort.digest(), "n": 4_000}
    by_patient = whole(design_of(values).rows(cohort))["intensity_db_nhl"].eq(90).mean()
    by_recording = whole(design_of(values | {"weighting": "recording"}).rows(cohort))["intensity_db_nhl"].eq(90).mean()
    assert by_patient == pytest.approx(0.5, abs=0.04)
    assert by_recording == pytest.approx(1 / len(rows), abs=0.02)


def test_no_exact_age_is_copied(small_cohort, drawn):
    table = whole(design_of({"kind": "cohort"} | drawn).rows(small_cohort))
    ages = small_cohort.table["age_years"].dropna().unique()
    assert np.isin(table["age_years"], ages).mean() < 0.01
    assert table["age_years"].between(0, 110).all()


def test_a_moved_age_stays_near():
    years, random = np.array([0.0, 0.0, 0.25, 30.0, 30.0, 110.0]), np.array([0.0, 1.0, 0.5, 0.0, 1.0, 1.0])
    moved = moved_age(years, random)
    assert (moved >= 0).all()
    assert (moved[:2] < 0.02).all()
    assert moved[2] == 0.25
    assert moved[3:5] == pytest.approx([30.1 * np.exp(-0.1) - 0.1, 30.1 * np.exp(0.1) - 0.1], abs=1e-4)
    assert moved[5] == 110


def test_balanced_has_as_many_of_each_class(small_cohort, drawn):
    held = set(small_cohort.table["hearing_loss"].dropna())
    for conditions in ("own", "shared"):
        rows = design_of({"kind": "balanced"} | drawn | {"n": 300, "conditions": conditions}).rows(small_cohort)
        counts = whole(rows)["hearing_loss"].value_counts()
        assert set(counts.index) == held
        assert (counts == 300).all()
    two = design_of({"kind": "balanced"} | drawn | {"n": 9, "classes": "total,normal"}).rows(small_cohort)
    assert whole(two)["hearing_loss"].tolist() == ["total"] * 9 + ["normal"] * 9


def test_own_and_shared_conditions_differ(small_cohort, drawn):
    """A class whose recordings are all at 95 dB is drawn there, or everywhere."""
    total = small_cohort.table["hearing_loss"] == "total"
    levels = small_cohort.table["intensity_db_nhl"].where(~total, 95.0)
    cohort = small_cohort.take(np.arange(len(small_cohort)))
    object.__setattr__(cohort, "table", cohort.table.assign(intensity_db_nhl=levels))
    values = {"kind": "balanced", "cohort_digest": cohort.digest(), "n": 200, "classes": "total"}
    own = whole(design_of(values).rows(cohort))["intensity_db_nhl"]
    shared = whole(design_of(values | {"conditions": "shared"}).rows(cohort))["intensity_db_nhl"]
    assert (own == 95).all()
    assert shared.nunique() > 3


def test_another_cohort_or_none_is_refused(small_cohort, drawn):
    design = design_of({"kind": "cohort"} | drawn)
    with pytest.raises(InputError, match="is not here"):
        design.rows()
    with pytest.raises(InputError, match="another cohort"):
        design.rows(small_cohort.take(range(50)))
    nothing = CohortFilter(ranges={"age_years": {"minimum": 109}})
    with pytest.raises(InputError, match="no recording whose"):
        design_of({"kind": "cohort"} | drawn | {"filter": nothing}).rows(small_cohort)
    with pytest.raises(InputError, match="not in the cohort"):
        only = CohortFilter(classes={"hearing_loss": ["normal"]})
        design_of({"kind": "balanced"} | drawn | {"filter": only, "classes": "total"}).rows(small_cohort)


def test_a_filter_that_names_patients_does_not_leave_with_a_batch(drawn):
    with pytest.raises(InputError, match="names no patients"):
        design_of({"kind": "cohort"} | drawn | {"filter": CohortFilter(patients=("simulated-00001",))})


def test_the_filter_says_what_is_drawn_from(small_cohort, drawn):
    loud = CohortFilter(ranges={"intensity_db_nhl": {"minimum": 60}})
    table = whole(design_of({"kind": "cohort"} | drawn | {"filter": loud}).rows(small_cohort))
    assert (table["intensity_db_nhl"] >= 60).all()


def test_some_rows_of_a_design():
    rows = design_of(GRID | {"n": 100_000}).rows()
    positions = np.r_[3, 5, np.arange(200_000, 200_010), 1_599_999]
    chosen = ChosenRows(rows, positions)
    expected = pd.concat([rows.at(p, p + 1) for p in positions], ignore_index=True)
    pd.testing.assert_frame_equal(whole(chosen), expected)
    pd.testing.assert_frame_equal(chosen.at(4, 9), expected.iloc[4:9].reset_index(drop=True))
    assert len(chosen.at(0, 0)) == 0


# --- own tables ---


def written(folder, text: str, name: str = "own.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_is_a_table(tmp_path):
    design = read_conditions(written(tmp_path, TEMPLATE)).design()
    rows = design.rows()
    assert len(rows) == 250
    assert rows.at(199, 201)["intensity_db_nhl"].tolist() == [40, 80]


def test_columns_and_words_are_understood_as_in_an_import(tmp_path):
    text = "Alter (Monate);Pegel dB nHL;Stim Rate;Diagnose;Anzahl\n3;80;33,1;SNIK;2\n6;40;11,1;nh;\n"
    table = read_conditions(written(tmp_path, text))
    assert not len(table.refused)
    assert table.rows["age_years"].tolist() == [0.25, 0.5]
    assert table.rows["hearing_loss"].tolist() == ["sensorineural", "normal"]
    assert table.rows["stimulus_rate_per_s"].tolist() == [33.1, 11.1]
    assert table.rows["n"].tolist() == [2, 1]


def test_a_workbook(tmp_path):
    frame = pd.DataFrame({"Age": [30], "Level": [60], "Rate": [21.1], "Hearing loss": ["Total loss"], "n": [4]})
    frame.to_excel(tmp_path / "own.xlsx", index=False)
    assert len(read_conditions(tmp_path / "own.xlsx").design().rows()) == 4


def test_bad_rows_are_named_with_row_column_and_what_is_allowed(tmp_path):
    text = (
        "age,level,rate,hearing,n\n0.25,80,33.1,normal,1\n0.25,loud,33.1,normal,1\n0.25,300,33.1,normal,1\n"
        ",80,33.1,normal,1\n0.25,80,33.1,normall,1\n0.25,80,33.1,normal,0.5\n0.25,n/a,33.1,normal,1\n"
    )
    table = read_conditions(written(tmp_path, text))
    assert len(table.rows) == 1
    assert table.refused["row"].tolist() == [2, 3, 4, 5, 6, 7]
    assert table.refused["column"].tolist() == ["level", "level", "age", "hearing", "n", "level"]
    assert table.refused["value"].tolist()[1] == "300"
    assert table.refused["value"].tolist()[3] == "normall"
    for row, allowed in ((1, "-10 to 110 dB nHL"), (2, "0 to 110 years"), (3, "neuropathy"), (5, "-10 to 110 dB nHL")):
        assert allowed in table.refused["reason"].iloc[row]
    with pytest.raises(InputError) as refused:
        table.design()
    assert (refused.value.row, refused.value.column, refused.value.file) == (2, "level", "own.csv")
    assert "6 rows cannot be used" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age,level,rate\n1,2,3\n", "no column says the hearing loss"),
        ("age,level dB SPL,rate,hearing\n1,80,33.1,normal\n", "not in dB nHL"),
        ("age,age,level,rate,hearing\n1,1,80,33.1,normal\n", "two columns could be"),
        ("age,level,rate,hearing\n", "no rows"),
        ("", "no table"),
    ],
)
def test_what_is_no_table_of_conditions(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_conditions(written(tmp_path, text))
    with pytest.raises(InputError, match="no such file"):
        read_conditions(tmp_path / "none.csv")
