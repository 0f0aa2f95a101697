"""An archive in a directory of a file system: readable only by its owner, on disk before it counts."""

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
        root: the directory; created with the first blob.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def url(self) -> str:
        """Return its address."""
        return self._root.as_uri()

    def put(self, name: str, content: bytes) -> bool:
        """Store a blob: written beside its place, flushed, then linked to its name, which only one writer can do."""
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
        """Return a blob."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error

    def local(self, name: str) -> Path | None:
        """Return the file of a blob."""
        return self._root / name

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names below a directory, without files that are being written."""
        for directory, _, files in os.walk(self._root / prefix):
            for file in files:
                if not file.startswith("."):
                    yield Path(directory, file).relative_to(self._root).as_posix()

    def delete(self, name: str) -> None:
        """Delete a blob, and directories that are then empty."""
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
        """Create a directory and its parents, each only for its owner; `mkdir` applies its mode only to the last."""
        above = [directory, *directory.parents][::-1]
        for each in above:
            if not each.is_dir():
                each.mkdir(mode=0o700, exist_ok=True)

    def _failed(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"The archive at {self._root} is not available: {error.strerror or error}.")


def _flush(directory: Path) -> None:
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
