"""Pages of two stores as one: pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from obsv.store.figures import DecisionLine, Decisions, GateFigures, KindLine, LogLine, Logs
from obsv.store.finding import Page, order_named
from obsv.store.ground import Cursor
from obsv.store.spans import ListedCall

C = TypeVar("C", KindLine, GateFigures)

_MARK = "both~"
_ENDED = "."

Among = Callable[[Iterable[tuple[str, str]]], set[tuple[str, str]]]


class Cursors(NamedTuple):
    """The place of a page in both stores.

    Args:
        hot, cold: the stores' own cursors; None: from the beginning.
        hot_ended: whether the file has nothing more.
    """

    hot: str | None = None
    cold: str | None = None
    hot_ended: bool = False

    @classmethod
    def parse(cls, cursor: str | None) -> Cursors:
        """Parse a cursor; one without our mark is a place in either store."""
        if cursor is None or not cursor.startswith(_MARK):
            return cls(cursor, cursor)
        hot, _, cold = cursor.removeprefix(_MARK).partition("|")
        return cls(hot if hot not in ("", _ENDED) else None, cold or None, hot == _ENDED)

    def text(self) -> str:
        """Return it as text for an address."""
        return f"{_MARK}{_ENDED if self.hot_ended else self.hot or ''}|{self.cold or ''}"


def merged(
    order: str, at: Cursors, hot: Page, cold: Page, limit: int, among: Among, complete_ns: int, start_ns: int
) -> Page:
    """Return the page of both stores.

    Args:
        order: name of the order.
        at: where both pages began.
        hot: page of the file.
        cold: page of the archive; calls that are still in the file too are left out.
        limit: of calls.
        among: returns those of some calls that are in the file.
        complete_ns: the time from which on the archive was read; calls before it come later.
        start_ns: begin of the window.
    """
    by = order_named(order)
    twice = among((call.trace_id, call.span_id) for call in cold.calls) if cold.calls else set()
    only_cold = [call for call in cold.calls if (call.trace_id, call.span_id) not in twice]
    sign = -1 if by.down else 1

    def place(found: tuple[ListedCall, int]) -> tuple[int, int]:
        call, which = found
        return sign * (call.start_ns // 1_000 if by.by_time else call.duration_ns), which

    both = heapq.merge(((call, 0) for call in hot.calls), ((call, 1) for call in only_cold), key=place)
    chosen: list[tuple[ListedCall, int]] = []
    # Beyond the end of either page its next calls are not known yet.
    for call, which in both:
        if len(chosen) >= limit or (by.by_time and by.down and call.start_ns < complete_ns):
            break
        if _is_past(call, hot if which else cold, by.by_time, sign):
            break
        chosen.append((call, which))
    shown = [sum(1 for _, which in chosen if which == store) for store in (0, 1)]
    next_hot = by.begin(hot.calls[shown[0]]) if shown[0] < len(hot.calls) else hot.cursor
    last_cold = only_cold[shown[1]] if shown[1] < len(only_cold) else None
    next_cold = by.begin(last_cold) if last_cold else cold.cursor or at.cold
    if last_cold is None and cold.cursor is None and cold.calls:
        # More may be thawed below it.
        next_cold = by.token(by.key(by.begin(cold.calls[-1]))._replace(id=cold.calls[-1].id))
    ended = shown[0] == len(hot.calls) and hot.cursor is None
    is_cold_ended = last_cold is None and cold.cursor is None and complete_ns <= start_ns
    if ended and is_cold_ended:
        return Page([call for call, _ in chosen], None)
    return Page([call for call, _ in chosen], Cursors(next_hot, next_cold, ended).text())


def merged_logs(hot: Logs, cold: Logs, limit: int, complete_ns: int, start_ns: int) -> Logs:
    """Return the page of both stores, newest first; a record that is in both is shown once.

    Args:
        hot, cold: the pages.
        limit: of records.
        complete_ns: the time from which on the archive was read.
        start_ns: begin of the window.
    """
    lines: dict[tuple[object, ...], LogLine] = {}
    for line in (*hot.lines, *cold.lines):
        lines.setdefault(tuple(line[2:]), line)
    return Logs(*_newest(hot, cold, lines.values(), limit, complete_ns, start_ns))


def merged_decisions(hot: Decisions, cold: Decisions, limit: int, complete_ns: int, start_ns: int) -> Decisions:
    """Return the page of both stores, newest first; see `merged_logs`."""
    lines: dict[str, DecisionLine] = {}
    for line in (*hot.lines, *cold.lines):
        lines.setdefault(line.decision_id, line)
    return Decisions(*_newest(hot, cold, lines.values(), limit, complete_ns, start_ns))


def _newest(
    hot: Logs | Decisions, cold: Logs | Decisions, lines: Iterable[Any], limit: int, complete_ns: int, start_ns: int
) -> tuple[list[Any], str | None]:
    """Return the lines of a page, newest first, and the cursor of the next one."""
    ends = [page.lines[-1].time_ns for page in (hot, cold) if page.cursor is not None and page.lines]
    least_ns = max([complete_ns, *ends])
    chosen = sorted((line for line in lines if line.time_ns >= least_ns), key=lambda line: -line.time_ns)
    shown = chosen[:limit]
    is_all = len(shown) == len(chosen)
    if is_all and not ends and complete_ns <= start_ns:
        return shown, None
    if not shown:
        return [], str(Cursor(least_ns, 0))
    last_ns = shown[-1].time_ns
    if sum(any(line.time_ns == last_ns for line in page.lines) for page in (hot, cold)) == 1:
        return shown, str(Cursor(last_ns, shown[-1].id))
    # Ids are each store's own, so the next page begins after an instant: one that may go on is not begun.
    before = [line for line in shown if line.time_ns > last_ns]
    if before and (last_ns in ends or (not is_all and chosen[limit].time_ns == last_ns)):
        shown = before
    return shown, str(Cursor(shown[-1].time_ns, 0))


def summed_kinds(hot: list[KindLine] | None, cold: list[KindLine] | None) -> list[KindLine]:
    """Return the counts of decisions of two ranges of time as one."""
    return _summed(KindLine, hot, cold, 2)


def summed_gates(hot: list[GateFigures] | None, cold: list[GateFigures] | None) -> list[GateFigures]:
    """Return the figures of gates of two ranges of time as one."""
    return _summed(GateFigures, hot, cold, 3)


def _summed(kind: type[C], hot: list[C] | None, cold: list[C] | None, names: int) -> list[C]:
    """Add up rows with the same names, which are their first columns; all others are counts."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in (*(hot or ()), *(cold or ())):
        known = sums.get(row[:names])
        sums[row[:names]] = list(row[names:]) if known is None else list(map(sum, zip(known, row[names:], strict=True)))
    return [kind(*key, *counts) for key, counts in sorted(sums.items())]


def _is_past(call: ListedCall, page: Page, by_time: bool, sign: int) -> bool:
    """Return whether a call comes after the end of a page that goes on."""
    if page.cursor is None or not page.calls:
        return False
    last = page.calls[-1]
    mine, its = (call.start_ns // 1_000, last.start_ns // 1_000) if by_time else (call.duration_ns, last.duration_ns)
    return sign * mine > sign * its
