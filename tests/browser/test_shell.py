"""The frame: navigation, theme, keyboard, first run."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from obsv.store import Writer

PAGES = {"Overview": "/", "Explorer": "/explorer"}


def test_every_entry_of_the_navigation_opens_its_page(page: Page) -> None:
    """Without a reload: a mark in the window survives."""
    page.goto("/")
    page.wait_for_selector(".overview")
    page.evaluate("window.mark = 1")
    for title, path in reversed(PAGES.items()):
        page.get_by_role("navigation").get_by_role("link", name=title).click()
        expect(page).to_have_title(f"{title} · obsv")
        assert page.url.split("?")[0].endswith(path)
    assert page.evaluate("window.mark") == 1


@pytest.mark.parametrize(("key", "title"), [("e", "Explorer"), ("o", "Overview")])
def test_g_and_a_letter_go_to_a_page(page: Page, key: str, title: str) -> None:
    """The letter is the one that the help lists."""
    page.goto("/explorer" if key == "o" else "/")
    page.wait_for_selector("#page > div")
    page.keyboard.press("g")
    page.keyboard.press(key)
    expect(page).to_have_title(f"{title} · obsv")


def test_a_slash_on_a_page_without_a_search_leads_to_one(page: Page) -> None:
    """The explorer's."""
    page.goto("/")
    expect(page.locator(".error-row").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("input[data-hotkey='/'], [data-hotkey='/'] input")).to_be_focused()
    expect(page).to_have_url(re.compile("/explorer"))


def test_the_theme_is_dark_until_it_is_changed_and_stays_changed(page: Page) -> None:
    """Dark by default; `t` turns it; a reload keeps it; the grid and the figures follow."""
    page.goto("/explorer")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.wait_for_selector(".ag-row")
    dark = page.locator(".ag-root-wrapper").evaluate("e => getComputedStyle(e).backgroundColor")
    page.keyboard.press("t")
    expect(root).to_have_attribute("data-theme", "light")
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    assert page.locator(".ag-root-wrapper").evaluate("e => getComputedStyle(e).backgroundColor") != dark
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_the_help_lists_the_keys(page: Page) -> None:
    """`?` opens it, Esc closes it."""
    page.goto("/")
    page.wait_for_selector(".overview")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next and previous row")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_unknown_address_says_so(page: Page, watch: Any) -> None:
    """The app answers, with 404."""
    watch.allow("404")
    page.goto("/nothing-here")
    expect(page.get_by_text("No such page")).to_be_visible()


def test_an_address_that_cannot_be_read_says_what_to_do(page: Page) -> None:
    """An error of the store or of the query stands where the page would."""
    page.goto("/explorer?range=2w")
    expect(page.get_by_role("alert").filter(has_text="5m, 1h, 6h, 24h")).to_be_visible()


@pytest.mark.parametrize("exists", [False, True])
def test_an_empty_store_shows_how_to_record_and_opens_with_the_first_call(
    page: Page, serve: Callable[..., str], tmp_path: Path, exists: bool
) -> None:
    """No file, or no row: the first-run page; when the first call is in, the page that was asked for."""
    from story import scenes

    path = tmp_path / "obsv.db"
    writer = Writer(path)
    if exists:
        writer.open()
    page.goto(serve(path) + "/explorer")
    expect(page.get_by_text("Nothing recorded yet")).to_be_visible()
    expect(page.get_by_text(str(path))).to_be_visible()
    writer.write(next(scenes(1, 7, 1_790_000_000_000_000_000)))
    writer.close()
    expect(page).to_have_title(re.compile("Explorer"), timeout=15_000)


def test_focus_is_visible(page: Page) -> None:
    """The first tab reaches a link past the navigation; what has the focus has an outline."""
    page.goto("/")
    page.wait_for_selector(".overview")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Skip to content")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") != "none"


def test_times_are_local_with_utc_on_hover(page: Page) -> None:
    """The browser's zone, here half an hour off every whole one."""
    page.goto("/")
    shown = page.locator(".error-row time").first
    text, title = shown.inner_text(), shown.get_attribute("title") or ""
    assert title.endswith("UTC")
    minutes = (int(text[3:5]) - int(title[14:16])) % 60
    assert minutes == 30


def test_a_token_is_asked_for_and_leads_on(page: Page, serve: Callable[..., str], store: Path, watch: Any) -> None:
    """Without it the form, with a wrong one a word, with the right one the page that was asked for, live parts too."""
    watch.allow("401")
    address = serve(store, token="a-long-enough-token")
    page.goto(f"{address}/explorer?range=24h&status=ERR")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The token is wrong.")
    page.get_by_label("Token").fill("a-long-enough-token")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}/explorer?range=24h&status=ERR")
    expect(page.locator("#explorer-grid .ag-row").first).to_be_visible()
    expect(page.locator("#ribbon")).to_contain_text("prices")
    cookie = next(each for each in page.context.cookies() if each["name"] == "obsv_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")


def test_a_server_that_is_gone_is_said_to_be(page: Page, serve: Callable[..., str], store: Path, watch: Any) -> None:
    """Without a click: what looks live is not, and says how old it is; when the server is back so is the page."""
    watch.allow("ERR_CONNECTION", "ERR_INTERNET", "Failed to fetch", "Callback failed")
    page.goto(serve(store) + "/explorer")
    expect(page.locator("#explorer-grid .ag-row").first).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_contain_text("No connection to the server")
    expect(page.locator("#ribbon .badge").first).to_have_css("text-decoration-line", "line-through")
    page.evaluate("window.mark = 1")
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#explorer-grid .ag-row").first).to_be_visible()
    page.wait_for_function("window.mark === undefined")
