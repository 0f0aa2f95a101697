"""An older keeper makes room for a newer one: a file asks it to leave."""

from __future__ import annotations

import contextlib
import os
import re

from obsv.keeper.files import KeeperFiles, open_private
from obsv.own_time import unix_ns


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another; what is no version comes first."""
    return _numbers(version) < _numbers(than)


def ask_to_leave(files: KeeperFiles) -> None:
    """Ask the present keeper to leave. Never raises: where it cannot be asked it stays."""
    with contextlib.suppress(OSError):
        os.close(open_private(files.leave, os.O_WRONLY | os.O_CREAT))
        os.utime(files.leave)


def is_asked_to_leave(files: KeeperFiles, since_ns: int) -> bool:
    """Whether somebody has asked since `since_ns`, Unix time."""
    try:
        status = os.lstat(files.leave)
    except OSError:
        return False
    return status.st_mtime_ns >= since_ns and status.st_uid == os.geteuid()


def forget_request(files: KeeperFiles) -> None:
    """Whoever was asked has left."""
    with contextlib.suppress(OSError):
        os.unlink(files.leave)


def started_ns() -> int:
    """Now, as file times count: a request of the same tick of the file system's clock counts as later."""
    return unix_ns() - 20_000_000


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])
