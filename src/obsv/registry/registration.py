"""`obsv.register`: identify an artifact by its bytes and keep who registered it, when and why."""

from __future__ import annotations

import getpass
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from obsv.capture import Redactor
from obsv.capture.render import well_formed
from obsv.errors import ConfigurationError, StoreError
from obsv.instrument.options import process_settings
from obsv.own_time import unix_ns
from obsv.program_name import program_name
from obsv.registry.configuration import kept, parsed
from obsv.registry.content import Content, Given, content_of
from obsv.store.writing import Registration, register_artifact
from obsv.trace.notices import Notices
from obsv.work_tree import work_tree

CONFIG = "config"
MOST_PARENTS = 1_000
_CHARS = 200
_WHY_CHARS = 2_000
_HEX = frozenset("0123456789abcdef")
_notices = Notices()


def register(
    kind: str,
    path_or_bytes: Given,
    meta: Mapping[str, Any] | None = None,
    parents: Sequence[str] = (),
    *,
    name: str = "",
    why: str = "",
    db: str | os.PathLike[str] | None = None,
) -> str:
    """Register a model, a configuration or a data snapshot, and return its ID: the SHA-256 of its bytes.

    The bytes are read as a stream and stay where they are; nothing is unpickled. A configuration (`.json`, `.toml`,
    `.yaml`, or a mapping) is kept in the store, secrets masked, so that two can be compared. The user, the host, the
    git commit of the calling program and whether its work tree is modified are kept with each registration.

        model = obsv.register("model", "model.bin", {"auc": 0.71}, parents=[data], why="weekly training")

    If the store cannot be written, a warning is logged once, and the ID is returned all the same: it depends on the
    bytes only.

    Args:
        kind: `"model"`, `"config"`, `"data"`, or another word.
        path_or_bytes: path of a file or directory, bytes, or a mapping, which is hashed as canonical JSON.
        meta: what else is known of it; values that JSON cannot express are replaced by their types, secrets masked.
        parents: IDs of the artifacts that it was made of.
        name: a name that later artifacts may share; default: the file's name, else the kind.
        why: the reason, for the audit.
        db: the database file; default: where this program records.

    Returns:
        64 lower-case hex digits (FIPS 180-4).

    Raises:
        ConfigurationError: the file cannot be read, an argument is invalid, or a parent is not an ID.
        InvalidQuery: a parent descends from the artifact itself.
    """
    if not isinstance(kind, str) or not kind.strip():
        raise ConfigurationError(f"register takes the kind first, such as 'model', not {kind!r:.100}.")
    above = tuple(dict.fromkeys(map(_checked, parents)))
    if len(above) > MOST_PARENTS:
        raise ConfigurationError(f"An artifact has at most {MOST_PARENTS:,} parents; {len(above):,} were given.")
    settings = process_settings()
    content = content_of(path_or_bytes)
    redactor = Redactor(settings.sensitive_fields)
    commit, is_dirty = _git(sys._getframe(1).f_code.co_filename)
    registration = Registration(
        content.artifact_id,
        unix_ns(),
        _text(kind.strip()),
        _text((name or os.path.basename(content.location) or kind).strip()),
        content.size,
        well_formed(content.location),
        content.form,
        _meta(meta, redactor),
        _configuration(kind.strip(), path_or_bytes, content, redactor),
        _text(_user()),
        _text(socket.gethostname()),
        _text(settings.service_name or program_name() or ""),
        _text(redactor.redact_value(why), _WHY_CHARS),
        commit,
        is_dirty,
    )
    try:
        register_artifact(Path(db) if db is not None else settings.db, registration, above)
        _notices.over("store")
    except StoreError as error:
        message = "Artifact %s could not be registered: %s."
        _notices.once("store", logging.WARNING, message, content.artifact_id[:12], error)
    return content.artifact_id


def _checked(parent: object) -> str:
    if not isinstance(parent, str) or len(parent) != 64 or not _HEX.issuperset(parent.lower()):
        raise ConfigurationError(f"A parent is an ID that register returned, 64 hex digits, not {parent!r:.100}.")
    return parent.lower()


def _text(text: str, most: int = _CHARS) -> str:
    """Return a text as the store keeps it: SQLite takes no lone surrogates, which names of files may have."""
    return well_formed(text)[:most]


def _configuration(kind: str, given: Given, content: Content, redactor: Redactor) -> str | None:
    if kind != CONFIG:
        return None
    if isinstance(given, Mapping):
        return kept(given, redactor)
    return parsed(content.location, redactor) if content.form == "file" else None


def _meta(meta: Mapping[str, Any] | None, redactor: Redactor) -> str:
    if meta is not None and not isinstance(meta, Mapping):
        raise ConfigurationError(f"meta is a mapping, not {type(meta).__name__}.")
    text = kept(meta or {}, redactor)
    if text is None:
        raise ConfigurationError("meta is too large or too deep to be kept; register a file of it instead.")
    return text


def _git(caller: str) -> tuple[str, bool | None]:
    tree = work_tree(caller) if os.path.isabs(caller) else None
    if tree is None:
        try:
            tree = work_tree(os.path.join(os.getcwd(), "."))
        except OSError:  # the working directory was removed
            return "", None
    return ("", None) if tree is None else (tree.commit, tree.is_dirty())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user ID without a name
        return str(getattr(os, "getuid", lambda: "")())
