"""Comparison of registered artifacts with the files that they were registered from."""

from __future__ import annotations

import os
import re
import socket
from typing import Literal, NamedTuple

from obsv.registry.content import digest_of, size_of
from obsv.store.figures import Artifact

# A byte of a name that is not UTF-8, as the store keeps it.
_ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")
# Bytes that a request may have the server read: about a second.
MOST_ASKED = 10**9
State = Literal["same", "changed", "missing", "elsewhere", "unkept", "large"]


class Verdict(NamedTuple):
    """The state of an artifact's file: `same`, `changed`, `missing`, `elsewhere` (another host), `unkept` (bytes or
    a mapping were given, not a file), or `large` (it is not read here)."""

    artifact: Artifact
    state: State


def verify(artifact: Artifact, most_bytes: int | None = None) -> Verdict:
    """Read an artifact's file again and compare its SHA-256.

    Args:
        artifact: as it was registered.
        most_bytes: size above which nothing is read; default: none.
    """
    if not artifact.location:
        return Verdict(artifact, "unkept")
    if artifact.host != socket.gethostname():
        return Verdict(artifact, "elsewhere")
    try:
        path = _path(artifact.location)
        if most_bytes is not None and size_of(path) > most_bytes:
            return Verdict(artifact, "large")
        found = digest_of(path)
    except ValueError:
        return Verdict(artifact, "changed")
    except OSError:
        return Verdict(artifact, "missing")
    return Verdict(artifact, "same" if found.artifact_id == artifact.artifact_id else "changed")


def _path(location: str) -> str:
    if os.path.exists(location):
        return location
    return _ESCAPED.sub(lambda each: chr(int(each[1], 16)), location)
