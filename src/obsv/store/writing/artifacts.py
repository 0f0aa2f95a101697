"""Registration of artifacts: their identities, and who registered them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.file import note_change
from obsv.store.writing.short_transaction import short_transaction

_REGISTER = """
insert into registration(artifact_id, at_ns, kind, name, size, location, form, meta, content, who, host, service, why,
  git_commit, git_dirty) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_PARENT = "insert or ignore into artifact_parent values (?, ?)"
# An artifact that is among the ancestors of its parents.
_CIRCLE = """
with recursive above(id) as (
  values (:parent) union select parent_id from artifact_parent join above on artifact_id = above.id
) select 1 from above where id = :child
"""


class Registration(NamedTuple):
    """An artifact, as somebody registers it.

    Attributes:
        artifact_id: SHA-256, 64 hex digits.
        at_ns: Unix time.
        kind, name: of the artifact.
        size: in bytes.
        location: absolute path; empty if bytes were given.
        form: `bytes`, `file`, `directory` or `json`.
        meta: JSON object.
        content: JSON of a configuration; None for other kinds.
        who, host, service, why: for the audit.
        git_commit: empty outside a work tree.
        git_dirty: whether tracked files were modified; None if unknown.
    """

    artifact_id: str
    at_ns: int
    kind: str
    name: str
    size: int
    location: str
    form: str
    meta: str
    content: str | None
    who: str
    host: str
    service: str
    why: str
    git_commit: str
    git_dirty: bool | None


def register_artifact(path: Path, registration: Registration, parents: Sequence[str] = ()) -> None:
    """Add a registration in one transaction; the store is created if there is none.

    Args:
        path: the database file.
        registration: the artifact.
        parents: IDs of artifacts that it was made of.

    Raises:
        InvalidQuery: the artifact would be its own ancestor.
        StoreUnavailable, ForeignFile, NewerSchema: the store cannot be written.
    """
    child = registration.artifact_id
    with short_transaction(path) as file:
        for parent in parents:
            if file.execute(_CIRCLE, {"parent": parent, "child": child}).fetchone():
                raise InvalidQuery(f"Artifact {child[:12]} cannot descend from {parent[:12]}, which descends from it.")
        note_change(file, "admin", "register artifact", child[:12])
        file.execute(_REGISTER, registration)
        file.executemany(_PARENT, [(child, parent) for parent in parents])
