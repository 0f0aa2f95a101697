"""The pages of the registry and of reports."""

import re

from playwright.sync_api import Page, expect
from story import ACTORS


def test_from_decisions_to_an_artifact_and_what_it_is_compared_with(page: Page) -> None:
    """By keyboard, along the graph, and back."""
    page.goto("/decisions?range=24h")
    page.get_by_role("link", name="Registry").last.press("Enter")
    page.get_by_role("region", name="Table of artifacts").get_by_role("link", name="direction").first.press("Enter")
    graph = page.get_by_role("region", name="Graph of artifacts")
    expect(graph.get_by_role("link", name="this artifact")).to_contain_text(ACTORS[1][:12])
    graph.get_by_role("link", name=re.compile("^data ")).press("Enter")
    page.get_by_role("button", name="Check the file").press("Enter")
    expect(page.locator("#registry-checked")).to_contain_text("unchanged")
    page.go_back()
    page.get_by_role("region", name="artifacts to compare with").get_by_role("link", name="direction").click()
    expect(page).to_have_url(re.compile(f"before={ACTORS[0]}&after={ACTORS[1]}"))
    expect(page.get_by_role("region", name="Table of differences")).to_contain_text("auc")
    expect(page.get_by_role("region", name="Table of metrics")).to_contain_text("Win rate")


def test_each_number_of_a_report_opens_its_statement(page: Page) -> None:
    """One at a time; Escape closes it."""
    page.goto("/reports")
    page.get_by_role("link", name="Last 24 hours").click()
    numbers = page.locator(".report-fact > summary")
    numbers.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".report-source:visible")).to_contain_text("select count(")
    numbers.nth(1).click()
    expect(page.locator(".report-source:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".report-source:visible")).to_have_count(0)
