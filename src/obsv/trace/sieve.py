"""Search for the spans that make an exporter refuse a whole batch."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sift(batch: Sequence[T], export: Callable[[Sequence[T]], bool]) -> list[T] | None:
    """Export a batch in ever smaller parts.

    Args:
        batch: the refused batch.
        export: returns whether a part was accepted.

    Returns:
        The entries refused individually; None if no part was accepted, so that nothing is known about any.
    """
    parts: list[Sequence[T]] = [batch]
    refused: list[T] = []
    was_taken = False
    while parts:
        part = parts.pop()
        if export(part):
            was_taken = True
        elif len(part) > 1:
            half = len(part) // 2
            parts += [part[half:], part[:half]]
        else:
            refused += part
            if not was_taken and len(refused) > 2:
                return None
    return refused if was_taken else None
