"""The explorer's pages: calls that filters leave, in an order, by key and never by offset; what is new since a row.

Every page starts at an index. Which one, and whether the rollups should first tell where to look, is decided here:

- no filter by name, none by status: along `span_by_ts`;
- only failed calls: along `span_errors`;
- named processes: along `span_by_name`, a walk for each, merged; for more than a hundred, along `span_by_ts`;
- only failed calls of named processes: along `span_failed_by_name`, a walk for each, merged;
- only failed calls of many processes or of some duration, where errors are many: minute by minute, where the rollups
  have errors;
- durations: minute by minute, where the histograms have such durations (`cells.py`);
- in the order of durations: from the outermost histogram buckets inwards (`slowest.py`);
- a text: along the index while it can be near, else through the file in its own order (`search.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import Reader, Snapshot
from obsv.store.finding.cells import rare
from obsv.store.finding.filters import Clause, Filters, row_clause
from obsv.store.finding.keyset import Key, check_order
from obsv.store.finding.scope import Load, Scope
from obsv.store.finding.search import has_text, search, text_clause
from obsv.store.finding.slowest import Order, by_duration
from obsv.store.finding.walks import ALL, ERRORS, ERRORS_OF_ONE, MERGED_PROCESSES, OF_PROCESSES, Walk
from obsv.store.ground import Window
from obsv.store.spans import ListedCall, listed_calls

MAX_PAGE = 1_000
# So many calls are walked through in a few milliseconds.
FEW_ERRORS = FEW_CALLS = 20_000
NEW = """
select s.ts, s.id from span s where s.id > :after and s.start_ns >= :start_ns{clause} order by s.id {order} limit :limit
"""


class Page(NamedTuple):
    """A page of calls. `cursor`: token of the next page; None when this is the last."""

    calls: list[ListedCall]
    cursor: str | None


class Tail(NamedTuple):
    """What is new. `last_id`: what to ask after next. `more`: whether there are more new calls than asked for."""

    calls: list[ListedCall]
    last_id: int
    more: bool


def read_page(
    reader: Reader, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
) -> Page:
    """One page.

    Args:
        reader: of the store.
        filters: which calls.
        window: when they started.
        order: `-ts` (newest first), `ts`, `-duration` (longest first) or `duration`.
        cursor: of the page before; None for the first.
        limit: how many calls, at most `MAX_PAGE`.

    Raises:
        InvalidQuery: no such order, or a cursor of another search.
        QueryTimeout: it took too long.
    """
    order = check_order(order)
    key = Key.parse(cursor, order) if cursor else None
    limit = max(1, min(limit, MAX_PAGE))
    with reader.snapshot() as store:
        scope = Scope.of(store, filters)
        if scope.is_empty:
            return Page([], None)
        keys = _keys(store, filters, scope, window, order, key, limit)
        calls = listed_calls(store, [found.id for found in keys])
    full = len(keys) >= limit
    return Page(_checked(calls, filters), keys[-1].token(order) if full else None)


def read_pages(
    reader: Reader, filters: Filters, window: Window, order: str, most: int, size: int = MAX_PAGE
) -> Iterator[list[ListedCall]]:
    """All pages one after the other, up to a number of calls. Raises what `read_page` raises.

    Args:
        reader: of the store.
        filters: which calls.
        window: when they started.
        order: as for `read_page`.
        most: how many calls at most.
        size: how many calls a page.
    """
    cursor: str | None = None
    while most > 0:
        found = read_page(reader, filters, window, order, cursor, min(size, most))
        yield found.calls
        most -= len(found.calls)
        cursor = found.cursor
        if cursor is None:
            return


def read_new(
    reader: Reader, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False
) -> Tail:
    """What has arrived since a row.

    Args:
        reader: of the store.
        filters: which calls.
        after: `last_id` of the last look.
        start_ns: calls that started before are no news, Unix time in ns.
        limit: how many calls at most.
        oldest: of more than `limit`, the first to arrive, oldest first, so that the next look goes on behind them;
            else the last, newest first, and the others are left out.
    """
    with reader.snapshot() as store:
        newest = store.one("select coalesce(max(id), 0) from span")
        last_id = newest[0] if newest else 0
        scope = Scope.of(store, filters)
        if scope.is_empty or last_id <= after:
            return Tail([], last_id, False)
        clause = row_clause(filters, scope.signatures)
        if filters.search:
            clause = text_clause(clause, filters.search)
        also = "" if scope.processes is None else OF_PROCESSES
        bounds = {"after": after, "start_ns": start_ns, "limit": limit, "processes": str(scope.processes or [])}
        sql = NEW.format(clause=clause.sql + also, order="asc" if oldest else "desc")
        keys = [Key(*row) for row in store.query(sql, {**clause.params, **bounds})]
        calls = listed_calls(store, [key.id for key in sorted(keys, reverse=not oldest)])
    more = len(keys) == limit
    return Tail(_checked(calls, filters), keys[-1].id if more and oldest else last_id, more)


def _keys(
    store: Snapshot, filters: Filters, scope: Scope, window: Window, order: str, key: Key | None, limit: int
) -> list[Key]:
    clause = row_clause(filters, scope.signatures)
    if order.endswith("duration"):
        if filters.search:
            clause = text_clause(clause, filters.search)
        return by_duration(store, Order(window, order == "-duration", key, clause, limit), filters, scope)
    walk = Walk(window, order == "-ts", key, clause, limit)
    if filters.search:
        return search(store, walk, filters, scope)
    if filters.wants_errors:
        return _errors(store, walk, filters, scope)
    if filters.limits_duration:
        return _durations(store, walk, filters, scope)
    if scope.processes is None:
        return walk.run(store, ALL)
    if len(scope.processes) <= MERGED_PROCESSES:
        return walk.merged(store, scope.processes)
    return walk.run(store, ALL, OF_PROCESSES, processes=str(scope.processes))


def _durations(store: Snapshot, walk: Walk, filters: Filters, scope: Scope) -> list[Key]:
    few = scope.processes is not None and len(scope.processes) <= MERGED_PROCESSES
    if few and Load.of(store, scope, walk.window).mine <= FEW_CALLS:
        return walk.merged(store, scope.processes or [])
    return rare(store, walk, filters, scope)


def _errors(store: Snapshot, walk: Walk, filters: Filters, scope: Scope) -> list[Key]:
    if scope.processes is not None and len(scope.processes) <= MERGED_PROCESSES:
        return walk.merged(store, scope.processes, sql=ERRORS_OF_ONE)
    also = "" if scope.processes is None else OF_PROCESSES
    narrow = filters.limits_duration or scope.processes is not None
    if not narrow or Load.of(store, scope, walk.window).errors <= FEW_ERRORS:
        return walk.run(store, ERRORS, also, processes=str(scope.processes or []))
    return rare(store, walk, filters, scope)


def _checked(calls: list[ListedCall], filters: Filters) -> list[ListedCall]:
    """The calls with the rows that the filters want: a variable's, and those with the text."""
    kept = []
    for call in calls:
        values = call.values
        if filters.variable:
            values = tuple(value for value in values if value.name == filters.variable)
        if filters.search:
            found = tuple(value for value in values if has_text(value.text, filters.search))
            if not found and not has_text(call.exception or "", filters.search):
                continue
            values = found or values
        kept.append(call._replace(values=values))
    return kept


__all__ = ["Clause", "Page", "Tail", "read_new", "read_page", "read_pages"]
