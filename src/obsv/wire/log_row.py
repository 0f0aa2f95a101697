"""Log records from outside become rows, whatever encoding they came in."""

from typing import Any, NamedTuple

from obsv import semconv
from obsv.store.ground import LogRow, Source
from obsv.wire.anyvalue import AnyDict
from obsv.wire.limits import clip
from obsv.wire.rowmaker import RowMaker, encode

# SDKs before the field `event_name` sent an event's name as this attribute.
EVENT_NAME = "event.name"
# How exporters that have no counter for it say so.
DROPPED = "otel.dropped_attributes_count"
MOST_SEVERITY = 24
BAD_RECORD = "log records that are no valid message"
_SHORT_CHARS = 1_000


class LogParts(NamedTuple):
    """A log record as read from either encoding.

    Args:
        time_ns, observed_ns: Unix time; 0 where it was not given.
        severity: SeverityNumber.
        severity_text: the sender's word for it.
        event_name: empty for a plain log record.
        body: OTLP JSON of the AnyValue.
        attributes: OTLP JSON KeyValues.
        dropped: attributes that the sender left out.
        trace_id, span_id: bytes; of another length than theirs where there are none.
    """

    time_ns: int
    observed_ns: int
    severity: int
    severity_text: str
    event_name: str
    body: AnyDict
    attributes: list[AnyDict]
    dropped: int
    trace_id: bytes
    span_id: bytes


def log_row(parts: LogParts, source: Source, maker: RowMaker) -> LogRow:
    """Return the row of a log record, its values bounded and secrets masked.

    Args:
        parts: the record.
        source: its resource and scope.
        maker: knows the limits, and when the request came.
    """
    cleaner, limits = maker.cleaner, maker.limits
    pairs = cleaner.pairs(parts.attributes[: limits.attributes])
    attributes = {pair["key"]: plain(pair["value"]) for pair in pairs}
    dropped = parts.dropped + len(parts.attributes) - len(pairs)
    if dropped > 0:
        attributes[DROPPED] = dropped
    event_name = parts.event_name
    if not event_name and isinstance(attributes.get(EVENT_NAME), str):
        event_name = attributes.pop(EVENT_NAME)
    thread, process = attributes.get(semconv.THREAD_NAME), attributes.pop(semconv.LOG_PROCESS, "")
    return LogRow(
        source,
        _time_of(parts, maker),
        parts.severity if 0 <= parts.severity <= MOST_SEVERITY else 0,
        cleaner.name(parts.severity_text),
        cleaner.name(event_name),
        _bounded(plain(cleaner.value(parts.body)), limits.span_chars),
        _bounded(attributes, limits.span_chars),
        parts.trace_id if len(parts.trace_id) == 16 and any(parts.trace_id) else b"",
        parts.span_id if len(parts.span_id) == 8 and any(parts.span_id) else b"",
        process if isinstance(process, str) else "",
        thread if isinstance(thread, str) else "",
    )


def plain(value: AnyDict) -> Any:
    """Return what JSON shows of a clean OTLP JSON AnyValue: maps are objects, bytes are `{"bytesValue": base64}`."""
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [plain(item) for item in content["values"]]
        if kind == "kvlistValue":
            return {pair["key"]: plain(pair["value"]) for pair in content["values"]}
        return value if kind == "bytesValue" else content
    return None


def _time_of(parts: LogParts, maker: RowMaker) -> int:
    told = parts.time_ns or parts.observed_ns
    return told if 0 < told <= maker.latest_ns else maker.now_ns


def _bounded(value: Any, chars: int) -> str:
    text = encode(value)
    if len(text) <= chars:
        return text
    if not isinstance(value, dict):
        return encode(clip(text, chars // 2))
    kept: dict[str, Any] = {}
    size = 0
    for key, each in value.items():
        if not isinstance(each, (int, float)):
            each = clip(each if isinstance(each, str) else encode(each), _SHORT_CHARS)
        size += len(encode({key: each}))
        if size > chars:
            kept[DROPPED] = value.get(DROPPED, 0) + sum(name != DROPPED for name in value) - len(kept)
            break
        kept[key] = each
    return encode(kept)
