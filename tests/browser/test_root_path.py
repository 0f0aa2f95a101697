"""The app below a path of a proxy."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, expect


def test_every_page_and_request_stays_below_the_root_path(page: Page, store: Path, serve: Callable[..., str]) -> None:
    """By links to a call, and back; navigation, a saved view and live figures; nothing asks outside."""
    outside: list[str] = []

    def look(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and not parts.path.startswith("/tools/obsv/"):
            outside.append(request.url)

    page.on("request", look)
    page.on("websocket", lambda socket: "/tools/obsv/" in socket.url or outside.append(socket.url))
    page.goto(serve(store, root_path="/tools/obsv") + "/tools/obsv/")
    page.locator(".error-row").first.click()
    expect(page).to_have_url(re.compile(r"/tools/obsv/(errors|explorer)"))
    navigation = page.get_by_role("navigation")
    for title, part in (("Explorer", "explorer"), ("Flow", "flow"), ("Code", "code"), ("Overview", "")):
        navigation.get_by_role("link", name=title).click()
        expect(page).to_have_title(f"{title} · obsv")
        expect(page).to_have_url(re.compile(rf"/tools/obsv/{part}(\?.*)?$"))
        expect(navigation.get_by_role("link", name=title)).to_have_attribute("aria-current", "page")
    navigation.get_by_role("link", name="Explorer").click()
    expect(page).to_have_title("Explorer · obsv")
    page.keyboard.press("v")
    page.get_by_label("Save this view: name").fill("all calls")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved all calls.")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    navigation.get_by_role("link", name="Code").click()
    expect(page).to_have_title("Code · obsv")
    navigation.get_by_role("button", name="Saved views").click()
    page.get_by_role("dialog").get_by_role("link", name="all calls").click()
    expect(page).to_have_url(re.compile(r"/tools/obsv/explorer"))
    page.locator(".ag-row").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Trace", exact=True).click()
    expect(page).to_have_url(re.compile(r"/tools/obsv/trace/[0-9a-f]{32}\?"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/tools/obsv/explorer"))
    assert outside == []
