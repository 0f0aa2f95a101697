"""Spans brought from ClickHouse into the mirror: those of a page, of traces, of a function, and failed ones.

A trace is read through the table of its times first. Nothing is read without a range of time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from obsv.clickhouse.client import Client, Row, UnknownTable
from obsv.clickhouse.columns import FAILED, ONCE, SPAN, START_US, TOOK
from obsv.clickhouse.mirror import Mirror
from obsv.clickhouse.sql import Bound
from obsv.clickhouse.where import where
from obsv.errors import InvalidQuery
from obsv.store.finding import Condition, Key, Order
from obsv.store.ground import MINUTE_NS, Range
from obsv.times import MAX_NS

HOUR_NS = 3_600_000_000_000
# Questions without a time are asked of this much before now.
HORIZON_NS = 24 * HOUR_NS
# Failed calls of a window, the latest first; spans of a trace; spans that are counted one by one.
MOST_ERRORS, MOST_OF_TRACE, MOST_COUNTED = 10_000, 200_000, 50_000
_MOST_IDS = 2_000

_SELECT = f"select {SPAN} from {{table}} where {{where}}"
_TIMES = """
select toString(TraceId), toUnixTimestamp(min(Start)), toUnixTimestamp(max(End)) from {table}_trace_id_ts
where TraceId in {ids} group by TraceId
"""
_TRACES = """
select TraceId, max(Timestamp) as last from {table} where {where}
group by TraceId order by last desc, TraceId limit {limit}
"""


class Finder:
    """Brings spans.

    Args:
        client: asks ClickHouse.
        mirror: takes what was found.
        clock: Unix time in ns.
    """

    def __init__(self, client: Client, mirror: Mirror, clock: Callable[[], int] = time.time_ns) -> None:
        self._client, self._mirror, self._clock = client, mirror, clock

    def within(self, part: Range) -> Range:
        """Return a range of times with an end and a beginning: a day before now if it has none."""
        now_ns = self._clock()
        last = min(part.last_ns, now_ns + HOUR_NS)
        return Range(part.first_ns if part.first_ns > 0 else max(0, min(last, now_ns) - HORIZON_NS), last)

    def page(self, condition: Condition, part: Range, order: Order, key: Key | None, count: int) -> int | None:
        """Bring the first spans of an order that satisfy a condition.

        Returns:
            How far they reach, in the unit of the order's keys; None if these are all.
        """
        bound = Bound()
        column, way = (START_US if order.by_time else "Duration"), "desc" if order.down else "asc"
        tests = [self._time(part, bound), where(condition, bound).text]
        if key is not None:
            sign = "<=" if order.down else ">="
            tests.append(f"{column} {sign} {bound.whole(order.place(key))}")
        # All of the last instant: of spans of one instant a page may end with any.
        rows = self._rows(f"{_SELECT} order by {column} {way} limit {int(count)} with ties", tests, bound)
        self._mirror.add(rows)
        if len(rows) < count:
            return None
        return int(rows[-1][0]) // 1_000 if order.by_time else int(rows[-1][TOOK])

    def matching(self, condition: Condition, part: Range, what: str) -> None:
        """Bring all spans that satisfy a condition.

        Raises:
            InvalidQuery: there are too many.
        """
        bound = Bound()
        tests = [self._time(part, bound), where(condition, bound).text]
        rows = self._rows(f"{_SELECT} limit {MOST_COUNTED + 1}", tests, bound)
        if len(rows) > MOST_COUNTED:
            raise InvalidQuery(
                f"{what} needs more than {MOST_COUNTED:,} spans of ClickHouse one by one: use a narrower time range, "
                "whole minutes, or only the name, kind and service of spans"
            )
        self._mirror.add(rows)

    def trace_ids(self, condition: Condition, part: Range, limit: int) -> list[str]:
        """Return the IDs of the latest traces with a span that satisfies a condition, as far as a span tells."""
        bound = Bound()
        tests = [self._time(part, bound), where(condition, bound).text]
        rows = self._client.rows(
            _TRACES.format(table=self._client.address.table, where=" and ".join(tests), limit=int(limit)), bound.params
        )
        return [row[0] for row in rows]

    def traces(self, trace_ids: Iterable[str]) -> None:
        """Bring whole traces."""
        ids = [each for each in dict.fromkeys(trace_ids) if _is_hex(each)][:_MOST_IDS]
        if not ids:
            return
        bound = Bound()
        times = self._times(ids)
        part = Range(min(at for at, _ in times), max(at for _, at in times)) if times else self.within(Range(0, MAX_NS))
        tests = [self._time(part, bound), f"TraceId in {bound.texts(ids)}"]
        self._mirror.add(self._rows(f"{_SELECT} {ONCE} limit {MOST_OF_TRACE}", tests, bound))

    def span(self, span_id: str) -> None:
        """Bring the latest spans with an ID."""
        if _is_hex(span_id):
            bound = Bound()
            tests = [self._time(self.within(Range(0, MAX_NS)), bound), f"SpanId = {bound.text(span_id)}"]
            self._mirror.add(self._rows(f"{_SELECT} order by Timestamp desc limit 10", tests, bound))

    def of_function(self, name: str, part: Range, count: int, *, failed: bool | None = None, down: bool = True) -> None:
        """Bring the first spans of a function, from the end of the range or from its beginning."""
        bound = Bound()
        tests = [self._time(part, bound), f"SpanName = {bound.text(name)}"]
        if failed is not None:
            tests.append(FAILED if failed else f"not ({FAILED})")
        self._first(tests, bound, "desc" if down else "asc", count)

    def latest(self, part: Range, count: int) -> None:
        """Bring the latest spans."""
        bound = Bound()
        self._first([self._time(part, bound)], bound, "desc", count)

    def oldest(self, part: Range) -> None:
        """Bring the first span of a range of times."""
        bound = Bound()
        self._first([self._time(part, bound)], bound, "asc", 1)

    def _first(self, tests: Sequence[str], bound: Bound, way: str, count: int) -> None:
        asked = count
        while True:
            rows = self._rows(f"{_SELECT} order by Timestamp {way} limit {asked}", tests, bound)
            # `limit 1 by` would sort all rows of the range; repeats are few.
            if self._mirror.add(rows) >= count or len(rows) < asked:
                return
            asked *= 2

    def failed(self, part: Range) -> None:
        """Bring failed calls with their callers: the latest ones, and none twice."""
        self._mirror.add_sums(part)
        errors = self._mirror.errors_by_minute(part)
        wanted: list[int] = []
        total = 0
        for minute, count in errors:
            total += count
            if self._mirror.errors.get(minute) != count:
                wanted.append(minute)
            if total >= MOST_ERRORS:
                break
        if not wanted:
            return
        bound = Bound()
        tests = [
            self._time(Range(min(wanted) * MINUTE_NS, (max(wanted) + 1) * MINUTE_NS - 1), bound),
            FAILED,
            f"intDiv(toUnixTimestamp64Nano(Timestamp), {MINUTE_NS}) in ({', '.join(map(str, wanted))})",
        ]
        self._mirror.add(self._rows(f"{_SELECT} order by Timestamp desc limit {MOST_ERRORS}", tests, bound))
        self._mirror.errors.update({minute: count for minute, count in errors if minute in set(wanted)})
        self._callers(part)

    def _callers(self, part: Range) -> None:
        """Bring the callers of failed calls that are not in the mirror."""
        missing = self._mirror.missing_callers(part, _MOST_IDS)
        if missing:
            bound = Bound()
            tests = [
                self._time(Range(max(0, part.first_ns - HOUR_NS), part.last_ns), bound),
                f"TraceId in {bound.texts({trace for trace, _ in missing})}",
                f"SpanId in {bound.texts({span for _, span in missing})}",
            ]
            self._mirror.add(self._rows(_SELECT, tests, bound))

    def _times(self, ids: Sequence[str]) -> list[tuple[int, int]]:
        bound = Bound()
        sql = _TIMES.format(table=self._client.address.table, ids=bound.texts(ids))
        try:
            rows = self._client.rows(sql, bound.params)
        except UnknownTable:  # it is optional; the index of trace IDs finds them in the horizon
            return []
        # Whole seconds, and a second for spans that began within the last.
        return [(int(first) * 10**9, (int(last) + 1) * 10**9) for _, first, last in rows]

    def _rows(self, sql: str, tests: Sequence[str], bound: Bound) -> list[Row]:
        text = sql.format(table=self._client.address.table, where=" and ".join(tests))
        return self._client.rows(text, bound.params)

    @staticmethod
    def _time(part: Range, bound: Bound) -> str:
        return f"(Timestamp >= {bound.instant(part.first_ns)} and Timestamp <= {bound.instant(part.last_ns)})"


def _is_hex(text: str) -> bool:
    return bool(text) and len(text) <= 32 and all(each in "0123456789abcdef" for each in text)
