"""The rows of a store that are sent to a hub, in order of arrival: calls, and log records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from obsv.store.seam import Store
from obsv.wire.encode import Exact
from obsv.wire.encode_logs import logs_to_protobuf
from obsv.wire.encode_protobuf import to_protobuf

_LAST = 2**63 - 1


class Stream(NamedTuple):
    """A kind of rows.

    Args:
        suffix: of the receiver's name in the book: each kind has a cursor.
        after: returns rows that arrived after the one with an ID, up to a number.
        encode: returns the request with some rows; `exact` of a hub, with what only obsv understands.
        counted: returns how many rows arrived up to an ID, to tell what was deleted before it was sent; 0: not known.
        id_of: returns the ID of a row.
    """

    suffix: str
    after: Callable[[Store, int, int], Sequence[Any]]
    encode: Callable[[Sequence[Any], Exact | None], bytes]
    counted: Callable[[Store, int], int]
    id_of: Callable[[Any], int]


SPANS = Stream(
    "",
    lambda store, position, size: store.spans_after(position, size),
    lambda spans, exact: bytes(to_protobuf(spans, source_text=True, exact=exact).SerializeToString()),
    lambda store, position: store.counted_until(position),
    lambda span: int(span.id),
)
LOGS = Stream(
    "#logs",
    lambda store, position, size: next(store.logs_between(position, _LAST), [])[:size],
    lambda logs, _: bytes(logs_to_protobuf(logs).SerializeToString()),
    lambda store, position: 0,
    lambda log: int(log.id),
)
