"""A stretch of time to look at: the presets 5 m, 1 h, 6 h and 24 h, or any two instants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.ground.rollups import MINUTE_NS, minute_of
from obsv.times import MAX_NS, NS, clamp_ns, instant_ns, iso

PRESETS: dict[str, int] = {"5m": 300, "1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600}
DEFAULT_PRESET = "1h"


class Range(NamedTuple):
    """A range of instants: Unix time in ns, both ends within; none where the last is before the first."""

    first_ns: int
    last_ns: int

    def overlap(self, other: Range) -> Range:
        """The part that lies in both."""
        return Range(max(self.first_ns, other.first_ns), min(self.last_ns, other.last_ns))

    @property
    def minutes(self) -> tuple[int, int]:
        """The first and last of the rollups' minutes that it touches."""
        return minute_of(self.first_ns), minute_of(self.last_ns)

    @classmethod
    def of_minute(cls, minute: int) -> Range:
        """The instants of a minute."""
        return cls(minute * MINUTE_NS, (minute + 1) * MINUTE_NS - 1)


class Window(NamedTuple):
    """From `start_ns` up to, not including, `end_ns`; Unix time in ns. `preset` when it moves with the clock."""

    start_ns: int
    end_ns: int
    preset: str | None = None

    @property
    def seconds(self) -> float:
        """Its length in s."""
        return (self.end_ns - self.start_ns) / NS

    @property
    def range(self) -> Range:
        """The instants in it. A window to the end of time holds the last instant, too."""
        return Range(clamp_ns(self.start_ns), MAX_NS if self.end_ns >= MAX_NS else self.end_ns - 1)

    def before(self) -> Window:
        """The stretch of the same length just before it."""
        return Window(2 * self.start_ns - self.end_ns, self.start_ns)

    @classmethod
    def last(cls, preset: str, now_ns: int) -> Window:
        """The window of a preset.

        Args:
            preset: a key of `PRESETS`.
            now_ns: Unix time in ns; the window ends here.

        Raises:
            InvalidQuery: no such preset.
        """
        if preset not in PRESETS:
            raise InvalidQuery(f"No time range {preset!r}: use one of {', '.join(PRESETS)}, or `from` and `to`.")
        return cls(now_ns - PRESETS[preset] * NS, now_ns, preset)

    @classmethod
    def parse(cls, query: Mapping[str, str], now_ns: int, default: str = DEFAULT_PRESET) -> Window:
        """The window that a query string names.

        Args:
            query: `range` (a preset), or `from` and optionally `to` (ISO 8601, UTC where no offset is given, or Unix
                time in ns).
            now_ns: Unix time in ns.
            default: the preset when the query names none.

        Raises:
            InvalidQuery: an instant cannot be read, or the end is not after the start.
        """
        if not query.get("from"):
            return cls.last(query.get("range") or default, now_ns)
        start_ns = instant_ns(query["from"])
        end_ns = instant_ns(query["to"]) if query.get("to") else now_ns
        if end_ns <= start_ns:
            raise InvalidQuery(f"The time range ends ({query.get('to', 'now')}) before it starts ({query['from']}).")
        return cls(start_ns, end_ns)

    def query(self) -> dict[str, str]:
        """The query string entries that name it: what `parse` takes."""
        if self.preset:
            return {"range": self.preset}
        return {"from": iso(self.start_ns), "to": iso(self.end_ns)}
