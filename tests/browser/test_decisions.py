"""The page of decisions: the feed, a gate with another threshold, one decision."""

import re

from playwright.sync_api import Page, expect


def test_from_the_feed_to_a_decision_and_back(page: Page) -> None:
    """By keyboard; the trace of its calls is one step further."""
    page.goto("/decisions?range=24h")
    refused = page.get_by_role("link", name="Refused", exact=True).last
    refused.click()
    first = page.locator(".decision-row").first
    expect(page).to_have_url(re.compile("verdict=block"))
    expect(first).to_contain_text("refused by")
    first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Table of gates")).to_contain_text("refuses")
    expect(page.get_by_role("link", name="Trace")).to_be_visible()
    page.go_back()
    expect(page.locator(".decision-row").first).to_contain_text("refused by")


def test_another_threshold_is_tried(page: Page) -> None:
    """From stored observations, and with what they cannot tell."""
    page.goto("/decisions?range=24h&view=gates")
    page.get_by_role("link", name="exposure").first.click()
    field = page.locator("#decisions-threshold")
    field.fill("0.55")
    field.press("Enter")
    tried = page.locator("#decisions-tried")
    expect(tried).to_contain_text("these blocks are judged")
    expect(tried).to_contain_text("no random ones")
    expect(page.get_by_role("img", name="Histogram of margins of exposure")).to_be_visible()


def test_what_was_refused_says_how_it_would_have_gone(page: Page) -> None:
    """The view of refusals has their judgements."""
    page.goto("/decisions?range=24h&view=shadow")
    expect(page.locator(".decision-row .badge", has_text="block").first).to_be_visible()
    expect(page.get_by_text("good block").first).to_be_visible()
