"""The location of an archive: a directory, or a bucket of an object store."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from obsv.errors import ConfigurationError
from obsv.working_directory import absolute

SCHEMES = ("file", "s3", "gs", "az")
_UNKNOWN = (
    "The address of some archived parts is not known, because their archive is off: name it once with "
    "`obsv archive now --to URL`."
)
_MISSING = "An archive needs an extra package: pip install 'obsv[archive]'."


class Target(Protocol):
    """A store of named blobs. All methods raise `StoreUnavailable` if it does not respond or refuses."""

    @property
    def url(self) -> str:
        """Return its address, without secrets."""
        ...

    def put(self, name: str, content: bytes) -> bool:
        """Store a blob under a new name, durably; return False if the name exists, whose blob stays unchanged."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return a blob; None if there is none with that name."""
        ...

    def local(self, name: str) -> Path | None:
        """Return the file of a blob on this machine, which may be missing; None if blobs are elsewhere."""
        ...

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with a directory, in any order."""
        ...

    def delete(self, name: str) -> None:
        """Delete a blob; a missing one is not an error."""
        ...


class Targets:
    """The addresses of one store's parts, each opened once.

    Args:
        first: one that is open already.
    """

    def __init__(self, first: Target | None = None) -> None:
        self._known = {} if first is None else {first.url: first}

    def at(self, url: str) -> Target:
        """Return the target at an address; raises the errors of `open_target`."""
        if not url:
            raise ConfigurationError(_UNKNOWN)
        found = self._known.get(url)
        if found is None:
            found = self._known[url] = open_target(url)
        return found


def open_target(url: str) -> Target:
    """Return the target at an address.

    Args:
        url: `file:///path`, a path, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`. Credentials
            come
            from the environment variables of the vendor's own tools.

    Raises:
        ConfigurationError: the kind of address is unknown, or the extra `archive` is not installed.
    """
    for module in ("arro3.io", "obstore"):
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise ConfigurationError(_MISSING)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigurationError(f"{url!r} is not the address of an archive: {error}.") from error
    if "://" not in url or parts.scheme == "file":
        from obsv.archive.directory import Directory

        return Directory(Path(absolute(unquote(parts.path) if "://" in url else url)))
    if parts.scheme not in SCHEMES or not parts.netloc:
        known = ", ".join(f"{scheme}://…" for scheme in SCHEMES)
        raise ConfigurationError(f"An archive must be a directory or {known}, not {url!r}.")
    if parts.username or parts.password or parts.query:
        raise ConfigurationError("Put the credentials of an archive into the environment, not into its address.")
    from obsv.archive.bucket import Bucket

    return Bucket(url)
