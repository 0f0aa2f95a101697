"""Trace, flow, code, compare and reproduce, in a browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from calls import call
from playwright.sync_api import Page, expect
from serving import serving

from obsv.store import Code, Reader, Writer

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
FAILED = """
select s.trace as trace_id, lower(hex(s.span_id)) as span_id from span s join process p on p.id = s.process_id
where s.status = 2 and p.name = 'shop.pricing.quote' order by s.id desc limit 1
"""


@pytest.fixture(scope="module")
def failed(store: Path) -> tuple[str, str]:
    """Trace and span id of a call that failed by itself."""
    reader = Reader(store)
    row = reader.one(FAILED)
    reader.close()
    assert row is not None
    return row["trace_id"], row["span_id"]


@pytest.fixture
def hostile(tmp_path: Path) -> Any:
    """A server whose store is full of markup."""
    path = tmp_path / "hostile.db"
    writer = Writer(path)
    code = Code("/srv/shop.py", 1, f"def f(x):\n    return '{HOSTILE}'\n")
    shape = {"name": HOSTILE, "service": HOSTILE, "group": HOSTILE, "code": code}
    values = {"inputs": {HOSTILE: HOSTILE}, "outputs": {"return": HOSTILE}}
    event = {"timeUnixNano": "1790000000000000000", "name": HOSTILE}
    inner = call(2, 1, start=1, ms=3, error=f"ValueError: {HOSTILE}", detail={"events": [event]}, **shape, **values)
    writer.write([call(3, start=0, **shape, **values), inner, call(1, ms=9, **shape)])
    writer.close()
    with serving(path) as address:
        yield address


def shown_trace(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#trace-grid .ag-center-cols-container .ag-row").first).to_be_visible()


def test_the_trace_tells_where_it_failed(page: Page, failed: tuple[str, str]) -> None:
    """The jump leads to the deepest failed call; its panel has inputs and the exception, the address its span."""
    shown_trace(page, f"/trace/{failed[0]}")
    expect(page.locator("#trace-title")).to_contain_text("POST /orders")
    page.locator("#trace-error").click()
    expect(page.locator("#trace-panel h2")).to_have_text("shop.pricing.quote")
    expect(page.locator("#trace-panel .traceback-text")).to_contain_text("it has not traded today")
    assert f"span={failed[1]}" in page.url


def test_a_link_opens_a_span_and_escape_closes_it(page: Page, failed: tuple[str, str]) -> None:
    """The same view from the address."""
    shown_trace(page, f"/trace/{failed[0]}?span={failed[1]}")
    expect(page.locator("#trace-panel h2")).to_have_text("shop.pricing.quote")
    page.keyboard.press("Escape")
    expect(page.locator("#trace-panel")).to_be_hidden()


def test_the_trace_is_searched_and_folded(page: Page, failed: tuple[str, str]) -> None:
    """In values too; folded rows are gone and come back."""
    shown_trace(page, f"/trace/{failed[0]}")
    page.keyboard.press("/")
    page.keyboard.type("not traded")
    expect(page.locator("#trace-found")).to_contain_text("of")
    rows = page.locator("#trace-grid .ag-center-cols-container .ag-row")
    before = rows.count()
    page.locator("#trace-fold").click()
    expect(rows).to_have_count(2)
    page.locator("#trace-unfold").click()
    expect(rows).to_have_count(before)


def test_the_flame_graph_has_the_waterfalls_selection(page: Page, failed: tuple[str, str]) -> None:
    """A switch, whose call, zoom and panel are those of the address; Back undoes each."""
    shown_trace(page, f"/trace/{failed[0]}")
    page.locator("#trace-error").click()
    page.keyboard.press("f")
    expect(page.locator("#trace-grid")).to_be_hidden()
    said = page.locator("#trace-flame-said")
    expect(said).to_contain_text("shop.pricing.quote · took")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("z")
    expect(page).to_have_url(re.compile(r"view=flame&zoom=\w+"))
    page.keyboard.press("Enter")
    expect(page.locator("#trace-panel h2")).to_have_text(re.compile(r"^(?!shop\.pricing\.quote)"))
    expect(page.locator("#trace-panel-close")).to_be_focused()
    page.go_back()
    expect(page.locator("#trace-flame-out")).to_be_disabled()
    page.go_back()
    expect(page.locator("#trace-grid")).to_be_visible()


def test_the_axis_has_round_numbers(page: Page, failed: tuple[str, str]) -> None:
    """Four to eight for any length, 1, 2 or 5 times a power of ten apart; zoomed in still round, and so the lines."""
    shown_trace(page, f"/trace/{failed[0]}")
    for length in (*range(4, 100), 999, 1000, 32_259, 9_160_000, 14_500_000, 61e9, 7.2e12):
        page.evaluate("length => { obsvTrace.view.data.length = length; obsvMap.setZoom(0, length) }", length)
        first, *_ = shown = _ticks(page)
        assert first == 0
        assert 4 <= len(shown) <= 8
        assert _step(shown) in (1, 2, 5)
    page.evaluate("obsvTrace.view.data.length = 1e9; obsvMap.setZoom(410_130_000, 410_160_000)")
    expect(page.locator(".tb-axis span")).to_have_text(
        [f"{at} µs" for at in (410130, 410135, 410140, 410145, 410150, 410155)]
    )
    page.evaluate("obsvMap.setZoom(110e6, 510e6)")
    expect(page.locator(".tb-axis span")).to_have_text(["200 ms", "300 ms", "400 ms"])
    lines = page.locator("#trace-grid .tb").first
    expect(lines).to_have_attribute("style", "--at: 22.5%; --step: 25%;")


def _ticks(page: Page) -> list[float]:
    texts = page.evaluate("""() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
        [...document.querySelectorAll('.tb-axis span')].map((each) => each.textContent)))))""")
    return [float(text.split()[0]) for text in texts]


def _step(ticks: list[float]) -> int:
    """The only digit of the distance between neighbours."""
    (digits,) = {f"{after - before:.6e}" for before, after in pairwise(ticks)}
    number = float(digits.split("e")[0])
    return int(number) if number == int(number) else 0


def test_a_call_is_reproduced(page: Page, failed: tuple[str, str]) -> None:
    """The dialog shows the test."""
    shown_trace(page, f"/trace/{failed[0]}?span={failed[1]}")
    page.get_by_role("button", name="Reproduce").click()
    expect(page.locator("#repro-body .source")).to_contain_text("with pytest.raises(ValueError) as caught:")


def test_a_call_is_copied_for_an_assistant(page: Page, failed: tuple[str, str]) -> None:
    """With the text of `obsv explain`, by the button of its panel."""
    shown_trace(page, f"/trace/{failed[0]}?span={failed[1]}")
    with page.expect_response(f"**/api/v1/explain/{failed[0]}/{failed[1]}") as answer:
        page.get_by_role("button", name="Copy for an assistant").click()
    assert "ValueError" in answer.value.text()
    expect(page.locator("#notices")).to_contain_text("Copied for an assistant")


def test_the_flow_is_drawn(page: Page) -> None:
    """Functions and feeds; folded, groups only."""
    page.goto("/flow?range=24h")
    expect(page.locator("#flow-note")).to_contain_text("functions called")
    expect(page.get_by_role("img", name=re.compile("functions, 3 feeds"))).to_be_visible()
    page.locator("#flow-fold").click()
    expect(page.get_by_role("img", name=re.compile(r"Graph of \d+ folded groups"))).to_be_visible()


def test_the_flow_is_walked_by_keys(page: Page) -> None:
    """A list of what is drawn: seen when it has the focus, walked by arrows; Enter opens the explorer."""
    page.goto("/flow?range=24h")
    entries = page.get_by_role("list", name="Functions").locator("[data-node]")
    entries.first.focus()
    page.keyboard.press("ArrowDown")
    expect(entries.nth(1)).to_be_focused()
    expect(entries.nth(1)).to_be_in_viewport()
    function = page.get_by_role("link", name="shop.pricing.quote")
    function.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/explorer\?process=shop\.pricing\.quote&range=24h"))


@pytest.fixture
def many(tmp_path: Path, serve: Callable[..., str]) -> str:
    """The address of an app on forty functions, each called by the one before."""
    writer = Writer(tmp_path / "many.db")
    calls = [
        call(n + 1, n or None, name=f"shop.step_{n:02}", group=f"shop.part_{n // 10}", at=time.time_ns() - 10**9)
        for n in range(40)
    ]
    writer.write(calls)
    writer.close()
    return serve(tmp_path / "many.db")


def test_the_flow_is_readable_and_its_search_centres(page: Page, many: str) -> None:
    """Labels have nine pixels or more, however many functions there are; what is found stands in the middle."""
    page.goto(many + "/flow")
    expect(page.get_by_role("img", name=re.compile("40 functions"))).to_be_visible()
    cy = "[...document.querySelectorAll('#flow-graph, #flow-graph *')].find((e) => e._cyreg)._cyreg.cy"
    assert page.evaluate(f"11.5 * {cy}.zoom()") >= 9
    page.keyboard.press("/")
    page.keyboard.type("step_39")
    away = f"""(() => {{
        const cy = {cy};
        const at = cy.nodes('.process').filter((node) => node.data('name').endsWith('step_39')).renderedPosition();
        return Math.hypot(at.x - cy.width() / 2, at.y - cy.height() / 2);
    }})()"""
    deadline = time.monotonic() + 40
    while (distance := page.evaluate(away)) >= 4 and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert distance < 4


def test_lineage_is_drawn(page: Page) -> None:
    """Values that went from call to call."""
    page.goto("/flow?mode=lineage&range=24h")
    expect(page.locator("#flow-note")).to_contain_text("values passed from an output to an input")
    expect(page.get_by_role("img", name=re.compile(r"\b([4-9]|\d\d) arrows"))).to_be_visible()


def test_a_function_is_inspected(page: Page) -> None:
    """From the list to its source, figures and variables."""
    page.goto("/code?range=24h")
    page.get_by_role("link", name="shop.pricing.quote").click()
    expect(page.locator("#code-body .source")).to_contain_text("def quote(symbol: str, quantity: int)")
    expect(page.locator("#code-body .variables")).to_contain_text("symbol")
    expect(page.locator("#code-body .tiles")).to_contain_text("P99")


def test_back_leads_to_the_function_chosen_before(page: Page) -> None:
    """Chosen in the field; the time chosen meanwhile stays with the function it was chosen for."""
    page.goto("/code?range=24h&process=shop.pricing.quote")
    field, source = page.get_by_role("textbox", name="Function"), page.locator("#code-body .source")
    expect(source).to_contain_text("def quote(")
    page.locator("#code-time-preset").get_by_text("6h", exact=True).click()
    expect(page).to_have_url(re.compile("range=6h"))
    field.click()
    page.get_by_role("option", name="shop.orders.place", exact=True).click()
    expect(source).to_contain_text("def place(")
    expect(page).to_have_url(re.compile(r"range=6h&process=shop\.orders\.place$"))
    page.go_back()
    expect(source).to_contain_text("def quote(")
    expect(field).to_have_value("shop.pricing.quote")
    page.go_forward()
    expect(source).to_contain_text("def place(")
    expect(field).to_have_value("shop.orders.place")


def test_a_failed_call_is_compared(page: Page, failed: tuple[str, str]) -> None:
    """Its inputs beside those of the last good one; then two times of the function."""
    page.goto(f"/compare?trace={failed[0]}&span={failed[1]}")
    expect(page.locator("#compare-body")).to_contain_text("Last successful call before it")
    expect(page.locator("#compare-body mark").first).to_be_visible()
    page.get_by_text("Two periods").click()
    expect(page.locator("#compare-body .figures")).to_contain_text("P95")
    assert "mode=times" in page.url


def test_the_second_time_can_be_chosen(page: Page) -> None:
    """Window B from two instants; the address has them, in UTC, and opens the same."""
    times = "range=24h&mode=times&b_from=2020-01-01T00:00:00Z&b_to=2100-01-01T00:00:00Z"
    page.goto(f"/compare?process=shop.pricing.quote&{times}")
    # 05:30 in the zone of this browser.
    expect(page.locator("#compare-b-from")).to_have_text("2020-01-01 05:30:00")
    calls = page.locator("#compare-body .figures tr").filter(has_text="Calls").first.get_by_role("cell")
    expect(calls.nth(1)).not_to_have_text("0")
    page.get_by_text("a week earlier").click()
    expect(calls.nth(1)).to_have_text("0")
    expect(page).to_have_url(re.compile("against=week"))
    page.locator("#compare-against").get_by_text("Custom").click()
    expect(page).to_have_url(re.compile("b_from=2020-01-01T00%3A00%3A00"))
    expect(calls.nth(1)).not_to_have_text("0")


PLACES: dict[str, Callable[[str], str]] = {
    "trace": lambda trace: f"/trace/{trace}?span=0000000000000002",
    "flow": lambda trace: "/flow",
    "lineage": lambda trace: "/flow?mode=lineage",
    "code": lambda trace: "/code?process=",
    "compare": lambda trace: f"/compare?trace={trace}&span=0000000000000002",
}


@pytest.mark.parametrize("place", PLACES)
def test_recorded_markup_stays_text(page: Page, hostile: str, place: str) -> None:
    """In names, services, values, events, exceptions and sources: nothing of it runs or becomes an element."""
    address = PLACES[place]("0123456789abcdef0123456789abcdef")
    if place == "code":
        page.goto(hostile + "/code")
        page.evaluate(f"location.search = '?process=' + encodeURIComponent({json.dumps(HOSTILE)})")
        expect(page.locator("#code-body .variables")).to_be_visible()
    else:
        page.goto(hostile + address)
        expect(page.locator("#page > div").first).to_be_visible()
    if place == "trace":
        expect(page.locator("#trace-panel .value-table").first).to_contain_text("<img src=x")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "owned"


def test_the_list_of_functions_is_sorted_and_filtered(page: Page) -> None:
    """By a click on a heading, and by typing."""
    page.goto("/code?range=24h")
    names = page.locator("#code-list tbody tr:visible td:first-child")
    page.get_by_role("button", name="Function", exact=True).click()
    expect(page.locator("#code-list th").first).to_have_attribute("aria-sort", "ascending")
    assert names.all_inner_texts() == sorted(names.all_inner_texts())
    before = names.count()
    page.locator("#code-filter").fill("on_price")
    expect(names.first).to_contain_text("on_price")
    assert names.count() < before
