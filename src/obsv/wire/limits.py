"""Limits of another program's span. docs/connect.md shows the numbers."""

from typing import NamedTuple

DAY_NS = 86_400_000_000_000
INT64_MAX = 2**63 - 1


class Limits(NamedTuple):
    """Limits of one span from outside; anything beyond is truncated and, if OTLP has a counter, counted.

    Args:
        attributes: attributes of a span, an event, a link, a resource or a scope.
        events: events of a span.
        links: links of a span.
        items: elements of one array or map.
        depth: nested arrays and maps.
        value_chars: characters of one value's text.
        span_chars: characters of all of a span's values as JSON.
        name_chars: characters of a span's, an event's or a scope's name, and of a key.
        future_ns: how far after its arrival a span may begin; beyond that, its sender's clock is considered wrong.
    """

    attributes: int = 1_000
    events: int = 200
    links: int = 200
    items: int = 1_000
    depth: int = 8
    value_chars: int = 100_000
    span_chars: int = 1_000_000
    name_chars: int = 1_000
    future_ns: int = DAY_NS


DEFAULT_LIMITS = Limits()


def clip(text: str, chars: int) -> str:
    """Return the text, or its beginning and a note of its length if it is longer than `chars` characters."""
    return text if len(text) <= chars else f"{text[:chars]}… ({len(text):,} characters)"


def clip_name(text: str, chars: int) -> str:
    """Return a name on one line: cut without a note, as it must stay a name, and without NUL (ends C text)."""
    return text[:chars].replace("\0", "\ufffd")
