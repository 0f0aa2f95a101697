"""Hand-over from an older keeper to a newer one: a file asks the older one to leave."""

from __future__ import annotations

import contextlib
import os
import re

from obsv.keeper.files import KeeperFiles
from obsv.own_files import is_own, open_own
from obsv.own_time import unix_ns


def is_older(version: str, than: str) -> bool:
    """Return whether a version precedes another; an invalid version comes first."""
    return _numbers(version) < _numbers(than)


def ask_to_leave(files: KeeperFiles) -> None:
    """Ask the present keeper to leave. Never raises: a keeper that cannot be asked stays."""
    with contextlib.suppress(OSError):
        os.close(open_own(files.leave, os.O_WRONLY | os.O_CREAT))
        os.utime(files.leave)


def is_asked_to_leave(files: KeeperFiles, since_ns: int) -> bool:
    """Return whether somebody has asked since `since_ns`, Unix time."""
    try:
        status = os.lstat(files.leave)
    except OSError:
        return False
    return status.st_mtime_ns >= since_ns and is_own(status)


def forget_request(files: KeeperFiles) -> None:
    """Remove the request: the keeper that was asked has left."""
    with contextlib.suppress(OSError):
        os.unlink(files.leave)


def started_ns() -> int:
    """Return the current time of file stamps: a request in the same tick of the file system's clock is later."""
    return unix_ns() - 20_000_000


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])
