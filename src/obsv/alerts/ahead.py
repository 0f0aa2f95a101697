"""Feeds whose latest update is in the future, because a clock was moved and then set back."""

from __future__ import annotations

from obsv.store.watching import Feed


class Ahead:
    """A memory of when updates that are dated in the future were noticed.

    Without it such a feed could fail for as long as the clock was ahead before anybody is told.
    """

    def __init__(self) -> None:
        self._noticed: dict[str, tuple[int, int]] = {}

    def last_ns(self, feed: Feed, now_ns: int) -> int:
        """Return the time of a feed's latest update, or when it was noticed if that time is in the future."""
        if feed.last_ns <= now_ns:
            self._noticed.pop(feed.name, None)
            return feed.last_ns
        updates, at_ns = self._noticed.get(feed.name, (-1, now_ns))
        if updates != feed.updates or at_ns > now_ns:
            self._noticed[feed.name] = feed.updates, now_ns
            return now_ns
        return at_ns
