"""What endpoints about alerts ask for: the rules, and the book that silences go into."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from obsv.alerts.messages import labels_of
from obsv.alerts.rules import Rule
from obsv.alerts.silences import silencing
from obsv.alerts.watch import Watch
from obsv.store.seam import Store
from obsv.store.watching import AlertRow


def _watch(request: Request) -> Watch:
    watch: Watch = request.app.state.alerts
    return watch


Alerting = Annotated[Watch, Depends(_watch)]


class Shown:
    """An alert with all its labels, and the silences that hold for it.

    Args:
        alert: as the store has it.
        rule: its rule; None where that is no more.
        silenced_by: ids of silences.
    """

    def __init__(self, alert: AlertRow, rule: Rule | None, silenced_by: list[str]) -> None:
        self.alert, self.rule, self.silenced_by = alert, rule, silenced_by
        self.labels = labels_of(alert, rule)

    @property
    def receivers(self) -> tuple[str, ...]:
        """Who is told."""
        return self.rule.notify if self.rule else ()


def shown_alerts(store: Store, watch: Watch, now_ns: int) -> list[Shown]:
    """Return all alerts, those that fire first."""
    rules = {rule.name: rule for rule in watch.config.rules}
    silences = [each for each in store.read_silences(now_ns) if each.starts_ns <= now_ns]
    found = []
    for alert in store.read_alerts():
        rule = rules.get(alert.rule)
        found.append(Shown(alert, rule, silencing(silences, labels_of(alert, rule))))
    return found
