"""Putting a damaged database aside as a whole: its bytes may still be of value to its owner."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from obsv.privacy import SUFFIXES
from obsv.store.writing.mark import Mark

_MOST_NAMES = 1_000
_MARK = ".damaged-"
# A disk or a script that damages the file again and again must not fill the disk with what was put aside.
MOST_FILES, MOST_BYTES = 5, 1 << 30


def put_aside(path: Path, left: Mark | None, now_ns: int) -> str | None:
    """Rename a database, its log and the log's index.

    The database goes first: programs that have it open notice this, and do not touch the files that take its place.

    Args:
        path: the database.
        left: the state in which its writer left it; None if it could not even be opened. Another file in its place
            stays,
            without a log that does not belong to it.
        now_ns: Unix time.

    Returns:
        The new name; None if there was no file, or another one.

    Raises:
        OSError: it cannot be renamed.
    """
    aside = _free_name(path, now_ns)
    now = Mark.of(path)
    is_ours = left is None or (now.db is not None and left.db is not None and now.db.identity == left.db.identity)
    name = None
    if now.db is not None and is_ours:
        os.rename(path, aside)
        name = aside.name
    if name or (left is not None and left.log is not None and now.log and now.log.identity == left.log.identity):
        for suffix in SUFFIXES[1:]:
            with suppress(FileNotFoundError):
                os.rename(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
    return name


def remove_oldest(path: Path) -> int:
    """Delete the oldest files that were put aside, beyond five or a gigabyte; the latest always stays.

    Args:
        path: the database.

    Returns:
        how many were deleted, each with its log.
    """
    try:
        names = sorted(each for each in os.listdir(path.parent) if each.startswith(path.name + _MARK))
    except OSError:
        return 0
    files = [path.with_name(name) for name in names if not name.endswith(SUFFIXES[1:])]
    size = deleted = 0
    for number, file in enumerate(reversed(files), 1):
        size += sum(_size(file.with_name(file.name + suffix)) for suffix in SUFFIXES)
        if number > MOST_FILES or (number > 1 and size > MOST_BYTES):
            deleted += 1
            for suffix in SUFFIXES:
                with suppress(OSError):
                    os.unlink(file.with_name(file.name + suffix))
    return deleted


def _size(file: Path) -> int:
    try:
        return os.lstat(file).st_size
    except OSError:
        return 0


def _free_name(path: Path, now_ns: int) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now_ns // 10**9))
    names = (f"{path.name}{_MARK}{stamp}{'' if number == 1 else f'-{number}'}" for number in range(1, _MOST_NAMES))
    return next(free for name in names if not os.path.lexists(free := path.with_name(name)))
