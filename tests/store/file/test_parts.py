"""The file in parts, each read on a connection of its own."""

import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest
from store_rows import call

from obsv.errors import QueryTimeout
from obsv.store import Reader, Writer
from obsv.store.file import parts
from obsv.store.file import reader as file_reader
from obsv.store.finding.explorer import read_page
from obsv.store.finding.filters import Filters
from obsv.store.ground.window import Window
from obsv.times import MAX_NS


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setattr(parts, "LEAST", 3)
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(number, duration_ns=number) for number in range(1, 12)])
    writer.close()
    return Reader(tmp_path / "obsv.db")


def test_parts_hold_every_call_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest first, none much larger than another, no more than a few a processor."""
    monkeypatch.setattr(parts, "at_once", lambda: 3)
    with reader.snapshot() as snapshot:
        assert parts.in_parts(snapshot) == [(8, 11), (4, 7), (1, 3)]
        monkeypatch.setattr(parts, "LEAST", 1)
        monkeypatch.setattr(parts, "at_once", lambda: 1)
        assert parts.in_parts(snapshot) == [(1, 11)]
        monkeypatch.setattr(parts, "at_once", lambda: 2)
        assert len(parts.in_parts(snapshot)) == 8


def test_an_empty_file_is_one_part(tmp_path: Path) -> None:
    """The part is empty."""
    Writer(tmp_path / "obsv.db").open()
    with Reader(tmp_path / "obsv.db").snapshot() as snapshot:
        assert parts.in_parts(snapshot) == [(0, 0)]


def test_each_run_of_a_query_has_its_answer(reader: Reader) -> None:
    """In the order of what was bound."""
    asked = [(number,) for number in (3, 1, 2, 9, 8, 7, 11, 10, 4, 5)]
    with reader.snapshot() as snapshot:
        found = snapshot.query_each("select duration_ns from span where id = ?", asked)
    assert [[row[0] for row in rows] for rows in found] == [[number] for (number,) in asked]


def test_all_runs_of_a_query_share_the_limit(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is short, but together they take too long: no further one is begun."""
    ticking = itertools.count()
    monkeypatch.setattr(file_reader, "time", SimpleNamespace(monotonic=lambda: float(next(ticking))))
    reader.time_limit_s = 10.0
    ran = []
    with reader.snapshot() as snapshot:
        monkeypatch.setattr(file_reader, "at_once", lambda: 1)
        snapshot._connection.create_function("seen", 1, ran.append)
        with pytest.raises(QueryTimeout):
            snapshot.query_each("select seen(?)", [(number,) for number in range(40)])
    assert 1 < len(ran) < 20


def test_each_run_of_a_query_is_limited(reader: Reader) -> None:
    """One that takes too long ends the query, whichever it is."""
    reader.time_limit_s = 0.05
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n where ?) select max(x) from n"
    with reader.snapshot() as snapshot, pytest.raises(QueryTimeout):
        snapshot.query_each(endless, [(0,), (1,), (0,), (0,), (0,), (0,)])


@pytest.mark.parametrize(("order", "expected"), [("-ts", [11, 10, 1]), ("ts", [1, 10, 11])])
def test_a_text_is_found_in_all_parts(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, order: str, expected: list[int]
) -> None:
    """In the order of the page."""
    monkeypatch.setattr("obsv.store.finding.explorer.FIRST_TRY", 0)
    found = read_page(reader, Filters(search="order 1"), Window(0, MAX_NS), order)
    assert [each.duration_ns for each in found.calls] == expected
