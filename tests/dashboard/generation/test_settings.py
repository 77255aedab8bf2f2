from __future__ import annotations

from dataclasses import replace

import pytest

from abr_model.errors import InputError
from dashboard import named_settings
from dashboard.named_settings import USUAL, forget_settings, keep_settings
from dashboard.widgets.generation.exploring.axes import AXES
from dashboard.widgets.generation.exploring.explorer import settings_asked
from dashboard.widgets.generation.exploring.settings import KEYS, ExploreSettings, settings_of

OTHER = ExploreSettings(
    condition={"age_years": 30.0, "intensity_db_nhl": 35.0, "stimulus_rate_per_s": 11.1, "hearing_loss": "total"},
    show="recordings",
    draws=3,
    sweeps=2000,
    compare="difference",
    ear="left",
)


@pytest.mark.parametrize("axis", AXES.values(), ids=list(AXES))
def test_every_stop_has_a_word_in_the_address(axis):
    texts = [axis.text(stop) for stop in axis.stops]
    assert len(set(texts)) == len(axis.stops) == len(axis.words)
    assert [axis.value(text) for text in texts] == list(axis.stops)
    assert not any(" " in text or "/" in text for text in texts)
    assert axis.value("nonsense") is None


@pytest.mark.parametrize("axis", AXES.values(), ids=list(AXES))
def test_an_axis_is_worked_out_from_end_to_end(axis):
    assert (axis.sweep[0], axis.sweep[-1]) == (0, len(axis.stops) - 1)
    assert list(axis.sweep) == sorted(set(axis.sweep))


def test_between_two_stops_of_the_rate_wave_v_hardly_moves():
    """The browser interpolates there: 0.55 ms in ten times the rate (physiology notes, section 3)."""
    import numpy as np

    axis = AXES["stimulus_rate_per_s"]
    rates = np.array([axis.stops[i] for i in axis.sweep])
    skipped = np.diff(axis.sweep) > 1
    assert (0.55 * np.diff(np.log10(rates))[skipped] < 0.05).all()


def test_usual_settings_leave_the_address_alone():
    assert ExploreSettings().in_address() == {}
    assert settings_of({}) == ExploreSettings()


def test_settings_go_through_the_address():
    address = OTHER.in_address()
    assert set(address) == set(KEYS)
    assert address["age"] == "30-years"
    assert settings_of(address) == OTHER


@pytest.mark.parametrize(
    "address",
    [
        {"level": "300", "age": "-1", "hearing": "deaf", "rate": "nan"},
        {"show": "all", "compare": "x", "ear": "middle", "draws": "0", "sweeps": "17"},
        {"draws": "1e9", "sweeps": "-500", "level": "80.0"},
    ],
)
def test_what_an_address_says_wrongly_is_as_usual(address):
    assert settings_of(address) == ExploreSettings()


def test_a_message_of_the_browser_moves_the_sliders():
    at = {"intensity_db_nhl": 3, "age_years": 0, "stimulus_rate_per_s": 47, "hearing_loss": 4}
    asked = settings_asked({"n": 1, "at": at, "show": "mean", "compare": "nothing"}, OTHER)
    assert asked == replace(
        OTHER,
        condition={"intensity_db_nhl": 15.0, "age_years": 0.0, "stimulus_rate_per_s": 99.1, "hearing_loss": "total"},
        show="mean",
        compare="nothing",
    )


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"at": None, "show": 3, "compare": ["x"]},
        {"at": {"intensity_db_nhl": 21, "age_years": -1, "hearing_loss": "1", "stimulus_rate_per_s": 1.5}},
        {"at": {"intensity_db_nhl": True, "of": 1}},
    ],
)
def test_a_message_that_makes_no_sense_changes_nothing(message):
    assert settings_asked(message, OTHER) == OTHER


def test_named_settings_of_the_product_are_settings():
    for name, address in USUAL.items():
        assert settings_of(address).in_address() == address, name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_settings_are_kept_replaced_and_forgotten(folder):
    assert named_settings.named_settings() == {}
    assert keep_settings("  our   screening ", OTHER.in_address()) == "our screening"
    assert keep_settings("slow", {"rate": "11.1"}) == "slow"
    assert settings_of(named_settings.named_settings()["our screening"]) == OTHER
    keep_settings("slow", {"rate": "9.1"})
    assert named_settings.named_settings() == {"our screening": OTHER.in_address(), "slow": {"rate": "9.1"}}
    forget_settings("our screening")
    forget_settings("never kept")
    assert list(named_settings.named_settings()) == ["slow"]
    assert {path.name for path in folder.iterdir()} <= {named_settings.FILE, f".{named_settings.FILE}.lock"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b", next(iter(USUAL))])
def test_a_name_that_is_refused(folder, name):
    with pytest.raises(InputError, match="name"):
        keep_settings(name, {})
    assert named_settings.named_settings() == {}


def test_a_file_that_is_broken_is_no_settings(folder):
    folder.mkdir()
    for text in ("{", "[1]", '{"a": 3}'):
        (folder / named_settings.FILE).write_text(text)
        assert named_settings.named_settings() == {}


def test_two_sessions_lose_nothing(folder):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: keep_settings(f"set {i}", {"level": "30"}), range(24)))
    assert len(named_settings.named_settings()) == 24
