"""Files of this user: whose a file is, and how one is opened that others could have put there.

A system without POSIX users (Windows) has no owners in its status: there access lists guard the user's directories.
"""

from __future__ import annotations

import os
import stat

PRIVATE = 0o600
# No symbolic link, no wait for the other end of a FIFO, nothing for child processes, no change of line ends.
SAFE_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


class NotOurs(OSError):
    """The file is not of this user, of this format, or within its limits."""


def is_own(status: os.stat_result) -> bool:
    """Return whether a file belongs to this user; True where the system does not say."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def open_own(path: str | os.PathLike[str], flags: int, most: int | None = None) -> int:
    """Return the descriptor of a regular file of this user, created with mode 0600 if `flags` create it.

    Args:
        path: the file.
        flags: of `os.open`.
        most: bytes above which it is refused.

    Raises:
        OSError: it cannot be opened; NotOurs if it is a link, not a regular file, another user's, or too large.
    """
    descriptor = os.open(path, flags | SAFE_FLAGS, PRIVATE)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotOurs(f"{path} is not a regular file")
        if not is_own(status):
            raise NotOurs(f"{path} belongs to user {status.st_uid}, not to this one")
        if most is not None and status.st_size > most:
            raise NotOurs(f"{path} has {status.st_size:,} bytes, more than {most:,}")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def see_own_directory(path: str | os.PathLike[str]) -> None:
    """Check that a directory belongs to this user.

    Raises:
        OSError: it does not exist; NotOurs if it is a link, not a directory, or another user's.
    """
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or not is_own(status):
        raise NotOurs(f"{path} is not a directory owned by this user")
