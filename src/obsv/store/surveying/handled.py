"""Errors that left a program's outermost recorded call, distinguished from those that a recorded caller caught."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.file import Readable, Snapshot
from obsv.store.finding.asked import Asked
from obsv.store.finding.filters import Filters
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.walks import ERRORS
from obsv.store.ground import Window
from obsv.store.spans import ListedCall, listed_calls

# Maximum number of errors examined, the latest first: looking up a caller costs 2 µs.
MOST_LOOKED_AT = 100_000
# Maximum length of a chain of callers.
MOST_CALLERS = 1_000

# A caller in another program does not catch exceptions of this one, so only callers in the same service count.
_CALLER = """
select 1 from span u join process q on q.id = u.process_id
where u.trace = {at}.trace and u.span_id = {at}.parent_span_id
  and q.service = (select service from process where id = {at}.process_id)
"""
IS_OUTERMOST = f"(s.parent_span_id is null or not exists ({_CALLER.format(at='s')}))"

_LATEST = "select s.id, s.ts, s.trace, s.parent_span_id, s.process_id from {found} order by s.ts desc limit {most}"
_COUNTED = f"select count(*) as errors, total({IS_OUTERMOST}) as outermost from ({{latest}}) s"
_FIRST = (
    f"select s.id, {IS_OUTERMOST} as outermost from ({{latest}}) s order by outermost desc, s.ts desc limit {{limit}}"
)

# Up from each call while the caller failed as well; a call that is outermost, or below an outermost failed one, was not
# caught.
_UNCAUGHT = f"""
with recursive up(first, trace, parent_span_id, process_id, callers) as (
  select s.id, s.trace, s.parent_span_id, s.process_id, 0 from json_each(:ids) j cross join span s on s.id = j.value
  where s.status = 2
  union all
  select up.first, u.trace, u.parent_span_id, u.process_id, up.callers + 1
  from up join span u on u.trace = up.trace and u.span_id = up.parent_span_id
  where u.status = 2 and up.callers < {MOST_CALLERS} and
    (select service from process where id = u.process_id) = (select service from process where id = up.process_id)
)
select distinct first from up
where callers = {MOST_CALLERS} or parent_span_id is null or not exists ({_CALLER.format(at="up")})
"""


class Errors(NamedTuple):
    """Failed calls.

    Attributes:
        calls: those through which an error left the program's recorded code first, then the others; each newest first.
        outermost: number of errors of the first kind.
        errors: number of all errors.
        uncaught: row IDs of those `calls` that no recorded caller caught: all callers failed as well.
        is_all: False if there are more errors than were examined.
    """

    calls: list[ListedCall]
    outermost: int
    errors: int
    uncaught: set[int]
    is_all: bool


def read_errors(reader: Readable, filters: Filters, window: Window, limit: int) -> Errors:
    """Return the latest failed calls, starting with those that left the program's outermost recorded call.

    Args:
        reader: reader of the store.
        filters: which calls; only failed ones are returned.
        window: range of their start times.
        limit: maximum number of calls.
    """
    with reader.snapshot() as snapshot:
        asked = Asked(snapshot, filters._replace(status="ERR").condition)
        found = ERRORS.through(window.range, asked.everywhere)
        latest = fill(_LATEST, found=found, most=MOST_LOOKED_AT)
        (counted,) = snapshot.query(*_bound(_COUNTED, latest))
        rows = snapshot.query(*_bound(_FIRST, latest, limit=limit))
        ids = [row["id"] for row in rows]
        total = counted["errors"]
        calls = listed_calls(snapshot, ids)
        return Errors(calls, int(counted["outermost"]), total, uncaught(snapshot, ids), total < MOST_LOOKED_AT)


def uncaught(snapshot: Snapshot, ids: Iterable[int]) -> set[int]:
    """Return the failed calls that no recorded caller of their service caught, as far as callers are stored.

    Args:
        snapshot: the snapshot to read.
        ids: IDs of their rows.
    """
    return {row["first"] for row in snapshot.query(_UNCAUGHT, {"ids": json.dumps(list(ids))})}


def _bound(template: str, latest: Sql, **parts: int) -> Sql:
    return fill(template, latest=latest, **parts)
