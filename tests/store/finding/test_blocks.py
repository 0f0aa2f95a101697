"""A search finds with blocks what it finds by reading every row."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_rows import PRICE, START_NS, TAX, call, trace_id

from obsv.store import Reader, Writer
from obsv.store.finding import asked
from obsv.store.finding.blocks import find_blocks
from obsv.store.finding.call_series import call_series
from obsv.store.finding.condition_search import find_traces
from obsv.store.finding.conditions import SHOWN, SPAN, UNSCOPED, All, AnyOf, Compare, Condition, Contains, Field, Not
from obsv.store.finding.explorer import read_page
from obsv.store.finding.filters import Filters
from obsv.store.finding.where import where
from obsv.store.ground import blocks
from obsv.store.ground.window import Window

CALLS = blocks.BLOCKS * 7
WINDOW = Window(START_NS, START_NS + CALLS * 1_000_000)
WORDS = (
    "Apple",
    "100%",
    "a_b",
    'say "hi"',
    "back\\slash",
    "naïve",
    "日本語",
    "line\nbreak",
    "x1y2",
    "NULL",
    "tab\tend",
    "é\x00z",
)
RARE = "needle"


def text(rng: random.Random) -> str:
    return " ".join((rng.choice(WORDS), str(rng.randrange(10**7)), rng.choice(WORDS)))


def rows(rng: random.Random) -> Iterator[list[object]]:
    for number in range(1, CALLS + 1):
        values = [text(rng), rng.choice((text(rng), 5, None, True, [text(rng)]))]
        if number in (7, CALLS // 2, CALLS - 1):
            values[0] = f"{values[0]}{RARE}.{number}"
        yield values


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Three groups of blocks, and calls in none; some have failed, some are deleted, one group is damaged."""
    path: Path = tmp_path_factory.mktemp("blocks") / "obsv.db"
    rng = random.Random(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MOST_CALLS", 2)
        patch.setattr(asked, "LEAST_IN_BLOCKS", 0)
        writer = Writer(path)
        made = [
            call(
                number,
                rng.choice((PRICE, TAX)),
                trace_id=trace_id(number // 3),
                start_ns=START_NS + rng.randrange(CALLS) * 1_000_000,
                data=json.dumps(values, ensure_ascii=rng.random() < 0.2),
                **({"status": 2, "exception": f"Traceback\nValueError: {text(rng)}"} if number % 9 == 0 else {}),
            )
            for number, values in enumerate(rows(rng), 1)
        ]
        writer.write(made)
        while writer.build_blocks(1.0):
            pass
        writer.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("delete from span where id between 100 and 140 or id = ?", (blocks.BLOCKS * 2,))
            first_part = blocks.BLOCKS * 2 * 2 * blocks.PARTS
            damaged = (first_part, first_part + blocks.PARTS - 1)
            connection.execute("update block_part set slices = zeroblob(1988) where id between ? and ?", damaged)
            connection.commit()
        reader = Reader(path)
        yield reader
        reader.close()


class Texts(list[str]):
    """Values of the store; hypothesis prints its arguments, and these would be too many."""

    def __repr__(self) -> str:
        return f"{len(self)} texts"


@pytest.fixture(scope="module")
def texts(reader: Reader) -> Texts:
    data = [json.loads(row[0]) for row in reader.query("select data from span")]
    return Texts(each for values in data for each in values if isinstance(each, str))


@st.composite
def searched(draw: st.DrawFn, texts: Texts) -> str:
    """A part of a value, in any case, mostly; else something that may be nowhere."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from((RARE, RARE.upper(), "nowhere-at-all", "999", "99999", "%", "_", "\\n", "b\x00c")))
    value = draw(st.sampled_from(texts))
    start = draw(st.integers(0, max(0, len(value) - 1)))
    part = value[start : start + draw(st.integers(1, 14))]
    return draw(st.sampled_from((part, part.upper(), part.lower(), part + "q")))


def found(reader: Reader, condition: Condition) -> list[int]:
    """IDs by a plain reading of all rows."""
    test = where(condition)
    return [row[0] for row in reader.query(f"select s.id from span s where {test.text} order by s.id", test.params)]


SETTINGS = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(st.data())
def test_no_block_with_a_match_is_passed_over(reader: Reader, texts: Texts, data: st.DataObject) -> None:
    """Of any condition with texts, whatever it is made of."""
    condition = data.draw(conditions(texts))
    with reader.snapshot() as snapshot:
        possible = find_blocks(snapshot, condition)
    if possible is not None:
        lying_in = [
            any(low <= each <= high for low, high, _ in possible.stretches) for each in found(reader, condition)
        ]
        assert all(lying_in)


def conditions(texts: Texts) -> st.SearchStrategy[Condition]:
    names = st.sampled_from(("order", "return"))
    leaf = st.one_of(
        st.builds(Contains, searched(texts), st.none() | names),
        st.builds(Compare, st.builds(Field, st.sampled_from((SPAN, UNSCOPED)), names), st.just("="), searched(texts)),
        st.builds(Compare, st.builds(Field, st.just(SHOWN), names), st.sampled_from(("has", "=")), searched(texts)),
        st.builds(Compare, st.builds(Field, st.just(SPAN), names), st.just("is"), st.sampled_from(texts)),
    )
    parts = st.lists(leaf, min_size=1, max_size=3).map(tuple)
    return st.one_of(leaf, st.builds(Not, leaf), st.builds(All, parts), st.builds(AnyOf, parts))


@SETTINGS
@given(st.data())
def test_pages_are_those_of_a_plain_reading(reader: Reader, texts: Texts, data: st.DataObject) -> None:
    """In every order, with other filters, page after page."""
    filters = Filters(
        search=data.draw(searched(texts)),
        status=data.draw(st.sampled_from((None, "ERR", "OK"))),
        variable=data.draw(st.sampled_from((None, "order"))),
    )
    order = data.draw(st.sampled_from(("-ts", "ts", "-duration")))
    pages, cursor = [], None
    while True:
        page = read_page(reader, filters, WINDOW, order, cursor, 40)
        pages += [each.id for each in page.calls]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(pages) == found(reader, filters.condition)


def test_rare_text_is_looked_for_in_few_calls(reader: Reader) -> None:
    """Those of its blocks, of a damaged group, and of none."""
    with reader.snapshot() as snapshot:
        possible = find_blocks(snapshot, Contains(RARE))
        nowhere = find_blocks(snapshot, Contains("nowhere-at-all"))
    assert possible is not None
    assert nowhere is not None
    outside = reader.query("select max(id) - (select max(last_id) from block_group) from span")[0][0]
    assert nowhere.calls <= possible.calls <= outside + 2 * blocks.BLOCKS + 20
    assert nowhere.calls >= outside


def test_common_text_is_not_looked_for_in_blocks(reader: Reader) -> None:
    """Nor one that is too short for them."""
    with reader.snapshot() as snapshot:
        assert find_blocks(snapshot, Contains("ap")) is None
        assert find_blocks(snapshot, Not(Contains(RARE))) is None


def test_traces_and_series_are_found_by_them_too(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart of a rare text is drawn however many calls there are."""
    monkeypatch.setattr("obsv.store.finding.condition_search.RECENT", 10)
    monkeypatch.setattr("obsv.store.finding.call_series.MOST_ROWS", 10)
    numbers = [7, CALLS // 2, CALLS - 1]
    with reader.snapshot() as snapshot:
        traces = find_traces(snapshot, Contains(RARE), WINDOW.start_ns, WINDOW.end_ns)
    assert sorted(traces) == sorted(trace_id(number // 3).hex() for number in numbers)
    assert sum(call_series(reader, Filters(search=RARE), WINDOW).calls) == len(numbers)


def test_bytes_that_are_not_utf_8_are_found_as_they_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged row reads the same with blocks and without."""
    monkeypatch.setattr(blocks, "MOST_CALLS", 1)
    with closing(Writer(tmp_path / "obsv.db")) as writer:
        writer.write([call(number, data='["other"]') for number in range(1, blocks.BLOCKS + 2)])
        with closing(sqlite3.connect(tmp_path / "obsv.db")) as connection, connection:
            connection.execute("update span set data = cast(? as text) where id = 5", (b'["before \xffafter"]',))
        while writer.build_blocks(1.0):
            pass
    with closing(Reader(tmp_path / "obsv.db")) as reader:
        for least in (0, 10**9):
            monkeypatch.setattr(asked, "LEAST_IN_BLOCKS", least)
            assert len(read_page(reader, Filters(search="before \ufffdafter"), WINDOW).calls) == 1
