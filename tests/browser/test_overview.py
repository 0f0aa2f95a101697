"""The overview: figures, links, live."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from calls import call
from playwright.sync_api import Page, expect

from obsv.store import Writer

COUNT_PULSES = """() => {
  const { obsv } = window.dash_clientside;
  const refresh = obsv.everyOther;
  obsv.everyOther = function (...given) {
    document.body.dataset.pulses = Number(document.body.dataset.pulses || 0) + 1;
    return refresh(...given);
  };
}"""


def test_it_shows_figures_with_sparklines(page: Page) -> None:
    """Error rate, throughput, P95 of all functions, and how many functions fail."""
    page.goto("/")
    for label in ("Error rate", "Throughput", "P95 of all functions", "Failing functions"):
        stat = page.locator(".stat").filter(has_text=label)
        expect(stat.locator(".stat-value")).not_to_be_empty()
        expect(stat.locator(".js-plotly-plot")).to_be_visible()
    expect(page.locator("#overview-traffic .barlayer .point").first).to_be_attached()


def test_an_error_opens_its_group_and_that_its_latest_call(page: Page) -> None:
    """Two clicks from the overview to the values of the call that failed."""
    page.goto("/")
    row = page.locator(".error-row").first
    process = row.locator(".mono").first.inner_text()
    row.click()
    expect(page).to_have_url(re.compile(r"/errors/\d+"))
    page.get_by_role("link", name="Latest call").click()
    expect(page).to_have_url(re.compile(r"/explorer\?.*status=ERR.*call="))
    expect(page.get_by_role("article")).to_contain_text(process)


def test_keys_walk_the_rows(page: Page) -> None:
    """`j` and `k` move over groups and errors, Enter opens."""
    page.goto("/")
    expect(page.locator(".error-row").first).to_be_visible()
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator("a.share").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/explorer\?group="))


def test_a_group_opens_in_the_explorer(page: Page) -> None:
    """Filtered by it."""
    page.goto("/")
    share = page.locator("a.share").first
    name = share.locator("span").first.inner_text()
    share.click()
    expect(page.get_by_role("textbox", name="Group")).to_have_value(name)


def test_the_window_changes_figures_and_address(page: Page) -> None:
    """Another preset, another period; the address remembers."""
    page.goto("/?range=1h")
    calls = page.locator("a.share span:nth-child(2)").first
    before = calls.inner_text()
    page.locator("#overview-time-preset").get_by_text("24h", exact=True).click()
    expect(page).to_have_url(re.compile("range=24h"))
    expect(calls).not_to_have_text(before)


def test_new_errors_appear_and_the_place_stays(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """New calls appear automatically, and the scroll position stays."""
    writer = Writer(tmp_path / "obsv.db")

    def fail(number: int, text: str) -> None:
        error = f"Traceback\nValueError: {text}\n"
        writer.write([call(number, name=f"shop.f{number}", at=time.time_ns(), error=error, trace=f"{number:032x}")])

    for number in range(1, 12):
        fail(number, "old")
    page.goto(serve(tmp_path / "obsv.db") + "/")
    expect(page.locator(".error-row")).to_have_count(10)
    # The last of the page to be drawn; before, there may be nothing to scroll to.
    expect(page.locator("#overview-traffic .barlayer .point").first).to_be_attached()
    place = page.locator("#page")
    place.evaluate("e => { e.scrollTop = 100 }")
    expect(place).to_have_js_property("scrollTop", 100)
    page.locator(".error-row").first.focus()
    page.evaluate("chart = document.getElementById('overview-rate-line')")
    fail(99, "brand new")
    expect(page.locator(".error-row").first).to_contain_text("brand new")
    expect(page.locator(".error-row").nth(1)).to_be_focused()
    expect(place).to_have_js_property("scrollTop", 100)
    assert page.evaluate("chart.isConnected"), "a chart was made anew where its values would have done"
    writer.close()


def test_a_selected_text_is_not_taken_away(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """While somebody copies a message nothing is drawn anew; then the page goes on."""
    writer = Writer(tmp_path / "obsv.db")

    def fail(number: int) -> None:
        error = f"Traceback\nValueError: error {number}\n"
        writer.write([call(number, name="shop.f", at=time.time_ns(), error=error, trace=f"{number:032x}")])

    fail(1)
    page.goto(serve(tmp_path / "obsv.db") + "/")
    errors = page.locator(".error-row")
    errors.first.locator(".err-text").evaluate("e => getSelection().selectAllChildren(e)")
    page.evaluate(COUNT_PULSES)
    for number in (2, 3, 4):
        fail(number)
        expect(page.locator("body")).to_have_attribute("data-pulses", re.compile(rf"^[{number - 1}-9]$"))
    expect(errors.first).to_contain_text("1×")
    page.evaluate("getSelection().removeAllRanges()")
    fail(5)
    expect(errors.first).to_contain_text("5×")
    writer.close()
