"""Whole minutes: the smallest part of a time window in the rollups."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.ground import MINUTE_NS, Window

# Two look-ups by the key; min and max together would read all rows.
ENDS = """
select (select min(minute) from process_minute where minute > 0) as first,
  (select max(minute) from process_minute) as last
"""


class Minutes(NamedTuple):
    """The minutes from `first` to `last`, inclusive; Unix time in minutes. Empty if the last is before the first."""

    first: int
    last: int

    @classmethod
    def of(cls, window: Window) -> Minutes:
        """Return as many minutes as the window is long, up to the minute of its end: adjacent windows share none."""
        last = (window.end_ns - 1) // MINUTE_NS
        return cls(max(1, last - max(1, round(window.seconds / 60)) + 1), last)

    def recorded(self, store: Snapshot) -> Minutes:
        """Return the minutes between the first and the last recorded one: queries look up minute by minute."""
        row = store.one(ENDS)
        if row is None or row["first"] is None:
            return Minutes(self.first, self.first - 1)
        return Minutes(max(self.first, row["first"]), min(self.last, row["last"]))

    def params(self, **more: object) -> dict[str, object]:
        """Return the parameters of queries: `first`, `last` and more."""
        return {"first": self.first, "last": self.last, **more}
