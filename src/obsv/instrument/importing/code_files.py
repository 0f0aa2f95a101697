"""Files that keep the code of recorded modules between runs, as Python keeps its own.

They are stored beside Python's, in `__pycache__`, or in a directory of the user if that is not writable. The executed
code
must have been written by someone who could also change the source: a file that others can write, or that was modified,
is
ignored.
"""

import functools
import importlib.util
import marshal
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from obsv.own_files import SAFE_FLAGS
from obsv.own_time import ticks

_HEADER = b"obsv" + importlib.util.MAGIC_NUMBER
_CHECK_BYTES = 4
# A change of what these make of a module makes what was kept worthless.
_MAKERS = (
    *("grafting/bytecode", "grafting/graft", "grafting/graft_steps", "parameters"),
    *("importing/late", "importing/leave", "importing/source"),
)
_ROOM = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_UID: int | None = os.geteuid() if hasattr(os, "geteuid") else None


class _Key(NamedTuple):
    """The source, the compiler and its version: a file with another key is ignored."""

    path: str
    changed_ns: int
    size: int
    maker: int


class CodeFiles:
    """A store of code by the path of its source.

    Args:
        variant: letters and digits; code of other variants is stored beside it.
    """

    def __init__(self, variant: str = "") -> None:
        self._tag = f"obsv{variant}o{sys.flags.optimize}"
        self._unwritable: set[str] = set()

    def read(self, source: str) -> CodeType | None:
        """Return the stored code of a source file; None if there is none, or if it is outdated."""
        try:
            status = os.stat(source)
            key = _key(source, status)
            for file in self._places(source):
                data = _read(file, status.st_uid)
                if data is not None and (code := _unpacked(data, key)) is not None:
                    return code
        except Exception:
            pass  # there is none
        return None

    def write(self, source: str, status: os.stat_result, code: CodeType) -> None:
        """Store code.

        Args:
            source: path of the file that it was compiled from.
            status: status of that file, from before it was read.
        """
        if sys.dont_write_bytecode:
            return
        try:
            data = _packed(_key(source, status), code)
            for file in self._places(source):
                if self._write(file, data, status):
                    return
        except Exception:
            pass  # it will be compiled again

    def _places(self, source: str) -> Iterator[str]:
        yield importlib.util.cache_from_source(source, optimization=self._tag)
        if (own := _own_directory()) is not None:
            name = importlib.util.source_hash(os.fsencode(source)).hex()
            yield os.path.join(own, f"{name}.{sys.implementation.cache_tag}.{self._tag}.pyc")

    def _write(self, file: str, data: bytes, source: os.stat_result) -> bool:
        directory = os.path.dirname(file)
        if directory in self._unwritable:
            return False
        try:
            if directory == _own_directory():
                os.makedirs(directory, 0o700, exist_ok=True)
            else:
                with_parents = bool(sys.pycache_prefix)
                (os.makedirs if with_parents else os.mkdir)(directory)
        except FileExistsError:
            pass
        except OSError:
            self._unwritable.add(directory)
            return False
        try:
            if not _is_trusted(os.stat(directory), source.st_uid):
                raise PermissionError
            _replace(file, data, source.st_mode & 0o644 | stat.S_IWUSR)
        except OSError:
            self._unwritable.add(directory)
            return False
        return True


def _replace(file: str, data: bytes, mode: int) -> None:
    new = f"{file}.{os.getpid()}.{ticks()}"
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | SAFE_FLAGS, mode)
    try:
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as out:
                out.write(data)
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        os.replace(new, file)
    except BaseException:
        os.unlink(new)
        raise


def _read(file: str, source_uid: int) -> bytes | None:
    """Return the content of a file that nobody else could have written; None otherwise."""
    try:
        if not _is_trusted(os.stat(os.path.dirname(file)), source_uid):
            return None
        descriptor = os.open(file, os.O_RDONLY | SAFE_FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or not _is_trusted(status, source_uid):
                return None
            return os.read(descriptor, status.st_size + 1)
        finally:
            os.close(descriptor)
    except OSError:
        return None


def _is_trusted(status: os.stat_result, source_uid: int) -> bool:
    """Return whether only this user, the system, or the owner of the source could have written there."""
    return _UID is None or (status.st_uid in (_UID, 0, source_uid) and not status.st_mode & _OTHERS_WRITE)


def _packed(key: _Key, code: CodeType) -> bytes:
    payload = marshal.dumps((tuple(key), code))
    return _HEADER + zlib.crc32(payload).to_bytes(_CHECK_BYTES, "little") + payload


def _unpacked(data: bytes, key: _Key) -> CodeType | None:
    start = len(_HEADER) + _CHECK_BYTES
    payload = memoryview(data)[start:]
    if data[: len(_HEADER)] != _HEADER or data[len(_HEADER) : start] != zlib.crc32(payload).to_bytes(4, "little"):
        return None
    kept, code = marshal.loads(payload)
    return code if kept == key else None


def _key(source: str, status: os.stat_result) -> _Key:
    return _Key(source, status.st_mtime_ns, status.st_size, _maker())


@functools.cache
def _maker() -> int:
    """Return a number for the version of obsv's code generation: a checksum of its files."""
    number = 0
    for name in _MAKERS:
        with open(os.path.join(_ROOM, f"{name}.py"), "rb") as file:
            number = zlib.crc32(file.read(), number)
    return number


@functools.cache
def _own_directory() -> str | None:
    """Return the directory for code that cannot be stored beside the source."""
    if _UID is None:
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(os.path.join("~", ".cache"))
    return os.path.join(base, "obsv", "code") if os.path.isabs(base) else None
