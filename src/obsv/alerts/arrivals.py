"""New failures for rules of kind `error`: each call and each error group is seen once, even across restarts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from obsv.alerts.failures import Origins, Window
from obsv.alerts.rules import Rule
from obsv.alerts.samples import Sample
from obsv.alerts.states import ACTIVE
from obsv.errors import StoreUnavailable
from obsv.store.seam import Store
from obsv.store.watching import AlertRow, FailedCall

CALLS, GROUPS = "failed calls", "error events"
_MOST_EVENTS = 1_000
_NS = 1_000_000_000
# How long a caller may take to fail after the call inside it, and the number of calls that are read again.
_CALLERS_S, _MOST_RECALLED = 60.0, 1_000_000
_KINDS = {"new": "new_group", "returned": "came_back"}


class Arrivals:
    """A reader that continues where the last look ended.

    Args:
        store: the watched store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._origins = Origins()
        self._cursors: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._windows: dict[str, Window] = {}
        self._wanted: set[str] = set()

    def use(self, rules: Iterable[Rule]) -> None:
        """Count for these rules from now on."""
        before = self._windows
        self._windows = {rule.name: Window(rule, before.get(rule.name)) for rule in rules if rule.kind == "error"}
        self._wanted = {window.on for window in self._windows.values()}

    def load(self, cursors: Mapping[str, int | None], now_ns: int, since_ns: int | None = None) -> Mapping[str, int]:
        """Continue where another evaluator ended; failures from before the first evaluation are history.

        Args:
            cursors: where it ended.
            now_ns: Unix time.
            since_ns: calls that began from then on are no history, Unix time.

        Returns:
            New cursors, to be saved.
        """
        self._origins = Origins()
        found = {name: at for name, at in cursors.items() if at is not None}
        begun: dict[str, int] = {}
        try:
            if CALLS not in found:
                begun[CALLS] = self._store.last_call(since_ns)
            if GROUPS not in found:
                begun[GROUPS] = self._last_event(since_ns)
            if CALLS in found:
                self._recall(found[CALLS], now_ns)
        except StoreUnavailable:
            begun = {}  # no file yet: everything that arrives will be new
        self._cursors = {**found, **begun}
        self._kept = dict(self._cursors)
        return begun

    def _recall(self, upto: int, now_ns: int) -> None:
        """Count the failures that another evaluator saw and that were not enough yet; remember where they were raised.

        A caller that fails with an exception raised before the restart is not another failure.
        """
        waiting = [each for each in self._windows.values() if each.needs_s and each.on == "exception"]
        for window in waiting:
            window.clear()  # the other evaluator may have been this one, before it lost the lease
        back_s = max([_CALLERS_S, *(each.needs_s for each in waiting)])
        at = max(self._store.last_call(now_ns - int(back_s * _NS)), upto - _MOST_RECALLED)
        while at < upto:
            found = self._store.read_failed(at)
            calls = self._origins.among(each for each in found.calls if each.id <= upto)
            for window in waiting:
                window.add(calls, now_ns)
            if found.upto <= at:
                break
            at = found.upto

    def seed(self, alerts: Iterable[AlertRow], now_ns: int) -> None:
        """Remember alerts that are firing: they end when a window has passed without another failure."""
        for alert in alerts:
            if alert.rule in self._windows and alert.state in (*ACTIVE, "pending"):
                self._windows[alert.rule].seed(alert.labels, now_ns, alert.value)

    def take(self, now_ns: int) -> bool:
        """Count what has arrived; return whether any of it may concern a rule."""
        try:
            calls = self._take_calls(now_ns) if "exception" in self._wanted else False
            events = self._take_events(now_ns) if self._wanted - {"exception"} else False
        except StoreUnavailable:
            return False
        return calls or events

    def samples(self, rule: str, now_ns: int) -> list[Sample]:
        """Return the samples of a rule."""
        return self._windows[rule].samples(now_ns)

    def moved(self) -> Mapping[str, int]:
        """Return the cursors that are not saved yet."""
        return {name: at for name, at in self._cursors.items() if self._kept.get(name) != at}

    def keep(self, cursors: Mapping[str, int]) -> None:
        """Mark these cursors as saved."""
        self._kept.update(cursors)

    def _take_calls(self, now_ns: int) -> bool:
        found = self._store.read_failed(self._cursors.get(CALLS, 0))
        self._cursors[CALLS] = found.upto
        began = self._origins.among(found.calls)
        for window in self._windows.values():
            if window.on == "exception":
                window.add(began, now_ns)
        return bool(began)

    def _take_events(self, now_ns: int) -> bool:
        events = self._store.error_events_since(self._cursors.get(GROUPS, 0), _MOST_EVENTS)
        for event in events:
            group = event.group
            call = FailedCall(
                event.id, event.at_ns, group.process, "", group.service, group.type, group.title, event.trace_id,
                event.span_id, None,
            )  # fmt: skip
            for window in self._windows.values():
                if window.on == _KINDS.get(event.kind):
                    window.add([call], now_ns, {"error_group": str(group.id)})
        if events:
            self._cursors[GROUPS] = events[-1].id
        return bool(events)

    def _last_event(self, since_ns: int | None) -> int:
        last = 0
        while events := self._store.error_events_since(last, _MOST_EVENTS):
            before = [each.id for each in events if since_ns is None or each.at_ns < since_ns]
            last = before[-1] if before else last
            if len(before) < len(events):
                break
        return last
