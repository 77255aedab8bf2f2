"""What a person does with the sliders: drag any of them, compare with recordings, go back to settings, use the keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e import at_rest

pytestmark = pytest.mark.e2e
SETTLED = ".explorer[data-settled=true]"
SLIDERS = {"Intensity": "intensity_db_nhl", "Age": "age_years", "Stimulus rate": "stimulus_rate_per_s"}


@pytest.fixture
def generation(page, dashboard_url):
    page.goto(f"{dashboard_url}/generation")
    settle(page)
    return page


def settle(page, **conditions: str) -> None:
    """Wait until the page is at rest, with these conditions, and shows no exception."""
    where = "".join(f"[data-{name}='{words}']" for name, words in conditions.items())
    page.locator(SETTLED + where).wait_for()
    at_rest.settle(page)
    page.locator(SETTLED + where).wait_for()


def picture(page) -> str:
    return page.locator(".explorer canvas").evaluate("canvas => canvas.toDataURL()")


def axis_ready(page, slider: str):
    """The track of a slider whose whole axis the browser has: a hand comes near, and Python answers."""
    track = page.get_by_role("slider", name=slider)
    track.hover()
    settle(page)
    box = track.bounding_box()
    return lambda share: (box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2)


@pytest.mark.parametrize("slider", SLIDERS)
def test_the_trace_follows_while_any_slider_is_dragged(generation, slider):
    page = generation
    at = axis_ready(page, slider)
    address, before = page.url, picture(page)
    page.mouse.move(*at(0.3))
    page.mouse.down()
    pictures = {before}
    for share in (0.5, 0.62, 0.75):
        page.mouse.move(*at(share))
        page.wait_for_timeout(80)
        pictures.add(picture(page))
    assert len(pictures) == 4, "each place has a picture of its own, without the server"
    assert page.url == address, "the server hears of it when the slider is let go"
    page.mouse.up()
    page.wait_for_url(lambda now: now != address)
    settle(page)
    words = page.get_by_role("slider", name=slider).get_attribute("aria-valuetext")
    expect(page.locator(".explorer")).to_have_attribute(f"data-{SLIDERS[slider]}", words)
    expect(page.locator(".announced")).to_have_text(re.compile(f"^{re.escape(words)}: "))
    expect(page.locator(".explorer canvas")).to_have_attribute("aria-label", re.compile("wave V"))


def test_keys_move_every_slider_and_none_is_lost(generation):
    page = generation
    intensity = page.get_by_role("slider", name="Intensity")
    intensity.focus()
    for _ in range(6):
        intensity.press("ArrowLeft")
    assert intensity.get_attribute("aria-valuetext") == "50 dB nHL", "at once, not when the server has answered"
    age = page.get_by_role("slider", name="Age")
    age.press("End")
    age.press("PageDown")
    page.get_by_role("radio", name="Normal hearing").press("ArrowRight")
    settle(page, intensity_db_nhl="50 dB nHL", age_years="70 years", hearing_loss="Conductive loss")
    page.wait_for_url(lambda url: all(part in url for part in ("level=50", "age=70-years", "hearing=conductive")))


def test_an_address_brings_everything_back(generation):
    page = generation
    at = axis_ready(page, "Age")
    page.mouse.click(*at(0.0))
    settle(page, age_years="newborn")
    page.get_by_role("radio", name="Sensorineural loss").click()
    page.get_by_role("radio", name="Difference").click()
    page.get_by_role("radio", name="Recordings").click()
    settle(page, age_years="newborn", hearing_loss="Sensorineural loss")
    address = page.url
    page.reload()  # the scale keeps what it needed before
    settle(page, age_years="newborn", hearing_loss="Sensorineural loss")
    seen = picture(page)
    assert not {"patient", "recording_id"} & set(address.lower().replace("?", "&").replace("=", "&").split("&"))
    other = page.context.new_page()
    other.set_viewport_size({"width": 1440, "height": 900})
    other.goto(address)
    settle(other, age_years="newborn", hearing_loss="Sensorineural loss")
    for name in ("Difference", "Recordings", "Sensorineural loss"):
        expect(other.get_by_role("radio", name=name)).to_have_attribute("aria-checked", "true")
    assert picture(other) == seen
    other.close()


def test_the_difference_has_a_lane_and_the_legend_says_so(generation):
    page = generation
    page.get_by_role("radio", name="Difference").click()
    settle(page)
    legend = page.locator(".legend")
    legend.get_by_text("generated − recorded mean").wait_for()
    expect(legend.get_by_text("recordings near")).to_have_count(1)
    before = picture(page)
    page.get_by_role("radio", name="None").click()
    settle(page)
    assert picture(page) != before
    expect(legend.get_by_text("recordings near")).to_have_count(0)


def test_named_settings_move_the_sliders(generation):
    page = generation
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("combobox", name="Go to").click()
    page.get_by_role("option", name="Newborn screening, 35 dB nHL").click()
    settle(page, intensity_db_nhl="35 dB nHL", age_years="newborn")
    expect(page.get_by_role("slider", name="Intensity")).to_have_attribute("aria-valuetext", "35 dB nHL")
    page.keyboard.press("Escape")
    page.reload()
    settle(page, intensity_db_nhl="35 dB nHL", age_years="newborn")
