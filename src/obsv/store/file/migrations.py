"""The versions of the schema, each with the reason why it exists."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import NamedTuple

from obsv.errors import ForeignFile, NewerSchema

# "obsv" in ASCII, in the file's header: identifies our files.
APPLICATION_ID = 0x6F627376


class Migration(NamedTuple):
    """A step of the schema: the version it leads to, why it exists, and its SQL."""

    version: int
    reason: str
    sql: str


def _step(version: int, reason: str) -> Migration:
    return Migration(version, reason, files("obsv.store.file").joinpath("schema", f"{version}.sql").read_text("utf-8"))


MIGRATIONS: tuple[Migration, ...] = (
    _step(1, "the first version"),
    _step(2, "spans of this machine are distinguished from received ones"),
    _step(3, "programs write rings, and a keeper saves its read positions"),
    _step(4, "limits belong to the store, and losses are counted"),
    _step(5, "alerts have states, history, messages and silences"),
    _step(6, "the cursor of a receiver is kept in the file that is sent to it"),
    _step(7, "errors are grouped by their cause, and versions are known"),
    _step(8, "calls older than the retention period may be in an archive"),
    _step(9, "rows may stand for several calls, and estimates are marked"),
    _step(10, "service levels are counted"),
    _step(11, "versions are identified by their source, and new values by their form"),
    _step(12, "orphans and requests are weighed by sampling"),
    _step(13, "log records are kept beside calls"),
    _step(14, "artifacts are registered by the digest of their bytes"),
    _step(15, "decisions are kept with their gates and outcomes, for longer than calls"),
    _step(16, "archives take log records, and their state is known"),
    _step(17, "each change has an author"),
    _step(18, "reports on a schedule are made and sent once"),
    _step(19, "small parts of an archive are merged"),
    _step(20, "no spill file is replayed"),
    _step(21, "each part of an archive has its own address"),
    _step(22, "a search passes over calls that cannot contain a text"),
    _step(23, "what is forgotten on request is receipted"),
    _step(24, "views of the journal find a window by an index"),
    _step(25, "traces are kept beyond retention"),
    _step(26, "results may seem to be two milliseconds before their decision"),
    _step(27, "addresses of the app are saved under a name"),
    _step(28, "received metrics are kept as series"),
    _step(29, "decisions and outcomes are archived"),
    _step(30, "alerts have the kind of their rule"),
)
SCHEMA_VERSION = MIGRATIONS[-1].version
_new_files = count()


def version_of(connection: sqlite3.Connection, path: Path, newest: int = SCHEMA_VERSION) -> int:
    """Return the schema version of an open file; 0 if it is empty.

    Raises:
        ForeignFile: it contains something else.
        NewerSchema: it was written by a newer version of obsv.
    """
    # Not the pragmas' tables: a hostile file may have an endless view with such a name.
    (application,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    (objects,) = connection.execute("select count(*) from sqlite_schema").fetchone()
    if application != APPLICATION_ID:
        if application or version or objects:
            raise ForeignFile(f"{path} is not an obsv database; move the file away, or set OBSV_DB to another path")
        return 0
    if version > newest:
        raise NewerSchema(
            f"{path} has schema version {version}, but this obsv supports up to {newest}; upgrade obsv to use the file"
        )
    return int(version)


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Migrate an open file to the newest version in one transaction; other processes may do the same at once."""
    newest = migrations[-1].version
    if version_of(connection, path, newest) == newest:
        return
    connection.execute("begin immediate")
    try:
        version = version_of(connection, path, newest)
        # From the second new file of a process on: one needs the steps to know where they lead.
        leap = version == 0 and migrations is MIGRATIONS and next(_new_files) > 0
        for statement in _whole_schema() if leap else _of_steps(migrations, version):
            connection.execute(statement)
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {newest}")
        connection.execute("commit")
    except BaseException:
        connection.rollback()
        raise


@cache
def _whole_schema() -> tuple[str, ...]:
    """Return the statements that make an empty file one of the newest version.

    They take 8 ms of processor time, the steps 29 ms, of which most is to alter tables.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in _of_steps(MIGRATIONS, 0):
            connection.execute(statement)
        made = connection.execute(
            "select sql from sqlite_schema where sql is not null and name not glob 'sqlite_*' order by rowid"
        )
        return (*(sql for (sql,) in made), *(line for line in connection.iterdump() if line.startswith("INSERT")))


def _of_steps(migrations: Sequence[Migration], version: int) -> Iterator[str]:
    for migration in migrations:
        if migration.version > version:
            yield from _statements(migration.sql)


# Not executescript, which would commit the transaction first.
def _statements(script: str) -> Iterator[str]:
    text = ""
    for part in script.split(";")[:-1]:
        text += part + ";"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
