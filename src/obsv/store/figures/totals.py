"""Totals since the file was created. Retention never lowers them, so a scraper sees counters that only grow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from math import sqrt
from typing import Any, NamedTuple

from obsv.store.figures.lost import Lost, read_lost
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import GROWTH, bucket, read_object

# Upper bounds of the histograms' buckets: 2 ms · 2^k, as in Tempo's span metrics.
LATENCY_BOUNDS_NS = tuple(2_000_000 << k for k in range(14))


class Latency(NamedTuple):
    """Calls and their durations.

    Args:
        calls: number of calls.
        total_ns: sum of the durations.
        buckets: number of calls up to each bound; a call within 4 % of a bound may be counted on its other side.
    """

    calls: int
    total_ns: int
    buckets: tuple[int, ...]


class ProcessTotal(NamedTuple):
    """The calls of one process since the file began.

    Args:
        kind: OTLP SpanKind.
        good: calls without an error.
        failed: calls with status error.
        unrecorded: of both those that are not stored; sampled ones stand for them, or they were only counted.
    """

    name: str
    service: str
    kind: int
    good: Latency
    failed: Latency
    unrecorded: int = 0


class RequestTotal(NamedTuple):
    """The requests of one service to another since the file began.

    Args:
        connection: empty, `database`, `messaging_system` or `virtual_node`.
        failed: how many requests failed.
        asked: as the clients measured them.
        answered: as the servers did.
        unrecorded: how many of them sampled ones stand for.
    """

    client: str
    server: str
    connection: str
    failed: int
    asked: Latency
    answered: Latency
    unrecorded: int = 0


class RecorderTotal(NamedTuple):
    """The report of a recording process: `stats` is `obsv.stats()`."""

    id: str
    service: str
    state: str
    updated_ns: int
    stats: dict[str, Any]


class Totals(NamedTuple):
    """All totals, read at one moment.

    Args:
        processes: the most called ones.
        left_out: number of the others.
        spans: number of stored spans.
        bytes: size of the file.
        lost: files that were lost.
    """

    processes: list[ProcessTotal]
    left_out: int
    requests: list[RequestTotal]
    recorders: list[RecorderTotal]
    spans: int
    bytes: int
    lost: Lost = Lost()


def _class_of(bounds_ns: Sequence[int]) -> str:
    # The bucket whose end is nearest to the bound, so that no call is off by more than half a bucket.
    last = [bucket(int(bound * sqrt(GROWTH)) + 1) - 1 for bound in bounds_ns]
    ends = " ".join(f"when bucket <= {number} then {place}" for place, number in enumerate(last))
    return f"case {ends} else {len(bounds_ns)} end"


# One row per process: the counts of its classes as a JSON array, so that 2,000 processes fit the reader's limit.
_CLASSES = f"""
select process_id, json_group_array(json_array(class, count)) as classes, sum(total_ns) as total_ns from (
  select process_id, {_class_of(LATENCY_BOUNDS_NS)} as class, sum(count) as count, {{sum}} as total_ns
  from {{table}} and process_id in (select value from json_each(?)) group by 1, 2
) group by process_id
"""
_EVERY = _CLASSES.format(sum="0", table="process_histogram where minute = 0")
_FAILED = _CLASSES.format(sum="sum(total_ns)", table="failure_histogram where 1")
_PROCESSES = """
select p.id, p.name, p.service, p.kind, m.count, m.errors, m.total_ns, m.unrecorded
from process_minute m cross join process p on p.id = m.process_id where m.minute = 0 order by m.count desc, p.id limit ?
"""
_SUMS = "select count(*) as processes, total(count) as spans from process_minute where minute = 0"
_REQUESTS = """
select client, server, connection, side, json_group_array(json_array(bucket, count)) as classes,
  sum(total_ns) as total_ns, sum(failed) as failed, sum(unrecorded) as unrecorded
from request_total group by client, server, connection, side order by client, server, connection, side limit ?
"""
_RECORDERS = "select id, service, state, updated_ns, stats from recorder where updated_ns >= ? order by id limit ?"
_BYTES = "select page_count * page_size as bytes from pragma_page_count, pragma_page_size"


def read_totals(reader: Readable, recorders_since_ns: int, most: int = 2_000) -> Totals:
    """Read the totals.

    Args:
        reader: reader of the store.
        recorders_since_ns: leaves out recorders silent since before this Unix time.
        most: maximum number of processes, edges between services, and recorders.
    """
    with reader.snapshot() as snapshot:
        sums = snapshot.query(_SUMS)[0]
        processes = _processes(snapshot, most)
        recorders = [_recorder(row) for row in snapshot.query(_RECORDERS, (recorders_since_ns, most))]
        size = snapshot.query(_BYTES)[0]["bytes"]
        left_out = sums["processes"] - len(processes)
        requests, lost = _requests(snapshot, 2 * most), read_lost(snapshot)
        return Totals(processes, left_out, requests, recorders, int(sums["spans"]), size, lost)


def _recorder(row: Row) -> RecorderTotal:
    return RecorderTotal(row["id"], row["service"], row["state"], row["updated_ns"], read_object(row["stats"]))


def _processes(snapshot: Snapshot, most: int) -> list[ProcessTotal]:
    rows = snapshot.query(_PROCESSES, (most,))
    shown = (json.dumps([row["id"] for row in rows]),)
    every = {row["process_id"]: row for row in snapshot.query(_EVERY, shown)}
    failed = {row["process_id"]: row for row in snapshot.query(_FAILED, shown)}
    found = []
    for row in rows:
        of_all, of_failed = _counts(every.get(row["id"])), _counts(failed.get(row["id"]))
        failed_ns = failed[row["id"]]["total_ns"] if row["id"] in failed else 0
        apart = tuple(each - bad for each, bad in zip(of_all, of_failed, strict=True))
        fine = Latency(row["count"] - row["errors"], row["total_ns"] - failed_ns, apart)
        bad = Latency(row["errors"], failed_ns, of_failed)
        found.append(ProcessTotal(row["name"], row["service"], row["kind"], fine, bad, row["unrecorded"]))
    return found


def _counts(row: Row | None, bounds: int = len(LATENCY_BOUNDS_NS)) -> tuple[int, ...]:
    classes = [0] * (bounds + 1)
    for number, count in json.loads(row["classes"]) if row is not None else ():
        classes[number] += count
    return tuple(accumulate(classes))[:bounds]


def _requests(snapshot: Snapshot, most: int) -> list[RequestTotal]:
    sides: dict[tuple[str, str, str], dict[int, Row]] = {}
    for row in snapshot.query(_REQUESTS, (most,)):
        sides.setdefault(tuple(row[:3]), {})[row["side"]] = row
    return [
        RequestTotal(*key, both[1]["failed"], _latency(both[0]), _latency(both[1]), both[1]["unrecorded"])
        for key, both in sides.items()
        if len(both) > 1
    ]


def _latency(row: Row) -> Latency:
    classes = json.loads(row["classes"])
    return Latency(sum(count for _, count in classes), row["total_ns"], _counts(row, 8))
