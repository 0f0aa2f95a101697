"""The explorer: rows, filters, links, drill-down, live."""

import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import story
from playwright.sync_api import Locator, Page, expect

from obsv.store import Signature, Source, SpanRow, Writer

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202egnp.exe \x00 \u2028 end",
)
SOURCE = Source("shop")
VIEW = "#explorer-grid .ag-body-viewport"


def row(
    number: int, *, name: str = "shop.sell", value: str = "1", failed: bool = False, at_ns: int | None = None
) -> SpanRow:
    signature = Signature("shop", name, "shop", 1, (("order", "INPUT"), ("return", "OUTPUT")))
    ids = number.to_bytes(16, "big"), number.to_bytes(8, "big")
    start = time.time_ns() - 60_000_000_000 + number * 1_000_000 if at_ns is None else at_ns
    error = f"Traceback (most recent call last):\nValueError: {value}" if failed else None
    data = json.dumps([value, "done"])
    return SpanRow(
        signature, SOURCE, *ids, None, None, start, 5_000, None, 2 if failed else 0, 0, data, exception=error
    )


def rows(page: Page) -> Locator:
    return page.locator("#explorer-grid .ag-center-cols-container .ag-row")


def opened(page: Page, address: str = "/explorer?range=24h") -> Locator:
    page.goto(address)
    expect(rows(page).first).to_be_visible()
    return rows(page)


def texts(page: Page, column: str) -> list[str]:
    return page.locator(f"#explorer-grid .ag-center-cols-container [col-id={column}]").all_inner_texts()


def loaded(page: Page) -> None:
    expect(page.locator("#explorer-status")).to_contain_text(re.compile("calls?,"))


def test_the_seven_columns_stand_in_their_order(page: Page) -> None:
    """Process, Data, Data Type, Data Value, Timestamp, Status, Exception."""
    opened(page)
    heads = [
        head for head in page.locator("#explorer-grid .ag-header-cell-text").all_inner_texts() if head != "Duration"
    ]
    assert heads == ["Process", "Data", "Data Type", "Data Value", "Timestamp", "Status", "Exception"]


def test_tables_carry_roles(page: Page) -> None:
    """A screen reader finds a grid with rows and cells, named."""
    opened(page)
    region = page.get_by_role("region", name="Calls and their values")
    expect(region.get_by_role("grid")).to_be_visible()
    expect(region.get_by_role("columnheader", name="Process")).to_be_visible()


@pytest.mark.parametrize(
    ("filter", "entry", "column", "pattern"),
    [
        ("Group", "shop.pricing", "process", r"shop\.pricing\."),
        ("Process", "shop.pricing.quote", "process", r"shop\.pricing\.quote$"),
        ("Variable", "symbol", "data", r"symbol$"),
    ],
)
def test_a_choice_filters_the_rows_and_the_address(
    page: Page, filter: str, entry: str, column: str, pattern: str
) -> None:
    """Group, process and variable; the address says so, and a new window with it shows the same."""
    opened(page)
    page.get_by_role("textbox", name=filter).click()
    page.get_by_role("option", name=entry, exact=True).click()
    expect(page).to_have_url(re.compile(f"{filter.lower()}={re.escape(entry)}"))
    loaded(page)
    assert {bool(re.search(pattern, text)) for text in texts(page, column)} == {True}
    opened(page, page.url)
    expect(page.get_by_role("textbox", name=filter)).to_have_value(entry)
    assert {bool(re.search(pattern, text)) for text in texts(page, column)} == {True}


def test_status_filters(page: Page) -> None:
    """ERR shows failed calls only."""
    opened(page)
    page.locator("#explorer-status-filter").get_by_text("ERR", exact=True).click()
    expect(page).to_have_url(re.compile("status=ERR"))
    expect(rows(page).first.locator("[col-id=status]")).to_have_text("ERR")
    assert set(texts(page, "status")) == {"ERR"}


def test_search_finds_text_in_values(page: Page) -> None:
    """Typed after `/`; rows show the values that have it."""
    opened(page)
    page.keyboard.press("/")
    expect(page.locator("#explorer-q")).to_be_focused()
    page.keyboard.type("nvda")
    expect(page).to_have_url(re.compile("where=nvda"))
    expect(rows(page).first.locator("[col-id=data_value]")).to_contain_text("NVDA")


def test_a_query_is_completed_with_what_the_store_knows(page: Page) -> None:
    """By the keyboard: a name, then a value."""
    opened(page, "/explorer?range=24h")
    page.locator("#explorer-q").press_sequentially("stat")
    page.locator("#query-list").get_by_text("OK or ERR").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#query-list").get_by_text("ERR", exact=True).click()
    expect(page).to_have_url(re.compile("where=status%3AERR"))
    expect(rows(page).first.locator("[col-id=status]")).to_have_text("ERR")


def test_a_row_for_each_call_has_columns_of_ones_choice(page: Page) -> None:
    """They stand in the address."""
    opened(page, "/explorer?range=24h&rows=calls&columns=message,return&where=has:message")
    expect(page.locator("#explorer-grid .ag-header-cell").get_by_text("message")).to_be_visible()
    expect(rows(page).first.locator("[col-id=value-0]")).to_contain_text("symbol")
    page.locator("#explorer-rows").get_by_text("Values", exact=True).click()
    expect(page).not_to_have_url(re.compile("rows=calls"))


def test_a_value_is_searched_for_and_excluded_by_a_click(page: Page) -> None:
    """One takes the place of the other in the query."""
    opened(page, "/explorer?range=24h&where=process:feeds")
    rows(page).first.click()
    page.locator(".value-table").get_by_role("button", name="only this").first.click()
    expect(page.locator("#explorer-q")).to_have_value(re.compile(r"^process:feeds \S+="))
    page.locator(".value-table").get_by_role("button", name="not this").first.click()
    expect(page.locator("#explorer-q")).to_have_value(re.compile(r"^process:feeds \S+!="))


def test_durations_filter(page: Page) -> None:
    """At least so many milliseconds."""
    opened(page, "/explorer?range=24h&min_ms=20")
    expect(page.get_by_role("textbox", name="≥ ms")).to_have_value("20 ms")
    assert all(text.endswith((" ms", " s")) for text in texts(page, "duration_ns"))


def test_clear_takes_all_filters_away(page: Page) -> None:
    """The address has none left."""
    opened(page, "/explorer?range=24h&status=ERR&q=price&group=shop.pricing&min_ms=0.001")
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile(r"/explorer\?range=24h$"))


def test_columns_are_as_wide_as_the_address_says(page: Page) -> None:
    """A widened column stays wide, because the address keeps its width."""
    opened(page, "/explorer?range=24h&cols=process:400,data_value:200")
    heads = page.locator("#explorer-grid .ag-header-cell")
    expect(heads.and_(page.locator("[col-id=process]"))).to_have_css("width", "400px")
    expect(heads.and_(page.locator("[col-id=data_value]"))).to_have_css("width", "200px")
    edge = heads.and_(page.locator("[col-id=data]")).locator(".ag-header-cell-resize").bounding_box()
    assert edge is not None
    page.mouse.move(edge["x"] + 2, edge["y"] + 8)
    page.mouse.down()
    page.mouse.move(edge["x"] + 60, edge["y"] + 8, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"cols=process%3A400%2Cdata_value%3A200%2Cdata%3A1[56]\d"))


def test_nothing_found_says_so(page: Page) -> None:
    """An empty grid explains itself."""
    page.goto("/explorer?range=24h&q=nowhere-to-be-found")
    expect(page.get_by_text("No calls")).to_be_visible()


def test_presets_and_a_custom_range_are_in_the_address(page: Page) -> None:
    """A preset moves with the clock; a custom range is two instants, in UTC."""
    opened(page)
    page.locator("#explorer-time-preset").get_by_text("6h", exact=True).click()
    expect(page).to_have_url(re.compile("range=6h"))
    opened(page, "/explorer?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")
    # 05:30 in the zone of this browser.
    expect(page.locator("#explorer-time-from")).to_have_text(re.compile("2020-01-01 05:30:00"))


def test_a_custom_range_begins_with_the_window_shown(page: Page) -> None:
    """Of a preset that was chosen since the page was opened, too; one end is edited, the other stays."""
    opened(page, "/explorer?range=1h")
    preset = page.locator("#explorer-time-preset")
    preset.get_by_text("6h", exact=True).click()
    expect(page).to_have_url(re.compile("range=6h"))
    preset.get_by_text("Custom").click()
    expect(page).to_have_url(re.compile("from=.*&to="))
    start, end = _ends(page)
    assert (end - start).total_seconds() == 6 * 3600
    assert abs(time.time() - end.timestamp()) < 60
    # Five and a half hours later in the zone of this browser.
    expect(page.locator("#explorer-time-to")).to_have_text(f"{end + timedelta(hours=5.5):%Y-%m-%d %H:%M:%S}")
    page.locator("#explorer-time-from").click()
    page.get_by_role("spinbutton").nth(1).press("ArrowDown")  # a minute
    expect(page.locator("#explorer-time-from")).not_to_have_text(f"{start + timedelta(hours=5.5):%Y-%m-%d %H:%M:%S}")
    expect(page).not_to_have_url(re.compile(f"from={start:%Y-%m-%dT%H%%3A%M}"))
    assert _ends(page)[1] == end
    expect(rows(page).first).to_be_visible()


def _ends(page: Page) -> tuple[datetime, datetime]:
    query = parse_qs(urlsplit(page.url).query)
    return datetime.fromisoformat(query["from"][0]), datetime.fromisoformat(query["to"][0])


def test_a_click_on_a_head_sorts(page: Page) -> None:
    """Longest first by the duration's head; the address says so."""
    opened(page)
    page.locator("#explorer-grid").get_by_role("columnheader", name="Duration").click()
    expect(page).to_have_url(re.compile("sort=-duration"))
    loaded(page)
    first = opened(page, page.url).first
    expect(first.locator("[col-id=duration_ns]")).to_contain_text(re.compile(r" m?s$"))


def test_scrolling_never_ends(page: Page) -> None:
    """The next pages come as the view nears the end; no row comes twice."""
    opened(page)
    view, status = page.locator(VIEW), page.locator("#explorer-status")
    keys: list[str | None] = []
    for calls in (100, 200, 300):
        expect(status).to_have_text(re.compile(rf"^{calls} calls.*scroll for more"))
        keys += view.evaluate("e => dash_ag_grid.getApi('explorer-grid').getRenderedNodes().map(node => node.id)")
        view.evaluate("e => { e.scrollTop = e.scrollHeight }")
    assert len(set(keys)) == len(keys) > 60


def test_a_page_that_cannot_be_read_leaves_the_rows(page: Page, watch: Any) -> None:
    """It is said below them, and scrolling tries again; rows of another question do not stay."""
    watch.allow("504")
    opened(page)
    status, view = page.locator("#explorer-status"), page.locator(VIEW)
    answer = {"status": 504, "content_type": "application/problem+json", "body": '{"detail": "Too slow."}'}
    page.route("**/api/v1/calls?*cursor*", lambda route: route.fulfill(**answer))
    view.evaluate("e => { e.scrollTop = e.scrollHeight }")
    expect(status).to_have_text("Could not read on: Too slow. Scroll to try again.")
    expect(rows(page).first).to_be_visible()
    page.unroute("**/api/v1/calls?*cursor*")
    view.evaluate("e => { e.scrollTop -= 30 }")
    expect(status).to_contain_text("200 calls")
    page.route("**/api/v1/calls?*", lambda route: route.fulfill(**answer))
    page.locator("#explorer-status-filter").get_by_text("ERR").click()
    expect(page.locator("#explorer-overlay")).to_contain_text("Too slow.")
    expect(rows(page)).to_have_count(0)


def test_a_row_opens_the_drill_down(page: Page) -> None:
    """Source, inputs and outputs, durations with this call marked, its place in the trace; linked, closed by Esc."""
    opened(page, "/explorer?range=24h&process=shop.pricing.quote&status=ERR").first.click()
    detail = page.get_by_role("article")
    expect(detail.get_by_role("region", name="Source")).to_contain_text("def quote(symbol: str, quantity: int)")
    expect(detail.locator(".source .tok-k").first).to_have_text("def")
    expect(detail.get_by_role("rowheader", name="symbol")).to_be_visible()
    expect(detail.locator(".exception-last")).to_contain_text("ValueError: no price for")
    expect(detail.locator(".js-plotly-plot .scatterlayer")).to_be_visible()
    expect(detail.locator(".relative.here")).to_contain_text("shop.pricing.quote")
    detail.get_by_role("button", name="Reproduce").click()
    expect(page.locator("#repro-body .source")).to_contain_text("with pytest.raises(ValueError) as caught:")
    page.get_by_role("link", name="Download").click(trial=True)  # nothing covers it
    page.keyboard.press("Escape")
    expect(page.locator("#repro-body")).to_have_count(0)
    expect(detail).to_be_visible()
    link = page.url
    assert "call=" in link
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)
    expect(page).not_to_have_url(re.compile("call="))
    page.goto(link)
    expect(page.get_by_role("article")).to_contain_text("shop.pricing.quote")


def test_keys_walk_the_rows(page: Page) -> None:
    """`j` and `k` move, Enter opens, Esc closes."""
    opened(page)
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator("#explorer-grid .ag-row-focus").first).to_have_attribute("row-index", "1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.locator("#explorer-grid .ag-cell:focus")).to_have_count(1)


@pytest.mark.parametrize(("item", "suffix"), [("CSV", "csv"), ("JSON Lines", "jsonl")])
def test_what_is_filtered_is_exported(page: Page, item: str, suffix: str) -> None:
    """The file has the filter's rows."""
    opened(page, "/explorer?range=24h&process=shop.pricing.quote&status=ERR")
    page.locator("#explorer-export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=item).click()
    assert download.value.suggested_filename.endswith(suffix)
    lines = Path(download.value.path()).read_text().splitlines()
    assert "no price for" in "\n".join(lines)
    assert not any("shop.orders.place" in line.split(",")[0] for line in lines)


def test_hostile_values_stay_text(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """In the grid, its tooltips, the drill-down and the overview, what was recorded is shown as it is."""
    writer = Writer(tmp_path / "obsv.db")
    for number, value in enumerate(HOSTILE, 1):
        writer.write([row(number, name=f"shop.{value}", value=value, failed=True)])
    writer.close()
    address = serve(tmp_path / "obsv.db")
    page.goto(f"{address}/")
    expect(page.locator(".error-row")).to_have_count(len(HOSTILE))
    opened(page, f"{address}/explorer")
    assert set(HOSTILE[:2]) <= set(texts(page, "data_value"))
    for number in range(len(HOSTILE)):
        rows(page).nth(2 * number).locator("[col-id=data_value]").hover()
        rows(page).nth(2 * number).click()
        expect(page.get_by_role("article")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("article")).to_have_count(0)
    assert page.locator("#page img").count() == 0
    assert "owned" not in page.title()


def test_live_shows_new_calls_and_keeps_the_place(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """New calls come by themselves; scrolled down, the rows looked at stay where they are; pause stops them."""
    path = tmp_path / "obsv.db"
    writer = Writer(path)
    writer.write([row(number) for number in range(1, 200)])
    opened(page, serve(path) + "/explorer")
    page.get_by_role("button", name="Live").click()
    expect(page).to_have_url(re.compile("live=1"))
    writer.write([row(500, value="fresh-one", at_ns=time.time_ns())])
    expect(rows(page).first.locator("[col-id=data_value]")).to_have_text("fresh-one")
    view = page.locator(VIEW)
    view.evaluate("e => { e.scrollTop = 1500 }")
    expect(page.locator("#explorer-grid .ag-center-cols-container [row-index='50']")).to_be_visible()
    before = _on_top(page)
    writer.write([row(501, value="above", at_ns=time.time_ns())])
    expect(page.locator("#explorer-status")).to_contain_text(re.compile("calls?,"))
    page.wait_for_function("() => document.querySelector('#explorer-grid .ag-body-viewport').scrollTop > 1510")
    assert _on_top(page) == before
    page.get_by_role("button", name="Pause").click()
    expect(page).not_to_have_url(re.compile("live=1"))
    writer.write([row(502, value="unseen", at_ns=time.time_ns())])
    page.wait_for_timeout(2500)
    view.evaluate("e => { e.scrollTop = 0 }")
    expect(rows(page).first.locator("[col-id=data_value]")).to_have_text("above")
    writer.close()


def test_live_lets_the_oldest_rows_go(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """However long it runs the page stays small; scrolled down, what went comes again, all of it and once."""
    path = tmp_path / "obsv.db"
    writer = Writer(path)
    writer.write([row(number) for number in range(1, 2101)])
    opened(page, serve(path) + "/explorer")
    status = page.locator("#explorer-status")
    _scroll_to_the_end(page, "2,100 calls, 4,200 rows")
    page.locator(VIEW).evaluate("e => { e.scrollTop = 0 }")
    page.get_by_role("button", name="Live").click()
    writer.write([row(2500, at_ns=time.time_ns())])
    expect(status).to_contain_text("2,000 calls, 4,000 rows · scroll for more")
    page.get_by_role("button", name="Pause").click()
    _scroll_to_the_end(page, "2,101 calls, 4,202 rows")
    writer.close()


def _scroll_to_the_end(page: Page, told: str) -> None:
    """Scroll again and again: the height grows only when the grid has drawn what was read."""
    view, status = page.locator(VIEW), page.locator("#explorer-status")
    deadline = time.monotonic() + 40
    while "that is all" not in status.inner_text() and time.monotonic() < deadline:
        view.evaluate("e => { e.scrollTop = e.scrollHeight }")
        page.wait_for_timeout(20)
    expect(status).to_contain_text(f"{told} · that is all")


def test_back_leads_to_the_rows_one_left(page: Page) -> None:
    """With filters, place and the opened call; and what stands beside it opens without losing them."""
    address = "/explorer?range=24h&status=ERR"
    opened(page, address)
    page.locator(VIEW).evaluate("e => { e.scrollTop = 2400 }")
    expect(page.locator("#explorer-grid .ag-center-cols-container [row-index='80']")).to_be_visible()
    place = _on_top(page)
    page.locator(f"[row-id='{place}'] [col-id=data]").first.click()
    detail = page.get_by_role("article")
    first = page.locator(".drill-title h2 .mono")
    expect(first).to_have_count(1)
    name = first.inner_text()
    detail.locator("a.relative").first.click()
    expect(first).not_to_have_text(name)
    assert _on_top(page) == place
    assert address in page.url
    link = page.url
    detail.get_by_role("link", name="Trace", exact=True).click()
    expect(page).to_have_url(re.compile(r"/trace/\w+\?span=\w+$"))
    page.go_back()
    expect(detail).to_be_visible()
    expect(page.locator(f"#explorer-grid .ag-center-cols-container [row-id='{place}']")).to_be_in_viewport()
    expect(page).to_have_url(link)


def _on_top(page: Page) -> Any:
    return page.evaluate(
        """() => {
          const top = document.querySelector('#explorer-grid .ag-body-viewport').getBoundingClientRect().top;
          const rows = [...document.querySelectorAll('#explorer-grid .ag-center-cols-container .ag-row')];
          const seen = rows.filter((row) => row.getBoundingClientRect().top >= top - 1);
          seen.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
          return seen[0].getAttribute('row-id');
        }"""
    )


def test_the_story_is_what_the_tests_think(store: Path) -> None:
    """The filters above name things that the story has."""
    assert {"shop.pricing.quote", "shop.orders.place"} <= set(story.SOURCES)
