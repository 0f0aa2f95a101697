"""The page Alerts in a browser: what fires appears, is silenced, and a rule is previewed and added."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import call, traceback
from playwright.sync_api import Page, expect
from serving import serving

from obsv.store import RecorderRow, Writer

RULES = """# by hand
[alerts]
check_interval_seconds = 1
[[alerts.rule]]
name = "always"
query = "select 5"
threshold = 1
[[alerts.rule]]
name = "deep"
kind = "backpressure"
for = "0s"
keep_firing_for = "1h"
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    writer = Writer(tmp_path / "o.db")
    writer.write([call(1, at=time.time_ns(), error=traceback("ValueError", "no price"))])
    writer.report(RecorderRow("h:7:1", "shop", 7, "h", 1, time.time_ns(), "DELAYED", '{"depth": 7230}'))
    writer.close()
    (tmp_path / "alerts.toml").write_text(RULES)
    with serving(tmp_path / "o.db") as address:
        yield address, tmp_path / "alerts.toml"


def test_alerts_are_silenced_and_rules_are_added(page: Page, place: tuple[str, Path]) -> None:
    address, file = place
    page.goto(f"{address}/alerts")
    body = page.locator("#alerts-body")
    expect(body.get_by_text("firing").first).to_be_visible(timeout=60_000)
    expect(page.locator("#banner")).to_contain_text("7230 calls of shop are waiting", timeout=60_000)
    page.fill("#alerts-matchers", "alertname=always")
    page.fill("#alerts-comment", "known trouble")
    page.click("#alerts-silence")
    silences = body.get_by_role("region", name="Silences")
    expect(silences.get_by_text("known trouble")).to_be_visible(timeout=60_000)
    expect(body.get_by_text("silenced").first).to_be_visible(timeout=60_000)
    body.get_by_role("button", name="End").click()
    expect(silences.get_by_text("ended")).to_be_visible(timeout=60_000)
    page.fill("#alerts-process", "shop.*")
    page.click("#alerts-preview")
    expect(page.locator("#alerts-previewed")).to_contain_text("would have fired 1 time in", timeout=60_000)
    page.click("#alerts-add")
    expect(page.locator("#alerts-previewed")).to_contain_text("now has 3 rules", timeout=60_000)
    assert file.read_text().startswith(RULES)
    expect(page.locator(".page-tools")).to_be_visible()
