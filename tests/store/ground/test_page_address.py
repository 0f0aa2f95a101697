"""Addresses of pages that are saved: never out of the app."""

from __future__ import annotations

import pytest

from obsv.errors import InvalidQuery
from obsv.store.ground import PageAddress


@pytest.mark.parametrize(
    "text",
    ["/", "/explorer?range=1h", "/trace/ab12?span=1", "/code?process=a.b&range=24h",
     "/explorer?where=a+%3D+%22%2F%2F%22", "/reports/daily-2026.1~x", "/logs?q=%E2%82%AC", "/logs?q=a&q=b"],
)  # fmt: skip
def test_an_address_comes_back_as_it_was(text: str) -> None:
    """Through the form of the file."""
    found = PageAddress.parse(text)
    assert str(PageAddress.stored(found.path, found.query)) == text


@pytest.mark.parametrize(
    "text",
    ["", "explorer", "//evil.example", "///evil", "/\\evil", "\\\\evil", "http://evil.example/", "javascript:alert(1)",
     "/a//b", "/..", "/../x", "/a/./b", "/%2e%2e/x", "/%2F/evil", "/a/", "/ x", "/a\nb", "/a?x=\x00", "/a?x=\ud800",
     "/a@evil.example", "/a;x", "?x=1", "/" + "a" * 4_000, "/a#b", "/a?x=‮y"],
)  # fmt: skip
def test_what_is_no_path_below_the_root_is_refused(text: str) -> None:
    """With a scheme, a host, or what a browser would make one of."""
    with pytest.raises(InvalidQuery, match="not a page"):
        PageAddress.parse(text)


def test_entries_are_decoded_and_bounded() -> None:
    """So that forgetting finds what somebody typed; a fragment is none."""
    found = PageAddress.parse("/explorer?where=name+%3D+%22a%20b%22&x=&y=1#z")
    assert found.entries == (("where", 'name = "a b"'), ("y", "1"))
    with pytest.raises(InvalidQuery, match="entries"):
        PageAddress.parse("/explorer?" + "&".join(f"a{number}=1" for number in range(101)))


@pytest.mark.parametrize("query", ["", "{}", "[1]", '[["a"]]', "[" * 5_000, "null"])
def test_damaged_entries_are_left_out(query: str) -> None:
    """The page itself can still be opened."""
    assert str(PageAddress.stored("/explorer", query)) == "/explorer"
    assert str(PageAddress.stored("/(forgotten)", '[["a", "\\ud800"]]')) == "/%28forgotten%29?a=%3F"
