"""At rest the browser asks for the axes that no hand came near: each place of the sliders once, if the page is seen."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e
ALL_READY = ".explorer[data-settled=true][data-ready='intensity_db_nhl age_years stimulus_rate_per_s hearing_loss']"
HIDDEN = """() => {
  let state = "hidden";
  Object.defineProperty(document, "visibilityState", { get: () => state });
  window.becomeVisible = () => { state = "visible"; document.dispatchEvent(new Event("visibilitychange")); };
}"""
AT_REST_MS = 2500
"""Longer than the page waits before it asks."""


def ready(page) -> set[str]:
    return set(page.locator(".explorer").get_attribute("data-ready").split())


def said(page) -> int:
    """Messages to the server so far."""
    return int(page.locator(".explorer").get_attribute("data-said"))


def test_all_axes_are_there_before_a_hand_is_near_and_another_place_has_its_own(page, dashboard_url):
    page.goto(f"{dashboard_url}/generation")
    page.locator(".explorer[data-settled=true]").wait_for()  # the first start simulates a clinic
    page.locator(ALL_READY).wait_for()
    messages = said(page)
    page.wait_for_timeout(AT_REST_MS)
    assert said(page) == messages, "once for each place of the sliders"

    page.get_by_role("slider", name="Age").focus()
    page.keyboard.press("Home")
    page.locator(".explorer[data-age_years=newborn]").wait_for()
    assert ready(page) == {"age_years"}, "the other axes were drawn at another age"
    page.locator(ALL_READY + "[data-age_years=newborn]").wait_for()
    assert said(page) == messages + 4, "the new place, and each axis that it lacks"


def test_nothing_is_asked_for_while_nobody_can_see_the_page(page, dashboard_url):
    page.add_init_script(f"({HIDDEN})()")
    page.goto(f"{dashboard_url}/generation")
    page.locator(".explorer[data-settled=true][data-ready=intensity_db_nhl]").wait_for()
    page.wait_for_timeout(AT_REST_MS)
    assert ready(page) == {"intensity_db_nhl"}
    page.evaluate("becomeVisible()")
    page.locator(ALL_READY).wait_for()
