"""Repeated posts: alerts that a receiver would otherwise forget, and a heartbeat while a process evaluates."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from obsv.alerts.messages import Message, labels_of, message_row
from obsv.alerts.notifiers import notifier_of
from obsv.alerts.notifiers.alertmanager import AGAIN_S
from obsv.alerts.notifiers.base import safely
from obsv.alerts.notifiers.http import post
from obsv.alerts.retry import Answer
from obsv.alerts.rules import AlertsConfig
from obsv.alerts.silences import silencing
from obsv.alerts.states import ACTIVE
from obsv.own_time import monotonic
from obsv.store.watching import AlertRow, SilenceRow

logger = logging.getLogger("obsv")

_FORGETFUL = "alertmanager"
_HEARTBEAT_TIMEOUT_S = 10.0


class Standing:
    """A poster of active alerts on a separate thread: nothing waits for it, and nothing is stored.

    Args:
        clock: Unix time in ns.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._again_at = self._beat_at = 0.0
        self._thread: threading.Thread | None = None
        self._was_heard = True

    def step(self, config: AlertsConfig, alerts: Sequence[AlertRow], silences: Sequence[SilenceRow]) -> None:
        """Post what is due, unless the previous posts are still in progress."""
        now = monotonic()
        if self._thread is not None and self._thread.is_alive():
            return
        work: list[Callable[[], object]] = []
        if now >= self._again_at:
            self._again_at = now + AGAIN_S
            work += self._posts(config, alerts, silences)
        if config.heartbeat is not None and now >= self._beat_at:
            self._beat_at = now + config.heartbeat_s
            work.append(lambda: self._beat(config))
        if work:
            self._thread = threading.Thread(target=_run, args=(work,), name="obsv-alerts-standing", daemon=True)
            self._thread.start()

    def _posts(
        self, config: AlertsConfig, alerts: Sequence[AlertRow], silences: Sequence[SilenceRow]
    ) -> list[Callable[[], object]]:
        rules = {rule.name: rule for rule in config.rules}
        found: list[Callable[[], object]] = []
        for alert in alerts:
            rule = rules.get(alert.rule)
            # The outbox handles the first message.
            if rule is None or alert.state not in ACTIVE or not alert.notified_ns:
                continue
            labels = labels_of(alert, rule)
            for name in rule.notify:
                notifier = config.notifiers.get(name)
                if notifier is None or notifier.type != _FORGETFUL or silencing(silences, labels):
                    continue
                row = message_row(alert, labels, name, "repeat", self._clock(), config.url)
                found.append(_posting(notifier_of(notifier).send, Message.of(row)))
        return found

    def _beat(self, config: AlertsConfig) -> None:
        secret = config.heartbeat
        assert secret is not None
        answer = safely(lambda: post(secret.read(), b"", {}, _HEARTBEAT_TIMEOUT_S))
        if not answer.ok and self._was_heard:
            logger.warning("The heartbeat was not accepted (status %s); it continues.", answer.status)
        self._was_heard = answer.ok


def _posting(send: Callable[[Message], Answer], message: Message) -> Callable[[], object]:
    return lambda: safely(lambda: send(message))


def _run(work: Sequence[Callable[[], object]]) -> None:
    for each in work:
        each()
