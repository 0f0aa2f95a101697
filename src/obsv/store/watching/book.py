"""The record of alerts: states, messages and silences, each change in one transaction."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obsv.errors import StoreUnavailable
from obsv.store.file import explain, note_change, open_writer
from obsv.store.watching.levels import LevelBucket
from obsv.store.watching.rows import AlertRow, AttemptRow, EventRow, MessageRow, RuleRow, SilenceRow

_LEASE = "alerts"
_CACHE_KIB = 500
# Finished messages, history and ended silences are kept for this long.
KEEP_NS = 30 * 86_400 * 1_000_000_000
# A resolved alert is shown among the others for this long.
KEEP_RESOLVED_NS = 86_400 * 1_000_000_000
_CHUNK = 500


class LeaseLost(StoreUnavailable):
    """Another process evaluates the alerts now."""


class Book:
    """The writer of alerting data. Threads may share one; of several processes, only one holds the lease.

    Args:
        path: the database file; it is created at the first use.
        busy_timeout_s: how long to wait for another process's lock, seconds.

    All methods raise `StoreError`s; then nothing of the call has been stored.
    """

    def __init__(self, path: str | Path, *, busy_timeout_s: float = 2.0) -> None:
        self._path = Path(path)
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.Lock()  # guards the next two; held during a transaction
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            self._drop()

    def hold(self, owner: str, now_ns: int, for_ns: int) -> bool:
        """Acquire or extend the lease; return False if another process holds it.

        Args:
            owner: a unique name of the caller.
            now_ns: Unix time.
            for_ns: duration of the lease. A lease that ends much later comes from another clock and is ignored.
        """
        with self._transaction() as connection:
            return (
                connection.execute(
                    _HOLD, {"name": _LEASE, "owner": owner, "now": now_ns, "until": now_ns + for_ns, "most": 4 * for_ns}
                ).rowcount
                > 0
            )

    def release(self, owner: str) -> None:
        """Release the lease."""
        with self._transaction() as connection:
            connection.execute("delete from lease where name = ? and owner = ?", (_LEASE, owner))

    def alerts(self) -> list[AlertRow]:
        """Return all known alerts."""
        with self._transaction("deferred") as connection:
            rows = connection.execute(f"select {_ALERT} from alert").fetchall()
        return [AlertRow(*row)._replace(labels=labels_of(row[2])) for row in rows]

    def cursor(self, name: str) -> int | None:
        """Return how far calls have been read; None if not at all."""
        with self._transaction("deferred") as connection:
            row = connection.execute("select position from alert_cursor where name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def commit(
        self,
        owner: str,
        *,
        alerts: Sequence[AlertRow] = (),
        gone: Sequence[str] = (),
        events: Sequence[EventRow] = (),
        messages: Sequence[MessageRow] = (),
        cursors: Mapping[str, int] | None = None,
        rules: Sequence[RuleRow] = (),
    ) -> None:
        """Store a change together with the messages that it causes.

        Args:
            owner: holder of the lease.
            alerts: current alerts.
            gone: fingerprints of removed alerts.
            events: history.
            messages: messages to send.
            cursors: how far calls have been read, by name.
            rules: results of evaluations; rules that are not given stay unchanged.

        Raises:
            LeaseLost: another process holds the lease now.
        """
        with self._transaction() as connection:
            self._check(connection, owner)
            connection.executemany(_PUT_ALERT, [_plain(row) for row in alerts])
            connection.executemany("delete from alert where fingerprint = ?", [(each,) for each in gone])
            connection.executemany(_ADD_EVENT, [_plain(row) for row in events])
            connection.executemany(_ADD_MESSAGE, messages)
            connection.executemany(_PUT_CURSOR, list((cursors or {}).items()))
            connection.executemany(_PUT_RULE, rules)

    def told(self, fingerprint: str) -> list[str]:
        """Return the receivers for which the latest message about an alert does not say that it is over."""
        with self._transaction("deferred") as connection:
            return [row[0] for row in connection.execute(_TOLD, (fingerprint,))]

    def add_level(
        self, owner: str, slo: str, version: str, buckets: Sequence[LevelBucket], cursors: Mapping[str, int]
    ) -> None:
        """Add to the counts of a service level, together with the cursor of counted calls.

        Raises:
            LeaseLost: another process holds the lease now.
        """
        with self._transaction() as connection:
            self._check(connection, owner)
            connection.executemany(_ADD_LEVEL, [(slo, version, *each) for each in buckets])
            connection.executemany(_PUT_CURSOR, list(cursors.items()))

    def queue(self, messages: Sequence[MessageRow]) -> None:
        """Add messages that are not caused by a state change: test messages."""
        with self._transaction() as connection:
            connection.executemany(_ADD_MESSAGE, messages)

    def due(self, now_ns: int, beyond_ns: int, limit: int = 200) -> list[MessageRow]:
        """Return the messages to send now, oldest first; for each alert and receiver, only the first waiting one.

        Args:
            now_ns: Unix time.
            beyond_ns: a message due later than this waits because the clock was set back, and is due.
            limit: maximum number of messages to one receiver.
        """
        with self._transaction("deferred") as connection:
            rows = connection.execute(_DUE, {"now": now_ns, "beyond": now_ns + beyond_ns, "limit": limit}).fetchall()
        return [MessageRow(*row) for row in rows]

    def is_to_send(self, id: str, owner: str) -> bool:
        """Return whether a message waits and this owner still holds the lease."""
        with self._transaction("deferred") as connection:
            return connection.execute(_IS_TO_SEND, (id, _LEASE, owner)).fetchone() is not None

    def hurry(self, now_ns: int) -> None:
        """Make waiting messages due: their times are those of a clock that was set back."""
        with self._transaction() as connection:
            connection.execute(
                "update notification set next_ns = :now where state = 'waiting' and next_ns > :now", {"now": now_ns}
            )

    def tried(self, attempt: AttemptRow, state: str, next_ns: int) -> None:
        """Store an attempt and the next state: `waiting` until `next_ns`, `sent`, or `failed`."""
        done_ns = 0 if state == "waiting" else attempt.at_ns + attempt.took_ns
        with self._transaction() as connection:
            connection.execute(_ADD_ATTEMPT, attempt)
            connection.execute(_TRIED, (state, next_ns, done_ns, attempt.message_id))

    def put_silence(self, silence: SilenceRow) -> None:
        """Store a silence, replacing one with the same ID."""
        with self._transaction() as connection:
            note_change(connection, "editor", "silence alerts", silence.matchers, silence.comment)
            connection.execute(_PUT_SILENCE, silence)

    def end_silence(self, id: str, now_ns: int) -> bool:
        """End a silence now; return False if no silence has that ID."""
        with self._transaction() as connection:
            if not connection.execute(_END_SILENCE, {"id": id, "now": now_ns}).rowcount:
                return False
            note_change(connection, "editor", "end silence", id)
            return True

    @contextmanager
    def changing_rules(self, action: str, subject: str, detail: str) -> Iterator[None]:
        """Record a change of the rules file that is made in the block; if it fails, nothing is recorded.

        Raises:
            Forbidden: the actor may not change rules.
        """
        with self._transaction() as connection:
            note_change(connection, "admin", action, subject, detail)
            yield

    def silences(self, now_ns: int) -> list[SilenceRow]:
        """Return the active silences."""
        with self._transaction("deferred") as connection:
            return [SilenceRow(*row) for row in connection.execute(_HOLDING, (now_ns, now_ns))]

    def clean(self, now_ns: int) -> None:
        """Delete old data, some rows of each table at a time."""
        before = now_ns - KEEP_NS
        with self._transaction() as connection:
            for sql in _CLEAN:
                connection.execute(sql, {"before": before, "resolved": now_ns - KEEP_RESOLVED_NS, "chunk": _CHUNK})

    def _check(self, connection: sqlite3.Connection, owner: str) -> None:
        held = connection.execute("select owner from lease where name = ?", (_LEASE,)).fetchone()
        if held is None or held[0] != owner:
            raise LeaseLost("Another process evaluates the alerts now.")

    @contextmanager
    def _transaction(self, mode: str = "immediate") -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                connection = self._connect()
                connection.execute(f"begin {mode}")
                try:
                    yield connection
                    connection.execute("commit")
                except BaseException:
                    connection.rollback()
                    raise
            except sqlite3.Error as error:
                told = explain(error, self._path)
                if "locked" not in str(error):
                    self._drop()
                raise told from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._file != _identity(self._path):
            self._drop()
        if self._connection is None:
            self._connection = open_writer(self._path, self._busy_timeout_s, _CACHE_KIB)
            self._file = _identity(self._path)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _plain(row: AlertRow | EventRow) -> tuple[Any, ...]:
    return tuple(labels_text(row.labels) if each is row.labels else each for each in row)


def labels_text(labels: Sequence[tuple[str, str]]) -> str:
    """Return labels as stored in the file."""
    return json.dumps(dict(labels), ensure_ascii=False, separators=(",", ":"))


def labels_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return labels from their stored form."""
    return tuple(sorted(json.loads(text).items()))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


_ALERT = ", ".join(AlertRow._fields)
_HOLD = """
insert into lease(name, owner, until_ns) values (:name, :owner, :until)
on conflict(name) do update set owner = excluded.owner, until_ns = excluded.until_ns
where owner = excluded.owner or until_ns < :now or until_ns > :now + :most
"""
_PUT_ALERT = f"insert or replace into alert({_ALERT}) values ({', '.join('?' * len(AlertRow._fields))})"
_ADD_EVENT = """
insert into alert_event(at_ns, fingerprint, rule, labels, state, value, summary, kind) values (?, ?, ?, ?, ?, ?, ?, ?)
"""
_MESSAGE = ", ".join(MessageRow._fields)
# The order of messages about one alert is that of `created_ns`, though the clock be set back.
_AFTER = "coalesce((select max(created_ns) + 1 from notification where fingerprint = ?4 and notifier = ?2), 0)"
_VALUES = ", ".join(
    f"max(?{at}, {_AFTER})" if name == "created_ns" else f"?{at}" for at, name in enumerate(MessageRow._fields, 1)
)
_ADD_MESSAGE = f"insert into notification({_MESSAGE}) select {_VALUES} where true on conflict(id) do nothing"
_TOLD = """
select notifier from (
  select notifier, event, max(created_ns) from notification
  where fingerprint = ? and event in ('firing', 'repeat', 'resolved') group by notifier
) where event <> 'resolved'
"""
_IS_TO_SEND = """
select 1 from notification n, lease l where n.id = ? and n.state = 'waiting' and l.name = ? and l.owner = ?
"""
_PUT_CURSOR = "insert or replace into alert_cursor(name, position) values (?, ?)"
_ADD_LEVEL = """
insert into slo_bucket(slo, version, bucket, good, total) values (?, ?, ?, ?, ?)
on conflict(slo, version, bucket) do update set good = good + excluded.good, total = total + excluded.total
"""
_PUT_RULE = """
insert or replace into alert_rule(name, kind, evaluated_ns, took_ns, error, left_out) values (?, ?, ?, ?, ?, ?)
"""
# The limit is for each receiver: messages to one that is down do not stand before those to others.
_DUE = f"""
select {_MESSAGE} from (
select *, row_number() over (partition by notifier order by created_ns, id) as place from notification n
where state = 'waiting' and (next_ns <= :now or next_ns > :beyond) and not exists (
  select 1 from notification o where o.state = 'waiting' and o.created_ns < n.created_ns
    and o.notifier = n.notifier and o.fingerprint = n.fingerprint
)
) where place <= :limit order by created_ns, id
"""
_ADD_ATTEMPT = (
    "insert into notification_attempt(notification_id, at_ns, took_ns, status, answer) values (?, ?, ?, ?, ?)"
)
_TRIED = "update notification set state = ?, next_ns = ?, done_ns = ?, attempts = attempts + 1 where id = ?"
_PUT_SILENCE = """
insert or replace into silence(id, matchers, starts_ns, ends_ns, created_by, comment, updated_ns)
values (?, ?, ?, ?, ?, ?, ?)
"""
_END_SILENCE = """
update silence set ends_ns = min(ends_ns, :now), starts_ns = min(starts_ns, :now), updated_ns = :now where id = :id
"""
_HOLDING = """
select id, matchers, starts_ns, ends_ns, created_by, comment, updated_ns from silence
where starts_ns <= ? and ends_ns > ?
"""
_CLEAN = (
    "delete from audit where at_ns < :before - 33696000000000000 and :resolved and :chunk",
    "delete from slo_bucket where bucket < (:before - 5184000000000000) / 300000000000 and :resolved and :chunk",
    "delete from alert where state = 'resolved' and ends_ns < :resolved and :before and :chunk",
    "delete from silence where ends_ns < :before and :chunk and :resolved",
    """delete from alert_event where id in
       (select id from alert_event where at_ns < :before and :resolved order by at_ns limit :chunk)""",
    """delete from notification where id in (select id from notification
       where state <> 'waiting' and created_ns < :before and :resolved order by created_ns limit :chunk)""",
    """delete from notification_attempt where id in (select a.id from notification_attempt a
       where a.at_ns < :before and :resolved order by a.id limit :chunk)""",
)
