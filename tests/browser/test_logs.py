"""The page Logs in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from obsv.store import Source, Writer
from obsv.store.ground import LogRow

SHOP = Source("shop", "{}", '{"name":"shop.desk"}')


def _row(number: int, severity: int = 9, event: str = "", body: str = "null", ago_s: float = 60) -> LogRow:
    at_ns = time.time_ns() - int(ago_s * 1e9) + number
    return LogRow(SHOP, at_ns, severity, "", event, body, f'{{"order":{number}}}', bytes([number % 250 + 1]) * 16)


def test_filters_narrow_the_lines_and_stand_in_the_address(page: Page) -> None:
    """Severity, text, and a click on a name; Back undoes each."""
    page.goto("/logs?range=24h")
    lines = page.locator(".log-line")
    expect(lines.filter(has_text="order.filled").first).to_be_visible()
    page.get_by_text("Error", exact=True).click()
    expect(lines.first).to_contain_text("no price for")
    expect(page).to_have_url(re.compile("severity=ERROR"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("severity=ERROR"))
    filled = lines.filter(has_text="order.filled").first
    filled.locator("summary").focus()
    page.keyboard.press("Enter")
    filled.get_by_role("button", name="order.filled").click()
    expect(page).to_have_url(re.compile("event=order.filled"))
    expect(lines.filter(has_text="no price for")).to_have_count(0)
    expect(lines.first).to_be_visible()


def test_a_record_leads_to_its_call(page: Page) -> None:
    """Its line opens to its fields and to its place in the trace."""
    page.goto("/logs?range=24h&severity=ERROR")
    line = page.locator(".log-line").first
    line.locator("summary").click()
    expect(line.locator("tr", has_text="function")).to_contain_text("shop.pricing.quote")
    line.get_by_role("link", name="Trace").click()
    expect(page).to_have_url(re.compile(r"/trace/[0-9a-f]{32}\?span=[0-9a-f]{16}"))


def test_new_records_arrive_above_while_live(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """Only those that the filters let through; paused, none."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([], logs=[_row(1, event="order.placed")])
    page.goto(serve(tmp_path / "obsv.db") + "/logs?live=1&severity=INFO")
    lines = page.locator(".log-line")
    expect(lines).to_have_count(1)
    writer.write([], logs=[_row(2, 5, body='"chatter"', ago_s=0), _row(3, 17, body='"no stock"', ago_s=0)])
    expect(lines).to_have_count(2, timeout=60_000)
    expect(lines.first).to_contain_text("no stock")
    page.get_by_role("button", name="Pause").click()
    expect(page).not_to_have_url(re.compile("live=1"))
    writer.close()


def test_older_records_follow_and_an_empty_answer_says_so(
    page: Page, serve: Callable[..., str], tmp_path: Path
) -> None:
    """A hundred at a time; a text that no record has."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([], logs=[_row(number, event=f"tick.{number}") for number in range(150)])
    writer.close()
    page.goto(serve(tmp_path / "obsv.db") + "/logs")
    lines = page.locator(".log-line")
    expect(lines).to_have_count(100)
    page.get_by_role("button", name="Older records").click()
    expect(lines).to_have_count(150)
    expect(page.get_by_text("that is all")).to_be_visible()
    page.get_by_label("Search text, fields and names").fill("<b>nowhere</b>")
    expect(page.get_by_role("heading", name="No records")).to_be_visible()


def test_the_page_of_a_function_has_what_its_calls_said(page: Page) -> None:
    """The latest, each with the way to its call; all of them are one click away."""
    page.goto("/code?range=24h&process=shop.orders.place")
    row = page.locator(".function-log").first
    expect(row).to_contain_text("order.filled")
    expect(row).to_have_attribute("href", re.compile(r"^/trace/[0-9a-f]{32}\?span=[0-9a-f]{16}$"))
    page.locator(".card", has_text="Events and logs").get_by_role("link", name="all", exact=True).click()
    expect(page.locator(".log-line").first).to_contain_text("order.filled")
    expect(page).to_have_url(re.compile("process=shop.orders.place"))
