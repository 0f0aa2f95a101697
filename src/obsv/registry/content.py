"""The bytes of an artifact and their SHA-256, read as a stream; nothing is unpickled or imported."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from obsv.errors import ConfigurationError
from obsv.own_files import not_waiting
from obsv.working_directory import absolute

_CHUNK = 1 << 20
# Files that a directory may have: their names and digests are held until all are known.
MOST_FILES = 100_000
Given = str | os.PathLike[str] | bytes | bytearray | memoryview | Mapping[str, Any]


class Content(NamedTuple):
    """Identity of an artifact.

    Attributes:
        artifact_id: SHA-256, 64 hex digits.
        size: in bytes; of a directory, of all its files.
        location: absolute path; empty if the bytes were given.
        form: `bytes`, `file`, `directory`, or `json`: a mapping, as canonical JSON.
    """

    artifact_id: str
    size: int
    location: str
    form: str


def content_of(given: Given) -> Content:
    """Return the identity of bytes, of a mapping, or of a file or directory.

    A mapping is hashed as JSON with sorted keys and no spaces. A directory is hashed as the list of its files: for
    each, in order of its path, `SHA-256 size path` and a zero byte; links are not followed.

    Raises:
        ConfigurationError: there is no such file, it changed while it was read, or it cannot be an artifact.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        return Content(hashlib.sha256(given).hexdigest(), memoryview(given).nbytes, "", "bytes")
    if isinstance(given, Mapping):
        text = canonical(given)
        return Content(hashlib.sha256(text).hexdigest(), len(text), "", "json")
    if not isinstance(given, str | os.PathLike):
        raise ConfigurationError(f"An artifact is a path, bytes or a mapping, not {type(given).__name__}.")
    path = absolute(os.fspath(given))
    try:
        return digest_of(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be registered: {getattr(error, 'strerror', None) or error}.") from None


def digest_of(path: str) -> Content:
    """Return the identity of a file or a directory.

    Raises:
        OSError: it cannot be read.
        ValueError: it is neither, it has too many files, or it changed meanwhile.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        return _of_directory(path)
    digest, size = _of_file(path)
    return Content(digest, size, path, "file")


def size_of(path: str) -> int:
    """Return the size of a file, or of all files of a directory, in bytes; links are not followed in it.

    Raises:
        OSError: it cannot be read.
    """
    if not os.path.isdir(path):
        return os.stat(path).st_size
    return sum(os.lstat(os.path.join(path, name)).st_size for name in islice(_names(path, path), MOST_FILES))


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a mapping as canonical JSON.

    Raises:
        ConfigurationError: JSON cannot express it.
    """
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"The mapping cannot be registered, since JSON cannot express it: {error}.") from None


def _of_file(path: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb", buffering=0, opener=not_waiting) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise ValueError("it is not a regular file")
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise ValueError("it changed while it was read; register it when it is complete")
    return digest.hexdigest(), size


def _of_directory(root: str) -> Content:
    digest, total = hashlib.sha256(), 0
    names = []
    for name in _names(root, root):
        names.append(name)
        if len(names) > MOST_FILES:
            raise ValueError(f"it has more than {MOST_FILES:,} files; register an archive of them")
    for name in sorted(names):
        path = os.path.join(root, name)
        if os.path.islink(path):
            target = os.fsencode(os.readlink(path))
            found, size = hashlib.sha256(target).hexdigest(), len(target)
        else:
            found, size = _of_file(path)
        shown = os.fsencode(name.replace(os.sep, "/"))
        digest.update(b"%s %d %s\0" % (found.encode(), size, shown))
        total += size
    return Content(digest.hexdigest(), total, root, "directory")


def _names(root: str, below: str) -> Iterator[str]:
    with os.scandir(below) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _names(root, entry.path)
            else:
                yield os.path.relpath(entry.path, root)
