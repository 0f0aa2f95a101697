"""Limits of a store: the age of calls, and the size of the file."""

from __future__ import annotations

from typing import NamedTuple

HOUR_NS = 3_600_000_000_000
DEFAULT_AGE_NS = 6 * HOUR_NS
DEFAULT_DECISION_AGE_NS = 90 * 24 * HOUR_NS
DEFAULT_KEPT_BYTES = 256 << 20
_UNLIMITED = 2**62
# Kept traces may take this part of a size limit: the rest is for calls.
KEPT_PART = 4


class Limits(NamedTuple):
    """The limits of a store.

    Args:
        max_age_ns: age at which calls are deleted, ns; None for unlimited.
        max_bytes: maximum size of the file with its write-ahead log; None for unlimited.
        age_chosen: whether a user set the age. Only programs that write enforce the default; a program that only
            displays
            yesterday's calls does not delete them.
        decision_age_ns: age at which decisions and their outcomes are deleted, ns; None for unlimited.
        decision_age_chosen: whether a user set it.
        kept_bytes: maximum size of all traces that are kept beyond retention; None for unlimited.
    """

    max_age_ns: int | None = DEFAULT_AGE_NS
    max_bytes: int | None = None
    age_chosen: bool = False
    decision_age_ns: int | None = DEFAULT_DECISION_AGE_NS
    decision_age_chosen: bool = False
    kept_bytes: int | None = DEFAULT_KEPT_BYTES

    @property
    def most_kept_bytes(self) -> int:
        """Return what kept traces may take, at most a quarter of a size limit."""
        allowed = _UNLIMITED if self.kept_bytes is None else self.kept_bytes
        return allowed if self.max_bytes is None else min(allowed, self.max_bytes // KEPT_PART)

    def without_default(self) -> Limits:
        """Return only the limits that a user set."""
        return self._replace(
            max_age_ns=self.max_age_ns if self.age_chosen else None,
            decision_age_ns=self.decision_age_ns if self.age_chosen or self.decision_age_chosen else None,
        )
