"""The page Changes in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from calls import call
from playwright.sync_api import Page, expect

from obsv.store import Code, Writer
from obsv.store.seam import open_store


def test_deployment_and_what_it_changed(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """Chosen by a link; the source opens, a value leads to its call."""
    now_ns = time.time_ns()
    path = tmp_path / "obsv.db"
    writer = Writer(path)
    for number, (ago_s, value, text) in enumerate(((20, "1.5", "return 1"), (5, "None", "return 2")), 1):
        code = Code("/srv/shop.py", 1, f"def rate():\n    {text}\n")
        row = call(number, name="shop.rate", code=code, inputs={}, outputs={"return": value})
        writer.write([row._replace(start_ns=now_ns - ago_s * 1_000_000_000, trace_id=number.to_bytes(16, "big"))])
    writer.close()
    open_store(path).triage().deploy("1.4", now_ns - 10_000_000_000)
    page.goto(f"{serve(path)}/changes?since=1h")
    page.get_by_role("navigation", name="Since when").get_by_role("link", name="1.4").click()
    expect(page.locator("[aria-current=true]", has_text="deployed 1.4")).to_be_visible()
    page.get_by_text("Source", exact=True).click()
    expect(page.locator(".diff-added")).to_contain_text("return 2")
    page.locator(".change", has_text="None for the first time").get_by_role("link").click()
    expect(page).to_have_url(re.compile("/trace/"))
