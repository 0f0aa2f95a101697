"""Errors become groups, each counted once, where it began."""

from __future__ import annotations

import json
import os
import random
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from store_rows import FIELDS, START_NS, call, span_id, trace_id

from obsv.store import Code, Reader, Signature, Source, SpanRow, Writer
from obsv.store.figures.error_groups import ErrorGroup, error_events_since, read_error_group, read_error_groups
from obsv.store.ground import Window

WINDOW = Window(START_NS - 3_600_000_000_000, START_NS + 3_600_000_000_000)

# Twelve causes; each raises texts of its own.
CAUSES = """
import json

class NoPrice(Exception): pass

def price(order): return {{"a": 1}}[order]

def fail(cause, number):
    if cause == 0: raise ValueError(f"no price for {{number}}")
    if cause == 1: raise ValueError(f"no rate for {{number}} at {{'eur' if number % 2 else 'usd'}}")
    if cause == 2: return price(f"order-{{number % 4}}")
    if cause == 3: return 1 / (number - number)
    if cause == 4: return json.loads("{{" + str(number % 5))
    if cause == 5: return [][number % 3]
    if cause == 6: return None.total
    if cause == 7:
        try: return price("x")
        except KeyError as error: raise NoPrice(number % 4) from error
    if cause == 8: raise NoPrice("nothing at all")
    if cause == 9: return int("x" * (number % 6))
    if cause == 10: assert number < 0, "number must be {{}}".format(number)
    return fail_deeper(number % 3, number)

def fail_deeper(depth, number):
    if depth: return fail_deeper(depth - 1, number)
    raise RuntimeError("lost " + str(number))
"""


def load(source: str, path: Path) -> ModuleType:
    """A module out of a file that is older than its calls."""
    path.write_text(source)
    os.utime(path, (1_000, 1_000))
    module = ModuleType(path.stem)
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def failed(number: int, exception: str | None, signature: Signature | None = None, **changes: Any) -> SpanRow:
    """A failed call in a trace of its own."""
    changes = {"trace_id": trace_id(number + 1), "parent_span_id": None, **changes}
    return call(number + 1, *([signature] if signature else []), status=2, exception=exception, **changes)


def text_of(function: Callable[..., object], *args: Any) -> str:
    """The traceback of what a function raises, from its own frame on."""
    try:
        function(*args)
    except BaseException as error:
        frames = error.__traceback__ and error.__traceback__.tb_next
        return "".join(traceback.format_exception(type(error), error, frames))
    raise AssertionError("nothing was raised")


def groups(reader: Reader, window: Window = WINDOW) -> list[ErrorGroup]:
    """All groups."""
    return read_error_groups(reader, window).groups


def reformatted(source: str) -> str:
    """The same program, as a formatter would leave it."""
    lines = []
    for line in source.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        head, colon, rest = line.partition(": ")
        if colon and rest and head.strip().startswith(("if", "def", "try", "except", "class")):
            lines += [f"{head}:", f"{indent}        {rest}"]
        else:
            lines.append(line)
    text = "\n".join(lines).replace("raise ValueError(", "raise ValueError(\n                ").replace("'", '"')
    return "# moved\n\n" + text.replace('{"eur" if number % 2 else "usd"}', "{'eur' if number % 2 else 'usd'}") + "\n"


def rows_of(module: ModuleType, path: Path, count: int, first: int = 0) -> list[SpanRow]:
    """So many errors of a program in any order."""
    chance = random.Random(count)
    signature = Signature("shop", "causes.fail", "shop", 1, FIELDS, Code(str(path), 1, "def other(): pass\n"))
    return [
        failed(number, text_of(module.fail, number % 12, chance.randrange(1_000)), signature)
        for number in range(first, first + count)
    ]


def test_errors_of_twelve_causes_are_twelve_groups(writer: Writer, reader: Reader, tmp_path: Path) -> None:
    """Whatever their messages say, and after the source was reformatted too."""
    path = tmp_path / "causes.py"
    rows = rows_of(load(CAUSES.format(), path), path, 1_200)
    assert len({row.exception for row in rows}) > 40
    for start in range(0, len(rows), 100):
        writer.write(rows[start : start + 100])
    before = groups(reader)
    assert sorted(group.total for group in before) == [100] * 12
    path.unlink()
    other = Writer(writer.path)  # a program that begins anew, and knows nothing of the older source
    other.write(rows_of(load(reformatted(CAUSES.format()), path), path, 24, first=5_000))
    assert {group.fingerprint for group in groups(reader)} == {group.fingerprint for group in before}
    assert sorted(group.total for group in groups(reader)) == [102] * 12


def test_batch_sent_twice_counts_once(writer: Writer, reader: Reader) -> None:
    """Also where one call is there twice in it."""
    rows = [failed(number, "ValueError: x") for number in range(3)]
    writer.write([*rows, rows[0]])
    writer.write(rows)
    (group,) = groups(reader)
    assert (group.total, group.escaped, group.seen, sum(group.series)) == (3, 3, 3, 3)
    assert group.is_new
    assert len(read_error_group(reader, group.id, WINDOW).calls) == 3


def test_group_knows_first_and_latest(writer: Writer, reader: Reader) -> None:
    """With their values, in whatever order they arrive."""
    rows = [failed(number, f"ValueError: {number}", start_ns=START_NS + number) for number in (5, 9, 2)]
    for row in rows:
        writer.write([row])
    (group,) = groups(reader)
    assert (group.first_ns, group.last_ns, group.title) == (START_NS + 2, START_NS + 9, "ValueError: 9")
    detail = read_error_group(reader, group.id, WINDOW)
    assert detail.first is not None
    assert detail.latest is not None
    assert (detail.first.exception, detail.latest.exception) == ("ValueError: 2", "ValueError: 9")
    assert detail.latest.values == (("order", "INPUT", "order 10"), ("return", "OUTPUT", "return 10"))
    assert detail.why[0].compared["message"] == "#"


def test_group_outlives_its_calls(writer: Writer, reader: Reader) -> None:
    """Retention takes the calls; the group, its counts and its samples stay."""
    writer.write([failed(1, "ValueError: x"), failed(2, "ValueError: x")])
    while writer.retain(START_NS + 30 * 86_400_000_000_000, max_age_ns=1_000_000_000).more:
        pass
    assert reader.query("select count(*) from span")[0][0] == 0
    assert reader.query("select count(*) from error_call")[0][0] == 0
    (row,) = reader.query("select id, count from error_group")
    detail = read_error_group(reader, row["id"], WINDOW)
    assert (detail.group.total, detail.calls) == (2, [])
    assert detail.latest is not None


def test_versions_are_in_the_order_in_which_they_were_seen(writer: Writer, reader: Reader) -> None:
    """Not in that of their names."""
    for number, version in enumerate(("10", "9", "9")):
        resource = {"attributes": [{"key": "service.version", "value": {"stringValue": version}}]}
        source = Source("shop", json.dumps(resource), "{}")
        writer.write([failed(number, "ValueError: x", source=source)])
    (group,) = groups(reader)
    assert (group.first_version, group.last_version) == ("10", "9")


def test_new_group_is_an_event(writer: Writer, reader: Reader) -> None:
    """Once; who reads on from it sees what came after."""
    writer.write([failed(1, "ValueError: x"), failed(2, "KeyError: x")])
    writer.write([failed(3, "ValueError: x")])
    events = error_events_since(reader, 0)
    assert [(event.kind, event.group.type) for event in events] == [("new", "ValueError"), ("new", "KeyError")]
    assert events[0].trace_id == trace_id(2).hex()
    assert error_events_since(reader, events[-1].id) == []


def test_call_that_says_nothing_of_its_own_passes_on(writer: Writer, reader: Reader) -> None:
    """As a received span does whose status alone says that it failed."""
    away = Source("web", '{"attributes":[]}', "{}", received=True)
    inner = failed(1, "ValueError: x", parent_span_id=span_id(9), source=away)
    outer = call(9, status=2, trace_id=inner.trace_id, start_ns=START_NS, duration_ns=9_000_000, source=away)
    writer.write([outer, inner])
    (group,) = groups(reader)
    assert (group.total, group.escaped) == (1, 1)
    writer.write([failed(20, None, detail='{"statusMessage":"upstream 12 gone"}')])
    assert sorted(group.type for group in groups(reader)) == ["ValueError", "upstream 12 gone"]


def test_attribute_decides_what_is_one_group(writer: Writer, reader: Reader) -> None:
    """`error.fingerprint`, whatever was raised."""
    signature = Signature("shop", "shop.pay", "shop", 1, (("error.fingerprint", "INPUT"),))
    writer.write([failed(number, f"{kind}: x", signature, data='["card"]') for number, kind in enumerate("ABC")])
    (group,) = groups(reader)
    assert group.total == 3
    assert read_error_group(reader, group.id, WINDOW).why[0].compared == {
        "rule": "attribute",
        "type": "C",
        "value": "card",
    }


def test_errors_of_libraries_alone_are_told_apart_by_their_messages(writer: Writer, reader: Reader) -> None:
    """Though the frames are the same."""
    frame = '  File "/usr/lib/python3.11/socket.py", line 1, in connect\n    raise error\n'
    texts = [f"Traceback (most recent call last):\n{frame}OSError: {what}\n" for what in ("gone 1", "full 2", "gone 3")]
    writer.write([failed(number, text) for number, text in enumerate(texts)])
    assert sorted(group.total for group in groups(reader)) == [1, 2]
