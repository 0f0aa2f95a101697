"""An archive in an object store: S3 and compatible services, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import from_url

from obsv.errors import ConfigurationError, StoreUnavailable

_LONGEST_S = 60


class Bucket:
    """Blobs as objects; creation is conditional on their absence (`If-None-Match: *`).

    Args:
        url: `s3://bucket/prefix` and similar.

    Raises:
        ConfigurationError: the address or the settings in the environment are invalid.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # An endpoint in the environment may be plain HTTP, in the same network.
        options: dict[str, Any] = {"allow_http": True, "timeout": timedelta(seconds=_LONGEST_S)}
        retries: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=_LONGEST_S)}
        opened: Any = from_url
        try:
            self._store: Any = opened(url, client_options=options, retry_config=retries)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(f"The archive {url} cannot be used: {_said(error)}.") from error

    def put(self, name: str, content: bytes) -> bool:
        """Store a blob under a new name."""
        with self._asking():
            try:
                obstore.put(self._store, name, content, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def get(self, name: str) -> bytes | None:
        """Return a blob."""
        with self._asking():
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    def local(self, name: str) -> Path | None:
        """Return None: blobs are elsewhere."""
        return None

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names below a directory."""
        with self._asking():
            for page in obstore.list(self._store, prefix):
                for each in page:
                    yield str(each["path"])

    def delete(self, name: str) -> None:
        """Delete a blob."""
        with self._asking():
            try:
                obstore.delete(self._store, name)
            except FileNotFoundError:
                return

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise StoreUnavailable(f"The archive {self.url} is not available: {_said(error)}.") from error


def _said(error: Exception) -> str:
    """Return the first line: the rest shows the vendor's internal structures."""
    return str(error).partition("\n")[0].rstrip(".")
