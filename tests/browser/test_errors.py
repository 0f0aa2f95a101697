"""Errors: groups, and one of them."""

import re

from playwright.sync_api import Page, expect


def test_groups_lead_to_what_explains_them(page: Page) -> None:
    """The page of a group has differences, the latest traceback, and the grouping."""
    page.goto("/errors")
    expect(page.locator(".error-group").first).to_be_visible()
    title = page.locator(".error-group .err-text").first.inner_text()
    page.locator(".error-group").first.click()
    expect(page).to_have_url(re.compile(r"/errors/\d+"))
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    for heading in ("Differences of the failed calls", "Latest", "Grouping", "Calls"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


SHARES = "<tr><td><span class=mono>customer</span></td><td>100 % (10 of 10)</td><td>54 % (1,027 of 1,900)</td></tr>"


def test_shares_stay_in_their_columns(page: Page) -> None:
    """They run neither into the next one nor out of the table, on a phone either."""
    page.goto("/errors")
    page.locator(".error-group").first.click()
    card = page.locator(".error-body .card-body").first
    expect(card).to_be_visible()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        card.evaluate("(card, rows) => card.innerHTML = `<table class='functions facts'>${rows}</table>`", SHARES)
        wide = "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
        assert (card.locator(".facts td").count(), card.locator(".facts td").evaluate_all(wide)) == (3, 0)


def test_group_is_resolved_and_opened_again(page: Page) -> None:
    """The list shows it."""
    page.goto("/errors")
    page.locator(".error-group").last.click()
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#error-state .badge", has_text="resolved")).to_be_visible()
    page.get_by_role("button", name="Reopen").click()
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()


def test_groups_are_merged_and_taken_apart_again(page: Page) -> None:
    """Both say what was compared; a split is taken back, too."""
    page.goto("/errors")
    other = page.locator(".error-group .err-text").last.inner_text()
    page.locator(".error-group").first.click()
    page.get_by_role("button", name="Split by message").click()
    page.get_by_role("button", name="Unite").click()
    expect(page.get_by_role("button", name="Split by message")).to_be_visible()
    page.locator("#error-into").fill(other[:30])
    page.get_by_role("option").first.click()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator("#error-grouping h3", has_text="Merged")).to_be_visible()
    page.get_by_role("button", name="Separate").click()
    expect(page.locator("#error-grouping h3")).to_have_count(0)


def test_what_is_no_group_is_said(page: Page) -> None:
    """Neither a number that there is none of, nor a word."""
    for name in ("999999", "x"):
        page.goto(f"/errors/{name}")
        expect(page.locator(".state-err")).to_be_visible()
