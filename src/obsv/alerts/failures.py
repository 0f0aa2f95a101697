"""Failed calls for rules: each exception once, where it was raised, counted over a window."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping

from obsv.alerts.rules import Rule
from obsv.alerts.samples import Labels, Sample, fits_name, labelled
from obsv.store.watching import FailedCall

_NS = 1_000_000_000
# Limits for calls whose failing callers may still arrive, and for label sets that one rule remembers.
MOST_REMEMBERED, MOST_WINDOWS, MOST_TIMES = 20_000, 1_000, 10_000


class Origins:
    """Distinguishes calls that raised an exception from those that passed it on.

    A caller ends after the call inside it, so it arrives with it or later.
    """

    def __init__(self) -> None:
        self._raised: OrderedDict[tuple[str, str], set[tuple[str, str]]] = OrderedDict()

    def among(self, calls: Iterable[FailedCall]) -> list[FailedCall]:
        """Return the calls whose exception originated in them, in order of arrival, and remember all."""
        calls = list(calls)
        for call in calls:
            if call.parent_span_id is not None:
                key = call.trace_id, call.parent_span_id
                self._raised.setdefault(key, set()).add((call.exception, call.message))
                self._raised.move_to_end(key)
        while len(self._raised) > MOST_REMEMBERED:
            self._raised.popitem(last=False)
        return [call for call in calls if not self._passed_on(call)]

    def _passed_on(self, call: FailedCall) -> bool:
        below = self._raised.get((call.trace_id, call.span_id), set())
        return bool(below) and ((call.exception, call.message) in below or not call.exception)


class Window:
    """The failures of one rule over its window, by labels.

    Args:
        rule: a rule of kind `error`.
        before: the same rule's window before the file was changed; it continues if both are about the same failures.

    Attributes:
        on: the kind of failures to count: `exception`, `new_group` or `came_back`.
    """

    def __init__(self, rule: Rule, before: Window | None = None) -> None:
        self._rule = rule
        self.on: str = rule.details["on"]
        self._times: dict[Labels, deque[int]] = {}
        self._latest: dict[Labels, FailedCall] = {}
        if before is not None and before._subject() == self._subject():
            self._times, self._latest = before._times, before._latest

    @property
    def needs_s(self) -> float:
        """Return for how long failures count before they are enough, seconds; 0 if one is enough."""
        return float(self._rule.details["window"]) if self._rule.threshold > 1 else 0.0

    def _subject(self) -> tuple[str, ...]:
        return tuple(self._rule.details[name] for name in ("on", "process", "service", "exception"))

    def clear(self) -> None:
        """Forget all failures."""
        self._times.clear()
        self._latest.clear()

    def add(self, calls: Iterable[FailedCall], now_ns: int, more: Mapping[str, str] | None = None) -> None:
        """Count the calls that concern the rule, at the time they are noticed.

        Failures that arrived during a gap are therefore reported too.
        """
        details = self._rule.details
        for call in calls:
            if not (
                fits_name(call.process, details["process"])
                and fits_name(call.service, details["service"])
                and fits_name(call.exception, details["exception"])
            ):
                continue
            own = {"process": call.process, "exception": call.exception, "service": call.service}
            labels = labelled({**own, **(more or {})})
            if labels in self._times or len(self._times) < MOST_WINDOWS:
                self._times.setdefault(labels, deque(maxlen=MOST_TIMES)).append(now_ns)
                self._latest[labels] = call

    def seed(self, labels: Labels, now_ns: int, value: float | None) -> None:
        """Remember an alert that fired before a restart: it ends when a window has passed without another failure.

        Args:
            labels: those of the alert.
            now_ns: Unix time.
            value: the number of its failures.
        """
        if labels not in self._times:
            count = int(min(max(value or 0, self._rule.threshold), MOST_TIMES))
            self._times[labels] = deque([now_ns] * count, maxlen=MOST_TIMES)

    def samples(self, now_ns: int) -> list[Sample]:
        """Return a sample for each label set that has failed within the window."""
        oldest_ns = now_ns - int(self._rule.details["window"] * _NS)
        found = []
        for labels, times in list(self._times.items()):
            # A time in the future comes from a clock that was set back.
            while times and not oldest_ns < times[0] <= now_ns + _NS:
                times.popleft()
            if not times:
                del self._times[labels]
                self._latest.pop(labels, None)
                continue
            found.append(self._sample(labels, len(times)))
        return found

    def _sample(self, labels: Labels, count: int) -> Sample:
        call = self._latest.get(labels)
        link = f"/trace/{call.trace_id}?span={call.span_id}" if call else ""
        message = call.message if call else ""
        return Sample(labels, count, count >= self._rule.threshold, {"message": message}, link)
