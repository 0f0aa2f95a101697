"""The state in the address is carried from page to page, and Back reverts it."""

import re

from playwright.sync_api import Locator, Page, expect


def rows(page: Page) -> Locator:
    return page.locator("#explorer-grid .ag-center-cols-container .ag-row")


def to(page: Page, title: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=title, exact=True).click()


def test_the_time_the_function_and_filters_travel(page: Page) -> None:
    """By the navigation: the time everywhere, the function where one is chosen, filters are found again."""
    page.goto("/explorer?range=24h&process=shop.pricing.quote&status=ERR")
    expect(rows(page).first).to_be_visible()
    page.locator("#explorer-time-preset").get_by_text("6h", exact=True).click()
    expect(page).to_have_url(re.compile("range=6h"))
    to(page, "Overview")
    expect(page).to_have_url(re.compile(r"/\?range=6h$"))
    expect(page.locator("#overview-time-preset input:checked")).to_have_value("6h")
    to(page, "Code")
    expect(page).to_have_url(re.compile(r"/code\?range=6h&process=shop\.pricing\.quote$"))
    expect(page).to_have_title("shop.pricing.quote · Code · obsv")
    to(page, "Explorer")
    expect(page).to_have_url(re.compile(r"range=6h&process=shop\.pricing\.quote&status=ERR$"))
    expect(rows(page).first.locator("[col-id=status]")).to_have_text("ERR")


def test_back_undoes_a_filter_and_a_time(page: Page) -> None:
    """One step each; the fields and the rows follow."""
    page.goto("/explorer?range=24h")
    expect(rows(page).first).to_be_visible()
    page.locator("#explorer-status-filter").get_by_text("ERR", exact=True).click()
    expect(page).to_have_url(re.compile("status=ERR"))
    page.locator("#explorer-time-preset").get_by_text("6h", exact=True).click()
    expect(page).to_have_url(re.compile("range=6h"))
    page.go_back()
    expect(page.locator("#explorer-time-preset input:checked")).to_have_value("24h")
    expect(page.locator("#explorer-status-filter input:checked")).to_have_value("ERR")
    page.go_back()
    expect(page.locator("#explorer-status-filter input:checked")).to_have_value("")
    expect(page).to_have_url(re.compile(r"/explorer\?range=24h$"))
    expect(rows(page).first).to_be_visible()


def test_back_closes_the_drawer(page: Page) -> None:
    """The page stays as it is; Forward opens the call again."""
    page.goto("/explorer?range=24h&status=ERR")
    rows(page).first.locator("[col-id=data]").click()
    expect(page.get_by_role("article")).to_be_visible()
    page.evaluate("document.querySelector('#explorer-grid').mark = 1")
    page.go_back()
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"status=ERR$"))
    page.go_forward()
    expect(page.get_by_role("article")).to_be_visible()
    assert page.evaluate("document.querySelector('#explorer-grid').mark") == 1


def test_a_link_to_a_call_does_not_wait_for_the_grid(page: Page) -> None:
    """The call is there while the rows are still being read."""
    page.goto("/explorer?range=24h&status=ERR")
    rows(page).first.locator("[col-id=data]").click()
    expect(page).to_have_url(re.compile("call="))
    held = []
    page.route("**/api/v1/calls?*", lambda route: held.append(route))
    page.goto(page.url)
    expect(page.get_by_role("article")).to_be_visible()
    expect(rows(page)).to_have_count(0)
    page.unroute("**/api/v1/calls?*")
    for each in held:
        each.continue_()
    expect(rows(page).first).to_be_visible()
