"""Opening of the database file, for writing and for reading."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from obsv.errors import StoreUnavailable
from obsv.own_files import PRIVATE
from obsv.privacy import chosen_mode, make_private, protect
from obsv.store.file.failures import explain, explained
from obsv.store.file.masking import mask_values, masks_values
from obsv.store.file.migrations import migrate, version_of
from obsv.store.file.settings import FILE_MODE, change_settings, read_settings
from obsv.store.file.sql_functions import add_functions
from obsv.working_directory import absolute

# Generated columns were added in 3.31, statements with more than 999 parameters in 3.32, `sqlite_schema` in 3.33.
MINIMUM_SQLITE = (3, 35)

# The write-ahead log is copied into the file from this many pages on, and truncated to this many bytes when it
# restarts.
LOG_PAGES, LOG_BYTES = 1_000, 64 << 20
_PARAMETER_LIMIT = 9  # SQLITE_LIMIT_VARIABLE_NUMBER
_WRITER_PRAGMAS = (
    "pragma synchronous = normal",
    "pragma temp_store = memory",
    # Pages of 8 KB between checkpoints. Each checkpoint rewrites the same hot index pages, so fewer are cheaper, but
    # the commit that does one takes as long as writing 8 MB.
    f"pragma wal_autocheckpoint = {LOG_PAGES}",
    f"pragma journal_size_limit = {LOG_BYTES}",
)


def open_writer(
    path: Path, busy_timeout_s: float, cache_kib: int = 16_000, most_values: int | None = None
) -> sqlite3.Connection:
    """Open or create a store.

    Args:
        path: the file; missing parent directories are created.
        busy_timeout_s: how long a statement waits for another process's lock, seconds.
        cache_kib: memory for pages of the file, in KiB.
        most_values: that one statement is given; None for SQLite's own limit. Python 3.10 cannot set it.

    Returns:
        A connection in autocommit mode that any one thread at a time may use.

    Raises:
        StoreUnavailable: locked, read-only, disk full, no such directory.
        ForeignFile: the file is something else, or corrupt.
        NewerSchema: written by a newer version of obsv.
    """
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old; obsv needs version 3.35 or later")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"{path.parent} cannot be created ({error}); set OBSV_DB to a directory that you own"
        ) from error
    make_private(path)
    with explained(path):
        connection = sqlite3.connect(
            path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            connection.execute(f"pragma cache_size = -{cache_kib}")
            if most_values is not None and hasattr(connection, "setlimit"):
                connection.setlimit(_PARAMETER_LIMIT, most_values)
            _prepare(connection, path, busy_timeout_s)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(connection: sqlite3.Connection, path: Path, patience_s: float) -> None:
    if version_of(connection, path) == 0:
        # Reading the whole file takes 8 to 15 % less CPU time than with 4 KB, and writing no more; with 16 KB, a commit
        # of 200 functions' calls takes a third longer.
        connection.execute("pragma page_size = 8192")
        connection.execute("pragma auto_vacuum = incremental")
    _retry_while_locked(connection, "pragma journal_mode = wal", patience_s)
    for pragma in _WRITER_PRAGMAS:
        connection.execute(pragma)
    migrate(connection, path)
    protect(path, _file_mode(connection))


def _file_mode(connection: sqlite3.Connection) -> int:
    chosen = chosen_mode()
    if chosen is not None:
        change_settings(connection, {FILE_MODE: chosen}, time.time_ns())
    kept = chosen or read_settings(lambda sql: connection.execute(sql).fetchall()).get(FILE_MODE)
    return kept or PRIVATE


# Changing to WAL fails at once if another process is doing the same: SQLite does not call its busy handler there.
def _retry_while_locked(connection: sqlite3.Connection, sql: str, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not _done(connection, sql) and time.monotonic() < deadline:
        time.sleep(0.01)
    connection.execute(sql)


def _done(connection: sqlite3.Connection, sql: str) -> bool:
    try:
        connection.execute(sql)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


# A file that no writer has migrated to this version yet is read as it is.
_WEIGHED = 9
_UNWEIGHED = "create temp view process_minute as select *, 0 as unrecorded from main.process_minute"
_WEIGHED_REQUESTS = 12
_UNWEIGHED_REQUESTS = "create temp view request_total as select *, 0 as unrecorded from main.request_total"


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a store read-only; of values, only masks for an actor who may not see them.

    Raises:
        StoreUnavailable: there is no file, or it cannot be read.
        ForeignFile: the file is something else, or corrupt.
        NewerSchema: written by a newer version of obsv.
    """
    if not path.exists():
        raise StoreUnavailable(f"{path} does not exist; record something first, or set OBSV_DB to the right path")
    try:
        return _open_reader(path, "mode=ro")
    except sqlite3.Error as error:
        # A file in a read-only directory has no WAL, and SQLite cannot create one.
        if not _writable(path.parent) and not path.with_name(path.name + "-wal").exists():
            with explained(path):
                return _open_reader(path, "immutable=1")
        raise explain(error, path) from error


def _open_reader(path: Path, options: str) -> sqlite3.Connection:
    uri = f"file:{quote(absolute(str(path)))}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma cache_size = -8000")
        connection.execute("pragma temp_store = memory")
        add_functions(connection)
        version = version_of(connection, path)
        if version == 0:
            raise StoreUnavailable(f"{path} is empty; record something first")
        if version < _WEIGHED:
            connection.execute(_UNWEIGHED)
        if version < _WEIGHED_REQUESTS:
            connection.execute(_UNWEIGHED_REQUESTS)
        if masks_values():
            mask_values(connection)
        connection.execute("pragma query_only = on")
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _writable(directory: Path) -> bool:
    return os.access(directory, os.W_OK)
