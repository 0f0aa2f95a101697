"""Dependencies of the endpoints about alerts: the rules, and the record that silences are stored in."""

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
    """An alert with all its labels, and the silences that apply to it.

    Args:
        alert: the stored alert.
        rule: its rule; None if it was removed.
        silenced_by: IDs of silences.
    """

    def __init__(self, alert: AlertRow, rule: Rule | None, silenced_by: list[str]) -> None:
        self.alert, self.rule, self.silenced_by = alert, rule, silenced_by
        self.labels = labels_of(alert, rule)

    @property
    def receivers(self) -> tuple[str, ...]:
        """Return the names of its receivers."""
        return self.rule.notify if self.rule else ()


def shown_alerts(store: Store, watch: Watch, now_ns: int) -> list[Shown]:
    """Return all alerts, firing ones first."""
    rules = {rule.name: rule for rule in watch.config.rules}
    silences = [each for each in store.read_silences(now_ns) if each.starts_ns <= now_ns]
    found = []
    for alert in store.read_alerts():
        rule = rules.get(alert.rule)
        found.append(Shown(alert, rule, silencing(silences, labels_of(alert, rule))))
    return found
