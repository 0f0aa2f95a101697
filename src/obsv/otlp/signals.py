"""The signals of OTLP: traces, logs and metrics."""

from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from obsv.otlp.received import Received
from obsv.otlp.status import MESSAGE_CHARS, PROTOBUF, refused_body


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
    if content_type != PROTOBUF:
        return refused_body(signal.unit, rejected, message)
    response = signal.answer()
    setattr(response.partial_success, signal.rejected, rejected)
    response.partial_success.error_message = message[:MESSAGE_CHARS]
    encoded: bytes = response.SerializeToString()
    return encoded
