"""One call in full: its source at that time, its values, the previous durations, its position in its trace."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from obsv.errors import NotFound
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import MINUTE_NS
from obsv.store.spans.listed_call import ListedCall, listed_calls
from obsv.times import ts

BEFORE_MINUTES = 30
# If the half hour has more calls than this, they are shown as a mean per minute, if that makes a line.
MOST_POINTS = 400
ENOUGH_MEANS = 5
MOST_CHILDREN = 30
MOST_ANCESTORS = 64

FIND = """
select s.id, s.process_id, s.depth, s.cpu_ns, s.memory_bytes, s.parent_span_id, s.detail, t.name as thread,
  c.file_path, c.line_number, c.source_text
from span s cross join signature g on g.id = s.signature_id
left join code c on c.id = g.code_id left join thread t on t.id = s.thread_id
where s.trace = :trace_id and s.span_id = :span_id
"""
MEANS = """
with recursive m(minute) as (select :first union all select minute + 1 from m where minute < :last)
select r.minute, r.count, r.total_ns
from m cross join process_minute r on r.minute = m.minute and r.process_id = :process
"""
POINTS = """
select s.start_ns, s.duration_ns, s.status = 2 as failed from span s indexed by span_by_name
where s.name_id = (select name_id from process where id = :process) and s.process_id = :process
  and s.ts >= :start and s.ts <= :end order by s.ts desc limit :limit
"""
SPAN = """
select s.id, s.span_id, s.parent_span_id, s.start_ns, s.duration_ns, s.status = 2 as failed, p.name as process,
  p.service
from span s cross join process p on p.id = s.process_id
"""
BY_ID = SPAN + "where s.trace = :trace_id and s.span_id = :span_id"
CHILDREN = SPAN + "where s.trace = :trace_id and s.parent_span_id = :span_id order by s.start_ns, s.id limit :limit"


class Point(NamedTuple):
    """A duration in the previous half hour: of one call, or the mean of a minute's `calls`."""

    start_ns: int
    duration_ns: float
    failed: bool
    calls: int


class Relative(NamedTuple):
    """A call near the selected one. `level`: 0 for the outermost ancestor; `here`: whether it is the selected one."""

    span_id: str
    process: str
    service: str
    start_ns: int
    duration_ns: int
    failed: bool
    level: int
    here: bool


class Detail(NamedTuple):
    """A call in full.

    Attributes:
        call: the call as in the explorer's list.
        thread: name of its thread.
        cpu_ns: CPU time; None if not measured.
        memory_bytes: memory growth; None if not measured.
        file_path: path of its source; None if unknown.
        first_line: first line of its source in the file.
        source: text of its function at the time of the call.
        failing_line: the line in the file where it failed.
        points: durations in the half hour that ends with the call, oldest first.
        relatives: its ancestors, itself and its children, in the order of a trace.
        more_children: whether it has more children than listed.
    """

    call: ListedCall
    thread: str | None
    cpu_ns: int | None
    memory_bytes: int | None
    file_path: str | None
    first_line: int
    source: str | None
    failing_line: int | None
    points: list[Point]
    relatives: list[Relative]
    more_children: bool


def read_detail(reader: Readable, trace_id: str, span_id: str) -> Detail:
    """Read a call.

    Args:
        reader: reader of the store.
        trace_id: 32 hex digits.
        span_id: 16 hex digits.

    Raises:
        NotFound: there is no such call.
    """
    key: dict[str, object] = {"trace_id": trace_id.lower(), "span_id": _bytes(span_id)}
    with reader.snapshot() as store:
        row = store.one(FIND, key)
        if row is None:
            raise NotFound(f"There is no call {span_id} in trace {trace_id}. Retention may have deleted it.")
        (call,) = listed_calls(store, [row["id"]])
        relatives, more = _relatives(store, key)
        return Detail(
            call,
            row["thread"],
            row["cpu_ns"],
            row["memory_bytes"],
            row["file_path"],
            row["line_number"] or 1,
            row["source_text"],
            failing_line(call.exception, row["file_path"], row["line_number"], row["source_text"]),
            _points(store, row["process_id"], call.start_ns),
            relatives,
            more,
        )


def failing_line(exception: str | None, path: str | None, first: int | None, source: str | None) -> int | None:
    """Return the line, numbered as in the file, at which the exception passed through the function.

    Args:
        exception: traceback text.
        path: the function's file.
        first: its first line in the file.
        source: its text.

    Returns:
        The last line within the function that the traceback names; None if there is none.
    """
    if not (exception and path and first and source):
        return None
    last = first + source.count("\n")
    # A traceback contains absolute paths; a function has the path that it was compiled from.
    before = "" if os.path.isabs(path) or path.startswith("<") else r'(?:[^"\n]*[/\\])?'
    named = re.findall(rf'File "{before}{re.escape(path)}", line (\d+)', exception)
    within = [line for line in map(int, named) if first <= line <= last]
    return within[-1] if within else None


def _points(store: Snapshot, process_id: int, end_ns: int) -> list[Point]:
    first, last = max(1, end_ns // MINUTE_NS - BEFORE_MINUTES), end_ns // MINUTE_NS
    means = store.query(MEANS, {"first": first, "last": last, "process": process_id})
    if len(means) >= ENOUGH_MEANS and sum(row["count"] for row in means) > MOST_POINTS:
        return [
            Point(row["minute"] * MINUTE_NS, row["total_ns"] / row["count"], False, row["count"])
            for row in means
            if row["count"]
        ]
    bounds = {"start": ts(first * MINUTE_NS), "end": ts(end_ns), "limit": MOST_POINTS, "process": process_id}
    return [Point(row[0], row[1], bool(row[2]), 1) for row in reversed(store.query(POINTS, bounds))]


def _relatives(store: Snapshot, key: dict[str, object]) -> tuple[list[Relative], bool]:
    chain: list[Row] = []
    seen: set[object] = set()
    span_id = key["span_id"]
    while span_id and span_id not in seen and len(chain) < MOST_ANCESTORS:
        seen.add(span_id)
        row = store.one(BY_ID, {**key, "span_id": span_id})
        if row is None:
            break
        chain.append(row)
        span_id = row["parent_span_id"]
    chain.reverse()
    children = store.query(CHILDREN, {**key, "limit": MOST_CHILDREN + 1})
    rows = [(row, level) for level, row in enumerate(chain)]
    rows += [(row, len(chain)) for row in children[:MOST_CHILDREN] if row["span_id"] not in seen]
    return [
        Relative(
            row["span_id"].hex(),
            row["process"],
            row["service"],
            row["start_ns"],
            row["duration_ns"],
            bool(row["failed"]),
            level,
            row["span_id"] == key["span_id"],
        )
        for row, level in rows
    ], len(children) > MOST_CHILDREN


def _bytes(span_id: str) -> bytes:
    try:
        return bytes.fromhex(span_id)
    except ValueError:
        raise NotFound(f"{span_id!r} is not a span ID: expected 16 hexadecimal digits.") from None
