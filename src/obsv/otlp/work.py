"""The processing of a request's body, and its maximum cost."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from obsv.otlp.compression import decompress
from obsv.otlp.signals import TRACES, Signal
from obsv.otlp.status import PROTOBUF
from obsv.wire.budget import MIB
from obsv.wire.errors import TooLarge
from obsv.wire.jsonform import json_slices
from obsv.wire.log_json import log_json_slices
from obsv.wire.log_protobuf import log_protobuf_slices
from obsv.wire.metric_json import metric_json_slices
from obsv.wire.metric_protobuf import metric_protobuf_slices
from obsv.wire.protobuf import protobuf_slices
from obsv.wire.rowmaker import Decoded, RowMaker

# Up to this size a request is decompressed on arrival; larger ones when their turn comes, one at a time.
SMALL_BYTES = 512 * 1024
# Spans compress to at most a thirtieth in our measurements, far from this; a request made to fill memory exceeds it.
MOST_RATIO, RATIO_FROM_BYTES = 250, 16 * MIB
# Bytes that cost as much as one of the marks that `_weigh` counts.
BYTES_A_MARK = 64
# 500 spans of 10 attributes weigh 15,000, of 30 attributes 40,000; anything heavier is processed in slices.
SMALL_WEIGHT = 50_000

Slices = Iterator[Decoded]


class Work(NamedTuple):
    """A request to store.

    Args:
        slices: decodes it, a few hundred spans at a time.
        weight: estimated cost, as far as known immediately: about the number of messages or objects in it.
        is_large: whether others may be served between its slices; there may be only one such at a time, because its
            decoded
            form stays in memory.
        held: bytes that it keeps in memory until then.
        signal: of the request.
    """

    slices: Callable[[RowMaker], Slices]
    weight: int
    is_large: bool = False
    held: int = 0
    signal: Signal = TRACES


def work_of(body: bytes, encoding: str, content_type: str, limit: int, signal: Signal = TRACES) -> Work:
    """Return the work for a body.

    Args:
        body: as received.
        encoding: its Content-Encoding.
        content_type: protobuf or JSON.
        limit: bytes that it may have decompressed.
        signal: of the request.

    Raises:
        TooLarge: it exceeds the limit.
        BadRequest: it does not have that encoding.
        Unsupported: the encoding is not supported.
    """
    limit = min(limit, max(RATIO_FROM_BYTES, MOST_RATIO * len(body)))

    decode = _DECODERS[signal.name](content_type == PROTOBUF)

    try:
        plain = decompress(body, encoding, min(limit, SMALL_BYTES))
    except TooLarge:
        if limit <= SMALL_BYTES:
            raise
        return Work(lambda maker: decode(decompress(body, encoding, limit), maker), limit, True, len(body), signal)
    weight = _weigh(plain, content_type)
    held = max(len(body), len(plain))
    return Work(lambda maker: decode(plain, maker), weight, weight > SMALL_WEIGHT, held, signal)


def _weigh(plain: bytes, content_type: str) -> int:
    # In protobuf, spans, IDs, keys and values begin with these bytes; in JSON, objects begin with that one.
    marks = (b"\x0a", b"\x12") if content_type == PROTOBUF else (b"{",)
    return sum(map(plain.count, marks)) + len(plain) // BYTES_A_MARK


# By functions, so that a test can put another decoder in the place of one.
_DECODERS: dict[str, Callable[[bool], Callable[[bytes, RowMaker], Slices]]] = {
    "traces": lambda is_protobuf: protobuf_slices if is_protobuf else json_slices,
    "logs": lambda is_protobuf: log_protobuf_slices if is_protobuf else log_json_slices,
    "metrics": lambda is_protobuf: metric_protobuf_slices if is_protobuf else metric_json_slices,
}
