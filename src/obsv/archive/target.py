"""Where an archive lies: a directory, or a bucket of an object store."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from obsv.errors import ConfigurationError
from obsv.working_directory import absolute

SCHEMES = ("file", "s3", "gs", "az")
_MISSING = "An archive needs more than recording does: pip install 'obsv[archive]'."


class Target(Protocol):
    """Keeps named blobs. All methods raise `StoreUnavailable` when it does not answer or refuses."""

    @property
    def url(self) -> str:
        """Its address, without what is secret in it."""
        ...

    def put(self, name: str, content: bytes) -> bool:
        """Keep a blob under a new name, durably; False where there is one of that name, which stays as it is."""
        ...

    def get(self, name: str) -> bytes | None:
        """A blob; None where there is none of that name."""
        ...

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with a directory, in any order."""
        ...

    def delete(self, name: str) -> None:
        """Delete a blob; one that is not there is no error."""
        ...


def open_target(url: str) -> Target:
    """The target at an address.

    Args:
        url: `file:///path`, a path, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`. Credentials
            come from the environment, as the vendor's own tools read it.

    Raises:
        ConfigurationError: no such kind of address, or the extra `archive` is not installed.
    """
    for module in ("arro3.io", "obstore"):
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise ConfigurationError(_MISSING)
    parts = urlsplit(url)
    if "://" not in url or parts.scheme == "file":
        from obsv.archive.directory import Directory

        return Directory(Path(absolute(unquote(parts.path) if "://" in url else url)))
    if parts.scheme not in SCHEMES or not parts.netloc:
        known = ", ".join(f"{scheme}://…" for scheme in SCHEMES)
        raise ConfigurationError(f"An archive is a directory or {known}, not {url!r}.")
    if parts.username or parts.password or parts.query:
        raise ConfigurationError("Credentials of an archive stand in the environment, not in its address.")
    from obsv.archive.bucket import Bucket

    return Bucket(url)
