"""The catalog of an archive: its location, its parts, and the watermark up to which all calls are in parts."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from obsv.errors import ConfigurationError
from obsv.store.file import explain, note_change, open_writer
from obsv.store.ground import HOUR_NS

_CACHE_KIB = 500
_STEPS = "(select coalesce(sum(steps), 0) from forgotten)"
_ARCHIVE = f"""
select url, store_id, watermark, log_watermark, keep_ns, {_STEPS}, decision_watermark, outcome_watermark from archive
"""
_OPEN = """
insert into archive(
  one, url, store_id, watermark, log_watermark, decision_watermark, outcome_watermark, set_ns, keep_ns)
select 1, :url, :store_id, coalesce(max(iif(kind = 'calls', last_id, 0)), 0),
  coalesce(max(iif(kind = 'logs', last_id, 0)), 0), coalesce(max(iif(kind = 'decisions', last_id, 0)), 0),
  coalesce(max(iif(kind = 'outcomes', last_id, 0)), 0), :now, :keep from archive_part where true
on conflict(one) do update set url = excluded.url, set_ns = excluded.set_ns where url is not excluded.url
"""
_KEEP = "update archive set keep_ns = ? where keep_ns is not ?"
_COLUMNS = "name, first_id, last_id, calls, errors, min_ns, max_ns, bytes, sha256, kind, url"
_PARTS = f"select {_COLUMNS} from archive_part where max_ns >= ? and min_ns < ? order by kind, first_id"
_ENTER = f"insert into archive_part({_COLUMNS}, written_ns) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REPLACED = "insert or replace into archive_replaced(name, at_ns, url) values (?, ?, ?)"
_OLD = "select name, url from archive_replaced where at_ns < ? and begun <= ? order by at_ns"
_BEGIN = """
insert or replace into archive_replaced(name, at_ns, url, begun)
select :name, :now, :url, 1 where not exists(select 1 from archive_part where name = :name)
"""
_WRITTEN = "delete from archive_replaced where name = ? and begun"
CALLS, LOGS, DECISIONS, OUTCOMES = "calls", "logs", "decisions", "outcomes"
_WATERMARKS = {
    CALLS: "watermark", LOGS: "log_watermark", DECISIONS: "decision_watermark", OUTCOMES: "outcome_watermark",
}  # fmt: skip
_MOVE = {
    kind: f"update archive set {name} = ? where {name} = ? and url = ? and store_id = ? and {_STEPS} = ?"
    for kind, name in _WATERMARKS.items()
}
_SUCCEEDED = "update archive set reached_ns = ?, failing_ns = null, failure = ''"
_FAILED = "update archive set failing_ns = coalesce(failing_ns, ?), failure = ?"
KEEP_NS = 30 * 24 * HOUR_NS
_NOWHERE = (
    "This database has {parts:,} parts of an archive that is off, whose address is not known, and they are not at "
    "{new}: name their address once with `obsv archive now --to URL`; after that another address may be used."
)
_WAITING = """
select count(*), coalesce(sum(status = 2), 0), min(start_ns) from span where id > (select watermark from archive)
"""
_UNARCHIVED = "select sum(calls) from tally where name in ('unarchived', 'unarchived_logs', 'unarchived_decisions')"


class ArchiveFacts(NamedTuple):
    """An archive.

    Attributes:
        url: its location.
        store_id: identifies this store's parts in it, 16 hex digits.
        watermark: `id` of the span up to which all calls are in parts.
        log_watermark, decision_watermark, outcome_watermark: the same of other rows.
        keep_ns: age at which parts are deleted; None keeps them.
        steps: how many times rows were removed on request: a part of rows that were read before is not entered.
    """

    url: str
    store_id: str
    watermark: int
    log_watermark: int
    keep_ns: int | None
    steps: int = 0
    decision_watermark: int = 0
    outcome_watermark: int = 0

    def reached(self, kind: str) -> int:
        """Return the watermark of a kind of rows."""
        return int(getattr(self, _WATERMARKS[kind]))


class Part(NamedTuple):
    """A part of an archive: a Parquet file of rows of one kind, which are what `calls` counts.

    Attributes:
        name: path below the archive's address.
        first_id: of the first call, in order of arrival.
        last_id: of the last; all calls of the store between the two are in it, but those deleted before.
        calls: how many.
        errors: how many of them failed.
        min_ns: the earliest start, Unix time.
        max_ns: the latest.
        size: in bytes.
        sha256: of the file, hex.
        kind: `calls`, `logs`, `decisions` or `outcomes`.
        url: address of the archive that it is in; empty: not known.
    """

    name: str
    first_id: int
    last_id: int
    calls: int
    errors: int
    min_ns: int
    max_ns: int
    size: int
    sha256: str
    kind: str = CALLS
    url: str = ""


class Waiting(NamedTuple):
    """Calls that are not archived; `oldest_ns`: the earliest start, None if there is none.

    Attributes:
        unarchived: calls, log records, decisions and outcomes that were deleted before they were archived, for lack
            of space.
    """

    calls: int
    errors: int
    oldest_ns: int | None
    unarchived: int


class ArchiveBook:
    """The reader and writer of the catalog. For one thread at a time.

    Args:
        path: the database file.
        busy_timeout_s: how long to wait for another process's lock, seconds.

    All methods raise `StoreError`s.
    """

    def __init__(self, path: str | Path, *, busy_timeout_s: float = 5.0) -> None:
        self._path = Path(path)
        self._busy_timeout_s = busy_timeout_s
        self._connection: sqlite3.Connection | None = None

    def open(self, url: str, now_ns: int, *, has_moved: bool = False) -> ArchiveFacts:
        """Set the location of the store's archive; from then on retention deletes only what is archived.

        Args:
            url: its address.
            now_ns: Unix time.
            has_moved: whether the files of all parts are at this address; otherwise each part stays where it is.

        Raises:
            ConfigurationError: the address of a part is not known.
        """
        with self._transaction() as connection:
            if has_moved:
                connection.execute("update archive_part set url = ?", (url,))
                connection.execute("update archive_replaced set url = ?", (url,))
            (parts,) = connection.execute("select count(*) from archive_part where url = ''").fetchone()
            if parts:
                raise ConfigurationError(_NOWHERE.format(parts=parts, new=url))
            named = {"url": url, "store_id": secrets.token_hex(8), "now": now_ns, "keep": KEEP_NS}
            connection.execute(_OPEN, named)
            return ArchiveFacts(*connection.execute(_ARCHIVE).fetchone())

    def keep(self, keep_ns: int | None) -> None:
        """Set the age at which the archive deletes; None keeps everything."""
        with self._transaction() as connection:
            connection.execute(_KEEP, (keep_ns, keep_ns))

    def succeeded(self, now_ns: int) -> None:
        """Note that everything due is archived."""
        with self._transaction() as connection:
            connection.execute(_SUCCEEDED, (now_ns,))

    def failed(self, reason: str, now_ns: int) -> None:
        """Note that the archive cannot be written, with the reason; the first time counts until it can be again."""
        with self._transaction() as connection:
            connection.execute(_FAILED, (now_ns, reason))

    def facts(self) -> ArchiveFacts | None:
        """Return the archive of the store; None if it has none."""
        with self._transaction() as connection:
            row = connection.execute(_ARCHIVE).fetchone()
            return ArchiveFacts(*row) if row else None

    def close_archive(self) -> None:
        """Stop using the archive; parts and their entries stay."""
        with self._transaction() as connection:
            note_change(connection, "admin", "stop archiving", "")
            connection.execute("delete from archive")

    def parts(self, start_ns: int = 0, end_ns: int = 2**63 - 1) -> list[Part]:
        """The parts with a row of a range of time: kind by kind, each in order of arrival."""
        with self._transaction() as connection:
            return [Part(*row) for row in connection.execute(_PARTS, (start_ns, end_ns))]

    def begin(self, part: Part, now_ns: int) -> bool:
        """Note that a file is going to be written: if its writer dies, it is deleted an hour later.

        Returns:
            False if there is such a part already.
        """
        with self._transaction() as connection:
            named = {"name": part.name, "now": now_ns, "url": part.url}
            return connection.execute(_BEGIN, named).rowcount > 0

    def enter(self, part: Part, archive: ArchiveFacts, now_ns: int) -> bool:
        """Enter a part and move the watermark to its end.

        Args:
            part: a part that is in the archive, noted with `begin`.
            archive: the archive, as it was when the part was begun.
            now_ns: Unix time.

        Returns:
            False if the watermark or the archive has changed meanwhile, or rows were removed on request.
        """
        with self._transaction() as connection:
            begun = archive.reached(part.kind), archive.url, archive.store_id, archive.steps
            if not self._is_written(connection, part) or not (
                connection.execute(_MOVE[part.kind], (part.last_id, *begun)).rowcount
            ):
                connection.rollback()
                connection.execute("begin immediate")
                return False
            connection.execute(_ENTER, (*part, now_ns))
            return True

    def forget(self, name: str) -> None:
        """Remove a part from the catalog: the archive no longer keeps its calls."""
        with self._transaction() as connection:
            connection.execute("delete from archive_part where name = ?", (name,))

    def replace(self, names: Sequence[str], part: Part, now_ns: int) -> bool:
        """Enter a part instead of others, whose files go later; False where somebody else has changed them."""
        with self._transaction() as connection:
            is_there = self._is_written(connection, part)
            for name in names:
                if not is_there or not (
                    connection.execute("delete from archive_part where name = ?", (name,)).rowcount
                ):
                    connection.rollback()
                    connection.execute("begin immediate")
                    return False
            connection.execute(_ENTER, (*part, now_ns))
            connection.executemany(_REPLACED, [(name, now_ns, part.url) for name in names])
            return True

    def retire(self, part: Part, now_ns: int) -> bool:
        """Remove a part whose file goes later from the catalog; False where somebody else has."""
        with self._transaction() as connection:
            if not connection.execute("delete from archive_part where name = ?", (part.name,)).rowcount:
                return False
            connection.execute(_REPLACED, (part.name, now_ns, part.url))
            return True

    def replaced(self, before_ns: int, with_begun: bool = True) -> dict[str, str]:
        """Return parts whose files may still be there: address by name.

        Args:
            before_ns: they were replaced, or begun and never entered, before this time.
            with_begun: whether those are among them that may yet be entered.
        """
        with self._transaction() as connection:
            return dict(connection.execute(_OLD, (before_ns, int(with_begun))))

    def forget_replaced(self, name: str) -> None:
        """Note that the file of a replaced part is gone."""
        with self._transaction() as connection:
            connection.execute("delete from archive_replaced where name = ?", (name,))

    @staticmethod
    def _is_written(connection: sqlite3.Connection, part: Part) -> bool:
        """Take back what `begin` noted; False if the file was taken for abandoned meanwhile."""
        return connection.execute(_WRITTEN, (part.name,)).rowcount > 0

    def waiting(self) -> Waiting:
        """Count the calls that are not archived."""
        with self._transaction() as connection:
            calls, errors, oldest_ns = connection.execute(_WAITING).fetchone()
            return Waiting(calls, errors, oldest_ns, connection.execute(_UNARCHIVED).fetchone()[0])

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is None:
                self._connection = open_writer(self._path, self._busy_timeout_s, _CACHE_KIB)
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                self._connection.rollback()
                raise
        except sqlite3.Error as error:
            self.close()
            raise explain(error, self._path) from error
