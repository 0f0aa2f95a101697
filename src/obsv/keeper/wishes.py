"""Settings of a program that its database's keeper acts on: text, for which a ring's header has no room.

They are in a file beside the rings until the keeper has taken them over into the database.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any

from obsv.keeper.files import KeeperFiles
from obsv.own_files import open_own

_LONGEST = 1 << 16


def leave_wishes(files: KeeperFiles, wishes: Mapping[str, Any]) -> None:
    """Add settings to those that wait; an existing one is replaced.

    Raises:
        OSError: the file cannot be written.
    """
    _write(files, {**read_wishes(files), **wishes})


def read_wishes(files: KeeperFiles) -> dict[str, Any]:
    """Return the settings that wait; empty if there are none, or the file is not one of ours."""
    try:
        descriptor = open_own(files.wishes, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            found = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def take_wishes(files: KeeperFiles, taken: Mapping[str, Any]) -> None:
    """Remove wishes that are in the database now, unless a program has changed them meanwhile."""
    left = {name: value for name, value in read_wishes(files).items() if name not in taken or taken[name] != value}
    with contextlib.suppress(OSError):
        if left:
            _write(files, left)
        else:
            os.unlink(files.wishes)


def _write(files: KeeperFiles, wishes: Mapping[str, Any]) -> None:
    temporary = f"{files.wishes}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    descriptor = open_own(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(wishes))
        os.replace(temporary, files.wishes)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
