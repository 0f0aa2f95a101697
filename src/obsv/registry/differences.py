"""Differences of two artifacts: what was said of them, and of configurations, each value."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.registry.configuration import flat
from obsv.store.figures import Artifact

_SAID = ("kind", "name", "size", "form", "git_commit", "git_dirty")
_ABSENT = object()


class Difference(NamedTuple):
    """A value that two artifacts do not share.

    Attributes:
        part: `artifact`, `meta`, `parents` or `config`.
        path: its path in that part.
        before, after: the values; None also if there was none, as `change` says.
        change: `added`, `removed` or `changed`.
    """

    part: str
    path: str
    before: Any
    after: Any
    change: str


def differences(before: Artifact, after: Artifact) -> list[Difference]:
    """Return the differences of two artifacts, by part and path. Masked secrets count as equal."""
    old, new = _parts(before), _parts(after)
    return [found for part in old for found in _between(part, old[part], new[part])]


def _parts(artifact: Artifact) -> dict[str, dict[str, Any]]:
    return {
        "artifact": {name: getattr(artifact, name) for name in _SAID},
        "meta": flat(artifact.meta) if artifact.meta else {},
        "parents": {parent: parent for parent in artifact.parents},
        "config": {} if artifact.content is None else flat(artifact.content),
    }


def _between(part: str, old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    found = []
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path, _ABSENT), new.get(path, _ABSENT)
        if before is _ABSENT:
            found.append(Difference(part, path, None, after, "added"))
        elif after is _ABSENT:
            found.append(Difference(part, path, before, None, "removed"))
        elif type(before) is not type(after) or before != after:
            found.append(Difference(part, path, before, after, "changed"))
    return found
