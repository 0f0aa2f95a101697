"""What a store keeps about itself: its limits, and who may read it. One that is set holds for all that use the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from obsv.store.ground import Limits

_READ = "select name, value from setting"
_SET = """
insert into setting(name, value, set_ns) values (?, ?, ?)
on conflict(name) do update set value = excluded.value, set_ns = excluded.set_ns where value is not excluded.value
"""
_HAS_SETTINGS = "select 1 from sqlite_schema where type = 'table' and name = 'setting'"
FILE_MODE = "file_mode"


def read_settings(query: Callable[[str], list[Any]]) -> dict[str, int | None]:
    """Return what was set; nothing in a file of a schema version that has no settings.

    Args:
        query: runs a query, returns its rows.
    """
    return {row[0]: row[1] for row in query(_READ)} if query(_HAS_SETTINGS) else {}


def limits_of(settings: Mapping[str, int | None]) -> Limits:
    """Return the limits among settings; those that were not set are the defaults."""
    found: dict[str, Any] = {name: settings[name] for name in ("max_age_ns", "max_bytes") if name in settings}
    return Limits(**found, age_chosen="max_age_ns" in found)


def change_settings(connection: sqlite3.Connection, changes: Mapping[str, int | None], now_ns: int) -> None:
    """Set some; one that has the value already is not written."""
    connection.executemany(_SET, [(name, value, now_ns) for name, value in changes.items()])
