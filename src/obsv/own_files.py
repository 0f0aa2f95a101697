"""Files of this user: whose a file is, and how one is opened that others could have put there.

A system without POSIX users (Windows) has no owners in its status: there access lists guard the user's directories.
"""

from __future__ import annotations

import errno
import os
import stat

PRIVATE = 0o600
# No symbolic link, no wait for the other end of a FIFO, nothing for child processes, no change of line ends.
SAFE_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))

MOST_SETTINGS = 1 << 20
_NO_WAIT = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


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


def read_settings(path: str | os.PathLike[str], most: int = MOST_SETTINGS) -> bytes:
    """Return the content of a file of settings: whoever wrote it, it takes neither time nor memory.

    A link is followed, as deployments mount their files behind links.

    Raises:
        OSError: it cannot be read; NotOurs if it is not a regular file, or too large.
    """
    with open(path, "rb", opener=not_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotOurs(errno.EINVAL, "it is not a regular file", os.fspath(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise NotOurs(errno.EFBIG, f"it has more than {most:,} bytes", os.fspath(path))
    return content


def not_waiting(path: str, flags: int) -> int:
    """Open a file, for `open(…, opener=…)`, without waiting for the other end of a named pipe."""
    return os.open(path, flags | _NO_WAIT)


def see_own_directory(path: str | os.PathLike[str]) -> None:
    """Check that a directory belongs to this user.

    Raises:
        OSError: it does not exist; NotOurs if it is a link, not a directory, or another user's.
    """
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or not is_own(status):
        raise NotOurs(f"{path} is not a directory owned by this user")
