"""Error groups, one per cause: counts, times, versions, and the data that identifies them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from obsv.errors import NotFound
from obsv.store.figures.minutes import Minutes
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import MINUTE_NS, Window, read_object

BINS = 30
# More groups than anyone reads; the file keeps ten thousand.
MOST_GROUPS = 2_000
STATUSES = ("open", "resolved", "ignored")
ORDERS = ("last", "count", "first")

HAS_GROUPS = "select 1 from sqlite_schema where type = 'table' and name = 'error_group'"
_COLUMNS = """
g.id, g.fingerprint, g.type, g.title, g.process, g.service, g.why, g.count, g.escaped, g.first_ns, g.last_ns,
f.name as first_version, l.name as last_version, g.status, g.status_ns, v.name as resolved_version,
iif(json_valid(g.latest_sample), json_extract(g.latest_sample, '$.trace_id'), '') as trace_id,
iif(json_valid(g.latest_sample), json_extract(g.latest_sample, '$.span_id'), '') as span_id,
g.ignored_until_ns, g.returned_ns, g.merged_into, g.split_by, g.note
"""
_JOINED = """
from error_group g left join version f on f.id = g.first_version_id left join version l on l.id = g.last_version_id
left join version v on v.id = g.resolved_version_id
"""
SEEN = f"""
select {_COLUMNS} {_JOINED} where g.last_ns >= :start and g.first_ns < :end order by g.last_ns desc limit :limit
"""
SOME = f"select {_COLUMNS} {_JOINED} where g.id in (select value from json_each(:ids))"
MERGED = "select id, merged_into from error_group where merged_into is not null"
COUNTS = """
select m.group_id, (m.minute - :first) / :step as bin, sum(m.count) as count
from json_each(:ids) j cross join error_minute m on m.group_id = j.value and m.minute between :first and :last
group by m.group_id, bin
"""
SAMPLES = "select first_sample, latest_sample from error_group where id = ?"
LATEST_CALLS = """
select c.group_id, lower(hex(c.trace_id)) as trace_id, lower(hex(c.span_id)) as span_id, c.start_ns
from json_each(:ids) j cross join error_call c on c.group_id = j.value
where c.start_ns >= :start and c.start_ns < :end order by c.start_ns desc limit :limit
"""
EVENTS = """
select e.id, e.at_ns, e.kind, e.trace_id, e.span_id, e.group_id
from error_event e where e.id > :after order by e.id limit :limit
"""


class ErrorGroup(NamedTuple):
    """Errors with one cause.

    Attributes:
        id: its number.
        fingerprint: its identity; see `why`.
        type: the exception class.
        title: the exception of the latest error, on one line.
        process: the call in which the latest error originated.
        service: service of that call.
        total: errors since the store was created, each counted once, where it originated.
        escaped: of these, those that left the recorded part of the program; a recorded call caught the others.
        seen: errors in the window.
        series: errors in parts of the window, oldest first.
        first_ns, last_ns: times of the first and the latest error; start of the call, Unix time in ns.
        first_version, last_version: versions of the service; None if unknown.
        trace_id, span_id: the latest call, hex.
        status: open, resolved or ignored.
        status_ns: time of this decision; 0 if there was none.
        resolved_version: the group returns with versions first seen after this one.
        ignored_until_ns: when it reopens; None for never.
        is_new: whether its first error is in the window.
        returned_ns: when it came back after it had been resolved; None if it did not.
        merged: IDs of the groups merged into it.
        split_by: what else distinguishes its errors, `message` or None.
        note: a note written by a user.
    """

    id: int
    fingerprint: str
    type: str
    title: str
    process: str
    service: str
    total: int
    escaped: int
    seen: int
    series: tuple[int, ...]
    first_ns: int
    last_ns: int
    first_version: str | None
    last_version: str | None
    trace_id: str
    span_id: str
    status: str
    status_ns: int
    resolved_version: str | None
    ignored_until_ns: int | None
    is_new: bool
    returned_ns: int | None
    merged: tuple[int, ...]
    split_by: str | None
    note: str


class ErrorGroups(NamedTuple):
    """The groups of a window. `total`: number of groups; `errors`: errors of all groups in the window."""

    groups: list[ErrorGroup]
    total: int
    errors: int
    bin_ns: int


class ErrorWhy(NamedTuple):
    """The data that identifies a group, and each group merged into it."""

    id: int
    fingerprint: str
    compared: dict[str, Any]


class ErrorSample(NamedTuple):
    """A failed call that outlives retention. `values`: `(name, INPUT or OUTPUT, text)`."""

    trace_id: str
    span_id: str
    start_ns: int
    duration_ns: int
    process: str
    service: str
    exception: str
    values: tuple[tuple[str, str, str], ...]


class ErrorPlace(NamedTuple):
    """A stored call in which an error of the group originated."""

    start_ns: int
    trace_id: str
    span_id: str


class ErrorDetail(NamedTuple):
    """A group with its explanation. `calls`: the latest calls in the window that are still stored."""

    group: ErrorGroup
    why: list[ErrorWhy]
    first: ErrorSample | None
    latest: ErrorSample | None
    calls: list[ErrorPlace]
    bin_ns: int


class ErrorEvent(NamedTuple):
    """An event: a group was `new`, or `returned`. `id` increases, so reading on from the last one misses none."""

    id: int
    at_ns: int
    kind: str
    trace_id: str
    span_id: str
    group: ErrorGroup


def read_error_groups(
    reader: Readable,
    window: Window,
    status: str | None = None,
    text: str = "",
    order: str = "last",
    limit: int = 100,
    process: str | None = None,
) -> ErrorGroups:
    """Return the groups with errors in a window.

    Args:
        reader: reader of the store.
        window: the window, in whole minutes.
        status: open, resolved or ignored; None for all.
        text: text contained in title, type, process or service, in either case.
        order: `last` (latest first), `count` (most in the window first) or `first` (newest group first).
        limit: maximum number of groups.
        process: name of the call in which the latest error originated; None for all.
    """
    with reader.snapshot() as store:
        minutes, step = _minutes(window)
        bin_ns = step * MINUTE_NS
        if store.one(HAS_GROUPS) is None:
            return ErrorGroups([], 0, 0, bin_ns)
        bounds = {"start": minutes.first * MINUTE_NS, "end": (minutes.last + 1) * MINUTE_NS, "limit": MOST_GROUPS}
        rows = {row["id"]: row for row in store.query(SEEN, bounds)}
        groups = _groups(store, rows, minutes, step)
    wanted = text.casefold()
    found = [
        group
        for group in groups
        if group.seen
        and (status is None or group.status == status)
        and process in (None, group.process)
        and wanted in f"{group.title}\0{group.type}\0{group.process}\0{group.service}".casefold()
    ]
    keys = {"last": lambda each: -each.last_ns, "count": lambda each: -each.seen, "first": lambda each: -each.first_ns}
    found.sort(key=keys[order])
    return ErrorGroups(found[:limit], len(found), sum(group.seen for group in found), bin_ns)


def read_error_group(reader: Readable, group_id: int, window: Window, limit: int = 100) -> ErrorDetail:
    """Return a group with its explanation.

    Args:
        reader: reader of the store.
        group_id: its number; a merged group leads to the group it was merged into.
        window: the window of its series and calls.
        limit: maximum number of calls.

    Raises:
        NotFound: there is no such group.
    """
    with reader.snapshot() as store:
        minutes, step = _minutes(window)
        rows = _some(store, [group_id]) if store.one(HAS_GROUPS) else {}
        if not rows:
            raise NotFound(f"There is no error group {group_id}; `obsv errors` lists the groups.")
        (group,) = _groups(store, rows, minutes, step)
        members = [group.id, *group.merged]
        why = [
            ErrorWhy(row["id"], row["fingerprint"], read_object(row["why"])) for row in _some(store, members).values()
        ]
        samples = [sample for member in members for sample in _samples(store, member)]
        bounds = {"ids": str(members), "start": window.start_ns, "end": window.end_ns, "limit": limit}
        calls = [
            ErrorPlace(row["start_ns"], row["trace_id"], row["span_id"]) for row in store.query(LATEST_CALLS, bounds)
        ]
    why.sort(key=lambda each: each.id != group.id)
    samples.sort(key=lambda sample: sample.start_ns)
    first, latest = (samples[0], samples[-1]) if samples else (None, None)
    return ErrorDetail(group, why, first, latest, calls, step * MINUTE_NS)


def error_events_since(reader: Readable, after: int, limit: int = 1_000) -> list[ErrorEvent]:
    """Return events of groups: new ones, and those that came back, oldest first.

    Args:
        reader: reader of the store.
        after: `id` of the last known event; 0 for all.
        limit: maximum number; ask again for more.
    """
    with reader.snapshot() as store:
        if store.one(HAS_GROUPS) is None:
            return []
        rows = store.query(EVENTS, {"after": after, "limit": limit})
        if not rows:
            return []
        ids = {row["group_id"] for row in rows}
        latest = max(row["at_ns"] for row in rows)
        minutes, step = _minutes(Window(latest - 60 * MINUTE_NS, latest + 1))
        of = _roots(store)
        groups = {group.id: group for group in _groups(store, _some(store, ids), minutes, step)}
    return [
        ErrorEvent(row["id"], row["at_ns"], row["kind"], row["trace_id"], row["span_id"], groups[_root(row[5], of)])
        for row in rows
        if _root(row[5], of) in groups
    ]


def members_of(store: Snapshot, group_id: int) -> list[int]:
    """Return the IDs of a group and of those merged into it; none if there is no such group."""
    if store.one(HAS_GROUPS) is None or not _some(store, [group_id]):
        return []
    of = _roots(store)
    return [group_id, *(each for each in of if each != group_id and _root(each, of) == group_id)]


def _minutes(window: Window) -> tuple[Minutes, int]:
    # Count the whole first minute, so that no error at the window's edge is missed.
    first = max(1, window.start_ns // MINUTE_NS)
    minutes = Minutes(first, max(first, (window.end_ns - 1) // MINUTE_NS))
    return minutes, -(-(minutes.last - minutes.first + 1) // BINS)


def _some(store: Snapshot, ids: Iterable[int]) -> dict[int, Row]:
    return {row["id"]: row for row in store.query(SOME, {"ids": json.dumps(sorted(set(ids)))})}


def _roots(store: Snapshot) -> dict[int, int]:
    return {row["id"]: row["merged_into"] for row in store.query(MERGED)}


def _root(group_id: int, merged: Mapping[int, int]) -> int:
    return merged.get(group_id, group_id)


def _groups(store: Snapshot, rows: dict[int, Row], minutes: Minutes, step: int) -> list[ErrorGroup]:
    """Return the complete groups of these rows, with all groups merged into them."""
    merged = _roots(store)
    roots = {_root(group_id, merged) for group_id in rows}
    members = roots | {group_id for group_id in merged if _root(group_id, merged) in roots}
    rows = rows | _some(store, members - rows.keys())
    bins: dict[int, dict[int, int]] = defaultdict(dict)
    for row in store.query(COUNTS, minutes.params(step=step, ids=json.dumps(sorted(members)))):
        bins[row["group_id"]][row["bin"]] = row["count"]
    together: dict[int, list[Row]] = defaultdict(list)
    for group_id in sorted(members):
        if group_id in rows:
            together[_root(group_id, merged)].append(rows[group_id])
    count = -(-(minutes.last - minutes.first + 1) // step)
    return [
        _group(rows[root], parts, [sum(bins[row["id"]].get(at, 0) for row in parts) for at in range(count)], minutes)
        for root, parts in together.items()
        if root in rows
    ]


def _group(root: Row, parts: list[Row], series: list[int], minutes: Minutes) -> ErrorGroup:
    first = min(parts, key=lambda row: row["first_ns"])
    last = max(parts, key=lambda row: row["last_ns"])
    return ErrorGroup(
        root["id"],
        root["fingerprint"],
        last["type"],
        last["title"],
        last["process"],
        last["service"],
        sum(row["count"] for row in parts),
        # An exception raised again in another thread may leave the program twice.
        sum(min(row["escaped"], row["count"]) for row in parts),
        sum(series),
        tuple(series),
        first["first_ns"],
        last["last_ns"],
        first["first_version"],
        last["last_version"],
        last["trace_id"],
        last["span_id"],
        root["status"],
        root["status_ns"],
        root["resolved_version"],
        root["ignored_until_ns"],
        first["first_ns"] >= minutes.first * MINUTE_NS,
        root["returned_ns"],
        tuple(row["id"] for row in parts if row is not root),
        root["split_by"],
        root["note"],
    )


def _samples(store: Snapshot, group_id: int) -> list[ErrorSample]:
    row = store.one(SAMPLES, (group_id,))
    return [sample for text in row or () if (sample := _sample(text)) is not None]


def _sample(text: str) -> ErrorSample | None:
    try:
        found = json.loads(text)
        names = found.pop("fields")
        values = json.loads(found.pop("data"))
        texts = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values)
        shown = tuple((name, kind, value) for (name, kind), value in zip(names, texts, strict=False))
        return ErrorSample(**found, values=shown)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
