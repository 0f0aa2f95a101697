"""Directories of temporary stores: each is named after its process and its database.

They hold recorded values, so those of a process that was killed are removed by the next one that makes any.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from obsv.own_files import is_own
from obsv.process_identity import Identity, boot_id
from obsv.working_directory import absolute, real

_PREFIX = "obsv-thawed-"


def make_temporary(db: Path, *, is_small: bool = False) -> Path:
    """Return a new directory for what is read of a database; those of dead processes are removed.

    Args:
        db: the database.
        is_small: whether it goes beside the database, where every process finds it, if that is possible.
    """
    remove_left_behind(db)
    prefix = f"{_PREFIX}{os.getpid()}-{_mark(db)}-"
    with contextlib.suppress(OSError):
        if is_small:
            return Path(tempfile.mkdtemp(prefix=prefix, dir=db.parent))
    return Path(tempfile.mkdtemp(prefix=prefix))


def remove_left_behind(db: Path) -> None:
    """Remove the temporary stores of processes of this user that have died: beside a database, and in `TMPDIR`."""
    for entry, pid, _ in _ours(db):
        if not Identity(pid, 0, boot_id()).is_alive():
            shutil.rmtree(entry.path, ignore_errors=True)


def remove_temporary(db: Path) -> None:
    """Remove the temporary stores of a database, of all processes: whoever still reads one begins it anew."""
    for entry, _, mark in _ours(db):
        if mark == _mark(db):
            shutil.rmtree(entry.path, ignore_errors=True)


def _ours(db: Path) -> Iterator[tuple[os.DirEntry[str], int, str]]:
    """Yield the temporary stores of this user, with their process and the mark of their database."""
    for place in {tempfile.gettempdir(), absolute(str(db.parent))}:
        yield from _ours_in(place)


def _ours_in(place: str) -> Iterator[tuple[os.DirEntry[str], int, str]]:
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            pid, _, rest = entry.name.removeprefix(_PREFIX).partition("-")
            if not entry.name.startswith(_PREFIX) or not pid.isdecimal():
                continue
            with contextlib.suppress(OSError):
                if is_own(entry.stat(follow_symlinks=False)):
                    yield entry, int(pid), rest.partition("-")[0]


def _mark(db: Path) -> str:
    return hashlib.sha256(os.fsencode(real(str(db)))).hexdigest()[:12]
