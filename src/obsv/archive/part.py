"""A part of an archive: its name, and what is known of it."""

from __future__ import annotations

import json
from typing import NamedTuple

from obsv.errors import ForeignFile
from obsv.times import iso

CALLS, MANIFESTS = "calls/v1", "_manifest/v1"
FORMAT = 1


class Part(NamedTuple):
    """A Parquet file of calls.

    Attributes:
        name: path below the archive's address.
        store_id: of the store that it comes from, 16 hex digits.
        first_id: of the first call, in order of arrival.
        last_id: of the last; all calls of the store between the two are in it, but those deleted before.
        calls: how many.
        errors: how many of them failed.
        min_ns: the earliest start, Unix time.
        max_ns: the latest.
        size: in bytes.
        sha256: of the file, hex.
    """

    name: str
    store_id: str
    first_id: int
    last_id: int
    calls: int
    errors: int
    min_ns: int
    max_ns: int
    size: int
    sha256: str

    @property
    def manifest(self) -> str:
        """Name of the file that says all this beside the archive's calls."""
        return manifest_of(self.name)

    def text(self) -> str:
        """The manifest's content."""
        return json.dumps({"format": FORMAT, **self._asdict()}, indent=1)

    @classmethod
    def of_text(cls, text: str | bytes) -> Part:
        """The part that a manifest describes.

        Raises:
            ForeignFile: it is no manifest of this version.
        """
        try:
            given = json.loads(text)
            if given.pop("format") != FORMAT:
                raise ForeignFile("A manifest of the archive was written by another version of obsv.")
            return cls(**given)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ForeignFile(f"A manifest of the archive cannot be read: {error}.") from error


def manifest_of(name: str) -> str:
    """Name of the manifest of a part."""
    return f"{MANIFESTS}/{name.removeprefix(CALLS + '/').replace('/', '~')}.json"


def hour_of(start_ns: int) -> str:
    """The directory of an hour, as Hive and all who read Parquet name partitions; UTC."""
    day, _, clock = iso(start_ns).partition("T")
    return f"{CALLS}/date={day}/hour={clock[:2]}"


def name_of(store_id: str, first_id: int, last_id: int, start_ns: int, sha256: str) -> str:
    """The name of a part; `start_ns` is the start of its first call."""
    return f"{hour_of(start_ns)}/{store_id}-{first_id}-{last_id}-{sha256[:8]}.parquet"
