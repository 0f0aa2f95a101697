"""The keeper's files beside a database."""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from obsv.own_files import see_own_directory
from obsv.working_directory import real

PRIVATE_DIRECTORY = 0o700


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
        see_own_directory(self.rings)
