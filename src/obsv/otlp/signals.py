"""The signals of OTLP: traces and logs, which are stored, and metrics, which are refused so that no sender tries again.

The answer to metrics is OTLP's partial success with everything rejected and a message that names the sender's setting.
A 404 or UNIMPLEMENTED would not be retried either, but senders log those as failures of the server, without a way out.
"""

import logging
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from obsv.otlp.received import Received
from obsv.otlp.status import MESSAGE_CHARS, PROTOBUF, refused_body
from obsv.trace.notices import Notices
from obsv.wire.json_parts import list_in
from obsv.wire.jsonform import parse
from obsv.wire.scan import count_at

_notices = Notices()


class Signal(NamedTuple):
    """A signal of OTLP.

    Args:
        name: its usual name.
        path: its path over HTTP.
        service: its gRPC service.
        unit: as in `rejectedSpans`.
        answer: the message that answers it.
        rejected: name of the field of its `partial_success` that counts what is rejected.
    """

    name: str
    path: str
    service: str
    unit: str
    answer: Any
    rejected: str


_SERVICE = "opentelemetry.proto.collector"
TRACES = Signal(
    "traces",
    "/v1/traces",
    f"{_SERVICE}.trace.v1.TraceService",
    "Spans",
    ExportTraceServiceResponse,
    "rejected_spans",
)
LOGS = Signal(
    "logs",
    "/v1/logs",
    f"{_SERVICE}.logs.v1.LogsService",
    "LogRecords",
    ExportLogsServiceResponse,
    "rejected_log_records",
)
METRICS = Signal(
    "metrics",
    "/v1/metrics",
    f"{_SERVICE}.metrics.v1.MetricsService",
    "DataPoints",
    ExportMetricsServiceResponse,
    "rejected_data_points",
)
SIGNALS = (TRACES, LOGS, METRICS)

# Where data points stand in protobuf: resource, scope, metric; gauge, sum, two kinds of histogram, summary; points.
_DATA_POINTS = ((1,), (2,), (2,), (5, 7, 9, 10, 11), (1,))
_REFUSED = "obsv stores traces and logs, not metrics; set OTEL_METRICS_EXPORTER=none at the sender (docs/connect.md)."
# Fields that are looked at to count what is turned away.
MOST_COUNTED = 200_000


def answer(signal: Signal, received: Received, content_type: str) -> bytes:
    """Return the answer to a request that was taken: empty unless something of it was left out.

    Args:
        signal: which.
        received: what became of it.
        content_type: protobuf or JSON.
    """
    rejected, message = received.rejected.total(), received.message
    if not (rejected or received.odd):
        return b"" if content_type == PROTOBUF else b"{}"
    if signal is METRICS:
        message = _REFUSED
        _notices.once(signal.name, logging.WARNING, "A sender's metrics were turned away: %s", message)
    if content_type != PROTOBUF:
        return refused_body(signal.unit, rejected, message)
    response = signal.answer()
    setattr(response.partial_success, signal.rejected, rejected)
    response.partial_success.error_message = message[:MESSAGE_CHARS]
    encoded: bytes = response.SerializeToString()
    return encoded


def count_data_points(body: bytes, content_type: str) -> int:
    """Return how many data points are in a body.

    Raises:
        BadRequest: the body is no request of metrics.
        TooLarge: it has more parts than are read of one.
    """
    if content_type == PROTOBUF:
        return count_at(body, _DATA_POINTS, MOST_COUNTED)
    scopes = [scope for part in list_in(parse(body), "resourceMetrics") for scope in _inner(part, "scopeMetrics")]
    metrics = [metric for scope in scopes for metric in _inner(scope, "metrics") if isinstance(metric, dict)]
    return sum(len(_inner(data, "dataPoints")) for metric in metrics for data in metric.values())


def _inner(owner: Any, name: str) -> list[Any]:
    return list_in(owner, name) if isinstance(owner, dict) else []
