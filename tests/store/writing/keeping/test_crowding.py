"""An id in each name, shape, resource or thread fills neither the file nor the tables of functions; no call is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from store_rows import START_NS, call

from obsv.store import Reader, Signature, Source, SpanRow, Writer
from obsv.store.ground import Code
from obsv.store.writing.keeping.crowding import _SHAPES, LEAST, MOST, OTHER_NAMES, _shape, most_of

MANY = 3 * LEAST
FIELDS = (("a", "INPUT"),)


@pytest.fixture
def writer(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """Of a file that holds as few names as a small one."""
    monkeypatch.setattr("obsv.store.writing.keeping.crowding.MOST", LEAST)
    writer = Writer(path, clock=lambda: START_NS)
    yield writer
    writer.close()


def write(writer: Writer, rows: list[SpanRow]) -> None:
    """In batches, as they come."""
    for first in range(0, len(rows), 100):
        writer.write(rows[first : first + 100])


def count(reader: Reader, table: str, where: str = "1") -> Any:
    return reader.query(f"select count(*) from {table} where {where}")[0][0]


def named(number: int, **changes: Any) -> SpanRow:
    return call(number, signature=Signature("shop", f"GET /orders/{number}", "shop", 2, FIELDS), data="[1]", **changes)


def test_names_are_bounded_and_no_call_is_lost(writer: Writer, reader: Reader) -> None:
    """Further names are counted as one function, whose calls keep their names."""
    write(writer, [named(number) for number in range(1, MANY + 1)])
    assert count(reader, "process") == LEAST + 1
    assert count(reader, "process_name") == LEAST + 1
    assert count(reader, "span") == MANY
    [(calls,)] = reader.query(
        "select m.count from process_minute m join process p on p.id = m.process_id where minute = 0 and p.name = ?",
        (OTHER_NAMES,),
    )
    assert calls == MANY - LEAST
    [(data,)] = reader.query("select data from span order by id desc limit 1")
    assert json.loads(data) == [f"GET /orders/{MANY}", "shop", '{"a": 1}']


def test_names_that_are_known_stay(writer: Writer, reader: Reader, path: Path) -> None:
    """Also to a writer that has begun anew."""
    write(writer, [named(number) for number in range(1, MANY + 1)])
    another = Writer(path, clock=lambda: START_NS)
    write(another, [named(1, trace_id=bytes(15) + bytes([each])) for each in range(2, 12)])
    another.close()
    assert count(reader, "process_trace", "process = 'GET /orders/1'") == 11


def test_shapes_are_bounded(writer: Writer, reader: Reader) -> None:
    """One name with ever new attributes, or ever new places in its source."""
    fields = [Signature("shop", "a", "shop", 2, ((f"key {number}", "INPUT"),)) for number in range(MANY)]
    codes = [Signature("shop", "b", "shop", 2, FIELDS, Code("f.py", number, "")) for number in range(MANY)]
    write(writer, [call(number, signature=each, data='["v"]') for number, each in enumerate(fields + codes, 1)])
    assert count(reader, "signature") == 2 * LEAST + 1
    assert count(reader, "span") == 2 * MANY


@pytest.mark.parametrize("code", [None, Code("f.py", 1, "")])
def test_a_shape_is_found_by_an_index(writer: Writer, reader: Reader, code: Code | None) -> None:
    """Ten thousands of one function would else be read for each new one: a batch of 2,500 took ten seconds."""
    kept = Signature("shop", "a", "shop", 2, FIELDS, code)
    write(writer, [call(1, signature=kept, data="[1]")])
    steps = [row[3] for row in reader.query(f"explain query plan {_SHAPES.exists}", _shape(kept))]
    assert any("(process_id=? AND code_id=? AND digest=?)" in step for step in steps), steps
    others = [
        Signature("shop", "a", "shop", 2, (), code),
        Signature("shop", "a", "shop", 2, FIELDS, Code("g.py", 2, "")),
    ]
    assert [len(reader.query(_SHAPES.exists, _shape(each))) for each in (kept, *others)] == [1, 0, 0]


def test_sources_are_bounded(writer: Writer, reader: Reader) -> None:
    """Beyond, only the service is known."""
    sources = [Source("shop", json.dumps({"attributes": [number]}), received=True) for number in range(MANY)]
    write(writer, [call(number, source=each) for number, each in enumerate(sources, 1)])
    assert count(reader, "source") == LEAST + 1
    assert count(reader, "span") == MANY


def test_services_are_bounded(writer: Writer, reader: Reader) -> None:
    """A service a call is a name a call."""
    rows = [
        call(
            number,
            signature=Signature(f"pod-{number}", "a", "a", 2, FIELDS),
            source=Source(f"pod-{number}", received=True),
            data="[1]",
        )
        for number in range(1, MANY + 1)
    ]
    write(writer, rows)
    assert count(reader, "process") == LEAST + 1
    assert count(reader, "source") <= 2 * LEAST + 2
    assert count(reader, "span") == MANY


def test_threads_are_bounded(writer: Writer, reader: Reader) -> None:
    """Beyond, a call has none."""
    write(writer, [call(number, thread=(number, f"worker {number}")) for number in range(1, MANY + 1)])
    assert count(reader, "thread") == LEAST
    assert count(reader, "process_trace", "thread_id is null") == MANY - LEAST


def test_small_file_holds_fewer() -> None:
    """Names are to leave room for calls."""
    assert most_of(None) == most_of(1 << 30) == MOST
    assert LEAST == most_of(1) < most_of(20 << 20) < MOST
