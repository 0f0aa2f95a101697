"""Two stretches of time, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from store_rows import FIELDS, START_NS, call, trace_id

from obsv.store import Code, Reader, Signature, SpanRow, Writer
from obsv.store.figures import change_counts
from obsv.store.figures.changes import Changes, read_changes
from obsv.store.ground import MINUTE_NS, Window, sampled

# In the middle of a minute, so that this one has to be counted call by call.
SINCE_NS = START_NS // MINUTE_NS * MINUTE_NS + 30_000_000_000
BEFORE, AFTER = Window(SINCE_NS - 60 * MINUTE_NS, SINCE_NS), Window(SINCE_NS, SINCE_NS + 60 * MINUTE_NS)
RATE = Signature("shop", "shop.rate", "shop", 1, (("region", "INPUT"), ("return", "OUTPUT")))
MAIN = Signature("shop", "shop.main", "shop", 1, FIELDS)
ERROR = 'Traceback (most recent call last):\n  File "/shop.py", line 2, in rate\n    x\nValueError: no rate\n'


class World:
    """Calls around the instant, with numbers of their own."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.number = writer, 0

    def call(self, seconds: float, signature: Signature = RATE, **changes: Any) -> SpanRow:
        """Store a call so many seconds after the instant."""
        self.number += 1
        row = call(self.number, signature, start_ns=SINCE_NS + int(seconds * 1e9), trace_id=trace_id(self.number))
        values = changes.pop("values", None)
        row = row._replace(**changes)
        if values is not None:
            row = row._replace(data=json.dumps(values, separators=(",", ":")))
        self.writer.write([row])
        return row


def sources(*texts: str) -> Sequence[Signature]:
    """A function as it was edited."""
    return [Signature("shop", "shop.rate", "shop", 1, FIELDS, Code("/shop.py", 1, text)) for text in texts]


def read(reader: Reader) -> Changes:
    return read_changes(reader, BEFORE, AFTER)


def test_calls_of_the_minute_of_the_instant_are_told_apart(writer: Writer, reader: Reader, monkeypatch: Any) -> None:
    """A second is enough."""
    monkeypatch.setattr(change_counts, "LEAST_CALLS", 1)
    world = World(writer)
    for seconds in (-600, -1, 1, 2, 600):
        world.call(seconds)
    world.call(3, status=2, exception=ERROR)
    (found,) = read(reader).functions
    assert (found.before.calls, found.after.calls) == (2, 4)
    assert (found.before.errors, found.after.errors) == (0, 1)
    assert sum(found.after.buckets.values()) == 4
    assert not found.is_new


def test_a_busy_minute_is_left_out(writer: Writer, reader: Reader, monkeypatch: Any) -> None:
    """And that is said."""
    monkeypatch.setattr(change_counts, "MOST_IN_A_MINUTE", 2)
    world = World(writer)
    for seconds in (-600, -2, -1, 1, 600):
        world.call(seconds)
    found = read(reader)
    assert found.left_out
    assert (found.functions[0].before.calls, found.functions[0].after.calls) == (1, 1)


def test_calls_that_stand_for_many_are_few_to_count(writer: Writer, reader: Reader, monkeypatch: Any) -> None:
    """A minute is limited in rows to be read, not in the calls that were left out by sampling."""
    monkeypatch.setattr(change_counts, "MOST_IN_A_MINUTE", 2)
    world = World(writer)
    for seconds in (-600, -1, 1, 600):
        world.call(seconds, weight=sampled(100, 1_000))
    found = read(reader)
    assert not found.left_out
    assert (found.functions[0].before.calls, found.functions[0].after.calls) == (200, 200)


def test_time_of_a_service_ends_with_its_last_call(writer: Writer, reader: Reader) -> None:
    """Ten seconds after a deployment they are ten seconds, not the rest of a minute; another service is not there."""
    world = World(writer)
    for seconds in (-599, -1, 10):
        world.call(seconds)
    world.call(-5, Signature("bank", "bank.pay", "bank", 1, FIELDS))
    found = read(reader)
    assert found.minutes == {"shop": (11.0, 10 / 60), "bank": (1.0, 0.0)}
    assert [(each.before.minutes, each.after.minutes) for each in found.functions] == [(2, 1), (1, 0)]


def test_failed_calls_that_stand_for_many_are_counted_as_rows(writer: Writer, reader: Reader) -> None:
    """An error that stands for a hundred is an error."""
    world = World(writer)
    world.call(-600, weight=sampled(100, 1_000))
    world.call(600, weight=sampled(100, 1_000), status=2, exception=ERROR)
    (found,) = read(reader).functions
    assert (found.before.error_rows, found.after.error_rows) == (0, 1)
    assert (found.after.calls, found.after.errors, found.after.unrecorded) == (100, 100, 99)


def test_functions_and_edges_that_are_new_are_new_ever(writer: Writer, reader: Reader) -> None:
    """One that was called yesterday is not."""
    world = World(writer)
    world.call(-86_400, MAIN)
    main = world.call(120, MAIN)
    world.call(121, parent_span_id=main.span_id, trace_id=main.trace_id, parent=MAIN)
    found = read(reader)
    assert {each.name: each.is_new for each in found.functions} == {"shop.main": False, "shop.rate": True}
    (edge,) = found.edges
    assert (edge.caller, edge.callee, edge.before, edge.after, edge.is_new) == ("shop.main", "shop.rate", 0, 1, True)


def test_source_before_and_after(writer: Writer, reader: Reader) -> None:
    """The source is that of the latest call on each side."""
    old, new = sources("def rate():\n    return 1\n", "def rate():\n    return 2\n")
    world = World(writer)
    world.call(-5, old)
    world.call(5, new)
    (found,) = read(reader).sources
    assert found.before.endswith("return 1\n")
    assert found.after.endswith("return 2\n")


def test_two_functions_of_one_name_are_no_change(writer: Writer, reader: Reader) -> None:
    """A getter and a setter: the one was called before, the other after."""
    getter = Signature("shop", "shop.rate", "shop", 1, FIELDS, Code("/shop.py", 1, "def rate(self):\n    return 1\n"))
    setter = Signature("shop", "shop.rate", "shop", 1, FIELDS, Code("/shop.py", 9, "def rate(self, to):\n    pass\n"))
    world = World(writer)
    world.call(-5, getter)
    world.call(5, setter)
    assert read(reader).sources == []


def test_value_of_a_new_form_leads_to_its_call(writer: Writer, reader: Reader) -> None:
    """The region whose rate became None."""
    world = World(writer)
    world.call(-5, values=["'us'", "1.5"])
    world.call(5, values=["'us'", "1.5"])
    first = world.call(6, values=["'us'", "None"])
    world.call(7, values=["'us'", "None"])
    (found, *_) = [each for each in read(reader).forms if each.form == "None"]
    assert (found.process, found.name, found.known) == ("shop.rate", "return", ("= 1.5", "a number"))
    assert (found.trace_id, found.span_id) == (first.trace_id.hex(), first.span_id.hex())


def test_values_of_a_new_function_are_not_new(writer: Writer, reader: Reader) -> None:
    """All of them would be."""
    World(writer).call(5, values=["'us'", "1.5"])
    assert read(reader).forms == []


def test_new_and_returned_groups(writer: Writer, reader: Reader) -> None:
    """A group that was there before is neither."""
    world = World(writer)
    world.call(-5, status=2, exception=ERROR)
    world.call(5, status=2, exception=ERROR)
    world.call(6, status=2, exception=ERROR.replace("ValueError", "KeyError"))
    assert [(each.kind, each.group.type) for each in read(reader).groups] == [("new", "KeyError")]


def test_empty_store(writer: Writer, reader: Reader) -> None:
    """Nothing is compared with nothing."""
    writer.open()
    found = read(reader)
    assert (found.functions, found.edges, found.sources, found.forms, found.groups) == ([], [], [], [], [])
