"""Messages of a topic that could not be stored for their own sake, kept in files until somebody looks at them.

A file has the bytes of the message, another beside it says where it came from and why it is there. Both are named after
topic, partition and offset, so that a message that is read again is kept once. The place is bounded: when it is full,
messages wait in their topic again instead of being lost.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from obsv.own_time import unix_ns
from obsv.privacy import make_private
from obsv.times import ts

MOST_FILES, MOST_BYTES = 1_000, 256 * 2**20
SUFFIX = ".dead"
_BODY, _ABOUT = ".otlp", ".json"
_ERROR_CHARS = 2_000


class DeadLetter(NamedTuple):
    """A message.

    Args:
        topic, partition, offset: where it stands.
        error: why it was not stored.
        attempts: how often that was tried.
    """

    topic: str
    partition: int
    offset: int
    error: str
    attempts: int

    @property
    def name(self) -> str:
        """Return the name of its file, without suffix. Kafka's topics have no characters that a file may not have."""
        return f"{self.topic}-{self.partition}-{self.offset}"


class DeadLetters:
    """A directory of them, beside the database. For one writer at a time.

    Args:
        db: path of the database.
    """

    def __init__(self, db: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        self.path = db.with_name(db.name + SUFFIX)
        self._most_files, self._most_bytes = most_files, most_bytes

    def keep(self, letter: DeadLetter, body: bytes) -> bool:
        """Keep a message on disk; return False if there is no room.

        Raises:
            OSError: it cannot be written.
        """
        sizes = self._sizes()
        known = sizes.pop(letter.name + _BODY, None) is not None
        if not known and (len(sizes) >= self._most_files or sum(sizes.values()) + len(body) > self._most_bytes):
            return False
        self.path.mkdir(mode=0o700, exist_ok=True)
        about = letter._asdict() | {"at": ts(unix_ns()), "error": letter.error[:_ERROR_CHARS], "bytes": len(body)}
        self._write(letter.name + _ABOUT, json.dumps(about, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
        self._write(letter.name + _BODY, body)
        return True

    def count(self) -> int:
        """Return how many there are."""
        return len(self._sizes())

    def _sizes(self) -> dict[str, int]:
        try:
            with os.scandir(self.path) as entries:
                return {each.name: each.stat().st_size for each in entries if each.name.endswith(_BODY)}
        except OSError:  # there is none
            return {}

    def _write(self, name: str, content: bytes) -> None:
        beside = self.path / (name + ".new")
        make_private(beside)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path / name)
