"""Addresses and pages."""

import pytest
from dash import html

from obsv.dashboards.page import Page
from obsv.dashboards.pages import PAGES


def page(path: str) -> Page:
    return Page(path, "A page", lambda view: html.Div(), lambda app: None)


@pytest.mark.parametrize(
    ("path", "address", "names"),
    [
        ("/", "/", {}),
        ("/", "/explorer", None),
        ("/explorer", "/explorer", {}),
        ("/explorer", "/explorer/", {}),
        ("/trace/<trace_id>", "/trace/ab12", {"trace_id": "ab12"}),
        ("/trace/<trace_id>", "/trace", None),
        ("/trace/<trace_id>", "/trace/ab/cd", None),
    ],
)
def test_an_address_matches_its_page(path: str, address: str, names: dict[str, str] | None) -> None:
    """Segment by segment; a name takes one."""
    assert page(path).match(address) == names


def test_pages_have_their_own_addresses_and_keys() -> None:
    """No two answer the same address or the same letter."""
    paths, keys = [each.path for each in PAGES], [each.key for each in PAGES if each.key]
    assert len(set(paths)) == len(paths)
    assert len(set(keys)) == len(keys)
