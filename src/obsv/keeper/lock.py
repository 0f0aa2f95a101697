"""The right to keep a database: an advisory lock that the system takes back when its holder dies."""

from __future__ import annotations

import errno
import json
import os
from typing import Literal, NamedTuple

from obsv.keeper.files import KeeperFiles, open_private
from obsv.keeper.identity import Identity, own_identity

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# "process" was started by a program, "service" by `obsv keeper`, "serve" is `obsv serve`, "thread" is in a program.
Role = Literal["process", "service", "serve", "thread"]

_MAX_TEXT = 4_096
# What systems answer where the file system has no such locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EINVAL, getattr(errno, "ENOTSUP", 95), getattr(errno, "EOPNOTSUPP", 95))


class LockUnsupported(Exception):
    """There are no such locks here; the message says where."""


class Holder(NamedTuple):
    """Who keeps a database.

    Args:
        identity: the process.
        version: of its obsv.
        role: what kind of keeper it is.
    """

    identity: Identity
    version: str
    role: Role


class Lock:
    """Held by one process a database. Not inherited by the child of a fork that calls `forget`.

    Args:
        files: of the database.
    """

    def __init__(self, files: KeeperFiles) -> None:
        self._path = files.lock
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock, of the file that stands at the path now."""
        if self._descriptor is None:
            return False
        try:
            there = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def take(self, role: Role, version: str) -> bool:
        """Take the lock if nobody has it; says in the file who did.

        Raises:
            LockUnsupported: the file system has no locks.
            OSError: the file cannot be made or opened.
        """
        descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
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
        """Whether nobody holds the lock.

        Raises:
            LockUnsupported: the file system has no locks.
            OSError: the file cannot be opened.
        """
        descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
        try:
            # Shared, so that two who ask at once do not take each other for the keeper.
            return _lock(descriptor, self._path, shared=True)
        finally:
            os.close(descriptor)

    def holder(self) -> Holder | None:
        """Who wrote into the file last; None where nobody can be read from it. Who died still stands there."""
        try:
            descriptor = open_private(self._path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return _parsed(os.read(descriptor, _MAX_TEXT))
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    # The lock hangs on the open file, which a fork shares: closing the copy leaves the parent's lock alone.
    forget = release


class Unlocked(Lock):
    """Stands for the lock where there can be none."""

    @property
    def is_held(self) -> bool:
        """Always: nobody else can hold it either."""
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
    os.pwrite(descriptor, json.dumps(about).encode(), 0)


def _parsed(text: bytes) -> Holder | None:
    try:
        about = json.loads(text)
        identity = Identity(int(about["pid"]), int(about["start"]), str(about["boot"]))
        return Holder(identity, str(about["version"]), about["role"])
    except (ValueError, TypeError, KeyError):
        return None
