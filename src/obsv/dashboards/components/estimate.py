"""Figures that are estimated, shown as such: some of the calls are not stored."""

from __future__ import annotations

from obsv.dashboards.clock import count


def marked(text: str, unrecorded: int) -> str:
    """A figure's text, with ~ before it where it is an estimate."""
    return f"~{text}" if unrecorded else text


def counted(calls: int, unrecorded: int) -> str:
    """Return the number of calls, some of which are not stored."""
    return marked(count(calls), unrecorded)


def about(unrecorded: int) -> str | None:
    """Say what figures are estimated from; nothing where they are not."""
    if not unrecorded:
        return None
    return f"{unrecorded:,} of these calls are not stored: sampled ones stand for them, or they were only counted"
