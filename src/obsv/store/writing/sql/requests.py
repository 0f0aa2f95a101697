"""Requests between services in the file: halves that wait for each other, and counts since the file was created."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from obsv.store.ground import Half, Requests, SpanRow, halves
from obsv.store.writing.sql.statements import Insert, Lookup

# Time for which a half waits. Exporters deliver delayed spans within seconds.
PATIENCE_NS = 60 * 1_000_000_000
_LOOK_EVERY_NS = 10 * 1_000_000_000
_COLUMNS = "trace_id, span_id, side, service, peer, connection, duration_ns, failed, calls"
_WAITING = Lookup("request_half", "span_id, trace_id, side", f"id, {_COLUMNS}")
HALF = Insert("request_half", f"{_COLUMNS}, arrived_ns", "do nothing")
_EDGE = Insert(
    "request_total",
    "client, server, connection, side, bucket, count, failed, total_ns, unrecorded",
    "(client, server, connection, side, bucket) do update set count = count + excluded.count, "
    "failed = failed + excluded.failed, total_ns = total_ns + excluded.total_ns, "
    "unrecorded = unrecorded + excluded.unrecorded",
)
_GIVEN_UP = f"select id, {_COLUMNS} from request_half where arrived_ns < ? order by id limit 10000"
_DELETE = "delete from request_half where id in (select value from json_each(?))"


class RequestCounter:
    """The counter of requests in one file."""

    def __init__(self) -> None:
        self._looked_ns = 0

    def add(self, connection: sqlite3.Connection, rows: Sequence[SpanRow], now_ns: int) -> None:
        """Count the requests that a batch completes, in the open transaction.

        Args:
            connection: connection to the file.
            rows: the new rows; at least those of kinds that take part in requests.
            now_ns: Unix time.
        """
        requests = Requests()
        for half in halves(rows):
            requests.add(half)
        self._join(connection, requests)
        self._give_up(connection, requests, now_ns)
        HALF.run(connection, [value for half in requests.waiting.values() for value in (*half, now_ns)])
        edges = sorted(requests.edges.items())
        _EDGE.run(connection, [value for edge, sums in edges for value in (*edge, *sums)])

    def _join(self, connection: sqlite3.Connection, requests: Requests) -> None:
        waiting = list(requests.waiting.values())
        if not waiting:
            return
        done: dict[int, None] = {}
        for position, identity, *half in _WAITING.run(
            connection, [(half.span_id, half.trace_id, 1 - half.side) for half in waiting]
        ):
            one = waiting[position]
            # A client's span answered twice is one request, as in Tempo.
            if requests.waiting.pop((one.trace_id, one.span_id, one.side), None) is not None:
                requests.join(one, Half(*half))
                done[identity] = None
        _delete(connection, list(done))

    def _give_up(self, connection: sqlite3.Connection, requests: Requests, now_ns: int) -> None:
        if abs(now_ns - self._looked_ns) < _LOOK_EVERY_NS:
            return
        self._looked_ns = now_ns
        rows = connection.execute(_GIVEN_UP, (now_ns - PATIENCE_NS,)).fetchall()
        for _, *half in rows:
            requests.alone(Half(*half))
        _delete(connection, [row[0] for row in rows])


def _delete(connection: sqlite3.Connection, identities: list[int]) -> None:
    if identities:
        connection.execute(_DELETE, (json.dumps(identities),))
