"""How much one request may ask for, counted before any object is made of it.

A body of 60 KB can be 64 MiB when it is unpacked, and 31 million messages or JSON objects when it is parsed: 300 bytes
of memory for each two of the body. So bytes are bounded while unpacking, and parts while they are still bytes.
"""

from obsv.wire.errors import TooLarge

MIB = 2**20
# At most so much of a request is parsed at a time: of two bytes a message that is 64 Ki messages, 20 MB, 15 ms.
SLICE_BYTES = 128 * 1024
# Spans after which whoever stores may turn to another request: 10 to 20 ms.
SLICE_SPANS = 500
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
    """The error of a request that has more parts than are read from one."""
    return TooLarge(f"The request has more than {most:,} {parts}; send smaller batches.")
