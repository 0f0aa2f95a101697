"""Charts that are pointed at."""

import re

from playwright.sync_api import Page, expect


def bars(page: Page, chart: str) -> dict[str, float]:
    """Return the positions of a chart's bars."""
    page.locator(f"{chart} .js-plotly-plot .bars path").first.wait_for(state="attached")
    box = page.locator(f"{chart} .draglayer .nsewdrag").first.bounding_box()
    assert box is not None
    return box


def test_a_part_of_the_time_is_chosen_by_dragging(page: Page) -> None:
    """The page shows that part; Back shows all again."""
    page.goto("/?range=24h")
    box = bars(page, "#overview-traffic")
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, y, steps=6)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=[^&]+&to="))
    expect(page.locator("#overview-time-preset input:checked")).to_have_value("custom")
    page.go_back()
    expect(page.locator("#overview-time-preset input:checked")).to_have_value("24h")


def test_a_bar_of_durations_opens_its_calls(page: Page) -> None:
    """The explorer, with the function and both durations."""
    page.goto("/code?range=24h&process=shop.pricing.quote")
    chart = page.get_by_role("img", name="Histogram of durations")
    bar = chart.locator(".bars .point path").nth(10)
    bar.wait_for(state="attached")
    chart.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(
        re.compile(r"/explorer\?process=shop\.pricing\.quote&range=24h&min_ms=[\d.]+&max_ms=[\d.]+")
    )
    expect(page.locator("#explorer-grid .ag-center-cols-container .ag-row").first).to_be_visible()


def test_charts_of_a_function_follow_the_chosen_time(page: Page) -> None:
    """A bar is a part of it, and the zone of its labels is said."""
    page.goto("/code?range=24h&process=shop.pricing.quote")
    title = page.locator("#code-body .chart-title").first
    expect(title).to_have_text("Calls per 15 min 0 s")
    page.locator("#code-time-preset").get_by_text("6h", exact=True).click()
    expect(title).to_have_text("Calls per 4 min 0 s")
    expect(page.locator(".zone")).to_have_text("UTC+5:30")


def test_the_axis_of_durations_has_round_numbers(page: Page) -> None:
    """1, 2 and 5, or 1, 10 and 100."""
    page.goto("/code?range=24h&process=shop.pricing.quote")
    ticks = page.get_by_role("img", name="Histogram of durations").locator(".xtick text")
    expect(ticks.first).to_be_attached()
    assert all(re.fullmatch(r"(1|2|5)0* (ns|µs|ms|s)", text) for text in ticks.all_text_contents())
