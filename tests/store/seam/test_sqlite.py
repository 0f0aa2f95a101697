"""The SQLite file behind the seam."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_rows import START_NS, call

from obsv.errors import ForeignFile, StoreUnavailable
from obsv.store import Writer
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store, open_store
from obsv.times import MAX_NS

ALL = Window(0, MAX_NS)


@pytest.fixture
def store(path: Path) -> Store:
    return open_store(path)


def test_a_view_does_not_move(store: Store, writer: Writer) -> None:
    """The questions of a view see one state; those of the store what is there now."""
    writer.write([call(1)])
    with store.view() as view:
        assert len(view.read_page(Filters(), ALL).calls) == 1
        writer.write([call(2)])
        with view.view() as inner:
            assert len(inner.read_page(Filters(), ALL).calls) == 1
        assert len(store.read_page(Filters(), ALL).calls) == 2


def test_no_store_has_an_empty_beat(store: Store) -> None:
    """Nothing is recorded yet; other questions say that there is no store."""
    beat = store.read_beat(START_NS)
    assert (beat.last_id, beat.recorders, store.exists, store.identity) == (0, (), False, None)
    with pytest.raises(StoreUnavailable):
        store.read_services()


def test_what_is_no_store_is_said(store: Store, path: Path) -> None:
    """In obsv's errors, not the engine's."""
    path.write_bytes(b"no database at all" * 100)
    assert store.exists
    with pytest.raises(ForeignFile):
        store.read_beat(START_NS)


def test_a_file_in_its_place_has_another_identity(store: Store, writer: Writer, path: Path) -> None:
    """Followers of a store start again."""
    writer.write([call(1)])
    before = store.identity
    path.rename(path.with_suffix(".old"))
    Writer(path).write([call(2)])
    assert before is not None
    assert store.identity not in (None, before)
