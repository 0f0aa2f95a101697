"""The right to keep a database: an advisory lock that the system releases when its holder dies."""

from __future__ import annotations

import errno
import json
import os
from typing import Literal, NamedTuple

from obsv.keeper.files import KeeperFiles
from obsv.own_files import open_own
from obsv.process_identity import Identity, own_identity

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# "process" was started by a program, "service" by `obsv keeper`, "serve" is `obsv serve`, "thread" is in a program;
# "errand" keeps nothing, and runs one errand of the database.
Role = Literal["process", "service", "serve", "thread", "errand"]

_MAX_TEXT = 4_096
# Errors of file systems without such locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EINVAL, getattr(errno, "ENOTSUP", 95), getattr(errno, "EOPNOTSUPP", 95))


class LockUnsupported(Exception):
    """File locks are not supported here; the message says where."""


class Holder(NamedTuple):
    """The keeper of a database.

    Args:
        identity: the process.
        version: its version of obsv.
        role: kind of keeper.
    """

    identity: Identity
    version: str
    role: Role


class Lock:
    """A lock held by one process per database. The child of a fork that calls `forget` does not inherit it.

    Args:
        files: files of the database.
    """

    def __init__(self, files: KeeperFiles) -> None:
        self._path = files.lock
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Return whether this object holds the lock on the file that is at the path now."""
        if self._descriptor is None:
            return False
        try:
            there = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def take(self, role: Role, version: str) -> bool:
        """Acquire the lock if it is free; write the holder into the file.

        Raises:
            LockUnsupported: the file system has no locks.
            OSError: the file cannot be created or opened.
        """
        descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT)
        try:
            if not _lock(descriptor, self._path, shared=False):
                os.close(descriptor)
                return False
            self._descriptor = descriptor
            if not self.is_held:  # the file was deleted between opening and locking it
                self.release()
                return False
            _write(descriptor, Holder(own_identity(), version, role))
        except BaseException:
            self._descriptor = None
            os.close(descriptor)
            raise
        return True

    def is_free(self) -> bool:
        """Return whether nobody holds the lock.

        Raises:
            LockUnsupported: the file system has no locks.
            OSError: the file cannot be opened.
        """
        descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT)
        try:
            # Shared, so that two simultaneous queries do not mistake each other for the keeper.
            return _lock(descriptor, self._path, shared=True)
        finally:
            os.close(descriptor)

    def holder(self) -> Holder | None:
        """Return the last holder written into the file, even a dead one; None if it is unreadable."""
        try:
            descriptor = open_own(self._path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return _parsed(os.read(descriptor, _MAX_TEXT))
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    # The lock belongs to the open file, which a fork shares: closing the copy does not release the parent's lock.
    forget = release


class Unlocked(Lock):
    """A substitute for the lock if locks are not supported."""

    @property
    def is_held(self) -> bool:
        """Return True: nobody else can hold it either."""
        return True


def _lock(descriptor: int, path: str, *, shared: bool) -> bool:
    if fcntl is None:
        raise LockUnsupported("this system has no flock")
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise LockUnsupported(f"the file system of {path} has no file locks ({error.strerror})") from error
        raise
    return True


def _write(descriptor: int, holder: Holder) -> None:
    about = {**holder.identity._asdict(), "version": holder.version, "role": holder.role}
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, json.dumps(about).encode())


def _parsed(text: bytes) -> Holder | None:
    try:
        about = json.loads(text)
        identity = Identity(int(about["pid"]), int(about["start"]), str(about["boot"]))
        return Holder(identity, str(about["version"]), about["role"])
    except (ValueError, TypeError, KeyError):
        return None
