"""The result of forgetting: counts by place, and what may be left."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """The rows that were removed, or would be.

    Args:
        receipt: number of the receipt in the table `forgotten`; None: nothing was removed, it was only counted.
        until_ns: everything that was recorded until then was searched, Unix time.
        counts: rows by place.
        remarks: what may be left, and what to do about it.
    """

    receipt: int | None
    until_ns: int
    counts: dict[str, int]
    remarks: tuple[str, ...]

    @property
    def total(self) -> int:
        """Return the number of rows in all places."""
        return sum(count for name, count in self.counts.items() if name != "parts")
