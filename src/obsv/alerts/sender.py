"""Sending of the messages in the outbox, one thread per receiver, so that a slow receiver delays no other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping

from obsv.alerts.messages import Message
from obsv.alerts.notifiers import notifier_of
from obsv.alerts.notifiers.base import safely, shown
from obsv.alerts.retry import GIVE_UP_ATTEMPTS, GIVE_UP_S, LONGEST_ASKED_S, Answer, pause_s
from obsv.alerts.rules import NotifierConfig
from obsv.errors import StoreError
from obsv.own_time import monotonic, unix_ns
from obsv.store.watching import AttemptRow, Book, MessageRow

logger = logging.getLogger("obsv")

_NS = 1_000_000_000
_IDLE_S = 30.0
# A receiver that does not respond is paused: otherwise every message to it would wait for its timeout.
_MOST_REST_S = 60.0


class Sender:
    """A sender that passes due messages to the threads of their receivers.

    Args:
        book: where messages wait, and where attempts are recorded.
        notifiers: receivers by name.
        clock: Unix time in ns.
        send: sends one message; by default, the sender of the receiver's type.
        owner: holder of the lease; nothing is sent once another process holds it, which sends the same messages.
    """

    def __init__(
        self,
        book: Book,
        notifiers: Mapping[str, NotifierConfig],
        clock: Callable[[], int] = unix_ns,
        send: Callable[[NotifierConfig, Message], Answer] | None = None,
        owner: str = "",
    ) -> None:
        self._book, self._clock, self._owner = book, clock, owner
        self._send = send or (lambda config, message: notifier_of(config).send(message))
        self._lanes: dict[str, _Lane] = {}
        self.notifiers = notifiers

    def step(self) -> None:
        """Send the messages that are due.

        Raises:
            StoreError: the outbox cannot be read at the moment.
        """
        now_ns = self._clock()
        waiting: dict[str, list[MessageRow]] = {}
        for row in self._book.due(now_ns, int(2 * LONGEST_ASKED_S * _NS)):
            waiting.setdefault(row.notifier, []).append(row)
        for name, rows in waiting.items():
            config = self.notifiers.get(name)
            if config is None:
                for row in rows:
                    gone = AttemptRow(row.id, now_ns, 0, None, "the rules file has no receiver of this name")
                    self._book.tried(gone, "failed", 0)
                continue
            lane = self._lanes.setdefault(name, _Lane(name, self._book, self._clock, self._send, self._owner))
            lane.offer(config, rows)

    def close(self, patience_s: float = 2.0) -> None:
        """End the threads; unsent messages wait in the outbox."""
        for lane in self._lanes.values():
            lane.end()
        deadline = monotonic() + patience_s
        for lane in self._lanes.values():
            lane.join(max(0.0, deadline - monotonic()))


class _Lane:
    """The thread of one receiver; it runs while there is something to send."""

    def __init__(
        self,
        name: str,
        book: Book,
        clock: Callable[[], int],
        send: Callable[[NotifierConfig, Message], Answer],
        owner: str,
    ) -> None:
        self._name, self._book, self._clock, self._send, self._owner = name, book, clock, send, owner
        self._lock = threading.Lock()  # guards everything below
        self._rows: deque[MessageRow] = deque()
        self._config: NotifierConfig | None = None
        self._thread: threading.Thread | None = None
        self._rests_until = 0.0
        self._unrecorded: list[tuple[AttemptRow, str, int]] = []
        self._is_ending = False

    def offer(self, config: NotifierConfig, rows: list[MessageRow]) -> None:
        """Accept messages, unless the receiver is busy or paused: they are offered again."""
        with self._lock:
            if self._is_ending or self._thread is not None or monotonic() < self._rests_until:
                return
            self._config, self._rows = config, deque(rows)
            self._thread = threading.Thread(target=self._run, name=f"obsv-alerts-{self._name}", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Stop sending."""
        with self._lock:
            self._is_ending = True
            self._rows.clear()

    def join(self, timeout_s: float) -> None:
        """Wait for the message being sent."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        try:
            if self._unrecorded:
                # Messages offered here may be among them: they are offered again if they still wait.
                self._record_what_is_not()
            else:
                while (row := self._next()) is not None and self._is_ours(row) and self._try(row):
                    pass
        except StoreError:
            pass  # what was not sent is offered again
        except Exception:
            logger.exception("Sending alerts to %s failed unexpectedly; it continues.", self._name)
        finally:
            with self._lock:
                self._thread = None

    def _next(self) -> MessageRow | None:
        with self._lock:
            return self._rows.popleft() if self._rows else None

    def _is_ours(self, row: MessageRow) -> bool:
        """Return whether no other process has taken over, for example while this one was suspended."""
        return not self._owner or self._book.is_to_send(row.id, self._owner)

    def _try(self, row: MessageRow) -> bool:
        """Send a message; return False if the receiver must be paused."""
        config = self._config
        assert config is not None
        began_ns, began = self._clock(), monotonic()
        answer = safely(lambda: self._send(config, Message.of(row)))
        took_ns = int((monotonic() - began) * _NS)
        attempt = AttemptRow(row.id, began_ns, took_ns, answer.status, shown(config, answer.text))
        state, pause = _outcome(row, answer, began_ns)
        if state != "sent":
            self._say(row, attempt, state, pause)
        if state == "waiting":
            self._rests_until = monotonic() + min(pause, answer.retry_after_s or _MOST_REST_S)
        next_ns = began_ns + took_ns + int(pause * _NS)
        self._unrecorded.append((attempt, state, next_ns))
        return self._record_what_is_not() and state != "waiting"

    def _record_what_is_not(self) -> bool:
        """Record attempts, including earlier ones that could not be recorded: a message is not sent twice."""
        while self._unrecorded:
            try:
                self._book.tried(*self._unrecorded[0])
            except StoreError:
                return False
            del self._unrecorded[0]
        return True

    def _say(self, row: MessageRow, attempt: AttemptRow, state: str, pause: float) -> None:
        if state == "failed":
            logger.error(
                "An alert (%s) could not be sent to %s and will not be retried: %s",
                row.rule,
                self._name,
                attempt.answer,
            )
        elif row.attempts == 0:
            text = "An alert (%s) could not be sent to %s (%s); retrying in %.0f s."
            logger.warning(text, row.rule, self._name, attempt.answer or attempt.status, pause)


def _outcome(row: MessageRow, answer: Answer, now_ns: int) -> tuple[str, float]:
    if answer.ok:
        return "sent", 0.0
    is_old = now_ns - row.created_ns > GIVE_UP_S * _NS and row.attempts >= GIVE_UP_ATTEMPTS
    if answer.is_final or is_old:
        return "failed", 0.0
    return "waiting", pause_s(row.attempts + 1, answer.retry_after_s)
