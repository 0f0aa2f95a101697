"""How long a store keeps its calls, and how large it may be."""

from __future__ import annotations

from typing import NamedTuple

HOUR_NS = 3_600_000_000_000
DEFAULT_AGE_NS = 6 * HOUR_NS


class Limits(NamedTuple):
    """The limits of a store.

    Args:
        max_age_ns: age at which calls are deleted, ns; None for any age.
        max_bytes: how large the file may be with its write-ahead log; None for any size.
        age_chosen: somebody set the age. The default is kept by programs that write; whoever only looks at what was
            recorded yesterday deletes none of it.
    """

    max_age_ns: int | None = DEFAULT_AGE_NS
    max_bytes: int | None = None
    age_chosen: bool = False

    def without_default(self) -> Limits:
        """Return those that somebody set."""
        return self if self.age_chosen else self._replace(max_age_ns=None)
