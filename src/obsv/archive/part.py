"""Parts of an archive: their names, and the manifests that say what is known of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from obsv.archive.target import Target
from obsv.store.writing import Part
from obsv.times import iso, iso_ns

MANIFESTS = "_manifest/v1"
FORMAT = 1


def manifest(part: Part) -> str:
    """Return the manifest of a part: what stands beside the calls and says all that is known of them."""
    store_id = part.name.rpartition("/")[2].partition("-")[0]
    known = part._asdict()
    del known["url"]  # where its files are, which may be moved
    return json.dumps({"format": FORMAT, "store_id": store_id, **known}, indent=1)


def manifest_of(name: str) -> str:
    """Return the name of a part's manifest."""
    return f"{MANIFESTS}/{name.replace('/', '~')}.json"


def directory_of(kind: str) -> str:
    """Return the directory of a kind of parts."""
    return f"{kind}/v1"


def are_in(target: Target, parts: Sequence[Part]) -> bool:
    """Return whether a target has the files of all these parts.

    Raises:
        StoreUnavailable: the target does not respond.
    """
    names = {kind: set(target.names(directory_of(kind))) for kind in {part.kind for part in parts}}
    return all(part.name in names[part.kind] for part in parts)


def hour_of(kind: str, start_ns: int) -> str:
    """Return the directory of an hour, named like the partitions of Hive and Parquet readers; UTC."""
    day, _, clock = iso(start_ns).partition("T")
    return f"{directory_of(kind)}/date={day}/hour={clock[:2]}"


def name_of(kind: str, store_id: str, first_id: int, last_id: int, start_ns: int, sha256: str, steps: int = 0) -> str:
    """Return the name of a part.

    Args:
        kind, store_id, first_id, last_id: what it has.
        start_ns: start of its first row, Unix time.
        sha256: of its content, hex.
        steps: how many times rows were removed on request: no file from before then has the same name.
    """
    mark = sha256 if not steps else hashlib.sha256(f"{sha256}-{steps}".encode()).hexdigest()
    return f"{hour_of(kind, start_ns)}/{store_id}-{first_id}-{last_id}-{mark[:8]}.parquet"


def start_of(part: Part) -> int:
    """Return the hour that a part's name says, Unix time."""
    fields = dict(field.split("=") for field in part.name.split("/") if "=" in field)
    return iso_ns(f"{fields['date']} {fields['hour']}:00:00")
