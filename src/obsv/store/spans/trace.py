"""The spans of a trace as columns, from which the tree is built. Fifty thousand are read in 0.2 s."""

from __future__ import annotations

from typing import NamedTuple

from obsv.errors import NotFound
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.spans.call import hex_id

# A trace may have millions of spans (one root around a whole run); this many are drawn.
MOST_SPANS = 100_000
PAGE = 10_000
# Number of missing callers looked up in one statement, and number of levels.
_LOOKED_UP, _LEVELS = 500, 64

KNOWN = "select 1 from span where trace = ? limit 1"
COUNT = "select count(*) as spans from span where trace = ?"
_DETAIL = "iif(json_valid(s.detail), s.detail, '{}')"
WANTED = f"""
s.span_id, s.parent_span_id, s.start_ns, s.duration_ns, s.process_id, s.status, s.exception is not null,
case when s.detail is not null then (
  select json_group_array(iif(e.type = 'object', json_extract(e.value, '$.timeUnixNano'), null))
  from json_each({_DETAIL}, '$.events') e
) end,
s.detail is not null and json_array_length({_DETAIL}, '$.links') > 0
"""
SPANS = f"select {WANTED} from span s where s.trace = :trace and s.span_id > :after order by s.span_id limit {PAGE}"
# A part of a very long trace, in order of arrival.
PART = f"""
select {WANTED}, s.id from span s where s.id in (
  select id from span where trace = :trace and id >= :first order by id limit :most
) and s.id > :after order by s.id limit {PAGE}
"""
BY_KEYS = f"select {WANTED} from span s where s.trace = ? and s.span_id in ({', '.join('?' * _LOOKED_UP)})"
PROCESSES = """
select p.id, p.name, p.service, p.process_group, p.kind from json_each(?) k cross join process p on p.id = k.value
"""
# The start of a part that has a span in its middle.
PART_AROUND = """
select min(id) as first from (
  select id from span where trace = :trace and id <= (select id from span where trace = :trace and span_id = :span)
  order by id desc limit :before
)
"""


class ProcessRow(NamedTuple):
    """A called function."""

    id: int
    name: str
    service: str
    process_group: str
    kind: int


class TraceSpans(NamedTuple):
    """The spans of a trace as one list per column, in no particular order. Times are Unix time, all in ns.

    Attributes:
        trace_id: lower-case hex.
        total: number of spans in the trace; more than are present if it is very long.
        processes: the called functions, by `process_id`.
        events: times of the span's events as a JSON array of Unix times; None or empty if there are none.
        links: whether it has links.
    """

    trace_id: str
    total: int
    processes: dict[int, ProcessRow]
    span_id: list[bytes]
    parent_span_id: list[bytes | None]
    start_ns: list[int]
    duration_ns: list[int]
    process_id: list[int]
    status: list[int]
    has_exception: list[int]
    events: list[str | None]
    links: list[int]

    def __len__(self) -> int:
        return len(self.span_id)


def known_trace(store: Readable, trace_id: str) -> str:
    """Return the ID of an existing trace.

    Args:
        store: the store to read.
        trace_id: hex; leading zeros may be missing.

    Raises:
        NotFound: there is no such trace.
    """
    trace = hex_id(trace_id, 32)
    if store.one(KNOWN, (trace,)) is None:
        given = len(trace_id.strip())
        # Sixteen: some senders write IDs of 64 bits.
        why = "Retention may have deleted it." if given in (16, 32) else f"Its ID has 32 digits; {given} were given."
        raise NotFound(f"There is no trace {trace} in the store. {why}")
    return trace


def read_trace_columns(store: Snapshot, trace_id: str, around: str | None = None, most: int = MOST_SPANS) -> TraceSpans:
    """Return the spans of a trace; of a very long one, a part in order of arrival, with all callers of that part.

    Args:
        store: a snapshot of the file.
        trace_id: hex; leading zeros may be missing.
        around: a span ID in hex that the part should contain.
        most: maximum number of spans in a part.

    Raises:
        NotFound: there is no such trace.
    """
    trace = known_trace(store, trace_id)
    counted = store.one(COUNT, (trace,))
    total = counted["spans"] if counted else 0
    rows = _whole(store, trace) if total <= most else _part(store, trace, around, most)
    columns = list(zip(*rows, strict=False))[:9]  # a part has its key as a tenth column
    ids = sorted(set(columns[4]))
    processes = {row["id"]: ProcessRow(*row) for row in store.query(PROCESSES, (str(ids),))}
    return TraceSpans(trace, total, processes, *map(list, columns))


def _whole(store: Snapshot, trace: str) -> list[Row]:
    rows: list[Row] = []
    page = store.query(SPANS, {"trace": trace, "after": b""})
    while page:
        rows += page
        page = store.query(SPANS, {"trace": trace, "after": page[-1][0]}) if len(page) == PAGE else []
    return rows


def _part(store: Snapshot, trace: str, around: str | None, most: int) -> list[Row]:
    bounds = {"trace": trace, "first": _first(store, trace, around, most), "most": most}
    rows: list[Row] = []
    page = store.query(PART, {**bounds, "after": -1})
    while page:
        rows += page
        page = store.query(PART, {**bounds, "after": page[-1][9]}) if len(page) == PAGE else []
    return [*rows, *_callers(store, trace, rows)]


def _first(store: Snapshot, trace: str, around: str | None, most: int) -> int:
    if not around:
        return 0
    wanted = {"trace": trace, "span": bytes.fromhex(hex_id(around, 16)), "before": most // 2}
    row = store.one(PART_AROUND, wanted)
    return row["first"] or 0 if row else 0


# A caller is stored after its callees, so the part may lack it: look it up, level by level.
def _callers(store: Snapshot, trace: str, rows: list[Row]) -> list[Row]:
    known = {row[0] for row in rows}
    found: list[Row] = []
    level = rows
    for _ in range(_LEVELS):
        missing = sorted({row[1] for row in level if row[1] is not None} - known)[:PAGE]
        level = [row for at in range(0, len(missing), _LOOKED_UP) for row in _by_keys(store, trace, missing, at)]
        if not level:
            break
        found += level
        known.update(row[0] for row in level)
    return found


def _by_keys(store: Snapshot, trace: str, keys: list[bytes], at: int) -> list[Row]:
    part = keys[at : at + _LOOKED_UP]
    return store.query(BY_KEYS, (trace, *part, *[None] * (_LOOKED_UP - len(part))))
