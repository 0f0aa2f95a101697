"""The evaluating thread: it holds the lease, evaluates, sends, and reads the rules file again when it changes.

Its host (`obsv serve`, a keeper) starts and stops it; of several threads for one database, only one is active.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from obsv.alerts.counting import Counting
from obsv.alerts.evaluator import Evaluator
from obsv.alerts.file_watch import FileWatch
from obsv.alerts.parts import LookAtRings, Part, no_rings, read_parts
from obsv.alerts.rules import AlertsConfig
from obsv.alerts.sender import Sender
from obsv.alerts.standing import Standing
from obsv.errors import StoreError
from obsv.own_time import monotonic, unix_ns
from obsv.rules_place import find_file
from obsv.store.seam import open_store
from obsv.store.watching import Book, Changes, LeaseLost

logger = logging.getLogger("obsv")

# Checking whether the file has changed costs 5 µs, and determines the delay of an exception's alert.
_TICK_S = 0.1
_LEASE_NS, _RENEW_S = 10_000_000_000, 2.5
_SEND_S = 0.5
_FILE_S = 1.0
_CLEAN_S = 600.0
_COUNT_S = 5.0
_STUMBLED_S = 1.0
_SET_BACK_NS = 2_000_000_000
_STOP_S = 5.0
# Age up to which all viewers get the same reading of the parts.
_PARTS_S = 0.5


class Watch:
    """A watcher of a database.

    Args:
        db: path of the database; it may not exist yet.
        file: the rules file named by the user; None finds one.
        clock: Unix time in ns.
        find: returns the rules file; by default it is searched beside the database.
        look_at_rings: returns the state of the rings of running programs.
        since_ns: where rules were never evaluated, calls that began from then on are new, Unix time; by default those
            that are stored from now on.
    """

    def __init__(
        self,
        db: Path,
        file: Path | None = None,
        clock: Callable[[], int] = unix_ns,
        find: Callable[[], Path | None] | None = None,
        look_at_rings: LookAtRings = no_rings,
        since_ns: int | None = None,
    ) -> None:
        self.db = db
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.started_ns = clock()
        self.file = FileWatch(find or (lambda: find_file(db, file)))
        self.book = Book(db)
        self._store, self._clock = open_store(db), clock
        self._changes = Changes(db)
        self._sender = Sender(self.book, self.file.config.notifiers, clock, owner=self.owner)
        self._ahead_ns = clock() - int(monotonic() * 1e9)
        self._look_at_rings, self._since_ns = look_at_rings, since_ns
        self._evaluator = Evaluator(self._store, self.book, self.owner, self.file.config, look_at_rings)
        self._standing = Standing(clock)
        self._counting = Counting(self._store, self.book, self.owner)
        self._is_owner = False
        self._due: dict[str, float] = {}
        # Replaced as a whole: threads of viewers share it.
        self._parts: tuple[float, list[Part]] = float("-inf"), []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="obsv-alerts", daemon=True)

    @property
    def config(self) -> AlertsConfig:
        """Return the rules in force."""
        return self.file.config

    @property
    def is_owner(self) -> bool:
        """Return whether this process evaluates."""
        return self._is_owner

    def parts(self) -> list[Part]:
        """Return the parts of obsv and how far each is behind; none if the store cannot be read at the moment."""
        read_at, found = self._parts
        if monotonic() - read_at > _PARTS_S:
            try:
                found = read_parts(self._store, self._look_at_rings, bool(self.config.rules), self._clock())
            except StoreError:
                found = []
            self._parts = monotonic(), found
        return found

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and release the lease; does nothing if it was not started."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        pause_s, was_well = 0.0, True
        while not self._stopping.wait(pause_s):
            try:
                self.step()
                pause_s, was_well = _TICK_S, True
            except LeaseLost:
                self._is_owner, pause_s = False, _TICK_S
            except Exception as error:
                if was_well and isinstance(error, StoreError):
                    logger.warning("Alert rules wait until the database can be used: %s", error)
                elif was_well:
                    logger.exception("Alerting failed unexpectedly; it continues.")
                pause_s, was_well = _STUMBLED_S, False
        self._end()

    def step(self) -> None:
        """Do what is due.

        Raises:
            StoreError: the database cannot be used at the moment.
        """
        if self._is_time("file", _FILE_S) and self.file.look():
            self._sender.notifiers = self.config.notifiers
            self._evaluator.change(self.config, self._clock())
        if not self._hold():
            return
        now_ns = self._clock()
        if self._was_set_back(now_ns):
            self.book.hurry(now_ns)
        has_news = self._changes.are_there()
        queued = 0
        if self.config.slos and self._is_time("count", _COUNT_S):
            self._counting.step(self.config.slos)
        if has_news or now_ns >= self._evaluator.next_due_ns() or self._is_time("look", 1.0):
            queued = self._evaluator.look(now_ns, has_news=has_news)
        if self._is_time("send", _SEND_S) or queued:
            self._sender.step()
        if self._is_time("standing", 1.0):
            self._standing.step(self.config, self._evaluator.alerts, self.book.silences(now_ns))
        if self._is_time("clean", _CLEAN_S):
            self.book.clean(now_ns)

    def _hold(self) -> bool:
        """Hold the lease if there is anything to watch."""
        if not self._is_time("lease", _RENEW_S):
            return self._is_owner
        if (
            not (self.config.rules or self.config.slos or self.config.heartbeat)
            and not self._is_owner
            and not self._has_history()
        ):
            return False
        now_ns = self._clock()
        held = self.book.hold(self.owner, now_ns, _LEASE_NS)
        if held and not self._is_owner:
            self._evaluator.load(now_ns, self._since_ns)
            self._counting.load()
        self._is_owner = held
        return held

    def _was_set_back(self, now_ns: int) -> bool:
        """Return whether the clock was set back since the last look, by more than its usual corrections."""
        before_ns, self._ahead_ns = self._ahead_ns, now_ns - int(monotonic() * 1e9)
        return self._ahead_ns < before_ns - _SET_BACK_NS

    def _has_history(self) -> bool:
        """Return whether alerts of removed rules must be ended, or messages wait."""
        if not self._store.exists:
            return False
        return bool(self.book.due(self._clock(), 1 << 62, 1)) or any(
            alert.state != "resolved" for alert in self.book.alerts()
        )

    def _is_time(self, what: str, every_s: float) -> bool:
        now = monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    def _end(self) -> None:
        self._sender.close()
        try:
            if self._is_owner:
                self.book.release(self.owner)
        except StoreError as error:
            logger.debug("The alerting lease was not released and will expire: %s", error)
        self._changes.close()
        self._store.close()
        self.book.close()
