"""The keeper's files beside a database, and safe opening of files that others could have put there."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import NamedTuple

from obsv.working_directory import real

PRIVATE, PRIVATE_DIRECTORY = 0o600, 0o700


class KeeperFiles(NamedTuple):
    """Paths for the real path of a database: two names of one database have one keeper.

    Args:
        db: the database.
        rings: directory of the programs' rings and of the files below; mode 0700.
        lock: held by the keeper; contains its identity.
        leave: asks the keeper to leave.
        bell: ends the keeper's wait.
        log: the keeper's log.
        wishes: settings of programs that the keeper acts on.
    """

    db: str
    rings: str
    lock: str
    leave: str
    bell: str
    log: str
    wishes: str

    @classmethod
    def of(cls, db: str | os.PathLike[str]) -> KeeperFiles:
        """The files of a database."""
        path = real(os.fspath(db))
        rings = f"{path}.rings"
        return cls(path, rings, *(f"{rings}/keeper.{name}" for name in ("lock", "leave", "bell", "log", "wishes")))

    def make(self) -> None:
        """Create the directory.

        Raises:
            OSError: it cannot be created, or the existing one is a link, not a directory, or another user's.
        """
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.rings, PRIVATE_DIRECTORY)
        status = os.lstat(self.rings)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise OSError(f"{self.rings} is not a directory owned by this user")


def open_private(path: str, flags: int) -> int:
    """Return a descriptor of an own file, created with mode 0600 if `flags` create it.

    Raises:
        OSError: it cannot be opened, or it is a link, not a regular file, or another user's.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, PRIVATE)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        if status.st_uid != os.geteuid():
            raise OSError(f"{path} belongs to user {status.st_uid}, not to this one")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
