"""Filters of blocks: which blocks of calls cannot contain a text.

A block is some hundred calls that arrived one after the other. Its filter has two bits for each run of three letters
and digits, and four for each of five, that occurs in their values and exceptions: a text that one of them contains has
no other runs. 248 blocks are a group, whose filters are stored by bit: a slice has one bit of every block, so that a
search reads a few slices of each group. Parts of a quarter of a page hold the slices, each with a checksum.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from zlib import crc32

SHORT, LONG = 3, 5
_BITS = {SHORT: 2, LONG: 4}
SLICE_BYTES = 31
BLOCKS = SLICE_BYTES * 8
SLICES, SLICES_A_PART = 8192, 64
PARTS = SLICES // SLICES_A_PART
_SUM_BYTES = 4
# Four of them fill a page of the database.
PART_BYTES = SLICES_A_PART * SLICE_BYTES + _SUM_BYTES
FILTERS_BYTES = PARTS * PART_BYTES
# A block ends when more bits are set: at a share of 0.3, one in 120 other texts of five letters seems to be in it.
# Texts that repeat little would fill a block with a few calls: filters take at most an eighth of what they tell of.
MOST_BITS, LEAST_BYTES, MOST_CALLS = SLICES * 3 // 10, SLICES, 256
_WORDS = re.compile(rb"[0-9a-z_\x80-\xff]{3,}")
_MASK = 2**64 - 1
# More make a search no faster.
_MOST_GRAMS = 8


def words(text: bytes) -> Iterator[bytes]:
    """Yield the runs of letters and digits of at least three bytes, ASCII letters in lower case."""
    yield from _WORDS.findall(text.lower())


def needed(text: bytes) -> list[bytes]:
    """Return runs that every text contains that contains this one; spread over it if there are many."""
    found: dict[bytes, None] = {}
    for word in words(text):
        size = LONG if len(word) >= LONG else SHORT
        found.update(dict.fromkeys(word[at : at + size] for at in range(len(word) - size + 1)))
    grams = sorted(found, key=len, reverse=True)
    step = max(1, len(grams) // _MOST_GRAMS)
    return grams[::step][:_MOST_GRAMS]


def slices_of(gram: bytes) -> list[int]:
    """Return the slices in which a run has its bits."""
    hashed = int.from_bytes(gram, "big")
    hashed ^= hashed >> 33
    hashed = hashed * 0xFF51AFD7ED558CCD & _MASK
    hashed ^= hashed >> 33
    hashed = hashed * 0xC4CEB9FE1A85EC53 & _MASK
    hashed ^= hashed >> 33
    return [hashed >> 13 * place & SLICES - 1 for place in range(_BITS[len(gram)])]


def add_grams(filters: bytearray, block: int, text: bytes) -> int:
    """Add a text to a block of a group's filters; return how many bits it added."""
    grams = {
        word[at : at + size]
        for word in set(words(text))
        for size in (SHORT, LONG)
        for at in range(len(word) - size + 1)
    }
    added, byte, bit = 0, block // 8, 1 << block % 8
    for gram in grams:
        for place in _places(gram):
            if not filters[place + byte] & bit:
                filters[place + byte] |= bit
                added += 1
    return added


# A quarter less time: most runs of a call are those of others.
@lru_cache(maxsize=20_000)
def _places(gram: bytes) -> list[int]:
    slices = slices_of(gram)
    return [each // SLICES_A_PART * PART_BYTES + each % SLICES_A_PART * SLICE_BYTES for each in slices]


Add = Callable[[bytearray, int, bytes], int]


class Group:
    """A group that is being filled.

    Args:
        add: adds a text to a block: `add_grams`, or that of the compiled core.

    Attributes:
        calls: how many it has.
        is_full: whether it has all of its blocks.
    """

    def __init__(self, add: Add = add_grams) -> None:
        self._add = add
        self._filters = bytearray(FILTERS_BYTES)
        self._edges: list[int] = []  # IDs of the first call of each block
        self._block = _Block()
        self.calls = 0
        self.is_full = False

    def add(self, call_id: int, *texts: bytes | None) -> None:
        """Add the next call by its texts."""
        if not self._block.calls:
            self._edges.append(call_id)
        number, block = len(self._edges) - 1, self._block
        for text in texts:
            if text:
                block.bits += self._add(self._filters, number, text)
                block.size += len(text)
        block.calls += 1
        self.calls += 1
        if block.is_full:
            self._block = _Block()
            if number == BLOCKS - 1:
                self._edges.append(call_id + 1)
                self.is_full = True

    @property
    def first_id(self) -> int:
        """Return the ID of the first call."""
        return self._edges[0]

    @property
    def last_id(self) -> int:
        """Return the ID of the last call of a full group."""
        return self._edges[-1] - 1

    def edges(self) -> bytes:
        """Return what `edges_in` reads, of a full group."""
        return _sealed(b"".join(each.to_bytes(8, "big") for each in self._edges))

    def parts(self) -> list[bytes]:
        """Return the parts of the filters."""
        starts = range(0, FILTERS_BYTES, PART_BYTES)
        return [_sealed(bytes(self._filters[at : at + PART_BYTES - _SUM_BYTES])) for at in starts]


class _Block:
    """A block that is being filled."""

    __slots__ = ("bits", "calls", "size")

    def __init__(self) -> None:
        self.bits = self.calls = self.size = 0

    @property
    def is_full(self) -> bool:
        return self.calls >= MOST_CALLS or (self.bits >= MOST_BITS and self.size >= LEAST_BYTES)


def _sealed(content: bytes) -> bytes:
    return content + crc32(content).to_bytes(_SUM_BYTES, "big")


def _opened(sealed: object, size: int) -> bytes | None:
    if not isinstance(sealed, bytes) or len(sealed) != size + _SUM_BYTES or _sealed(sealed[:size]) != sealed:
        return None
    return sealed[:size]


def edges_in(sealed: object, first_id: object, last_id: object) -> Sequence[int] | None:
    """Return the ID of the first call of each block of a group, and the one after the last; None if it is damaged."""
    content = _opened(sealed, (BLOCKS + 1) * 8)
    if content is None:
        return None
    found = struct.unpack(f">{BLOCKS + 1}Q", content)
    return found if (found[0], found[-1] - 1) == (first_id, last_id) else None


def slice_in(part: object, number: int) -> bytes | None:
    """Return a slice from its part; None if the part is damaged."""
    content = _opened(part, PART_BYTES - _SUM_BYTES)
    at = number % SLICES_A_PART * SLICE_BYTES
    return None if content is None else content[at : at + SLICE_BYTES]
