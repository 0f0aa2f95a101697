"""Which version of a service made a call, in the order in which this file first saw them."""

from __future__ import annotations

import json
import sqlite3

from obsv.store.ground import Source

VERSION, COMMIT, CODE = "version", "commit", "code"
_MOST_CHARS = 200
_UPSERT = """
insert into version(service, name, kind, first_ns, last_ns) values (?, ?, ?, ?, ?)
on conflict(service, name) do update set last_ns = max(last_ns, excluded.last_ns) returning id
"""
# By the semantic conventions; the first that is there says it.
_ATTRIBUTES = (("service.version", VERSION), ("vcs.ref.head.revision", COMMIT))


def version_id(connection: sqlite3.Connection, source: Source, now_ns: int) -> int:
    """The id of the version that a source names, in the transaction that is open; 0 where it names none."""
    named = _named(source.resource)
    if named is None:
        return 0
    row = connection.execute(_UPSERT, (source.service, *named, now_ns, now_ns)).fetchall()
    return int(row[0][0])


def _named(resource: str) -> tuple[str, str] | None:
    if not any(f'"{key}"' in resource for key, _ in _ATTRIBUTES):
        return None
    try:
        pairs = json.loads(resource)["attributes"]
        values = {pair["key"]: next(iter(pair["value"].values()), "") for pair in pairs}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    for key, kind in _ATTRIBUTES:
        if key in values and str(values[key]).strip():
            return str(values[key]).strip()[:_MOST_CHARS], kind
    return None
