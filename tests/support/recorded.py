"""Rings as a recorded program writes them, record by record."""

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv.capture.error import freeze
from obsv.record import layout
from obsv.record.lane import Lane
from obsv.record.layout import check_of
from obsv.record.ring import Bounds, Ring, open_in_memory, open_ring
from obsv.record.values import dumps
from obsv.trace.foreign_form import freeze_resource, freeze_scope

Values = tuple[Any, ...]
BOUNDS = Bounds()
_ids = itertools.count(1)


class Program:
    """A recorded program: one ring, in this process.

    Args:
        rings: the directory of all rings; None for one in memory.
        service: resource attribute `service.name`.
    """

    def __init__(self, rings: str | Path | None, service: str = "shop", bounds: Bounds = BOUNDS) -> None:
        self.offset = time.time_ns() - time.perf_counter_ns()
        self.ring: Ring = (
            open_in_memory(self.offset, bounds) if rings is None else open_ring(Path(rings), self.offset, bounds)
        )
        origin = freeze_resource(Resource({"service.name": service})), freeze_scope(InstrumentationScope("obsv", "1"))
        self.origin = self.ring.names.number(layout.ORIGINS, origin)
        self.thread = self.ring.names.number(layout.THREADS, (7, "MainThread"))

    def function(self, name: str, inputs: Sequence[str] = ("n",), output: str | None = "return", **more: Any) -> int:
        """Define a function."""
        has_keywords = more.get("has_keywords", False)
        front = name, name.rpartition(".")[0], tuple(inputs), has_keywords, output
        value = (*front, None, None, 1_000, ((), True), more.get("sample_rate", 1.0))
        return self.ring.names.number(layout.FUNCTIONS, value)

    def begin(
        self,
        function: int,
        values: Values = (1,),
        parent: "bytes | None" = None,
        caller: int = 0,
        depth: int = 0,
    ) -> bytes:
        """Begin a call; returns its span id. A child shares its parent's trace."""
        span = self.new_id()
        packed = dumps(values)
        self.put(self.ring.calls, self._begin(layout.BEGIN, span, function, packed, parent, caller, depth) + packed)
        return span

    def end(
        self, span: bytes, function: int, result: Any = None, status: int = 0, parts: int = layout.HAS_RESULT
    ) -> None:
        """End a call."""
        packed = dumps(result) if parts & 3 else b""
        size = layout.END_HEAD.size + len(packed)
        number = int.from_bytes(span, "big")
        head = layout.END_HEAD.pack(
            size, check_of(packed), layout.END, status, parts, 0, 0, number, time.perf_counter_ns()
        )
        self.put(self.ring.calls, head + packed)

    def call(self, function: int, values: Values = (1,), result: Any = None) -> bytes:
        """A call that returns."""
        span = self.begin(function, values)
        self.end(span, function, result)
        return span

    def fail(self, function: int, error: BaseException, values: Values = (1,), span: bytes | None = None) -> bytes:
        """A call that fails: begun before, where `span` names it."""
        span = span or self.begin(function, values)
        packed = dumps((values, (), (freeze(error, error.__traceback__), None), None))
        head = self._begin(layout.CALL, span, function, packed, None, 0, 0, status=2)
        self.put(self.ring.errors, head + packed)
        self.end(span, function, status=2, parts=layout.IS_ELSEWHERE)
        return span

    def new_id(self) -> bytes:
        """A span id that no other test's program has."""
        return (os.getpid() << 32 | next(_ids)).to_bytes(8, "big")

    def close(self) -> None:
        """End in order."""
        self.ring.close()
        self.ring.forget()

    @staticmethod
    def put(lane: Lane, record: bytes) -> None:
        """Append a record like a producer."""
        try:
            lane.put(record)
        except ValueError:
            lane.add(record)

    def _begin(
        self,
        kind: int,
        span: bytes,
        function: int,
        packed: bytes,
        parent: bytes | None,
        caller: int,
        depth: int,
        status: int | None = None,
    ) -> bytes:
        number = int.from_bytes(span, "big")
        above = int.from_bytes(parent or b"", "big")
        now = time.perf_counter_ns()
        head = (kind, 1, self.origin, depth, 0, above or number, number, above, now, function, caller, self.thread)
        if status is None:
            return layout.BEGIN_HEAD.pack(layout.BEGIN_HEAD.size + len(packed), check_of(packed), *head, 0)
        return layout.CALL_HEAD.pack(
            layout.CALL_HEAD.size + len(packed), check_of(packed), *head, status, time.perf_counter_ns()
        )
