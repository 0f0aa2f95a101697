"""Settings stored in the database: its limits and permissions. They apply to all programs that use the file."""

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
_LIMITS = ("max_age_ns", "max_bytes", "decision_age_ns", "kept_bytes")


def read_settings(query: Callable[[str], list[Any]]) -> dict[str, int | None]:
    """Return the stored settings; none in a file whose schema version has no settings.

    Args:
        query: runs a query and returns its rows.
    """
    return {row[0]: row[1] for row in query(_READ)} if query(_HAS_SETTINGS) else {}


def limits_of(settings: Mapping[str, int | None]) -> Limits:
    """Return the limits among settings; those not stored have defaults."""
    found: dict[str, Any] = {name: settings[name] for name in _LIMITS if name in settings}
    chosen = {"age_chosen": "max_age_ns" in found, "decision_age_chosen": "decision_age_ns" in found}
    return Limits(**found, **chosen)


def change_settings(connection: sqlite3.Connection, changes: Mapping[str, int | None], now_ns: int) -> None:
    """Store settings; unchanged ones are not written."""
    connection.executemany(_SET, [(name, value, now_ns) for name, value in changes.items()])
