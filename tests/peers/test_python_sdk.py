"""OpenTelemetry's SDK for Python over gRPC and HTTP, in every encoding."""

import json
from collections.abc import Callable

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanKind, StatusCode

from obsv.otlp.receiver import Receiver
from obsv.store import Reader


def http(receiver: Receiver, compression: Compression) -> SpanExporter:
    return HttpExporter(f"http://127.0.0.1:{receiver.http_port}/v1/traces", compression=compression)


def over_grpc(receiver: Receiver, compression: grpc.Compression) -> SpanExporter:
    return GrpcExporter(f"http://127.0.0.1:{receiver.grpc_port}", insecure=True, compression=compression)


WAYS: dict[str, Callable[[Receiver], SpanExporter]] = {
    "http": lambda receiver: http(receiver, Compression.NoCompression),
    "http gzip": lambda receiver: http(receiver, Compression.Gzip),
    "http deflate": lambda receiver: http(receiver, Compression.Deflate),
    "grpc": lambda receiver: over_grpc(receiver, grpc.Compression.NoCompression),
    "grpc gzip": lambda receiver: over_grpc(receiver, grpc.Compression.Gzip),
    "grpc deflate": lambda receiver: over_grpc(receiver, grpc.Compression.Deflate),
}


def record(exporter: SpanExporter) -> None:
    """One trace: a server's span, and in it a database call that fails."""
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("checkout", "1.0")
    attributes = {"http.request.method": "POST", "http.response.status_code": 500, "sizes": [1, 2], "ratio": 0.5}
    with tracer.start_as_current_span("POST /order", kind=SpanKind.SERVER, attributes=attributes) as parent:
        child = tracer.start_span("insert", kind=SpanKind.CLIENT, links=[Link(parent.get_span_context(), {"why": "x"})])
        child.set_attribute("db.query.text", "insert into orders")
        child.record_exception(ValueError("no tea"))
        child.set_status(StatusCode.ERROR, "no tea")
        child.end()
    provider.shutdown()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_trace_arrives_whole(receiver: Receiver, reader: Reader, way: Callable[[Receiver], SpanExporter]) -> None:
    """Names, parents, kinds, values with their types, status, exception and links are what was recorded."""
    record(way(receiver))
    parent, child = reader.query("select * from process_trace order by depth")
    assert (parent["process"], parent["service"], parent["process_group"]) == ("POST /order", "shop", "checkout")
    assert (child["process"], child["status"], child["depth"]) == ("insert", "ERR", 1)
    assert child["parent_span_id"] == parent["span_id"]
    assert child["exception"].startswith("ValueError: no tea")
    values = {(row["data"], row["data_type"]): row["data_value"] for row in reader.query("select * from data_trace")}
    assert values == {
        ("http.request.method", "INPUT"): "POST",
        ("http.response.status_code", "OUTPUT"): 500,
        ("sizes", "INPUT"): "[1,2]",
        ("ratio", "INPUT"): 0.5,
        ("db.query.text", "INPUT"): "insert into orders",
    }
    detail = json.loads(reader.query("select detail from span where status = 2")[0][0])
    assert (detail["statusMessage"], len(detail["links"])) == ("no tea", 1)
    assert "failed" not in receiver.counts
