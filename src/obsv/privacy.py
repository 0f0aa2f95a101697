"""File permissions of a store: readable by the owner, unless the user gives access to a group.

The files contain the arguments of a program's calls. SQLite creates the write-ahead log and the shared memory with
the permissions that the database has at that moment, so the database's permissions are set first.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from obsv.own_files import PRIVATE, is_own

logger = logging.getLogger("obsv")

VARIABLE = "OBSV_FILE_MODE"
SUFFIXES = ("", "-wal", "-shm", "-journal")
_CHOICES = {"600": 0o600, "0600": 0o600, "640": 0o640, "0640": 0o640, "660": 0o660, "0660": 0o660}


def chosen_mode(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return the permissions that the user chose with `OBSV_FILE_MODE`: 600, 640 or 660; None if unset."""
    text = environment.get(VARIABLE, "").strip()
    if text in _CHOICES:
        return _CHOICES[text]
    if text:
        _complain(text)
    return None


@cache
def _complain(text: str) -> None:
    logger.warning(
        "%s must be 600, 640 (the group can read) or 660 (the group can write), not %r: it is ignored.", VARIABLE, text
    )


def make_private(path: Path) -> None:
    """Create a file that only its owner can access; leave an existing file unchanged."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), PRIVATE))


def protect(path: Path, mode: int) -> None:
    """Set the permissions of a store's files; only of our own, regular files.

    This uses paths, because closing a descriptor of the database would release SQLite's locks on it in this process.
    """
    for suffix in SUFFIXES:
        with suppress(OSError):
            file = path.with_name(path.name + suffix)
            found = os.stat(file)
            if is_own(found) and stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != mode:
                os.chmod(file, mode)


def create_private(path: Path, mode: int = PRIVATE) -> int:
    """Open a file for writing that only its owner can read; return the descriptor.

    An existing file is truncated and made private too; a device or a pipe keeps its permissions.

    Raises:
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), mode)
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
    return descriptor


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, or those that `OBSV_FILE_MODE` allows.

    Raises:
        OSError: it cannot be written.
    """
    with open(create_private(path, chosen_mode() or PRIVATE), "w", encoding="utf-8") as file:
        file.write(text)
