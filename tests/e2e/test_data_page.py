"""What a person does on the Data page: click a trace, go to the next patient, hold a norm against the waves, move the
threshold, take a figure along."""

from __future__ import annotations

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.e2e.at_rest import settle

pytestmark = pytest.mark.e2e
PLACE_OF_LAST_POINT = """() => {
  const chart = document.querySelector(".st-key-data_traces_chart .js-plotly-plot");
  const trace = chart?._fullData?.find((t) => t.name === "recording");
  if (!trace) return null;
  const number = trace.y.length - 8, frame = chart.getBoundingClientRect(), layout = chart._fullLayout;
  return {
    x: frame.left + layout.xaxis._offset + layout.xaxis.l2p(trace.x[number]),
    y: frame.top + layout.yaxis._offset + layout.yaxis.l2p(trace.y[number]),
    recording: trace.customdata[number],
  };
}"""


def open_view(page, url: str, view: str) -> None:
    page.goto(f"{url}/data")
    settle(page)
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_test_id("stButtonGroup").get_by_text(view, exact=True).first.click()
    settle(page)


def test_a_click_on_a_trace_shows_its_details_and_the_next_patient_follows(page, dashboard_url):
    page.set_viewport_size({"width": 1440, "height": 1400})
    open_view(page, dashboard_url, "Traces")
    card = page.locator(".st-key-data_recording")
    page.wait_for_function(PLACE_OF_LAST_POINT)
    settle(page)
    place = page.evaluate(PLACE_OF_LAST_POINT)
    expect(card).not_to_contain_text(place["recording"])
    page.mouse.move(place["x"] - 2, place["y"])
    page.mouse.click(place["x"], place["y"])
    settle(page)
    card.get_by_text(place["recording"], exact=True).wait_for()
    patient = page.locator(".st-key-data_traces_chart_box p").first
    first = patient.inner_text()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(patient).not_to_have_text(first)
    settle(page)
    page.get_by_role("button", name="Previous", exact=True).click()
    expect(patient).to_have_text(first)


def test_another_norm_is_named_below_the_figure(page, dashboard_url):
    open_view(page, dashboard_url, "Latency–intensity")
    box = page.locator(".st-key-data_li_chart_box")
    expect(box).to_contain_text("Gorga 1989")
    page.get_by_role("combobox", name="Norm").click()
    page.get_by_role("option", name="Hood 1998").click()
    expect(box).to_contain_text("14 women of 20 to 30 years")


def test_the_threshold_redraws_and_the_originals_step_is_one_click(page, dashboard_url):
    open_view(page, dashboard_url, "Selection")
    bars = "document.querySelector('.st-key-data_marginals_chart .js-plotly-plot')?._fullData?.[1]?.y.join()"
    page.wait_for_function(bars)
    kept = page.get_by_text("recordings are kept").first
    before, drawn = kept.inner_text(), page.evaluate(bars)
    slider = page.get_by_role("slider", name="Keep recordings with Fmp above")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(kept).not_to_have_text(before)
    page.wait_for_function(f"drawn => {bars} !== drawn", arg=drawn)
    settle(page)
    page.get_by_role("button", name="2.0 → 1.0").click()
    expect(kept).to_have_text(before)  # back at 1.0
    page.get_by_text("more than with Fmp above 2").wait_for()


def test_a_figure_is_taken_along_as_a_page_a_picture_and_its_numbers(page, dashboard_url, tmp_path):
    open_view(page, dashboard_url, "Quality")

    def taken(click) -> str:
        with page.expect_download() as started:
            click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        assert path.name.startswith("simulated-fmp-by-level")
        return path.read_text(encoding="utf-8")

    page.locator(".st-key-data_fmp_level_chart_download button").first.click()
    whole = taken(page.get_by_role("button", name="Figure (web page)").click)
    assert "Fmp by level" in whole and "no real patients" in whole
    taken(page.get_by_role("button", name="Numbers (CSV)").click)
    numbers = pd.read_csv(tmp_path / "simulated-fmp-by-level.csv")
    assert (numbers["median"] > 0).all() and numbers["n"].sum() > 1000
    page.keyboard.press("Escape")
    chart = page.locator(".st-key-data_fmp_level_chart .js-plotly-plot")
    chart.hover()
    assert taken(chart.locator(".modebar-btn").first.click).startswith("<svg")
    alone = page.context.new_page()
    alone.route("http*://**", lambda route: route.abort())
    alone.goto((tmp_path / "simulated-fmp-by-level.html").as_uri())
    alone.locator(".js-plotly-plot .main-svg").first.wait_for()
    alone.close()
