"""A sample of calls spread over a window, with the origin of each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.file import Readable, Snapshot
from obsv.store.finding.explorer import read_page
from obsv.store.finding.filters import Filters
from obsv.store.ground import Window, attributes_of
from obsv.store.spans import ListedCall, listed_calls
from obsv.times import instant_ns

# Number of parts of the window: the latest calls alone may all be from one moment.
PARTS = 8
ENDS = (
    "select (select ts from span order by ts limit 1) as first, (select ts from span order by ts desc limit 1) as last"
)
FACTS = """
select s.id, t.name as thread, s.source_id,
  (select p.name from span u join process p on p.id = u.process_id
   where u.trace = s.trace and u.span_id = s.parent_span_id) as caller
from json_each(:ids) j cross join span s on s.id = j.value left join thread t on t.id = s.thread_id
"""
SOURCES = "select id, resource from source where id in (select value from json_each(:ids))"
HAS_GROUPS = "select 1 from sqlite_schema where type = 'table' and name = 'error_call'"
GROUP_CALLS = """
select s.id from error_call c cross join span s on s.trace = lower(hex(c.trace_id)) and s.span_id = c.span_id
where c.group_id in (select id from error_group where id = :id or merged_into = :id)
  and c.start_ns >= :start and c.start_ns < :end
order by c.start_ns desc limit :limit
"""


class SampledCall(NamedTuple):
    """A call and its origin. `version`: version of its service; None if unknown."""

    call: ListedCall
    caller: str | None
    thread: str | None
    version: str | None


class Sample(NamedTuple):
    """Calls, and whether there were more."""

    calls: list[SampledCall]
    is_all: bool


def sample_calls(reader: Readable, filters: Filters, window: Window, most: int) -> Sample:
    """Return a sample of the calls in a window: the latest of each of its parts.

    Args:
        reader: reader of the store.
        filters: which calls.
        window: range of their start times.
        most: maximum number of calls.
    """
    with reader.snapshot() as store:
        window = _recorded(store, window)
        step = max(1, (window.end_ns - window.start_ns) // PARTS)
        found: dict[int, ListedCall] = {}
        is_all = True
        for part in range(PARTS):
            end_ns = window.end_ns if part == PARTS - 1 else window.start_ns + (part + 1) * step
            start_ns = window.start_ns + part * step
            if end_ns > start_ns:
                page = read_page(store, filters, Window(start_ns, end_ns), "-ts", None, max(1, most // PARTS))
                found.update((call.id, call) for call in page.calls)
                is_all = is_all and page.cursor is None
        return Sample(_with_facts(store, found.values()), is_all)


def sample_group(reader: Readable, group_id: int, window: Window, most: int) -> Sample:
    """Return the latest calls in which errors of a group originated."""
    with reader.snapshot() as store:
        if store.one(HAS_GROUPS) is None:
            return Sample([], True)
        bounds = {"id": group_id, "start": window.start_ns, "end": window.end_ns, "limit": most + 1}
        ids = [row["id"] for row in store.query(GROUP_CALLS, bounds)]
        return Sample(_with_facts(store, listed_calls(store, ids[:most])), len(ids) <= most)


def _recorded(store: Snapshot, window: Window) -> Window:
    row = store.one(ENDS)
    if row is None or row["first"] is None:
        return window
    first, last = instant_ns(row["first"] + "Z"), instant_ns(row["last"] + "Z") + 1_000
    return Window(max(window.start_ns, first), max(min(window.end_ns, last), window.start_ns + 1))


def _with_facts(store: Snapshot, calls: Iterable[ListedCall]) -> list[SampledCall]:
    calls = list(calls)
    facts = {row["id"]: row for row in store.query(FACTS, {"ids": json.dumps([call.id for call in calls])})}
    ids = sorted({row["source_id"] for row in facts.values()})
    sources = store.query(SOURCES, {"ids": json.dumps(ids)})
    versions = {row["id"]: attributes_of(row["resource"]).get("service.version") for row in sources}
    return [
        SampledCall(call, row["caller"], row["thread"], None if version is None else str(version))
        for call in calls
        if (row := facts.get(call.id)) is not None
        for version in (versions.get(row["source_id"]),)
    ]
