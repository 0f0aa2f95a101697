"""An archive in a directory of a file system: readable by its owner alone, on disk before it counts."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from obsv.errors import StoreUnavailable


class Directory:
    """Blobs as files.

    Args:
        root: the directory; made at the first blob.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def url(self) -> str:
        """Its address."""
        return self._root.as_uri()

    def put(self, name: str, content: bytes) -> bool:
        """Keep a blob: written beside its place, flushed, then linked to its name, which no two writers can do."""
        place = self._root / name
        try:
            self._make(place.parent)
            handle, temporary = tempfile.mkstemp(prefix=".", dir=place.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(temporary, place)
            except FileExistsError:
                return False
            finally:
                os.unlink(temporary)
            _flush(place.parent)
        except OSError as error:
            raise self._failed(error) from error
        return True

    def get(self, name: str) -> bytes | None:
        """A blob."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error

    def names(self, prefix: str) -> Iterator[str]:
        """The names below a directory; files that are being written are none."""
        for directory, _, files in os.walk(self._root / prefix):
            for file in files:
                if not file.startswith("."):
                    yield Path(directory, file).relative_to(self._root).as_posix()

    def delete(self, name: str) -> None:
        """Delete a blob, and directories that are empty then."""
        place = self._root / name
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error
        with contextlib.suppress(OSError):  # it is not empty
            while place.parent != self._root:
                place = place.parent
                place.rmdir()

    def _make(self, directory: Path) -> None:
        """Make a directory and those above it, each for its owner alone; `mkdir` gives its mode to the last only."""
        above = [directory, *directory.parents][::-1]
        for each in above:
            if not each.is_dir():
                each.mkdir(mode=0o700, exist_ok=True)

    def _failed(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"The archive at {self._root} cannot be used now: {error.strerror or error}.")


def _flush(directory: Path) -> None:
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
