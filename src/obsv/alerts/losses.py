"""Calls that were lost within a period, from totals that only grow."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from obsv.store.watching import Recorder

_NS = 1_000_000_000
LONGEST_S = 86_400.0


class Losses:
    """A memory of increases of `Recorder.lost`.

    The first look only learns the totals: what was lost before is history.
    """

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str, int], int] | None = None
        self._found: deque[tuple[int, str, int]] = deque()
        self._services: set[str] = set()

    def observe(self, recorders: Iterable[Recorder], now_ns: int) -> None:
        """Compare the totals of the recording processes with those of the last look."""
        before = self._totals
        self._totals = dict(before or {})
        for each in recorders:
            key = each.service, each.host, each.pid
            known = each.lost if before is None else before.get(key, 0)
            # A process ID that is used again begins at zero.
            lost = each.lost - known if each.lost >= known else each.lost
            if lost:
                self._found.append((now_ns, each.service, lost))
            self._totals[key] = each.lost
            self._services.add(each.service)
        while self._found and not now_ns - LONGEST_S * _NS <= self._found[0][0] <= now_ns:
            self._found.popleft()

    def within(self, window_s: float, now_ns: int) -> Counter[str]:
        """Return the number of calls lost in the last seconds by service, including services that lost none."""
        found = Counter(dict.fromkeys(self._services, 0))
        for at_ns, service, lost in self._found:
            if at_ns >= now_ns - window_s * _NS:
                found[service] += lost
        return found
