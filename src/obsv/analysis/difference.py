"""Differences between two calls, value by value, and within values."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from obsv.store.spans import Call

# Longer values are compared as a whole: matching takes quadratic time.
LONGEST = 4_000
_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


class Piece(NamedTuple):
    """A part of a text, and whether it differs from the other text."""

    text: str
    differs: bool


class Difference(NamedTuple):
    """A variable in both calls; a side is None if that call does not have it.

    Attributes:
        left: its text in the first call.
        right: its text in the second.
        left_pieces: `left`, split into equal and differing parts.
        right_pieces: likewise.
    """

    name: str
    data_type: str
    left: str | None
    right: str | None
    left_pieces: list[Piece]
    right_pieces: list[Piece]

    @property
    def same(self) -> bool:
        """Return whether both calls have the variable with the same text."""
        return self.left == self.right


def differences(first: Call, second: Call) -> list[Difference]:
    """Return the variables of two calls: those that differ first, otherwise in the order of the first call."""
    left, right = _texts(first), _texts(second)
    found = [_difference(key, left.get(key), right.get(key)) for key in dict.fromkeys((*left, *right))]
    return sorted(found, key=lambda each: each.same)


def pieces(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Split both texts where they differ, word by word."""
    if one == other:
        return [Piece(one, False)], [Piece(other, False)]
    if max(len(one), len(other)) > LONGEST:
        return [Piece(one, True)], [Piece(other, True)]
    first, second = _TOKENS.findall(one), _TOKENS.findall(other)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, start, end, other_start, other_end in SequenceMatcher(None, first, second, False).get_opcodes():
        if start < end:
            left.append(Piece("".join(first[start:end]), kind != "equal"))
        if other_start < other_end:
            right.append(Piece("".join(second[other_start:other_end]), kind != "equal"))
    return left, right


def _texts(call: Call) -> dict[tuple[str, str], str]:
    return {(value.data_type, value.name): value.text for value in call.values}


def _difference(key: tuple[str, str], left: str | None, right: str | None) -> Difference:
    if left is None or right is None:
        sides = [[] if text is None else [Piece(text, True)] for text in (left, right)]
        return Difference(key[1], key[0], left, right, sides[0], sides[1])
    return Difference(key[1], key[0], left, right, *pieces(left, right))
