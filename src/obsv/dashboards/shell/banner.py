"""The banner below the ribbon: calls arrive faster than they are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from obsv.alerts.rules import Rule
from obsv.dashboards.clock import count
from obsv.dashboards.components import link
from obsv.nouns import are, plural
from obsv.store.figures import RecorderState

# As a rule of kind `backpressure` without settings.
DEPTH, FOR_NS = 5_000, 30 * 1_000_000_000


class Backlog:
    """A memory of which services have too many waiting calls, and since when."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}

    def see(self, recorders: Sequence[RecorderState], now_ns: int) -> list[tuple[str, int]]:
        """Return the services with more than `DEPTH` waiting calls for `FOR_NS`, and how many wait.

        Args:
            recorders: the recording processes.
            now_ns: Unix time.
        """
        waiting: Counter[str] = Counter()
        for one in recorders:
            waiting[one.service] += 0 if one.gone(now_ns) else one.queue_depth
        high = {service: depth for service, depth in waiting.items() if depth > DEPTH}
        self._since = {service: min(self._since.get(service, now_ns), now_ns) for service in high}
        return [(service, depth) for service, depth in high.items() if now_ns - self._since[service] >= FOR_NS]


def content(
    backlog: Sequence[tuple[str, int]], firing: Sequence[tuple[str, str]], rules: Mapping[str, Rule]
) -> list[Any]:
    """Return the banner's content; empty if nothing is wrong.

    Args:
        backlog: services and their waiting calls.
        firing: rules and summaries of firing alerts.
        rules: the rules by name; those of kind `backpressure` have their alerts shown here.
    """
    told = [summary for name, summary in firing if name in rules and rules[name].kind == "backpressure"]
    texts = told or [
        f"{count(depth)} {plural(depth, 'call')} of {service} {are(depth)} waiting to be stored"
        for service, depth in backlog
    ]
    if not texts:
        return []
    return [
        f"{'; '.join(texts)}. Calls arrive faster than they are stored: pages show the past, and when the waiting "
        "calls reach their size limit, the oldest successes are dropped. ",
        link("Alerts", "/alerts"),
    ]
