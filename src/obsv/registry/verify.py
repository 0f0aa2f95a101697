"""Comparison of registered artifacts with the files that they were registered from."""

from __future__ import annotations

import os
import re
import socket
from typing import Literal, NamedTuple

from obsv.registry.content import digest_of
from obsv.store.figures import Artifact

# A byte of a name that is not UTF-8, as the store keeps it.
_ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")
State = Literal["same", "changed", "missing", "elsewhere", "unkept"]


class Verdict(NamedTuple):
    """The state of an artifact's file: `same`, `changed`, `missing`, `elsewhere` (another host), or `unkept` (bytes or
    a mapping were given, not a file)."""

    artifact: Artifact
    state: State


def verify(artifact: Artifact) -> Verdict:
    """Read an artifact's file again and compare its SHA-256."""
    if not artifact.location:
        return Verdict(artifact, "unkept")
    if artifact.host != socket.gethostname():
        return Verdict(artifact, "elsewhere")
    try:
        found = digest_of(_path(artifact.location))
    except ValueError:
        return Verdict(artifact, "changed")
    except OSError:
        return Verdict(artifact, "missing")
    return Verdict(artifact, "same" if found.artifact_id == artifact.artifact_id else "changed")


def _path(location: str) -> str:
    if os.path.exists(location):
        return location
    return _ESCAPED.sub(lambda each: chr(int(each[1], 16)), location)
