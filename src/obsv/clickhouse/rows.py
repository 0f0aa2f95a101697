"""Rows of the collector's table made rows of the store, by the rules for received spans.

All values in the table are text. A text that is a number, `true`, `false` or a JSON array becomes what it says: that is
what the sender meant, except where it sent such a text as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from obsv import semconv
from obsv.capture import Redactor
from obsv.clickhouse.client import Row
from obsv.store import SpanRow
from obsv.times import MAX_NS
from obsv.wire.detail import USUAL_FLAGS
from obsv.wire.rowmaker import RowMaker, SpanParts, encode

# As Go writes numbers, and none that would be written differently.
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_REAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-][0-9]{2,3})?", re.ASCII)
_MOST_WHOLE = 2**63
# Values of our own calls are the texts of `repr`.
_ALWAYS_TEXT = (
    semconv.INPUT_PREFIX,
    semconv.OUTPUT_PREFIX,
    semconv.THREAD_NAME,
    semconv.PROCESS_GROUP,
    semconv.FEED,
    semconv.CODE_FILE_PATH,
    semconv.CODE_SOURCE_TEXT,
    semconv.LEFT_OUT_DURATIONS,
)


def value_of(text: str) -> Any:
    """Return what a text of the table says: a number, a truth value, an array, or the text itself."""
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text) and -_MOST_WHOLE <= int(text) < _MOST_WHOLE:
        return int(text)
    if _REAL.fullmatch(text) and not text.endswith(".0") and repr(float(text)) == text:  # not a version like 2.10
        return float(text)
    if text[:1] == "[":
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return found if isinstance(found, list) else text
    return text


class RowReader:
    """Makes rows of spans. For one thread at a time."""

    def __init__(self) -> None:
        self._maker = RowMaker(Redactor())

    def read(self, rows: Iterable[Row], now_ns: int) -> list[SpanRow]:
        """Return the rows of spans, oldest first, each once; what has no valid IDs is left out.

        Args:
            rows: rows with the columns `SPAN`.
            now_ns: Unix time; a start in the future is not believed.
        """
        self._maker.arrive(now_ns)
        found = {(row.trace_id, row.span_id): row for row in map(self._row, rows) if row is not None}
        return sorted(found.values(), key=lambda row: (row.start_ns, -row.duration_ns))

    def _row(self, row: Row) -> SpanRow | None:
        (
            start, trace_id, span_id, parent, state, name, kind, resource, scope, version, attributes, duration,
            status, message, event_times, event_names, event_attributes, *links, service,
        ) = row  # fmt: skip
        try:
            ids = bytes.fromhex(trace_id), bytes.fromhex(span_id), bytes.fromhex(parent)
        except ValueError:
            return None
        start_ns = int(start)
        rare: dict[str, Any] = {}
        if state:
            rare["traceState"] = state
        if message:
            rare["statusMessage"] = message
        if event_names:
            rare["events"] = [
                {"timeUnixNano": str(at), "name": called, "attributes": _pairs(given)}
                for at, called, given in zip(event_times, event_names, event_attributes, strict=False)
            ]
        if links[0]:
            rare["links"] = [
                {"traceId": trace, "spanId": span, "traceState": told, "attributes": _pairs(given or {})}
                for trace, span, told, given in zip_longest(*links)
            ]
        parts = SpanParts(
            self._source(resource, service, scope, version),
            scope,
            *ids,
            name,
            int(kind),
            start_ns,
            min(start_ns + int(duration), MAX_NS),
            int(status),
            USUAL_FLAGS,
            tuple(attributes),
            [text if key.startswith(_ALWAYS_TEXT) else value_of(text) for key, text in attributes.items()],
            (rare | {"flags": USUAL_FLAGS}) if rare else None,
        )
        return self._maker.row(parts)

    def _source(self, resource: Mapping[str, str], service: str, scope: str, version: str) -> Any:
        if service and resource.get(semconv.SERVICE_NAME) != service:
            resource = {**resource, semconv.SERVICE_NAME: service}
        outer = {"attributes": _pairs(resource)}
        inner = {key: text for key, text in (("name", scope), ("version", version)) if text}
        key = (encode(outer).encode(), encode(inner).encode())
        return self._maker.known_source(key) or self._maker.source(key, self._maker.resource(outer), inner)


def _pairs(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any_value(value_of(text))} for key, text in texts.items()]


def _any_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any_value(each) for each in value]}}
    return {"stringValue": value if isinstance(value, str) else encode(value)}
