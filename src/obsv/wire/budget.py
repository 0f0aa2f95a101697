"""Limits of a request, checked before any object is created from it.

A body of 60 KB can expand to 64 MiB, and to 31 million messages or JSON objects when parsed: 300 bytes of memory for
every two
of the body. Therefore bytes are limited during decompression, and parts while they are still bytes.
"""

from obsv.wire.errors import TooLarge

MIB = 2**20
# Maximum part of a request parsed at a time: with two bytes per message, 64 Ki messages, 20 MB, 15 ms.
SLICE_BYTES = 128 * 1024
# Number of spans after which the writer may turn to another request: 10 to 20 ms.
SLICE_SPANS = 500
# Attributes of them, likewise.
SLICE_FIELDS = 4_000
# Resources, scopes and spans of one request. SDKs send 512 at a time, collectors 8,192.
MOST_PARTS = 200_000
# Fields at all levels of one span or resource over SLICE_BYTES; of a span, 1,000 attributes are kept.
MOST_FIELDS = 50_000
# One span or resource.
MOST_SPAN_BYTES = 16 * MIB
# Values of JSON, each 60 to 150 bytes of memory: 8,000 spans of 20 attributes.
MOST_VALUES = 800_000
# Of JSON in one piece: its text may need four bytes a character.
MOST_JSON_BYTES = 16 * MIB


def too_many(parts: str, most: int) -> TooLarge:
    """Return the error of a request with too many parts."""
    return TooLarge(f"The request has more than {most:,} {parts}; send smaller batches.")
