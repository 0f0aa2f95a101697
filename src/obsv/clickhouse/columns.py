"""Columns of the collector's table in the store's terms, as SQL for ClickHouse.

The layout is the one of the collector's ClickHouse exporter:
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/clickhouseexporter
"""

from __future__ import annotations

from obsv import semconv
from obsv.store.finding import KINDS
from obsv.wire.plan import UNKNOWN_SERVICE

START_NS = "toUnixTimestamp64Nano(Timestamp)"
START_US = "toUnixTimestamp64Micro(Timestamp)"
SERVICE = f"if(ServiceName = '', '{UNKNOWN_SERVICE}', ServiceName)"
GROUP = (
    f"multiIf(SpanAttributes['{semconv.PROCESS_GROUP}'] != '', SpanAttributes['{semconv.PROCESS_GROUP}'], "
    f"ScopeName != '', ScopeName, {SERVICE})"
)
# Older exporters write the names of the protocol's enums.
_KIND_NAMES = [
    (name, number)
    for number, kind in enumerate(KINDS)
    if number > 1
    for name in (kind.capitalize(), f"SPAN_KIND_{kind.upper()}")
]
KIND = (
    f"transform(SpanKind, [{', '.join(repr(name) for name, _ in _KIND_NAMES)}], "
    f"[{', '.join(str(number) for _, number in _KIND_NAMES)}], 1)"
)
STATUS = "multiIf(StatusCode in ('Error', 'STATUS_CODE_ERROR'), 2, StatusCode in ('Ok', 'STATUS_CODE_OK'), 1, 0)"
FAILED = "StatusCode in ('Error', 'STATUS_CODE_ERROR')"

# The columns of a whole row, in the order that `rows` reads.
SPAN = f"""{START_NS}, TraceId, SpanId, ParentSpanId, TraceState, SpanName, {KIND}, ResourceAttributes, ScopeName,
  ScopeVersion, SpanAttributes, Duration, {STATUS}, StatusMessage,
  arrayMap(each -> toUnixTimestamp64Nano(each), Events.Timestamp), Events.Name, Events.Attributes,
  Links.TraceId, Links.SpanId, Links.TraceState, Links.Attributes, ServiceName"""
# Position of the duration in it.
TOOK = 11
ONCE = "limit 1 by TraceId, SpanId"
