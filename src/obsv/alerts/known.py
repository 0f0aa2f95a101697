"""The alerts that an evaluator knows, by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from obsv.alerts.states import INACTIVE, RESOLVED
from obsv.store.watching import KEEP_RESOLVED_NS, AlertRow

# Alerts of one rule: a query whose labels are new each time would fill memory and table within a day.
MOST_OF_A_RULE, _LEFT_OF_A_RULE = 1_000, 800


class Known:
    """The alerts, by fingerprint and by rule.

    Args:
        alerts: the alerts at the beginning.
    """

    def __init__(self, alerts: Iterable[AlertRow] = ()) -> None:
        self._by_rule: defaultdict[str, dict[str, AlertRow]] = defaultdict(dict)
        self._rules: dict[str, str] = {}
        for alert in alerts:
            self.put(alert)

    def __iter__(self) -> Iterator[AlertRow]:
        """Iterate over all alerts."""
        return (alert for alerts in self._by_rule.values() for alert in alerts.values())

    def __contains__(self, mark: str) -> bool:
        """Return whether there is an alert with this fingerprint."""
        return mark in self._rules

    def get(self, mark: str) -> AlertRow | None:
        """Return the alert with this fingerprint."""
        rule = self._rules.get(mark)
        return None if rule is None else self._by_rule[rule][mark]

    def of(self, rule: str) -> Mapping[str, AlertRow]:
        """Return the alerts of a rule by their fingerprints."""
        return self._by_rule.get(rule, {})

    def orphans(self, rules: Iterable[str]) -> list[AlertRow]:
        """Return the alerts that are not over and whose rule is not among these."""
        gone = self._by_rule.keys() - set(rules)
        return [alert for rule in gone for alert in self._by_rule[rule].values() if is_open(alert)]

    def put(self, alert: AlertRow) -> None:
        """Add or replace an alert."""
        self._by_rule[alert.rule][alert.fingerprint] = alert
        self._rules[alert.fingerprint] = alert.rule

    def drop(self, mark: str) -> None:
        """Remove an alert."""
        rule = self._rules.pop(mark, None)
        if rule is not None:
            del self._by_rule[rule][mark]
            if not self._by_rule[rule]:
                del self._by_rule[rule]

    def surplus(self) -> list[str]:
        """Return the fingerprints of resolved alerts of rules that have too many, the oldest ones."""
        found: list[str] = []
        for alerts in self._by_rule.values():
            if len(alerts) > MOST_OF_A_RULE:
                over = sorted((each for each in alerts.values() if not is_open(each)), key=lambda each: each.ends_ns)
                found += [each.fingerprint for each in over[: len(alerts) - _LEFT_OF_A_RULE]]
        return found

    def forget(self, now_ns: int) -> None:
        """Forget alerts that are resolved for so long that the table forgets them, too."""
        for mark in [
            each.fingerprint for each in self if not is_open(each) and each.ends_ns < now_ns - KEEP_RESOLVED_NS
        ]:
            self.drop(mark)


def is_open(alert: AlertRow | None) -> bool:
    """Return whether an alert is pending, firing or recovering."""
    return alert is not None and alert.state not in (INACTIVE, RESOLVED)
