from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.norms import published_norms, read_norm, template

HEAD = "wave,level_db_nhl,mean_ms,sd_ms,n,name,population,transducer,rate_per_s,age_from_years,age_to_years\n"
OURS = HEAD + "V,60,5.9,0.2,20,Our clinic,20 adults,ER-3A,33.1,18,40\nV,80,5.6,0.2,20,,,,,,\n"


def test_a_clinics_own_table():
    norm = read_norm(OURS.encode(), "ours.csv")
    assert norm.label == "Our clinic · stimulus not stated · ER-3A · 33.1/s · 20 adults"
    assert norm.waves == ("V",) and norm.ages == (18, 40)
    assert norm.band("V", 70)[0] == pytest.approx(5.75)
    assert norm.covers_age(30) and not norm.covers_age(0.5)


def test_the_template_is_a_norm():
    norm = read_norm(template().to_csv(index=False).encode(), "template.csv")
    hood = next(n for n in published_norms() if n.name == "Hood 1998")
    np.testing.assert_allclose(norm.band("V", [20, 55, 90]), hood.band("V", [20, 55, 90]))


def test_as_a_spreadsheet_of_another_country_writes_it():
    text = OURS.replace(",", ";").replace("5.9", "5,9").replace("0.2", "0,2").replace("5.6", "5,6")
    norm = read_norm(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "ours.csv")
    assert norm.band("V", 60)[0] == pytest.approx(5.9)


def test_age_groups_each_have_their_table():
    rows = [
        "V,80,6.7,0.3,47,Babies and adults,both,,10,0,0.1",
        "V,80,6.1,0.3,20,,,,,0.1,2",
        "V,80,5.5,0.2,30,,,,,18,60",
    ]
    norm = read_norm((HEAD + "\n".join(rows)).encode(), "groups.csv")
    means = [float(norm.band("V", 80, age)[0]) for age in (0.0, 0.1, 1.0, 30.0, 60.0)]
    assert means == [6.7, 6.1, 6.1, 5.5, 5.5]
    assert np.isnan(norm.band("V", 80, 10.0)[0]), "nothing is said about children of 10 years"
    assert norm.band("V", 80)[0] == 5.5, "without an age: adults"
    assert norm.ages == (0, 60)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", ["not a CSV table"]),
        (b"PK\x03\x04\x00\x00 a workbook", ["not a CSV table"]),
        (b"level,latency\n80,5.5\n", ["'wave'", "missing"]),
        (HEAD.encode(), ["no rows"]),
        (OURS.replace("V,80", "IV,80").encode(), ["row 2", "'wave'", "IV", "I, III, V"]),
        (OURS.replace("V,80", "V,800").encode(), ["row 2", "'level_db_nhl'", "800", "-10 to 110 dB nHL"]),
        (OURS.replace("5.9", "early").encode(), ["row 1", "'mean_ms'", "early"]),
        (OURS.replace("5.9", "").encode(), ["row 1", "'mean_ms'", "missing"]),
        (OURS.replace("5.9", "5900").encode(), ["row 1", "'mean_ms'", "out of range"]),
        (OURS.replace("5.9,0.2", "5.9,0").encode(), ["row 1", "'sd_ms'", "out of range"]),
        (OURS.replace("V,80", "V,60").encode(), ["row 2", "twice"]),
        (OURS.replace("20,,,,,,", "20,Another,,,,,").encode(), ["row 2", "'name'", "same in all rows"]),
        (OURS.replace("Our clinic", "").encode(), ["'name'", "does not say what it is"]),
        (OURS.replace("18,40", "40,18").encode(), ["row 1", "ends before it begins"]),
        ((HEAD + "V,60,5.9,0.2,20,a,b,,,18,40,too,many\n").encode(), ["row 1", "13 cells"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, words):
    with pytest.raises(InputError) as caught:
        read_norm(text, "ours.csv")
    for word in ["ours.csv", *words]:
        assert word in str(caught.value)
