"""Opens a file only if it is one's own."""

import os
import stat

_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class NotOurs(OSError):
    """What stands there is not a file of this user, of this format, within its bounds."""


def open_own(path: str | os.PathLike[str], flags: int, most: int) -> int:
    """The descriptor of a regular file of this user.

    Raises:
        OSError: it cannot be opened; NotOurs where it is something else, or larger than `most` bytes.
    """
    descriptor = os.open(path, flags | _SAFE)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise NotOurs(f"{path} is not a regular file of this user")
        if found.st_size > most:
            raise NotOurs(f"{path} has {found.st_size:,} bytes")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def see_own_directory(path: str | os.PathLike[str]) -> None:
    """See that a directory is one of this user.

    Raises:
        OSError: it is not there; NotOurs where it is a link, no directory, or another user's.
    """
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotOurs(f"{path} is not a directory of this user")
