"""Opening of files only if they belong to this user."""

import os
import stat

_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class NotOurs(OSError):
    """The file is not of this user, of this format, or within its limits."""


def open_own(path: str | os.PathLike[str], flags: int, most: int) -> int:
    """Return the descriptor of a regular file of this user.

    Raises:
        OSError: it cannot be opened; NotOurs if it is something else, or larger than `most` bytes.
    """
    descriptor = os.open(path, flags | _SAFE)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise NotOurs(f"{path} is not a regular file owned by this user")
        if found.st_size > most:
            raise NotOurs(f"{path} has {found.st_size:,} bytes")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def see_own_directory(path: str | os.PathLike[str]) -> None:
    """Check that a directory belongs to this user.

    Raises:
        OSError: it does not exist; NotOurs if it is a link, not a directory, or another user's.
    """
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotOurs(f"{path} is not a directory owned by this user")
