"""Limits of JSON text before parsing: the maximum number of values that it can contain."""

from obsv.wire.budget import MOST_VALUES, too_many
from obsv.wire.errors import TooLarge

# One of these precedes every value but the first.
_SEPARATORS = (b",", b":", b"[")
# A string is a value or a key, and has two quotes.
MOST_QUOTES = 4 * MOST_VALUES
CHUNK_BYTES = 2**20


def check_json(body: bytes, most_bytes: int) -> None:
    """Refuse a text that could become too many objects.

    Args:
        body: JSON, or what a sender claims is JSON.
        most_bytes: maximum size in bytes.

    Raises:
        TooLarge: it has too many bytes or values.
    """
    if len(body) > most_bytes:
        raise TooLarge(f"The JSON has more than {most_bytes:,} bytes; send smaller batches, or protobuf.")
    # Strings may contain separators too: this counts too many, but takes a tenth of the time.
    if _separators(body) > MOST_VALUES and _count_values(body) > MOST_VALUES:
        raise too_many("values", MOST_VALUES)


def _separators(text: bytes) -> int:
    return sum(map(text.count, _SEPARATORS))


def _count_values(body: bytes) -> int:
    """Return the number of values minus one, ignoring those within strings; above the budget it need not be exact."""
    # Without escape sequences, each quote begins or ends a string.
    body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if body.count(b'"') > MOST_QUOTES:
        return MOST_VALUES + 1
    found = quotes = 0
    for at in range(0, len(body), CHUNK_BYTES):
        parts = body[at : at + CHUNK_BYTES].split(b'"')
        found += _separators(b"".join(parts[quotes % 2 :: 2]))
        quotes += len(parts) - 1
    return found
