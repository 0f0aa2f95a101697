"""Every page on narrow and wide screens, in both themes: usable, and without a violation that axe-core finds."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect
from story import ACTORS

AXE = Path(__file__).parents[1] / "scripts" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (390, 1024, 1440, 1920)
# axe-core does not run at 1920 px, where the layout is that of 1440 px with more room. The theme changes only colors:
# checking all rules takes 1.3 s of processor time, checking the contrast 0.5 s.
WIDEST_CHECKED = 1440
RULES: dict[str, dict[str, Any]] = {"dark": {}, "light": {"runOnly": ["color-contrast", "link-in-text-block"]}}
# A page, and what has to be there before it is looked at.
PAGES: dict[str, tuple[str, str]] = {
    "overview": ("/?range=24h", "#overview-groups .share"),
    "explorer": ("/explorer?range=24h", "#explorer-grid .ag-center-cols-container .ag-row"),
    "drill-down": ("/explorer?range=24h&call={trace}.{span}", ".drilldown"),
    "trace": ("/trace/{trace}", "#trace-grid .ag-center-cols-container .ag-row"),
    "span": ("/trace/{trace}?span={span}", "#trace-panel h2"),
    "flow": ("/flow?range=24h", "#flow-list [data-node]"),
    "lineage": ("/flow?range=24h&mode=lineage", "#flow-list [data-node]"),
    "functions": ("/code?range=24h", ".function-list .row-link"),
    "function": ("/code?range=24h&process=shop.pricing.quote", "#code-body .source"),
    "errors": ("/errors?range=24h", ".error-group"),
    "kept traces": ("/kept", ".kept-row"),
    "logs": ("/logs?range=24h", ".log-line"),
    "decisions": ("/decisions?range=24h", ".decision-row"),
    "gates": ("/decisions?range=24h&view=gates&gate=exposure", "#decisions-threshold"),
    "decision": ("/decisions/{decision}?range=24h", ".framed-table"),
    "registry": ("/registry", ".framed-table"),
    "artifact": (f"/registry/{ACTORS[1]}", ".lineage-node.here"),
    "artifacts to compare": (
        f"/registry/compare?range=24h&before={ACTORS[0]}&after={ACTORS[1]}",
        ".framed-table >> nth=2",
    ),
    "report": ("/reports/daily", ".report-fact"),
    "alerts": ("/alerts", "#alerts-add"),
    "service level": ("/slo", ".slo-page"),
    "errors to compare": ("/compare?range=24h", ".error-row"),
    "calls": ("/compare?trace={trace}&span={span}", "#compare-body mark"),
    "changes": ("/changes?since=1h", ".change"),
    "times": ("/compare?process=shop.pricing.quote&range=24h&mode=times", "#compare-body .figures"),
}


@pytest.fixture(scope="module")
def failed(base_url: str) -> dict[str, str]:
    """The latest failed call of `shop.pricing.quote`, and the latest decision that was refused."""
    with urlopen(f"{base_url}/api/v1/calls?process=shop.pricing.quote&status=ERR&range=24h&limit=1") as answer:
        call = json.load(answer)["calls"][0]
    content = json.dumps({"trace_id": call["trace_id"], "note": "for the review"}).encode()
    urlopen(Request(f"{base_url}/api/v1/kept", content, {"content-type": "application/json"})).close()
    with urlopen(f"{base_url}/api/v1/decisions?range=24h&verdict=block&limit=1") as answer:
        decision = json.load(answer)["decisions"][0]
    return {"trace": call["trace_id"], "span": call["span_id"], "decision": decision["decision_id"]}


def shown(page: Page, name: str, failed: dict[str, str]) -> None:
    address, ready = PAGES[name]
    page.goto(address.format(**failed))
    expect(page.locator(ready).first).to_be_attached()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (make unit-scripts)")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_violation_at_any_size(page: Page, failed: dict[str, str], name: str) -> None:
    """From a telephone to a wide screen, dark and light; nothing is wider than the screen."""
    page.emulate_media(reduced_motion="reduce")
    shown(page, name, failed)
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = {}
    for theme in ("dark", "light"):
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            if not fits(page):
                found[f"wider than {width} px"] = name
            if width <= WIDEST_CHECKED:
                faults = violations(page, RULES[theme])
                found |= {f"{each['id']} at {width} px, {theme}": each["nodes"][0]["target"] for each in faults}
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("t")
    assert found == {}


def violations(page: Page, rules: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what axe-core still finds once the page has settled in its new width and theme.

    A control follows both in a later frame: its label may stand on the old place of its marker at the first look.
    """
    options = {"resultTypes": ["violations"], **rules}
    deadline = time.monotonic() + 20
    while True:
        faults: list[dict[str, Any]] = page.evaluate("options => axe.run(document, options)", options)["violations"]
        if not faults or time.monotonic() > deadline:
            return faults
        page.wait_for_timeout(50)


def fits(page: Page) -> bool:
    """Return True once nothing is wider than the screen: charts follow its width in a later frame."""
    wide = "[document.documentElement, document.getElementById('page')].some((e) => e.scrollWidth > e.clientWidth)"
    deadline = time.monotonic() + 20
    while page.evaluate(wide):
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(50)
    return True


@pytest.fixture
def phone(browser: Any, base_url: str, browser_context_args: dict[str, Any]) -> Any:
    """A page on a telephone: touched, not pointed at."""
    small = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with browser.new_context(**{**browser_context_args, **small}) as context:
        page = context.new_page()
        page.set_default_timeout(80_000)
        yield page


def test_a_call_is_found_by_touch(phone: Page) -> None:
    """From the rows to the call and its trace, and out again."""
    phone.goto("/explorer?range=24h&status=ERR")
    phone.locator("#explorer-grid .ag-center-cols-container .ag-row").first.tap()
    expect(phone.locator(".drilldown")).to_be_visible()
    box = phone.locator(".mantine-Drawer-content").bounding_box()
    assert box is not None
    assert round(box["width"]) == 390
    phone.get_by_role("button", name="Close").tap()
    expect(phone.locator(".drilldown")).to_have_count(0)
    phone.locator("#explorer-grid .ag-center-cols-container .ag-row").first.tap()
    phone.locator(".drilldown").get_by_role("link", name="Trace", exact=True).tap()
    expect(phone.locator("#trace-panel h2")).to_be_visible()
    phone.locator("#trace-panel-close").tap()
    expect(phone.locator("#trace-panel")).to_be_hidden()


def test_the_navigation_and_the_theme_are_in_reach_of_a_thumb(phone: Page) -> None:
    """Every entry is on the screen, or a swipe away."""
    phone.goto("/?range=24h")
    expect(phone.locator(".nav-entry.here")).to_have_text("Overview")  # it is wider then, and moves the others
    for title in ("Explorer", "Flow", "Code", "Compare", "Overview"):
        phone.get_by_role("navigation").get_by_role("link", name=title, exact=True).tap()
        expect(phone.locator(".nav-entry.here")).to_have_text(title)
    phone.get_by_role("button", name="Theme").tap()
    expect(phone.locator("html")).to_have_attribute("data-theme", "light")
