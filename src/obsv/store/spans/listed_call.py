"""Calls in lists, without the parts of `Call` that a list does not need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from obsv.store.file import Row, Snapshot
from obsv.store.ground import read_fields, read_values
from obsv.store.spans.call import Value, hex_id

CALLS = """
select s.id, s.start_ns, s.duration_ns, s.status, s.exception, s.trace as trace_id, lower(hex(s.span_id)) as span_id,
  s.data, s.ts, g.fields, p.name as process, p.process_group, p.service
from json_each(:ids) j cross join span s on s.id = j.value
cross join process p on p.id = s.process_id cross join signature g on g.id = s.signature_id
order by j.key
"""


# Calls of a trace that are asked for at once: those in sight.
MOST_OF_TRACE = 200
OF_TRACE = f"select id from span where trace = ? and span_id in ({', '.join('?' * MOST_OF_TRACE)})"


class ListedCall(NamedTuple):
    """A call in the lists of the explorer and the command line; the complete form is `Call`.

    Attributes:
        id: ID of its row, in order of arrival.
        ts: start, UTC, as in the store's views.
        start_ns: start, Unix time in ns.
        duration_ns: in ns.
        process: `module.qualname`, or a foreign span's name.
        process_group: its group.
        service: its service.
        status: OK or ERR.
        exception: traceback; None if there is none.
        trace_id: lower-case hex.
        span_id: lower-case hex.
        values: inputs and outputs, in order.
    """

    id: int
    ts: str
    start_ns: int
    duration_ns: int
    process: str
    process_group: str
    service: str
    status: str
    exception: str | None
    trace_id: str
    span_id: str
    values: tuple[Value, ...]

    def showing(self, name: str | None, text: str | None) -> ListedCall:
        """The call with its values of a name, and of these those that contain a text, where any does."""
        values = tuple(value for value in self.values if not name or value.name == name)
        if text:
            values = tuple(value for value in values if has_text(value.text, text)) or values
        return self._replace(values=values)


def has_text(shown: str, text: str) -> bool:
    """Return whether a displayed value contains a text by the rules of the search: ASCII letters in either case."""
    return text.translate(_LOWER) in shown.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def listed_calls(store: Snapshot, ids: Iterable[int]) -> list[ListedCall]:
    """Return the calls with the given row IDs, in that order."""
    shapes: dict[str, list[tuple[str, str]]] = {}
    return [_call(row, shapes) for row in store.query(CALLS, {"ids": json.dumps(list(ids))})]


def calls_of_trace(store: Snapshot, trace_id: str, span_ids: Sequence[str]) -> list[ListedCall]:
    """Return some calls of a trace, the first `MOST_OF_TRACE` of those asked for; unknown ones are left out.

    Args:
        store: a snapshot of the file.
        trace_id: hex; leading zeros may be missing.
        span_ids: in hex.

    Raises:
        NotFound: an ID is malformed.
    """
    keys = [bytes.fromhex(hex_id(each, 16)) for each in span_ids[:MOST_OF_TRACE]]
    padded = (*keys, *[None] * (MOST_OF_TRACE - len(keys)))
    return listed_calls(store, [row["id"] for row in store.query(OF_TRACE, (hex_id(trace_id, 32), *padded))])


def _call(row: Row, shapes: dict[str, list[tuple[str, str]]]) -> ListedCall:
    fields = row["fields"]
    shape = shapes.get(fields)
    if shape is None:
        shape = shapes[fields] = read_fields(fields)
    values = (Value(name, kind, value) for (name, kind), value in zip(shape, read_values(row["data"]), strict=False))
    return ListedCall(
        row["id"],
        row["ts"],
        row["start_ns"],
        row["duration_ns"],
        row["process"],
        row["process_group"],
        row["service"],
        "ERR" if row["status"] == 2 else "OK",
        row["exception"],
        row["trace_id"],
        row["span_id"],
        tuple(values),
    )
