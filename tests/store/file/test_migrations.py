"""Schema versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from obsv.errors import ForeignFile, NewerSchema
from obsv.store.file.migrations import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, Migration, migrate, version_of

FIRST = Migration(1, "the first", "create table a(x);\n-- a comment; with a semicolon\ncreate table b(y);")
SECOND = Migration(2, "b needs z", "alter table b add column z;")
BROKEN = Migration(2, "cannot work", "create table c(x); create table a(x);")


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("select name from sqlite_schema order by name")]


def test_versions_rise_by_one_and_say_why() -> None:
    """Each version has a reason, and none is left out."""
    assert [migration.version for migration in MIGRATIONS] == list(range(1, SCHEMA_VERSION + 1))
    assert all(migration.reason for migration in MIGRATIONS)


def test_empty_file_gets_all_versions(connection: sqlite3.Connection, path: Path) -> None:
    """A new file runs through all versions and is marked as ours."""
    migrate(connection, path, (FIRST, SECOND))
    assert tables(connection) == ["a", "b"]
    assert connection.execute("pragma application_id").fetchone() == (APPLICATION_ID,)
    assert version_of(connection, path, 2) == 2


def test_later_new_files_are_the_same_without_the_steps(tmp_path: Path) -> None:
    """The second and the third new file of a process have the schema and the rows that the steps lead to."""
    dumps = []
    # Of the same steps, but not known as the whole: they are taken one by one.
    for name, steps in (("steps", (*MIGRATIONS[:1], *MIGRATIONS[1:])), ("second", MIGRATIONS), ("third", MIGRATIONS)):
        with closing(sqlite3.connect(tmp_path / name, isolation_level=None)) as connection:
            migrate(connection, tmp_path / name, steps)
            assert version_of(connection, tmp_path / name) == SCHEMA_VERSION
            dumps.append(sorted(connection.iterdump()))
    assert dumps[0] == dumps[1] == dumps[2]


def test_older_file_gets_what_it_lacks(connection: sqlite3.Connection, path: Path) -> None:
    """An older file keeps its rows and gets only the later steps."""
    migrate(connection, path, (FIRST,))
    connection.execute("insert into b values (1)")
    migrate(connection, path, (FIRST, SECOND))
    assert connection.execute("select * from b").fetchall() == [(1, None)]


def test_present_version_is_left_alone(connection: sqlite3.Connection, path: Path) -> None:
    """Nothing is written to a file that has the version already."""
    migrate(connection, path, (FIRST, SECOND))
    before = connection.total_changes, connection.execute("pragma schema_version").fetchone()
    migrate(connection, path, (FIRST, SECOND))
    assert (connection.total_changes, connection.execute("pragma schema_version").fetchone()) == before


def test_step_that_fails_leaves_the_old_version(connection: sqlite3.Connection, path: Path) -> None:
    """Steps are one transaction: all or nothing."""
    migrate(connection, path, (FIRST,))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, (FIRST, BROKEN))
    assert tables(connection) == ["a", "b"]
    assert version_of(connection, path, 1) == 1


def test_newer_file_is_refused(connection: sqlite3.Connection, path: Path) -> None:
    """A file of a version to come is not touched."""
    migrate(connection, path, (FIRST, SECOND))
    with pytest.raises(NewerSchema):
        migrate(connection, path, (FIRST,))


def test_foreign_file_is_refused(connection: sqlite3.Connection, path: Path) -> None:
    """A file with tables, or another application's mark, is not ours."""
    connection.execute("create table theirs(x)")
    with pytest.raises(ForeignFile):
        migrate(connection, path, (FIRST,))
