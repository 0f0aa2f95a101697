"""Registered artifacts: lists, registrations and lineage."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from obsv.errors import InvalidQuery, NotFound
from obsv.store.file import Readable, Snapshot
from obsv.store.ground import read_shown

MOST_NODES = 1_000
LEAST_PREFIX = 4
_ID_CHARS = 64

_HAS_ARTIFACTS = "select 1 from sqlite_schema where type = 'table' and name = 'registration'"
_COLUMNS = """
select r.artifact_id, r.at_ns, r.kind, r.name, r.size, r.location, r.form, r.meta, r.content, r.who, r.host, r.service,
  r.why, r.git_commit, r.git_dirty,
  (select json_group_array(parent_id) from artifact_parent p where p.artifact_id = r.artifact_id) as parents
from registration r
"""
_LATEST = "r.id = (select max(id) from registration o where o.artifact_id = r.artifact_id)"
_LIST = f"""{_COLUMNS} where {_LATEST} and (:kind is null or r.kind = :kind) and (:name is null or r.name = :name)
order by r.id desc limit :limit"""
_ONE = f"{_COLUMNS} where r.artifact_id = :id order by r.id desc limit :limit"
_BY_PREFIX = """
select distinct artifact_id from registration where artifact_id >= :prefix and artifact_id < :prefix || 'g' limit 2
"""
_BY_NAME = "select artifact_id from registration where name = ? order by id desc limit 1"
_BETWEEN = f"""{_COLUMNS} where r.at_ns >= :start and r.at_ns < :end order by r.id limit :limit"""
_EDGES = {
    "up": "select artifact_id, parent_id from artifact_parent where artifact_id in (select value from json_each(?))",
    "down": "select artifact_id, parent_id from artifact_parent where parent_id in (select value from json_each(?))",
}


class Artifact(NamedTuple):
    """An artifact, as one registration describes it.

    Attributes:
        artifact_id: SHA-256, 64 hex digits.
        at_ns: time of the registration, Unix time.
        kind: `model`, `config`, `data` or another word.
        name: its name; several artifacts may share one.
        size: in bytes.
        location: where its bytes were; empty if they were given.
        form: `bytes`, `file`, `directory` or `json`.
        meta: what was said of it.
        content: parsed configuration, secrets masked; None for other kinds.
        who, host, service, why: who registered it, and the reason given.
        git_commit: empty if unknown.
        git_dirty: whether tracked files were modified; None if unknown.
        parents: IDs of what it was made of.
    """

    artifact_id: str
    at_ns: int
    kind: str
    name: str
    size: int
    location: str
    form: str
    meta: dict[str, Any]
    content: Any
    who: str
    host: str
    service: str
    why: str
    git_commit: str
    git_dirty: bool | None
    parents: tuple[str, ...]


class Lineage(NamedTuple):
    """A graph of artifacts around one.

    Attributes:
        artifacts: those that are registered, by ID.
        edges: pairs of a child and a parent; either may not be registered.
        is_cut: whether there are more than `MOST_NODES`.
    """

    artifacts: dict[str, Artifact]
    edges: list[tuple[str, str]]
    is_cut: bool


def list_artifacts(reader: Readable, kind: str | None, name: str | None, limit: int) -> list[Artifact]:
    """Return artifacts by their latest registration, the newest first."""
    with reader.snapshot() as store:
        if store.one(_HAS_ARTIFACTS) is None:
            return []
        return [_artifact(row) for row in store.query(_LIST, {"kind": kind, "name": name, "limit": limit})]


def registered_between(reader: Readable, start_ns: int, end_ns: int, limit: int) -> list[Artifact]:
    """Return the registrations of a time range, oldest first."""
    with reader.snapshot() as store:
        if store.one(_HAS_ARTIFACTS) is None:
            return []
        bounds = {"start": start_ns, "end": end_ns, "limit": limit}
        return [_artifact(row) for row in store.query(_BETWEEN, bounds)]


def read_registrations(reader: Readable, name: str, limit: int = 100) -> list[Artifact]:
    """Return the registrations of an artifact, the latest first.

    Args:
        name: its ID, the beginning of it, or a name, which stands for what was registered under it last.

    Raises:
        NotFound: there is no such artifact.
        InvalidQuery: several IDs begin like this.
    """
    with reader.snapshot() as store:
        artifact_id = _id_of(store, name)
        return [_artifact(row) for row in store.query(_ONE, {"id": artifact_id, "limit": limit})]


def read_lineage(reader: Readable, name: str) -> Lineage:
    """Return the ancestors and descendants of an artifact.

    Raises:
        NotFound, InvalidQuery: as for `read_registrations`.
    """
    with reader.snapshot() as store:
        first = _id_of(store, name)
        edges, is_cut = _reached(store, first)
        ids = {first}.union(*edges) if edges else {first}
        found = {}
        for each in ids:
            row = store.one(_ONE, {"id": each, "limit": 1})
            if row is not None:
                found[each] = _artifact(row)
        return Lineage(found, sorted(edges), is_cut)


def _reached(store: Snapshot, first: str) -> tuple[set[tuple[str, str]], bool]:
    edges: set[tuple[str, str]] = set()
    for direction, end in (("up", 1), ("down", 0)):
        seen, border = {first}, {first}
        while border:
            found = {(row[0], row[1]) for row in store.query(_EDGES[direction], (json.dumps(sorted(border)),))}
            edges |= found
            border = {edge[end] for edge in found} - seen
            seen |= border
            if len(edges) > MOST_NODES:
                return set(sorted(edges)[:MOST_NODES]), True
    return edges, False


def _id_of(store: Snapshot, name: str) -> str:
    if store.one(_HAS_ARTIFACTS) is not None:
        prefix = name.lower()
        if LEAST_PREFIX <= len(prefix) <= _ID_CHARS and not prefix.strip("0123456789abcdef"):
            found = [row[0] for row in store.query(_BY_PREFIX, {"prefix": prefix})]
            if len(found) > 1:
                raise InvalidQuery(f"Several artifacts begin with {name}; give more digits of the ID.")
            if found:
                return str(found[0])
        row = store.one(_BY_NAME, (name,))
        if row is not None:
            return str(row[0])
    raise NotFound(f"There is no artifact {name!r:.100}; `obsv registry list` shows the artifacts.")


def _artifact(row: Any) -> Artifact:
    fields = {**dict(zip(row.keys(), row, strict=True))}
    meta = read_shown(fields["meta"])
    fields["meta"] = meta if isinstance(meta, dict) else {}
    fields["content"] = None if fields["content"] is None else read_shown(fields["content"])
    fields["git_dirty"] = None if fields["git_dirty"] is None else bool(fields["git_dirty"])
    fields["parents"] = tuple(read_shown(fields["parents"]) or ())
    return Artifact(**fields)
