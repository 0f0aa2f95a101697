"""Calls whose records go straight into a ring: the same records as step by step, and none of them left open."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from compiled_calls import Begin, End, RingReading
from opentelemetry import context as context_api
from opentelemetry import trace
from random_values import RandomValues

from obsv.instrument.direct import writer_of
from obsv.instrument.monitor import monitor
from obsv.instrument.parts import make_part
from obsv.instrument.wrapping import recorder_of
from obsv.record.ring import open_in_memory
from obsv.trace.notices import Notices
from obsv.trace.recording import recording
from obsv.trace.ring_writer import RingWriter


class Lean(RingReading):
    """A ring in memory that Python's writer writes into."""

    def __init__(self) -> None:
        ring = open_in_memory(0)
        super().__init__(ring)
        self.writer = RingWriter(lambda: ring, lambda: None, lambda: None, Notices())

    def take_over(self) -> None:
        recording.on_begin, recording.on_end = self.writer.begin, self.writer.end


@pytest.fixture
def ring() -> Iterator[Lean]:
    before = recording.bypass, recording.on_begin, recording.on_end, recording.start, recording.on_start
    made = Lean()
    recording.bypass, recording.start, recording.on_start = False, None, None
    made.take_over()
    assert writer_of(recording) is made.writer
    yield made
    recording.bypass, recording.on_begin, recording.on_end, recording.start, recording.on_start = before
    made.reader.close()


def is_direct(function: Any) -> bool:
    recorder = recorder_of(function)
    assert recorder is not None
    return "_obsv_direct" in getattr(recorder.begin, "__globals__", {})


def step_by_step(function: Any) -> Any:
    """The same function, recorded by the general path."""
    recorder = recorder_of(function)
    assert recorder is not None
    recorder.begin, recorder.finish = make_part(recorder, "begin"), make_part(recorder, "finish")
    return function


def told(records: list[Any]) -> list[Any]:
    """Return the content of records, without IDs and times."""
    return [
        (each.name.rpartition(".")[2], each.depth, each.caller, each.thread, each.inputs)
        if isinstance(each, Begin)
        else (each.status, each.parts, each.values)
        for each in records
    ]


def program(value: Any, as_recorded: Callable[[Any], Any]) -> None:
    """Calls of some shapes, with a value."""

    def inner(value, password="p"):
        return [value]

    def outer(value, *rest, **more):
        return inner(value), {"token": 1, "value": value}

    def adds(value):
        trace.get_current_span().set_attribute("k", 1)

    def nothing():
        pass

    inner, outer, adds, nothing = (as_recorded(monitor(each)) for each in (inner, outer, adds, nothing))
    for _ in range(2):
        outer(value, 1, color=value, api_key=2)
        adds(value)
        nothing()


@pytest.mark.parametrize("seed", range(60))
def test_records_are_those_of_the_general_path(ring: Lean, seed: int) -> None:
    value = RandomValues(seed).value()
    program(value, lambda function: function)
    direct = list(map(repr, told(ring.records())))  # nan is not itself
    program(value, step_by_step)
    assert direct == list(map(repr, told(ring.records())))
    assert len(direct) == 16


def test_is_taken_from_the_second_call_on(ring: Lean) -> None:
    """The first makes function and thread known to the ring."""

    @monitor
    def work(number):
        return number

    work(1)
    work(2)
    assert is_direct(work)
    begins = [each for each in ring.records() if isinstance(each, Begin)]
    assert [each.inputs for each in begins] == [(1,), (2,)]
    assert len({each.span_id for each in begins}) == len({each.trace_id for each in begins}) == 2


def test_an_interrupted_call_is_ended(ring: Lean) -> None:
    """An interruption before the body runs leaves no open call and no current span behind."""

    @monitor
    def work():
        raise AssertionError("never reached")

    def interrupted(record: bytes) -> None:
        put(record)
        ring.writer.calls.put = put
        raise KeyboardInterrupt

    with pytest.raises(AssertionError):
        work()
    ring.records()
    put = ring.writer.calls.put
    ring.writer.calls.put = interrupted  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        work()
    begin, end = ring.records()
    assert (begin.span_id, end.parts) == (end.span_id, 4)
    assert context_api.get_current() == {}


def test_other_spans_go_elsewhere(ring: Lean) -> None:
    """Something else takes the spans now: they are whole, and nothing is written into the ring."""

    @monitor
    def work(number):
        return number

    work(1)
    work(2)
    ring.records()
    ended: list[Any] = []
    recording.on_begin, recording.on_end = None, ended.append
    work(3)
    assert [(each.inputs, each.result) for each in ended] == [((3,), 3)]
    assert ring.records() == []


def test_another_ring_is_noticed(ring: Lean) -> None:
    """From the second call after the change on, calls go into the new ring in one piece too."""

    @monitor
    def work(number):
        return number

    work(1)
    other = Lean()
    other.take_over()
    for number in range(3):
        work(number)
    assert [each.inputs for each in other.records() if isinstance(each, Begin)] == [(0,), (1,), (2,)]
    assert is_direct(work)
    assert len(ring.records()) == 2
    other.reader.close()


def test_a_value_too_large_for_a_record(ring: Lean) -> None:
    """max_repr is the program's choice: what is larger than any record is marked."""

    @monitor(max_repr=200 << 20)
    def work(text):
        return text

    work("a")
    text = "x" * (65 << 20)
    assert work(text) is text
    *_, begin, end = ring.records()
    assert (begin.inputs, end.values) == (((..., "<too large>"),), (..., "<too large>"))


def test_ends_in_another_ring_than_it_began_in(ring: Lean) -> None:
    """As in the child of a fork: the call is written whole."""
    other = Lean()

    @monitor
    def work(number):
        if number:
            ring.writer._write_into(other.writer.ring)
        return number

    work(0)
    work(5)
    assert told(ring.records())[-1][-1] == (5,)
    (whole,) = other.records()
    assert (whole.begin.inputs, whole.results) == ((5,), (5,))
    assert not isinstance(whole, End)
    other.reader.close()
