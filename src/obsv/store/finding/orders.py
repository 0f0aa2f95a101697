"""Orders of pages, and the rows of a page: by key and never by offset, so that later rows do not matter."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.finding.asked import Asked
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.walks import Walk
from obsv.store.ground import Range
from obsv.store.spans import ListedCall
from obsv.times import MAX_NS, iso_ns, ts

MAX_ID = 2**63 - 1
_FORM = re.compile(r"([0-9 :.\-]{1,30})~([0-9]{1,19})", re.ASCII)
_PAGE = """
select {column} as place, s.id from {rows}{after} order by {sorted} {way}, s.id {way} limit {limit}
"""


class Key(NamedTuple):
    """The position of a row in an order: `ts` text or a duration in ns, and the row's ID, for a total order."""

    value: str | int
    id: int


class Order(NamedTuple):
    """An order of pages; `name` is used in addresses, `down` means that the greatest comes first."""

    name: str
    column: str
    scanned: str  # the same without an index: `ts` of every row takes longer than reading the row
    down: bool

    @property
    def by_time(self) -> bool:
        """Return whether the order is by start time."""
        return self.column == "s.ts"

    def token(self, key: Key) -> str:
        """Return a key as text for an address."""
        return f"{self.name}~{key.value}~{key.id}"

    def begin(self, call: ListedCall) -> str:
        """Return the token of the page that begins with a call."""
        value = call.ts if self.by_time else call.duration_ns
        # A page begins after its key; IDs are integers.
        return self.token(Key(value, min(call.id + 1, MAX_ID) if self.down else call.id - 1))

    def key(self, token: str) -> Key:
        """Parse the key in a token.

        Raises:
            InvalidQuery: it is not a token, or one of another order.
        """
        name, _, rest = token.partition("~")
        found = _FORM.fullmatch(rest)
        try:
            if found is None or name != self.name or int(found[2]) > MAX_ID:
                raise ValueError
            return Key(ts(iso_ns(found[1])) if self.by_time else min(int(found[1]), MAX_NS), int(found[2]))
        except ValueError:
            raise InvalidQuery(
                "The cursor does not belong to this search: request the first page, without a cursor."
            ) from None

    def place(self, key: Key) -> int:
        """Return the value of a key as a number: µs of Unix time, or a duration in ns."""
        return iso_ns(str(key.value)) // 1_000 if self.by_time else int(key.value)

    def rest(self, part: Range, key: Key | None) -> Range:
        """Return the part of a time range after a key: the index starts there."""
        if key is None or not self.by_time:
            return part
        at = iso_ns(str(key.value))
        return part.overlap(Range(0, at + 999) if self.down else Range(at, MAX_NS))

    def after(self, key: Key | None, column: str) -> Sql:
        """Return a test for the rows after a key."""
        if key is None:
            return Sql("")
        value = iso_ns(str(key.value)) // 1_000 if self.by_time and column == self.scanned else key.value
        after = " and ({column}, s.id) {sign} ({value}, {id})"
        return fill(after, column=Sql(column), sign=Sql("<" if self.down else ">"), value=value, id=key.id)


ORDERS = {
    order.name: order
    for order in (
        Order("-ts", "s.ts", "s.start_ns / 1000", True),
        Order("ts", "s.ts", "s.start_ns / 1000", False),
        Order("-duration", "s.duration_ns", "s.duration_ns", True),
        Order("duration", "s.duration_ns", "s.duration_ns", False),
    )
}
NEWEST, OLDEST = (Order(f"{sign}id", "s.id", "s.id", sign == "-") for sign in ("-", ""))


def order_named(name: str) -> Order:
    """Return an order by its name.

    Raises:
        InvalidQuery: there is no such order.
    """
    if name not in ORDERS:
        raise InvalidQuery(f"There is no order {name!r}: use one of {', '.join(ORDERS)}.")
    return ORDERS[name]


class Rows(NamedTuple):
    """The rows that a page wants of each walk."""

    asked: Asked
    order: Order
    part: Range  # when their calls started
    key: Key | None  # they come after this one
    limit: int

    def along(self, walk: Walk, part: Range | None = None, test: Sql | None = None) -> list[Key]:
        """Return the first rows of a walk, through another time range or with another test if given."""
        order = self.order
        column = order.column if walk.by_time else order.scanned

        def query(walk: Walk) -> Sql:
            return fill(
                _PAGE,
                column=Sql(order.column),
                rows=walk.through(part or self.part, test or self.asked.everywhere),
                after=order.after(self.key, column),
                sorted=Sql(column),
                way=Sql("desc" if order.down else "asc"),
                limit=self.limit,
            )

        found = [[Key(*row) for row in rows] for rows in walk.read(self.asked.reach.snapshot, query)]
        return self.first(heapq.merge(*found, reverse=order.down))

    def first(self, keys: Iterable[Key]) -> list[Key]:
        """Return the first keys, up to the limit."""
        return list(islice(keys, self.limit))
