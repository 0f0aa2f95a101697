"""Whole minutes: the smallest part of a time window that rollups know."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.ground import MINUTE_NS, Window

# Two look-ups by the key; min and max together would read it all.
ENDS = """
select (select min(minute) from process_minute where minute > 0) as first,
  (select max(minute) from process_minute) as last
"""


class Minutes(NamedTuple):
    """From `first` to `last`, both included; Unix time in minutes. Empty when the last is before the first."""

    first: int
    last: int

    @classmethod
    def of(cls, window: Window) -> Minutes:
        """As many minutes as the window is long, the one that it ends in the last: neighbours share none."""
        last = (window.end_ns - 1) // MINUTE_NS
        return cls(max(1, last - max(1, round(window.seconds / 60)) + 1), last)

    def recorded(self, store: Snapshot) -> Minutes:
        """Those between the first and the last that were recorded: queries look up minute by minute."""
        row = store.one(ENDS)
        if row is None or row["first"] is None:
            return Minutes(self.first, self.first - 1)
        return Minutes(max(self.first, row["first"]), min(self.last, row["last"]))

    def params(self, **more: object) -> dict[str, object]:
        """What queries bind: `first`, `last` and more."""
        return {"first": self.first, "last": self.last, **more}
