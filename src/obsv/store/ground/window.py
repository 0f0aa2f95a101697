"""Time windows: the presets 5 m, 1 h, 6 h and 24 h, or any two times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.ground.rollups import MINUTE_NS, minute_of
from obsv.times import MAX_NS, NS, clamp_ns, instant_ns, iso

PRESETS: dict[str, int] = {"5m": 300, "1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600}
DEFAULT_PRESET = "1h"


class Range(NamedTuple):
    """A range of times: Unix time in ns, both ends included; empty if the last is before the first."""

    first_ns: int
    last_ns: int

    def overlap(self, other: Range) -> Range:
        """Return the part that belongs to both ranges."""
        return Range(max(self.first_ns, other.first_ns), min(self.last_ns, other.last_ns))

    @property
    def minutes(self) -> tuple[int, int]:
        """Return the first and last of the rollups' minutes that overlap it."""
        return minute_of(self.first_ns), minute_of(self.last_ns)

    @classmethod
    def of_minute(cls, minute: int) -> Range:
        """Return the range of a minute."""
        return cls(minute * MINUTE_NS, (minute + 1) * MINUTE_NS - 1)


class Window(NamedTuple):
    """A window from `start_ns` up to, not including, `end_ns`; Unix time in ns. `preset` if it moves with the clock."""

    start_ns: int
    end_ns: int
    preset: str | None = None

    @property
    def seconds(self) -> float:
        """Return its length in s."""
        return (self.end_ns - self.start_ns) / NS

    @property
    def range(self) -> Range:
        """Return the times in it. A window to the end of time includes the last moment."""
        return Range(clamp_ns(self.start_ns), MAX_NS if self.end_ns >= MAX_NS else self.end_ns - 1)

    def before(self) -> Window:
        """Return the window of the same length just before it."""
        return Window(2 * self.start_ns - self.end_ns, self.start_ns)

    @classmethod
    def last(cls, preset: str, now_ns: int) -> Window:
        """Return the window of a preset.

        Args:
            preset: a key of `PRESETS`.
            now_ns: Unix time in ns; the end of the window.

        Raises:
            InvalidQuery: there is no such preset.
        """
        if preset not in PRESETS:
            raise InvalidQuery(
                f"There is no time range {preset!r}: use one of {', '.join(PRESETS)}, or `from` and `to`."
            )
        return cls(now_ns - PRESETS[preset] * NS, now_ns, preset)

    @classmethod
    def parse(cls, query: Mapping[str, str], now_ns: int, default: str = DEFAULT_PRESET) -> Window:
        """Parse the window in a query string.

        Args:
            query: `range` (a preset), or `from` and optionally `to` (ISO 8601, UTC if there is no offset, or Unix time
                in ns).
            now_ns: Unix time in ns.
            default: the preset if the query names none.

        Raises:
            InvalidQuery: a time cannot be parsed, or the end is not after the start.
        """
        if not query.get("from"):
            return cls.last(query.get("range") or default, now_ns)
        start_ns = instant_ns(query["from"])
        end_ns = instant_ns(query["to"]) if query.get("to") else now_ns
        if end_ns <= start_ns:
            raise InvalidQuery(f"The time range ends ({query.get('to', 'now')}) before it starts ({query['from']}).")
        return cls(start_ns, end_ns)

    def query(self) -> dict[str, str]:
        """Return its query string entries, as accepted by `parse`."""
        if self.preset:
            return {"range": self.preset}
        return {"from": iso(self.start_ns), "to": iso(self.end_ns)}
