"""Functions recorded by the compiled core straight into a ring, and what a reader finds there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from obsv.capture import Limits, Redactor, make_snapshot
from obsv.record import layout
from obsv.record.core import encoder_of
from obsv.record.reader import RingReader
from obsv.record.ring import Bounds, Ring, open_in_memory, open_ring
from obsv.record.values import loads
from obsv.trace.compiled import core, follow
from obsv.trace.function import Function
from obsv.trace.recording import recording

REDACTOR = Redactor()
_SOURCE = """\
{async_}def wrapper({names}):
    span = recorder.begin({names})
    if span is None:
        return {await_}function({names})
    try:
        result = {await_}function({names})
    except BaseException:
        span.leave()
        raise
    return recorder.finish(span, result)
"""


class Begin(NamedTuple):
    """A BEGIN record."""

    name: str
    depth: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start: int
    caller: str | None
    thread: Any
    inputs: Any


class End(NamedTuple):
    """An END record."""

    status: int
    parts: int
    span_id: bytes
    end: int
    values: Any


class Whole(NamedTuple):
    """A CALL record."""

    begin: Begin
    status: int
    end: int
    results: Any
    failure: Any
    details: Any


class _Writer:
    """Stands where Python's writer of a ring does.

    Attributes:
        ended: spans that Python is to write.
        errors: how many errors the core has written.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring, self.is_open, self.errors = ring, True, 0
        self.on_ring: Any = None
        self.ended: list[Any] = []
        self.looks: list[int] = []
        # Bound once, as the call path has them.
        self.begin, self.end = self._begin, self._end

    def _begin(self, span: Any) -> None: ...

    def _end(self, span: Any) -> None:
        self.ended.append(span)

    def number_of_function(self, function: Function) -> int:
        return self.ring.names.number(layout.FUNCTIONS, function.freeze())

    def number_of_thread(self, thread: tuple[int, str]) -> int:
        return self.ring.names.number(layout.THREADS, thread)

    def number_of_origin(self, origin: Any) -> int:
        return self.ring.names.number(layout.ORIGINS, ((), ()))

    def look_around(self, now: int) -> None:
        self.looks.append(now)

    def after_error(self) -> None:
        self.errors += 1


class RingReading:
    """The records that a reader finds in a ring.

    Args:
        ring: in memory, or in files.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.reader = (
            RingReader.of_memory(ring) if ring.directory is None else RingReader.of_files(ring.directory, writable=True)
        )

    def records(self, *, is_final: bool = False, errors: bool = False) -> list[Any]:
        """Return the records written into a lane since the last look."""
        lane, found = self.reader.errors if errors else self.reader.calls, []
        while (piece := lane.read(is_final=is_final)) is not None:
            for kind, start, stop in piece.records:
                found.append(self._read(kind, piece.data[start:stop]))
            lane.give_back(lane.position, is_alive=True)
        return found

    def _read(self, kind: int, record: bytes) -> Begin | End | Whole:
        size = layout.HEAD_SIZES[kind]
        assert layout.check_of(record[size:]) == int.from_bytes(record[4:8], "big")
        if kind == layout.END:
            _, _, _, status, parts, _, _, span_id, end = layout.READ_END.unpack_from(record)
            return End(status, parts, span_id, end, loads(record[size:]) if parts & 3 else None)
        values = loads(record[size:])
        head = layout.READ_BEGIN.unpack_from(record)
        if kind == layout.CALL:
            *head, end = layout.READ_CALL.unpack_from(record)
            return Whole(self._begin_of(head, values[0]), head[-1], end, *values[1:])
        assert kind == layout.BEGIN
        return self._begin_of(head, values)

    def _begin_of(self, head: Any, inputs: Any) -> Begin:
        _, _, _, _, _, depth, *ids, start, function, caller, thread, _ = head
        named = self._function(caller) if caller else None
        who = self.reader.names.get(layout.THREADS, thread)
        return Begin(self._function(function), depth, *ids, start, named, who, inputs)

    def _function(self, number: int) -> str:
        name: str = self.reader.names.get(layout.FUNCTIONS, number)[0]
        return name


class CompiledRing(RingReading):
    """A ring that the core writes into.

    Args:
        directory: of all rings; None for one in memory.
    """

    def __init__(self, directory: Path | None, bounds: Bounds | None = None) -> None:
        bounds = bounds or Bounds()
        self.by_python: list[tuple[Any, ...]] = []
        super().__init__(open_in_memory(0, bounds) if directory is None else open_ring(directory, 0, bounds))
        self.writer = _Writer(self.ring)
        self._before = recording.bypass, recording.on_begin, recording.on_end
        recording.bypass, recording.on_begin, recording.on_end = False, self.writer.begin, self.writer.end
        follow()

    def recorder(self, function: Callable[..., Any], **changes: Any) -> Any:
        """The core's recorder of a function whose parameters are all positional."""
        names = tuple(inspect.signature(function).parameters)
        described = Function(
            name=function.__qualname__,
            process_group="tests",
            inputs=names,
            has_keywords=False,
            output="return",
            code=lambda: None,
            feed=None,
            max_repr=1_000,
            redactor=REDACTOR,
        )
        settings: dict[str, Any] = {
            "function": described,
            "begin": self._begin,
            "finish": lambda span, result: result,
            "freeze": None,
            "snapshot": make_snapshot(),
            "encoder": encoder_of(Limits(), REDACTOR),
            "count": len(names),
            "order": tuple(range(len(names))),
            "masked": tuple(map(REDACTOR.is_sensitive, names)),
            "keywords": -1,
            "has_result": True,
            "follow": None,
        }
        return core.Recorder(**{**settings, **changes})

    def recorded(self, function: Callable[..., Any], **changes: Any) -> Callable[..., Any]:
        """A function that records the calls of another."""
        is_async = inspect.iscoroutinefunction(function)
        source = _SOURCE.format(
            names=", ".join(inspect.signature(function).parameters),
            async_="async " if is_async else "",
            await_="await " if is_async else "",
        )
        scope: dict[str, Any] = {"recorder": self.recorder(function, **changes), "function": function}
        exec(source, scope)
        wrapper: Callable[..., Any] = scope["wrapper"]
        return wrapper

    def _begin(self, *values: Any) -> None:
        self.by_python.append(values)

    def close(self) -> None:
        """Leave recording to Python again."""
        recording.bypass, recording.on_begin, recording.on_end = self._before
        follow()
        self.reader.close()
