"""Pages of calls that satisfy a condition, in a given order, by key and never by offset; and new calls since a row.

Every page starts at an index. This module decides which one, and whether the rollups should first tell where to look:

- no condition: along `span_by_ts`;
- only failed calls: along `span_errors`;
- some processes: along `span_by_name`, one walk for each, merged; for more than a hundred, along `span_by_ts`;
- only failed calls of some processes: along `span_failed_by_name`, one walk for each, merged;
- only failed calls of many processes or with certain durations, if there are many errors: minute by minute, where the
  rollups have errors;
- durations: minute by minute, where the histograms have such durations (`cells.py`);
- ordered by duration: from the outermost histogram buckets inwards (`by_duration.py`);
- a text or an attribute: in the blocks of calls that can contain the text (`blocks.py`), if these are few; else along
  the index while matches can be near, then through the file in its own order. There is no full-text index: writing has
  priority, and SQLite reads a million calls in a tenth of a second that way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.finding.asked import Asked
from obsv.store.finding.by_duration import by_duration
from obsv.store.finding.cells import cells, duration_minutes, error_minutes
from obsv.store.finding.filters import Filters
from obsv.store.finding.orders import NEWEST, OLDEST, Key, Rows, order_named
from obsv.store.finding.walks import BY_TIME, ERRORS, in_blocks, nearest, of_each, scan, since
from obsv.store.ground import Buckets, Range, Window
from obsv.store.spans import ListedCall, listed_calls
from obsv.times import MAX_NS

MAX_PAGE = 1_000
# This many calls are walked in a few milliseconds.
FEW_ERRORS = FEW_CALLS = 20_000
# With more processes than this, one walk over all is faster than one for each; likewise within a minute.
MERGED_PROCESSES, CELLS_A_MINUTE = 100, 30
# Frequent matches are found among the nearest rows; this many are tried before a scan.
FIRST_TRY = 20_000
# A row read through an index costs three times as much as in the file's order.
SCAN_FROM = 0.33


class Page(NamedTuple):
    """A page of calls. `cursor`: token of the next page; None on the last page."""

    calls: list[ListedCall]
    cursor: str | None


class Tail(NamedTuple):
    """New calls.

    `last_id`: where the next request continues. `more`: whether there are more new calls than requested.
    """

    calls: list[ListedCall]
    last_id: int
    more: bool


def read_page(
    reader: Readable, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
) -> Page:
    """Return a page of up to `MAX_PAGE` calls that started in a window, after the previous page's cursor.

    Raises:
        InvalidQuery: there is no such order, or the cursor belongs to another search.
        QueryTimeout: the query exceeded its time limit.
    """
    by = order_named(order)
    key = by.key(cursor) if cursor else None
    limit = max(1, min(limit, MAX_PAGE))
    with reader.snapshot() as snapshot:
        asked = Asked(snapshot, filters.condition)
        if asked.reach.is_empty:
            return Page([], None)
        rows = Rows(asked, by, by.rest(window.range, key), key, limit)
        keys = _keys(rows)
        calls = listed_calls(snapshot, [found.id for found in keys])
    shown = [call.showing(filters.variable, filters.text) for call in calls]
    return Page(shown, by.token(keys[-1]) if len(keys) >= limit else None)


def read_pages(
    reader: Readable, filters: Filters, window: Window, order: str, most: int, size: int = MAX_PAGE
) -> Iterator[list[ListedCall]]:
    """Yield all pages in order, `size` calls each, up to `most` calls. Raises the errors of `read_page`."""
    return in_order(lambda cursor, limit: read_page(reader, filters, window, order, cursor, limit), most, size)


def in_order(read: Callable[[str | None, int], Page], most: int, size: int) -> Iterator[list[ListedCall]]:
    """Yield the calls of one page after the other, up to a number of calls.

    Args:
        read: returns the page after a cursor, None for the first, with at most a number of calls.
        most: calls in all.
        size: calls of a page.
    """
    cursor: str | None = None
    while most > 0:
        found = read(cursor, min(size, most))
        yield found.calls
        most -= len(found.calls)
        cursor = found.cursor
        if cursor is None:
            return


def read_new(
    reader: Readable, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False
) -> Tail:
    """Return the calls that arrived after a row, `last_id` of the last look, and started at or after `start_ns`, Unix
    time.

    Of more than `limit` calls the last, newest first, the others are left out; with `oldest` the first to arrive,
    oldest first, and the next look goes on behind them.
    """
    with reader.snapshot() as snapshot:
        newest = snapshot.one("select coalesce(max(id), 0) from span")
        last_id = newest[0] if newest else 0
        if last_id <= after:
            return Tail([], last_id, False)
        asked = Asked(snapshot, filters.condition)
        if asked.reach.is_empty:
            return Tail([], last_id, False)
        rows = Rows(asked, OLDEST if oldest else NEWEST, Range(start_ns, MAX_NS), None, limit)
        ids = [key.id for key in rows.along(since(after))]
        calls = [call.showing(filters.variable, filters.text) for call in listed_calls(snapshot, ids)]
    calls.sort(key=lambda call: (call.ts, call.id), reverse=not oldest)
    more = len(ids) == limit
    return Tail(calls, ids[-1] if more and oldest else last_id, more)


def has_calls(reader: Readable, filters: Filters) -> bool:
    """Return whether any call of the filters' names was recorded."""
    with reader.snapshot() as snapshot:
        return not Asked(snapshot, filters.condition).reach.is_empty


def _keys(rows: Rows) -> list[Key]:
    asked = rows.asked
    is_found_by_name = bool(_few(rows)) and asked.reach.load(rows.part).mine <= FEW_CALLS
    if asked.costly and not is_found_by_name and (blocks := asked.few_in_blocks) is not None:
        return rows.along(in_blocks(blocks))
    return _by_time(rows) if rows.order.by_time else by_duration(rows)


def _by_time(rows: Rows) -> list[Key]:
    asked, few = rows.asked, _few(rows)
    if asked.costly:
        return _looked_into(rows)
    if asked.errors:
        return _errors(rows)
    if asked.limits_duration and not (few and asked.reach.load(rows.part).mine <= FEW_CALLS):
        return _rare(rows)
    return rows.along(of_each(few), test=asked.test) if few else rows.along(BY_TIME)


def _few(rows: Rows) -> list[int]:
    """Return the processes if they are few enough for one walk each; else none."""
    ids = rows.asked.reach.processes
    return ids if ids is not None and len(ids) <= MERGED_PROCESSES else []


def _looked_into(rows: Rows) -> list[Key]:
    if rows.asked.errors:
        return rows.along(ERRORS)
    reach, few = rows.asked.reach, _few(rows)
    load, scan_from = reach.load(rows.part), SCAN_FROM * reach.ever
    if few and load.mine <= scan_from:
        return rows.along(of_each(few), test=rows.asked.test)
    part = rows.part
    if load.calls > scan_from:
        part = nearest(reach.snapshot, part, FIRST_TRY, rows.order.down) or part
    found = rows.along(BY_TIME, part)
    return found if part == rows.part or len(found) >= rows.limit else rows.along(scan(rows.asked))


def _errors(rows: Rows) -> list[Key]:
    asked = rows.asked
    if few := _few(rows):
        return rows.along(of_each(few, failed=True), test=asked.test)
    narrow = asked.limits_duration or asked.reach.processes is not None
    if not narrow or asked.reach.load(rows.part).errors <= FEW_ERRORS:
        return rows.along(ERRORS)
    return _rare(rows)


def _rare(rows: Rows) -> list[Key]:
    """Return the first rows with certain durations or statuses, minute by minute where the rollups have any."""
    asked, reach, down = rows.asked, rows.asked.reach, rows.order.down
    buckets = Buckets.of(*asked.durations)
    minutes = (
        (minute for minute, _ in duration_minutes(reach.snapshot, rows.part, buckets, down))
        if asked.limits_duration
        else error_minutes(reach, rows.part, down)
    )
    found: list[Key] = []
    for minute in minutes:
        part = rows.part.overlap(Range.of_minute(minute))
        if asked.errors:
            found += rows.along(ERRORS, part)
        elif ids := [process_id for process_id, _ in cells(reach, [minute], buckets)]:
            found += rows.along(of_each(ids) if len(ids) <= CELLS_A_MINUTE else BY_TIME, part)
        if len(found) >= rows.limit:
            break
    return rows.first(found)
