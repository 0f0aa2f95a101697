"""Decisions about error groups; each is one short transaction and can be reverted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obsv.errors import InvalidQuery, NotFound, StoreUnavailable
from obsv.store.file import note_change
from obsv.store.writing.short_transaction import short_transaction

OPEN, RESOLVED, IGNORED = "open", "resolved", "ignored"
MESSAGE = "message"
MOST_CHARS = 2_000

_VERSIONS = "select id, name from version where service = ? order by id desc limit 1000"
_GROUP = "select service, merged_into, split_by, fingerprint from error_group where id = ?"
_STATUS = """
update error_group set status = ?, status_ns = ?, resolved_version_id = ?, ignored_until_ns = ? where id = ?
"""
_MERGE = "update error_group set merged_into = :into where (id = :id or merged_into = :id) and id <> :into"
_PARTS = """
update error_group set merged_into = :into
where id <> :into and json_extract(why, '$.split_from') = (select fingerprint from error_group where id = :into)
"""
_DEPLOY = "insert into deploy(at_ns, name, service, note) values (?, ?, ?, ?)"


class Triage:
    """The writer of decisions to an existing store.

    Args:
        path: the database file.

    All methods raise `NotFound` (no such group), `StoreUnavailable`, `ForeignFile` and `NewerSchema`.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def open_again(self, group_id: int, now_ns: int) -> None:
        """Reopen a group that was resolved or ignored."""
        with self._file("reopen error group", group_id) as file:
            self._set(file, group_id, OPEN, now_ns)

    def resolve(self, group_id: int, now_ns: int, version: str | None = None) -> None:
        """Resolve a group: it comes back in versions first seen after this one.

        Args:
            group_id: the group.
            now_ns: Unix time.
            version: a version of the group's service, the latest by default; if none is known, any later error counts.

        Raises:
            InvalidQuery: the service had no such version.
        """
        with self._file("resolve error group", group_id, version or "") as file:
            (service, *_) = self._group(file, group_id)
            versions = file.execute(_VERSIONS, (service,)).fetchall()
            chosen = next((row[0] for row in versions if version in (None, row[1])), 0)
            if version is not None and not chosen:
                known = ", ".join(row[1] for row in versions[:5]) or "none is known"
                raise InvalidQuery(f"Version {version!r} of {service} was not recorded: {known}.")
            self._set(file, group_id, RESOLVED, now_ns, chosen)

    def ignore(self, group_id: int, now_ns: int, until_ns: int | None = None) -> None:
        """Ignore a group, forever or until a given time."""
        with self._file("ignore error group", group_id, until_ns or "") as file:
            self._set(file, group_id, IGNORED, now_ns, 0, until_ns)

    def merge(self, group_ids: Sequence[int], into: int) -> None:
        """Merge groups into another one; `separate` reverts it."""
        with self._file("merge error groups", ", ".join(map(str, group_ids)), f"into {into}") as file:
            for group_id in (into, *group_ids):
                self._group(file, group_id)
            if self._group(file, into)[1] is not None:
                raise InvalidQuery(f"Group {into} is itself merged into group {self._group(file, into)[1]}.")
            file.executemany(_MERGE, [{"id": group_id, "into": into} for group_id in group_ids])

    def separate(self, group_id: int) -> None:
        """Show a merged group separately again."""
        with self._file("separate error group", group_id) as file:
            self._group(file, group_id)
            file.execute("update error_group set merged_into = null where id = ?", (group_id,))

    def split(self, group_id: int) -> None:
        """Distinguish future errors of a group by their messages too; `unite` reverts it."""
        with self._file("split error group", group_id) as file:
            self._group(file, group_id)
            file.execute("update error_group set split_by = ? where id = ?", (MESSAGE, group_id))

    def unite(self, group_id: int) -> None:
        """Revert a split: the separated errors are shown with the group."""
        with self._file("unite error group", group_id) as file:
            self._group(file, group_id)
            file.execute("update error_group set split_by = null where id = ?", (group_id,))
            file.execute(_PARTS, {"into": group_id})

    def note(self, group_id: int, text: str) -> None:
        """Replace the note of a group."""
        with self._file("note on error group", group_id, text) as file:
            self._group(file, group_id)
            file.execute("update error_group set note = ? where id = ?", (text[:MOST_CHARS], group_id))

    def deploy(self, name: str, now_ns: int, service: str = "", note: str = "") -> None:
        """Mark a point in time: a deployment, or a change of settings."""
        with self._file("report deployment", name, service) as file:
            file.execute(_DEPLOY, (now_ns, name[:MOST_CHARS], service[:MOST_CHARS], note[:MOST_CHARS]))

    @contextmanager
    def _file(self, action: str, subject: object, detail: object = "") -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            raise StoreUnavailable(f"There is no database at {self._path}; record something first, or set OBSV_DB.")
        with short_transaction(self._path) as file:
            note_change(file, "editor", action, subject, detail)
            yield file

    @staticmethod
    def _group(file: sqlite3.Connection, group_id: int) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = file.execute(_GROUP, (group_id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no error group {group_id}; `obsv errors` lists the groups.")
        return row

    def _set(
        self,
        file: sqlite3.Connection,
        group_id: int,
        status: str,
        now_ns: int,
        version_id: int = 0,
        until_ns: int | None = None,
    ) -> None:
        shown = self._group(file, group_id)[1] or group_id
        file.execute(_STATUS, (status, now_ns, version_id, until_ns, shown))
