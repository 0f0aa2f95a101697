"""Metrics and logs, which obsv does not store: refused in a way that no sender tries again.

The answer is OTLP's partial success with everything rejected and a message that names the sender's setting. A 404 or
UNIMPLEMENTED would not be retried either, but senders log those as failures of the server, without a way out.
"""

import logging
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from obsv.otlp.status import PROTOBUF, refused_body
from obsv.trace.notices import Notices
from obsv.wire.jsonform import parse
from obsv.wire.scan import count_at

_notices = Notices()


class Signal(NamedTuple):
    """A signal that is not stored.

    Args:
        name: as people call it.
        path: under which it comes over HTTP.
        service: its gRPC service.
        setting: of the sender, that turns it off.
        unit: as in `rejectedDataPoints`.
        entries: numbers of the protobuf fields that lead to what is counted.
    """

    name: str
    path: str
    service: str
    setting: str
    unit: str
    entries: tuple[tuple[int, ...], ...]


METRICS = Signal(
    "metrics",
    "/v1/metrics",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "OTEL_METRICS_EXPORTER=none",
    "DataPoints",
    # Resource, scope, metric; gauge, sum, two kinds of histogram, summary; data points.
    ((1,), (2,), (2,), (5, 7, 9, 10, 11), (1,)),
)
LOGS = Signal(
    "logs",
    "/v1/logs",
    "opentelemetry.proto.collector.logs.v1.LogsService",
    "OTEL_LOGS_EXPORTER=none",
    "LogRecords",
    ((1,), (2,), (2,)),
)
SIGNALS = (METRICS, LOGS)


# Fields that are looked at to count what is turned away.
MOST_COUNTED = 200_000


def refused(signal: Signal, number: int, content_type: str) -> bytes:
    """The answer to a request of a signal that is not stored.

    Args:
        signal: which.
        number: how many there were in it.
        content_type: protobuf or JSON.
    """
    if not number:
        return b"" if content_type == PROTOBUF else b"{}"
    message = f"obsv stores traces, not {signal.name}; set {signal.setting} at the sender (docs/connect.md)."
    _notices.once(signal.name, logging.WARNING, "A sender's %s were turned away: %s", signal.name, message)
    if content_type != PROTOBUF:
        return refused_body(signal.unit, number, message)
    if signal is METRICS:
        metrics = ExportMetricsServiceResponse()
        metrics.partial_success.rejected_data_points = number
        metrics.partial_success.error_message = message
        return metrics.SerializeToString()
    logs = ExportLogsServiceResponse()
    logs.partial_success.rejected_log_records = number
    logs.partial_success.error_message = message
    return logs.SerializeToString()


def count_entries(signal: Signal, body: bytes, content_type: str) -> int:
    """How many data points or log records are in a body.

    Raises:
        BadRequest: the body is no request of that signal.
        TooLarge: it has more parts than are read of one.
    """
    if content_type == PROTOBUF:
        return count_at(body, signal.entries, MOST_COUNTED)
    return _count_json(signal, parse(body))


def _count_json(signal: Signal, body: dict[str, Any]) -> int:
    if signal is LOGS:
        return sum(len(_list(inner, "logRecords")) for inner in _inner(body, "resourceLogs", "scopeLogs"))
    metrics = [
        metric for inner in _inner(body, "resourceMetrics", "scopeMetrics") for metric in _list(inner, "metrics")
    ]
    return sum(
        len(_list(data, "dataPoints")) for metric in metrics if isinstance(metric, dict) for data in metric.values()
    )


def _inner(body: dict[str, Any], outer: str, inner: str) -> list[Any]:
    return [item for part in _list(body, outer) for item in _list(part, inner)]


def _list(owner: Any, name: str) -> list[Any]:
    found = owner.get(name) if isinstance(owner, dict) else None
    return found if isinstance(found, list) else []
