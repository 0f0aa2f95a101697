"""Directories of temporary stores: each is named after its process and its database."""

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
from obsv.working_directory import real

_PREFIX = "obsv-thawed-"


def make_temporary(db: Path) -> Path:
    """Return a new directory for what is read of a database's archive; those of dead processes are removed."""
    remove_left_behind()
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{_mark(db)}-"))


def remove_left_behind(directory: str | None = None) -> None:
    """Remove the temporary stores of processes of this user that have died."""
    for entry, pid, _ in _ours(directory):
        if not Identity(pid, 0, boot_id()).is_alive():
            shutil.rmtree(entry.path, ignore_errors=True)


def remove_temporary(db: Path, directory: str | None = None) -> None:
    """Remove the temporary stores of a database, of all processes: whoever still reads one begins it anew."""
    for entry, _, mark in _ours(directory):
        if mark == _mark(db):
            shutil.rmtree(entry.path, ignore_errors=True)


def _ours(directory: str | None) -> Iterator[tuple[os.DirEntry[str], int, str]]:
    """Yield the temporary stores of this user, with their process and the mark of their database."""
    with contextlib.suppress(OSError), os.scandir(directory or tempfile.gettempdir()) as entries:
        for entry in entries:
            pid, _, rest = entry.name.removeprefix(_PREFIX).partition("-")
            if not entry.name.startswith(_PREFIX) or not pid.isdecimal():
                continue
            with contextlib.suppress(OSError):
                if is_own(entry.stat(follow_symlinks=False)):
                    yield entry, int(pid), rest.partition("-")[0]


def _mark(db: Path) -> str:
    return hashlib.sha256(os.fsencode(real(str(db)))).hexdigest()[:12]
