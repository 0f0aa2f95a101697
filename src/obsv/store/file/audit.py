"""The audit table: each change of a user, with its author, in the transaction of the change."""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

from obsv.acting import Role, require
from obsv.store.file.reader import Readable

_MOST_CHARS = 500
_HAS_AUDIT = "select 1 from sqlite_schema where type = 'table' and name = 'audit'"
_ADD = "insert into audit(at_ns, actor, role, via, action, subject, detail) values (?, ?, ?, ?, ?, ?, ?)"


class AuditRow(NamedTuple):
    """A change.

    Args:
        at_ns: Unix time.
        actor, role, via: who, and how they came.
        action, subject, detail: the change.
    """

    at_ns: int
    actor: str
    role: str
    via: str
    action: str
    subject: str
    detail: str


_AUDIT = f"select {', '.join(AuditRow._fields)} from audit where at_ns >= :since order by id desc limit :limit"


def note_change(connection: sqlite3.Connection, role: Role, action: str, subject: object, detail: object = "") -> None:
    """Check that the current actor may make a change, and record it.

    Args:
        connection: in the transaction of the change.
        role: the role that the change needs.
        action, subject, detail: the change.

    Raises:
        Forbidden: the actor does not have the role.
    """
    by = require(role)
    texts = (by.name, by.role, by.via, action, str(subject), str(detail))
    connection.execute(_ADD, (time.time_ns(), *(each[:_MOST_CHARS] for each in texts)))


def read_audit(store: Readable, limit: int = 200, since_ns: int = 0) -> list[AuditRow]:
    """Return changes, latest first; none of a file with an older schema version."""
    with store.snapshot() as snapshot:
        if not snapshot.query(_HAS_AUDIT):
            return []
        return [AuditRow(*row) for row in snapshot.query(_AUDIT, {"since": since_ns, "limit": limit})]
