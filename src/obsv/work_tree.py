"""The git commit of a source file, and whether files are unmodified, read from git's own files.

No `git` is run: a thread of the program may do this work, and obsv must not create a child of its process. Edits that
are in the index but not committed are therefore not detected.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Iterator
from typing import NamedTuple

_MOST_LEVELS = 40
_MOST_REF, _MOST_PACKED, _MOST_INDEX, _MOST_FILE = 500, 16 << 20, 64 << 20, 5_000_000
# Packages installed below a work tree do not belong to it.
_NOT_PART = ("site-packages", "dist-packages")
_STAT_BYTES, _FLAG_BYTES, _EXTENDED = 40, 2, 0x4000
_SKIPPED = 0x4000  # skip-worktree, among the extended flags
_GITLINK = 0o160000


class _Entry(NamedTuple):
    """A tracked file, as the index has it."""

    path: bytes
    mode: int
    size: int
    mtime_ns: int
    digest: bytes


class WorkTree(NamedTuple):
    """A work tree at the time it was read.

    Attributes:
        root: its directory.
        commit: full hex digest of the checked-out commit.
        entries: the index, git's list of tracked files; empty if it cannot be read.
    """

    root: str
    commit: str
    entries: bytes

    def is_clean(self, path: str, before_ns: int) -> bool | None:
        """Return whether a file is as in the index; None if unknown.

        Args:
            path: path of the file.
            before_ns: a file changed later proves nothing about a program that began then, Unix time.
        """
        try:
            if os.stat(path).st_mtime_ns > before_ns:
                return None
        except (OSError, ValueError):
            return None
        text = _read(path, _MOST_FILE)
        if text is None or not self.entries:
            return None
        known = self._known(os.path.relpath(path, self.root).replace(os.sep, "/"))
        return known is not None and known == self._blob(text)

    def is_dirty(self) -> bool | None:
        """Return whether any tracked file differs from the index; None if the index cannot be read.

        A file with the size and the time of change that the index has is not read.
        """
        if not self.entries:
            return None
        try:
            return any(map(self._differs, _entries(self.entries, len(self.commit) // 2)))
        except (ValueError, IndexError, struct.error):
            return None

    def _differs(self, entry: _Entry) -> bool:
        path = os.path.join(os.fsencode(self.root), entry.path)
        try:
            now = os.lstat(path)
        except OSError:
            return True
        if not stat.S_ISREG(entry.mode) or not stat.S_ISREG(now.st_mode):  # links, and work trees inside this one
            return stat.S_IFMT(entry.mode) not in (stat.S_IFMT(now.st_mode), _GITLINK)
        if entry.size == now.st_size & 0xFFFF_FFFF and entry.mtime_ns == now.st_mtime_ns:
            return False
        text = _read(os.fsdecode(path), _MOST_FILE)
        return text is None or entry.digest != self._blob(text)

    def _blob(self, text: bytes) -> bytes:
        whole = b"blob %d\0%s" % (len(text), text)
        if len(self.commit) == 40:
            return hashlib.sha1(whole, usedforsecurity=False).digest()
        return hashlib.sha256(whole).digest()

    def _known(self, path: str) -> bytes | None:
        """Return the digest of a file in the index, which precedes the file's path."""
        needle, size = os.fsencode(path), len(self.commit) // 2
        at = self.entries.find(needle + b"\0")
        while at >= 0:
            for more in (0, _FLAG_BYTES):  # in an entry with extended flags
                end = at - _FLAG_BYTES - more
                flags = int.from_bytes(self.entries[end : end + _FLAG_BYTES], "big")
                is_length = flags & 0xFFF == min(len(needle), 0xFFF) and bool(flags & _EXTENDED) == bool(more)
                if is_length and end >= _STAT_BYTES + size:
                    return self.entries[end - size : end]
            at = self.entries.find(needle + b"\0", at + 1)
        return None


def work_tree(path: str, known: WorkTree | None = None) -> WorkTree | None:
    """Return the work tree of a source file; None if there is none. Never raises.

    Args:
        path: path of the file.
        known: a work tree read before, which is not read again.
    """
    if not os.path.isabs(path) or any(part in _NOT_PART for part in path.split(os.sep)):
        return None
    directory = os.path.dirname(path)
    for _ in range(_MOST_LEVELS):
        git = os.path.join(directory, ".git")
        if os.path.exists(git):
            return known if known is not None and known.root == directory else _at(directory, git)
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above
    return None


def _entries(index: bytes, digest_bytes: int) -> Iterator[_Entry]:
    """Read an index of version 2 or 3 (gitformat-index): a header of 12 bytes, then entries padded to 8 bytes."""
    at = 12
    for _ in range(int.from_bytes(index[8:12], "big")):
        fields = struct.unpack_from(">10I", index, at)
        flags_at = at + _STAT_BYTES + digest_bytes
        (flags,) = struct.unpack_from(">H", index, flags_at)
        path_at, is_skipped = flags_at + _FLAG_BYTES, False
        if flags & _EXTENDED:
            is_skipped = bool(struct.unpack_from(">H", index, path_at)[0] & _SKIPPED)
            path_at += _FLAG_BYTES
        end = index.index(b"\0", path_at)
        if not is_skipped:
            mtime_ns = fields[2] * 1_000_000_000 + fields[3]
            digest = index[at + _STAT_BYTES : flags_at]
            yield _Entry(index[path_at:end], fields[6], fields[9], mtime_ns, digest)
        at += (end - at + 8) // 8 * 8


def _at(root: str, git: str) -> WorkTree | None:
    if os.path.isfile(git):  # a linked work tree, or a submodule
        text = _line(git)
        if not text.startswith("gitdir: "):
            return None
        git = os.path.join(root, text.removeprefix("gitdir: "))
    common = os.path.join(git, _line(os.path.join(git, "commondir")) or ".")
    commit = _commit(git, common)
    if commit is None:
        return None
    index = _read(os.path.join(git, "index"), _MOST_INDEX) or b""
    # From version 4 on paths are compressed.
    readable = index[:4] == b"DIRC" and int.from_bytes(index[4:8], "big") in (2, 3)
    return WorkTree(root, commit, index if readable else b"")


def _commit(git: str, common: str) -> str | None:
    head = _line(os.path.join(git, "HEAD"))
    if head.startswith("ref: "):
        name = head.removeprefix("ref: ")
        if not name.startswith("refs/") or ".." in name:
            return None
        head = _line(os.path.join(common, name)) or _packed(common, name)
    is_digest = len(head) in (40, 64) and all(each in "0123456789abcdef" for each in head)
    return head if is_digest else None


def _packed(common: str, name: str) -> str:
    text = (_read(os.path.join(common, "packed-refs"), _MOST_PACKED) or b"").decode("utf-8", "replace")
    return next((line.split(" ")[0] for line in text.splitlines() if line.endswith(f" {name}")), "")


def _line(path: str) -> str:
    return (_read(path, _MOST_REF) or b"").decode("utf-8", "replace").strip()


def _read(path: str, most: int) -> bytes | None:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            text = file.read(most + 1)
    except (OSError, ValueError):
        return None
    return text if len(text) <= most else None
