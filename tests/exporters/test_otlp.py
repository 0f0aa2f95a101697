"""Selection of the exporter by the settings."""

import os
import sys

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter

from obsv.errors import ConfigurationError
from obsv.exporters.otlp import GRPC, HTTP, LOGS, log_lane, otlp_exporter, otlp_lane, protocol_of, signal_url

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def asks(endpoint: str | None, **environment: str) -> bool:
    lane = otlp_lane(endpoint, environment)
    if lane is not None:
        lane.shutdown()
    return lane is not None


def test_nobody_asks() -> None:
    """Without an endpoint there is no lane."""
    assert not asks(None)


def test_who_asks() -> None:
    """The argument asks, a variable asks, and `otlp` among the exporters asks."""
    assert asks("http://127.0.0.1:4318")
    assert asks(None, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    assert asks(None, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:4318/v1/traces")
    assert asks(None, OTEL_TRACES_EXPORTER="obsv_sqlite, otlp")


@pytest.mark.parametrize("exporters", ["none", "obsv_sqlite", "console"])
def test_who_turns_it_off(exporters: str) -> None:
    """Exporters without `otlp` among them turn the environment's endpoint off, and not the argument's."""
    environment = {ENDPOINT: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": exporters}
    assert not asks(None, **environment)
    assert asks("http://127.0.0.1:4318", **environment)


@pytest.mark.parametrize(
    ("endpoint", "environment", "protocol"),
    [
        ("http://a:4317", {}, GRPC),
        ("a:4317", {}, GRPC),
        ("http://a:4318", {}, HTTP),
        ("https://a/otlp", {}, HTTP),
        (None, {ENDPOINT: "http://a:4317"}, GRPC),
        (None, {}, HTTP),
        ("http://a:4317", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, HTTP),
        ("http://a:4318", {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, GRPC),
    ],
)
def test_protocol(endpoint: str | None, environment: dict[str, str], protocol: str) -> None:
    """The variables decide, else the registered port of gRPC, else HTTP."""
    assert protocol_of(endpoint, environment) == protocol


@pytest.mark.parametrize(
    ("endpoint", "environment"), [("http://a", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}), ("http://a:b", {})]
)
def test_what_cannot_be_used(endpoint: str, environment: dict[str, str]) -> None:
    """A protocol or an endpoint that cannot be used is named."""
    with pytest.raises(ConfigurationError, match=r"http/json|a:b"):
        protocol_of(endpoint, environment)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://a:4318", "http://a:4318/v1/traces"),
        ("http://a:4318/", "http://a:4318/v1/traces"),
        ("https://a/otlp", "https://a/otlp/v1/traces"),
        ("http://a:4318/v1/traces", "http://a:4318/v1/traces"),
        ("a:4318", "http://a:4318/v1/traces"),
    ],
)
def test_base_address_gets_its_path(endpoint: str, url: str) -> None:
    """An endpoint may be the base address or the whole one."""
    assert signal_url(endpoint) == url


def test_official_exporters() -> None:
    """The exporters are OpenTelemetry's own."""
    for endpoint, kind in (("http://127.0.0.1:4317", GrpcExporter), ("http://127.0.0.1:4318", HttpExporter)):
        exporter = otlp_exporter(endpoint, {})
        assert isinstance(exporter, kind)
        exporter.shutdown()


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_endpoint_without_a_scheme_in_a_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Over HTTP it means http://, which the official exporter would not know."""
    monkeypatch.setenv(name, "127.0.0.1:4318")
    exporter = otlp_exporter(None, os.environ)
    assert isinstance(exporter, HttpExporter)
    assert exporter._endpoint == "http://127.0.0.1:4318/v1/traces"
    exporter.shutdown()


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages the message says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigurationError, match=r"obsv\[otlp\]"):
        otlp_exporter("http://a:4318", {})


def test_sizes(caplog: pytest.LogCaptureFixture) -> None:
    """OTEL_BSP_* set the queue; what is no number is said and left."""
    environment = {
        "OTEL_BSP_MAX_QUEUE_SIZE": "7",
        "OTEL_BSP_SCHEDULE_DELAY": "1500",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "many",
    }
    lane = otlp_lane("http://127.0.0.1:4318", environment)
    assert lane is not None
    assert (lane._size, lane._delay_s, lane._batch_size) == (7, 1.5, 512)
    assert "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" in caplog.text
    lane.shutdown()


@pytest.mark.parametrize(
    ("endpoint", "environment", "is_asked_for"),
    [
        (None, {}, False),
        ("http://a:4318", {}, True),
        (None, {ENDPOINT: "http://a:4318"}, True),
        (None, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://a:4318/v1/logs"}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:4318/v1/traces"}, False),
        (None, {"OTEL_LOGS_EXPORTER": "otlp"}, True),
        (None, {ENDPOINT: "http://a:4318", "OTEL_LOGS_EXPORTER": "none"}, False),
        ("http://a:4318", {"OTEL_LOGS_EXPORTER": "none"}, False),
    ],
)
def test_who_asks_for_log_records(endpoint: str | None, environment: dict[str, str], is_asked_for: bool) -> None:
    """As for spans, by the variables of log records; `none` keeps them from a backend that takes spans only."""
    lane = log_lane(endpoint, environment)
    assert (lane is not None) == is_asked_for
    if lane is not None:
        lane.shutdown()


def test_address_of_one_signal_stands_for_the_base_of_the_other() -> None:
    """The address for spans names the server for log records, too."""
    assert signal_url("http://a:4318/x/v1/traces", LOGS) == "http://a:4318/x/v1/logs"
    assert signal_url("http://a:4318/v1/logs/", LOGS) == "http://a:4318/v1/logs/"
    assert signal_url("a:4318", LOGS) == "http://a:4318/v1/logs"
