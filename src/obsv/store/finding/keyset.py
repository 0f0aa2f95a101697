"""Where a page ended: the key of its last row, so that the next one starts there whatever was added meanwhile."""

from __future__ import annotations

import re
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.finding.filters import ORDERS

_FORM = re.compile(r"(-?\w+)~([0-9 :.\-]+)~([0-9]+)", re.ASCII)
MAX_ID = 2**63 - 1


class Key(NamedTuple):
    """The place of a row in an order.

    Attributes:
        value: `ts` text, or the duration in ns as text: what the order sorts by.
        id: the row's id; makes the order total.
    """

    value: str
    id: int

    def token(self, order: str) -> str:
        """As text for an address; belongs to one order."""
        return f"{order}~{self.value}~{self.id}"

    @classmethod
    def parse(cls, token: str, order: str) -> Key:
        """The key of a token.

        Args:
            token: of `token`.
            order: the order of the page that is asked for.

        Raises:
            InvalidQuery: it is no token, or one of another order.
        """
        found = _FORM.fullmatch(token)
        if found is None or found[1] != order or int(found[3]) > MAX_ID:
            raise InvalidQuery("The cursor is none of this search: ask for the first page, without a cursor.")
        if order.endswith("duration") and not found[2].isdecimal():
            raise InvalidQuery("The cursor is none of this search: ask for the first page, without a cursor.")
        return cls(found[2], int(found[3]))


def check_order(order: str) -> str:
    """The order, if there is such a one.

    Raises:
        InvalidQuery: there is none.
    """
    if order not in ORDERS:
        raise InvalidQuery(f"No order {order!r}: use one of {', '.join(ORDERS)}.")
    return order
