"""The rare parts of a span from outside: status message, events, links, trace state, flags and dropped counts.

In: OTLP JSON as received. Out: the row's `detail` (clean OTLP JSON, without empty parts) and its exception text.
"""

import json
from typing import Any

from obsv import semconv
from obsv.wire.clean import Cleaner, count
from obsv.wire.ids import hex_id
from obsv.wire.limits import INT64_MAX

# The flags that an SDK sets on a local, sampled span. Missing flags in a row mean this, so that they cost no bytes.
USUAL_FLAGS = 0x101

COUNTERS = (("events", "droppedEventsCount"), ("links", "droppedLinksCount"))

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def detail(span: dict[str, Any], cleaner: Cleaner) -> tuple[str | None, str | None]:
    """Return `detail` and `exception` of a row.

    Args:
        span: the rare parts of an OTLP JSON span; its status message is `statusMessage`, a start that was moved
            `startTimeUnixNano`, and the end of a span without one `endTimeUnixNano`.
        cleaner: limits and masks.

    Returns:
        JSON text and exception text, each None if there is nothing.
    """
    rare: dict[str, Any] = {}
    for key in ("statusMessage", "traceState"):
        if text := span.get(key):
            rare[key] = cleaner.text(text) if isinstance(text, str) else ""
    exception = _events(span, cleaner, rare)
    _links(span, cleaner, rare)
    _counters(span, rare)
    text = _encode(rare) if rare else None
    if text is not None and len(text) > cleaner.limits.span_chars:
        text = _encode(_shorter(rare, cleaner.limits.span_chars))
    return text, exception


def _shorter(rare: dict[str, Any], chars: int) -> dict[str, Any]:
    """Return as many of the first events and links as fit; the rest is counted."""
    for part, counter in COUNTERS:
        while part in rare and len(_encode(rare)) > chars:
            half = rare[part][: len(rare[part]) // 2]
            rare[counter] = rare.get(counter, 0) + len(rare[part]) - len(half)
            rare[part] = half
            if not half:
                del rare[part]
    return rare


def fitted(owner: dict[str, Any], chars: int) -> dict[str, Any]:
    """Return the owner of clean attributes with as many as fit, always with `service.name`; the rest is counted."""
    pairs = owner.get("attributes", [])
    if pairs and len(_encode(pairs)) > chars:
        pairs = sorted(pairs, key=lambda pair: pair["key"] != semconv.SERVICE_NAME)
    while pairs and len(_encode(pairs)) > chars:
        half = pairs[: len(pairs) // 2]
        dropped = owner.get("droppedAttributesCount", 0) + len(pairs) - len(half)
        owner, pairs = owner | {"attributes": half, "droppedAttributesCount": dropped}, half
    return owner


def _counters(span: dict[str, Any], rare: dict[str, Any]) -> None:
    flags = count(span.get("flags"))
    if flags != USUAL_FLAGS:
        rare["flags"] = flags
    if dropped := count(span.get("droppedAttributesCount")):
        rare["droppedAttributesCount"] = dropped
    for part, counter in COUNTERS:
        if dropped := count(span.get(counter)) + len(_list(span, part)) - len(rare.get(part, ())):
            rare[counter] = dropped
    rare |= {key: span[key] for key in ("startTimeUnixNano", "endTimeUnixNano") if span.get(key)}


def _events(span: dict[str, Any], cleaner: Cleaner, rare: dict[str, Any]) -> str | None:
    exception = None
    kept = []
    for event in _list(span, "events")[: cleaner.limits.events]:
        if not isinstance(event, dict):
            continue
        name = cleaner.name(event.get("name"))
        clean = {"timeUnixNano": str(nanoseconds(event.get("timeUnixNano"))), "name": name} | cleaner.attributes(event)
        if name == semconv.EXCEPTION_EVENT:
            exception = exception_text(clean) or exception
        kept.append(clean)
    if kept:
        rare["events"] = kept
    if exception is None:
        return None
    exception = cleaner.text(exception)
    _take_out_stacktrace(kept, exception, cleaner)
    return exception


def exception_text(event: dict[str, Any]) -> str | None:
    """Return the text of an `exception` event: its stack trace, or `Type: message` if it has none."""
    texts: dict[str, str] = {pair["key"]: pair["value"].get("stringValue", "") for pair in event.get("attributes", ())}
    if stacktrace := texts.get(semconv.EXCEPTION_STACKTRACE):
        return stacktrace
    return ": ".join(filter(None, map(texts.get, (semconv.EXCEPTION_TYPE, semconv.EXCEPTION_MESSAGE)))) or None


def _take_out_stacktrace(events: list[dict[str, Any]], exception: str, cleaner: Cleaner) -> None:
    # The row already has it; encoding the row puts it back.
    for event in reversed(events):
        for pair in event.get("attributes", ()):
            if pair["key"] == semconv.EXCEPTION_STACKTRACE:
                text = cleaner.text(pair["value"].get("stringValue", ""))
                pair["value"] = {} if text == exception else {"stringValue": text}
            elif pair["key"] == semconv.EXCEPTION_MESSAGE and "stringValue" in pair["value"]:
                pair["value"] = {"stringValue": cleaner.text(pair["value"]["stringValue"])}


def _links(span: dict[str, Any], cleaner: Cleaner, rare: dict[str, Any]) -> None:
    kept = []
    for link in _list(span, "links")[: cleaner.limits.links]:
        clean = _link(link, cleaner) if isinstance(link, dict) else None
        if clean is not None:
            kept.append(clean)
    if kept:
        rare["links"] = kept


def _link(link: dict[str, Any], cleaner: Cleaner) -> dict[str, Any] | None:
    trace_id, span_id = hex_id(link.get("traceId"), 16), hex_id(link.get("spanId"), 8)
    if trace_id is None or span_id is None:
        return None
    clean: dict[str, Any] = {"traceId": trace_id.hex(), "spanId": span_id.hex()}
    if isinstance(state := link.get("traceState"), str) and state:
        clean["traceState"] = cleaner.name(state)
    if flags := count(link.get("flags")):
        clean["flags"] = flags
    return clean | cleaner.attributes(link)


def nanoseconds(value: Any) -> int:
    """Return a fixed64 time within SQLite's integers; 0 if it cannot be read."""
    try:
        return min(max(int(value or 0), 0), INT64_MAX)
    except (TypeError, ValueError, OverflowError):
        return 0


def _list(owner: dict[str, Any], name: str) -> list[Any]:
    content = owner.get(name)
    return content if isinstance(content, list) else []
