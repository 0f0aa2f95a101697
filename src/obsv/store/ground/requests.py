"""Requests between services, found by the rules of Tempo's service graph: pure, no SQL.

A request is a client's span and the server's span below it (likewise for producer and consumer). The client of a server
span without a parent is `user`; a client's span that names a database is answered by the database itself.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from obsv.store.ground.rollups import ERROR
from obsv.store.ground.rows import SpanRow, is_unfinished

# OTLP SpanKind.
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
# The connection types in Grafana: empty, and these.
DATABASE, MESSAGING, VIRTUAL = "database", "messaging_system", "virtual_node"
USER = "user"
ASKING, ANSWERING = 0, 1
# Upper bounds of the histograms' buckets: 0.1 s · 2^k, as in Tempo.
BOUNDS_NS = tuple(100_000_000 << k for k in range(8))
# Attributes that name the server of a client, in order of preference; those in `_DATABASES` name a database.
_PEERS = ("peer.service", "db.name", "db.namespace", "db.system.name", "db.system")
_DATABASES = _PEERS[1:]


class Half(NamedTuple):
    """One side of a request.

    Args:
        trace_id: 16 bytes.
        span_id: of the asking span, 8 bytes.
        side: ASKING or ANSWERING.
        service: whose span it is.
        peer: whom it asks, by its attributes; empty where it does not say.
        connection: empty, or one of the names above.
        duration_ns: of its span.
        failed: whether its span has status error.
        calls: how many requests it stands for.
    """

    trace_id: bytes
    span_id: bytes
    side: int
    service: str
    peer: str
    connection: str
    duration_ns: int
    failed: bool
    calls: int = 1


class Edge(NamedTuple):
    """The key by which requests are counted."""

    client: str
    server: str
    connection: str
    side: int
    bucket: int


class Requests:
    """The requests of a batch: counts by edge, and halves that still wait for the other half."""

    def __init__(self) -> None:
        self.edges: dict[Edge, list[int]] = {}  # count, failed, total_ns, unrecorded
        self.waiting: dict[tuple[bytes, bytes, int], Half] = {}

    def add(self, half: Half) -> None:
        """Add a half; with its other half present it becomes a request."""
        if half.peer == USER or half.connection == DATABASE:
            self.alone(half)
            return
        other = self.waiting.pop((half.trace_id, half.span_id, 1 - half.side), None)
        if other is None:
            self.waiting[half.trace_id, half.span_id, half.side] = half
        else:
            self.join(half, other)

    def join(self, one: Half, other: Half) -> None:
        """Count a request with both halves."""
        asking, answering = (one, other) if one.side == ASKING else (other, one)
        connection = answering.connection or asking.connection
        self._count(asking.service, answering.service, connection, asking, answering)

    def alone(self, half: Half) -> None:
        """Count a request of which only one half will ever arrive; ignored if it names no peer."""
        if half.peer:
            names = (half.service, half.peer) if half.side == ASKING else (half.peer, half.service)
            self._count(*names, half.connection or VIRTUAL, half, half)

    def _count(self, client: str, server: str, connection: str, asking: Half, answering: Half) -> None:
        failed = asking.failed or answering.failed
        # Both are there where the one that is sampled less often is.
        calls = max(asking.calls, answering.calls)
        for side, half in ((ASKING, asking), (ANSWERING, answering)):
            edge = Edge(client, server, connection, side, bisect_left(BOUNDS_NS, half.duration_ns))
            sums = self.edges.setdefault(edge, [0, 0, 0, 0])
            sums[0] += calls
            sums[1] += failed * calls
            sums[2] += half.duration_ns * calls
            sums[3] += calls - 1


def halves(rows: Sequence[SpanRow]) -> Iterable[Half]:
    """Yield the halves of requests in the rows of a batch; a span that has not ended will arrive again."""
    asked = {row.span_id: row.signature.kind for row in rows}
    for row in rows:
        kind = row.signature.kind
        if kind > 1 and is_unfinished(row.detail):
            continue
        if kind in (CLIENT, PRODUCER):
            yield _asking(row)
        # Below a span that is not a client's, if it is in the batch, there is no other half to wait for.
        elif kind in (SERVER, CONSUMER) and asked.get(row.parent_span_id or b"", CLIENT) in (CLIENT, PRODUCER):
            yield _answering(row)


def _asking(row: SpanRow) -> Half:
    signature = row.signature
    peer, is_database = _peer(row)
    connection = MESSAGING if signature.kind == PRODUCER else DATABASE if is_database else ""
    ids, failed = (row.trace_id, row.span_id), row.status == ERROR
    return Half(*ids, ASKING, signature.service, peer, connection, row.duration_ns, failed, _calls(row))


def _answering(row: SpanRow) -> Half:
    signature = row.signature
    connection = MESSAGING if signature.kind == CONSUMER else ""
    peer = USER if row.parent_span_id is None and signature.kind == SERVER else ""
    asker = row.parent_span_id or b""
    ids, failed = (row.trace_id, asker), row.status == ERROR
    return Half(*ids, ANSWERING, signature.service, peer, connection, row.duration_ns, failed, _calls(row))


def _calls(row: SpanRow) -> int:
    return row.weight.calls if row.weight is not None else 1


def _peer(row: SpanRow) -> tuple[str, bool]:
    places = _places(row.signature.fields)
    if not places:
        return "", False
    values = json.loads(row.data)
    names = {name: values[place] for name, place in places if isinstance(values[place], str) and values[place]}
    named = next((names[name] for name in _PEERS if name in names), "")
    return named, any(name in names for name in _DATABASES)


@lru_cache(maxsize=4096)
def _places(fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, int], ...]:
    return tuple((name, place) for place, (name, _) in enumerate(fields) if name in _PEERS)
