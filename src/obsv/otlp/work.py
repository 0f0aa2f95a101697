"""What is to be done with the body of a request, and how much that may cost."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from obsv.otlp.compression import decompress
from obsv.otlp.signals import LOGS, METRICS, TRACES, Signal, count_data_points
from obsv.otlp.status import PROTOBUF
from obsv.wire.budget import MIB
from obsv.wire.errors import TooLarge
from obsv.wire.jsonform import json_slices
from obsv.wire.log_json import log_json_slices
from obsv.wire.log_protobuf import log_protobuf_slices
from obsv.wire.protobuf import protobuf_slices
from obsv.wire.rowmaker import Decoded, RowMaker

# Up to here a request is unpacked when it comes; larger ones when their turn comes, and one at a time.
SMALL_BYTES = 512 * 1024
# What spans compress to at most, in our measurements a thirtieth, is far from this; what is made to fill memory is not.
MOST_RATIO, RATIO_FROM_BYTES = 250, 16 * MIB
# Bytes that cost as much as one of the marks that `_weigh` counts.
BYTES_A_MARK = 64
# 500 spans of 10 attributes weigh 15,000, of 30 attributes 40,000; what weighs more than this is done in slices.
SMALL_WEIGHT = 50_000

Slices = Iterator[Decoded]


class Work(NamedTuple):
    """A request to be stored.

    Args:
        slices: decodes it, a few hundred spans at a time.
        weight: how long that takes, as far as can be told at once: about the number of messages or objects in it.
        is_large: whether others may be served between its slices; there may be only one such at a time, as it holds
            what was made of it.
        held: bytes that it keeps in memory until then.
        signal: of the request.
    """

    slices: Callable[[RowMaker], Slices]
    weight: int
    is_large: bool = False
    held: int = 0
    signal: Signal = TRACES


def work_of(body: bytes, encoding: str, content_type: str, limit: int, signal: Signal = TRACES) -> Work:
    """What is to be done with a body.

    Args:
        body: as it came.
        encoding: its Content-Encoding.
        content_type: protobuf or JSON.
        limit: bytes that it may have decompressed.
        signal: of the request.

    Raises:
        TooLarge: it is over the limit.
        BadRequest: it is not in its encoding.
        Unsupported: an encoding that is not read here.
    """
    limit = min(limit, max(RATIO_FROM_BYTES, MOST_RATIO * len(body)))

    def decode(plain: bytes, maker: RowMaker) -> Slices:
        if signal is METRICS:
            return iter((Decoded([], Counter({signal.name: count_data_points(plain, content_type)})),))
        if signal is LOGS:
            return log_protobuf_slices(plain, maker) if content_type == PROTOBUF else log_json_slices(plain, maker)
        return protobuf_slices(plain, maker) if content_type == PROTOBUF else json_slices(plain, maker)

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
    # In protobuf spans, ids, keys and values begin with these bytes, in JSON objects with that.
    marks = (b"\x0a", b"\x12") if content_type == PROTOBUF else (b"{",)
    return sum(map(plain.count, marks)) + len(plain) // BYTES_A_MARK
