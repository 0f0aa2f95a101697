"""Saved views: names, bounds, and who may change them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from obsv.acting import ACTOR, Actor
from obsv.errors import Forbidden, InvalidQuery, NotFound, StoreUnavailable
from obsv.store import Writer
from obsv.store.ground import PageAddress
from obsv.store.seam import open_store
from obsv.store.writing import MOST_VIEWS, ForgetBook, SavedViewBook

ADDRESS = PageAddress.parse("/explorer?range=1h&where=client+%3D+%22zebra+77%22")


@pytest.fixture
def book(path: Path, writer: Writer) -> SavedViewBook:
    writer.open()
    return SavedViewBook(path)


def names(path: Path) -> list[str]:
    with closing(open_store(path)) as store:
        return [each.name for each in store.read_saved_views()]


def test_a_view_is_saved_renamed_and_removed(path: Path, book: SavedViewBook) -> None:
    """Each change is in the audit table, without what somebody typed into a filter."""
    number = book.save("  slow \n orders ", ADDRESS, 5)
    with closing(open_store(path)) as store:
        (found,) = store.read_saved_views()
        assert found[:3] == (number, "slow orders", str(ADDRESS))
        book.rename(number, "slow")
        assert names(path) == ["slow"]
        book.remove(number)
        assert names(path) == []
        told = [(each.action, each.subject, each.detail) for each in store.read_audit()]
    assert told == [
        ("remove view", "slow", ""), ("rename view", "slow orders", "slow"), ("save view", "slow orders", "/explorer"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", "  ", "a" * 81, "a\x00", "a\u202eb", "\u200d", "a\u2066b", "a\ud800", "a\u200bb"])
def test_a_name_that_cannot_be_read_is_refused(book: SavedViewBook, name: str) -> None:
    """It could look like another one."""
    with pytest.raises(InvalidQuery, match="1 to 80"):
        book.save(name, ADDRESS, 1)
    number = book.save("a", ADDRESS, 1)
    with pytest.raises(InvalidQuery, match="1 to 80"):
        book.rename(number, name)


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "'; drop table span; --", "日本", "می\u200cخواهم", "👩\u200d💻", "%s {0}", "a" * 80]
)
def test_other_texts_are_names(path: Path, book: SavedViewBook, name: str) -> None:
    """As they are."""
    book.save(name, ADDRESS, 1)
    assert names(path) == [name]


def test_two_views_have_two_names(path: Path, book: SavedViewBook) -> None:
    """Letters in either case, composed or not; a view may change the case of its own."""
    number = book.save("Café", ADDRESS, 1)
    other = book.save("other", ADDRESS, 1)
    for name in ("café", "Cafe\u0301"):
        with pytest.raises(InvalidQuery, match="already"):
            book.save(name, ADDRESS, 1)
        with pytest.raises(InvalidQuery, match="already"):
            book.rename(other, name)
    book.rename(number, "café")
    assert names(path) == ["café", "other"]


def test_there_are_so_many_at_most(path: Path, book: SavedViewBook) -> None:
    """One can be renamed then, and there is room again after one is removed."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "insert into saved_view(name, path, query, saved_by, saved_ns) values (?, '/', '[]', '', 1)",
            [(f"view {number}",) for number in range(MOST_VIEWS)],
        )
    with pytest.raises(InvalidQuery, match="200 views"):
        book.save("one more", ADDRESS, 1)
    book.rename(1, "renamed")
    book.remove(2)
    book.save("one more", ADDRESS, 1)


def test_what_is_not_there(tmp_path: Path, book: SavedViewBook) -> None:
    """A view, or the file: the list of no file is empty, as the menu opens before the first call."""
    for act in (lambda: book.rename(7, "x"), lambda: book.remove(7)):
        with pytest.raises(NotFound, match="no saved view 7"):
            act()
    with pytest.raises(StoreUnavailable):
        SavedViewBook(tmp_path / "none.db").save("x", ADDRESS, 1)
    assert names(tmp_path / "none.db") == []


def test_a_viewer_changes_none(path: Path, book: SavedViewBook) -> None:
    """An editor may; a refused change is not in the audit table either."""
    number = book.save("x", ADDRESS, 1)
    for role in ("viewer", "editor"):
        token = ACTOR.set(Actor("v", role, "api"))
        try:
            if role == "viewer":
                for act in (
                    lambda: book.save("y", ADDRESS, 1),
                    lambda: book.rename(number, "y"),
                    lambda: book.remove(1),
                ):
                    with pytest.raises(Forbidden):
                        act()
                assert names(path) == ["x"]
            else:
                book.remove(number)
        finally:
            ACTOR.reset(token)
    with closing(open_store(path)) as store:
        assert [each.actor for each in store.read_audit() if each.actor == "v"] == ["v"]


def test_what_is_forgotten_goes_from_its_filters(path: Path, book: SavedViewBook) -> None:
    """Also where the address had it encoded; the view stays and can be opened."""
    book.save("for zebra 77", ADDRESS, 1)
    with closing(ForgetBook(path)) as forget:
        forget.begin("hash", 1, 1)
        forget.replace_texts(["zebra 77"], is_dry=False)
    with closing(open_store(path)) as store:
        (found,) = store.read_saved_views()
        assert "zebra" not in str(found)
        assert PageAddress.parse(found.path).entries == (("range", "1h"), ("where", 'client = "(forgotten)"'))
        assert "zebra" not in str(store.read_audit())
