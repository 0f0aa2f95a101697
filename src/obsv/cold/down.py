"""From the newest archived part of a window down to older ones, until there is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from obsv.store.figures import ArchivedPart
from obsv.store.ground import Window
from obsv.store.seam import SQLiteStore

if TYPE_CHECKING:
    from obsv.cold.thawed import Thawed


P = TypeVar("P")


def down(
    archive: Thawed, parts: Sequence[ArchivedPart], window: Window, is_enough: Callable[[SQLiteStore, int], bool]
) -> int:
    """Read parts of a window until `is_enough`; return the time since which the archive is complete, Unix time."""
    return archive.down(parts, window.range.first_ns, window.range.last_ns + 1, is_enough)


def part_since(window: Window, complete_ns: int) -> Window:
    """Return the part of a window since a Unix time."""
    return Window(max(window.start_ns, complete_ns), window.end_ns)


def down_page(
    archive: Thawed,
    parts: Sequence[ArchivedPart],
    window: Window,
    read: Callable[[SQLiteStore, Window], P],
    is_full: Callable[[P], bool],
    last_ns: int,
) -> tuple[P, int]:
    """Read parts until a page is full, or complete since the last line that the database itself has.

    Args:
        read: reads the page of a part of the window.
        is_full: whether a page has as many lines as it may.
        last_ns: time of the database's last line, Unix time.

    Returns:
        The page, and the time since which the archive is complete, Unix time.
    """

    def is_enough(store: SQLiteStore, complete_ns: int) -> bool:
        return complete_ns <= last_ns or is_full(read(store, part_since(window, complete_ns)))

    complete_ns = down(archive, parts, window, is_enough)
    return read(archive.store, part_since(window, complete_ns)), complete_ns
