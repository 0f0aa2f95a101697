"""OTLP metrics: both encodings and both protocols give the same points, and what is damaged costs itself alone."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from obsv.otlp.receiver import Receiver
from obsv.store import Reader

PROTOBUF = {"content-type": "application/x-protobuf"}
NOW_NS = 1_790_000_000_000_000_000
ROWS = """
select s.service, s.name, s.unit, s.kind, s.temporality, s.is_monotonic, s.bounds, s.attributes, p.time_ns, p.start_ns,
  p.value
from metric_series s join metric_point p on p.series_id = s.id order by s.name, s.attributes, p.time_ns
"""


@pytest.fixture
def client(receiver: Receiver) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{receiver.http_port}", timeout=120) as client:
        yield client


def pairs(**attributes: str) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in attributes.items()]


def request(*metrics: Metric, service: str = "shop") -> ExportMetricsServiceRequest:
    made = ExportMetricsServiceRequest()
    outer = made.resource_metrics.add()
    outer.resource.attributes.extend(pairs(**{"service.name": service}))
    inner = outer.scope_metrics.add()
    inner.scope.name = "meter"
    inner.metrics.extend(metrics)
    return made


def gauge(name: str = "queue.size", time_ns: int = NOW_NS, value: float = 2.5, **attributes: str) -> Metric:
    made = Metric(name=name, unit="{item}")
    made.gauge.data_points.add(as_double=value, time_unix_nano=time_ns, attributes=pairs(**attributes))
    return made


def all_kinds() -> list[Metric]:
    """Return a metric of each kind."""
    times: dict[str, Any] = {"time_unix_nano": NOW_NS, "start_time_unix_nano": NOW_NS - 5}
    total = Metric(name="b.requests", unit="1")
    total.sum.aggregation_temporality, total.sum.is_monotonic = 2, True
    total.sum.data_points.add(as_int=2**62, attributes=pairs(route="/a"), **times)
    histogram = Metric(name="c.duration", unit="s")
    histogram.histogram.aggregation_temporality = 1
    histogram.histogram.data_points.add(
        count=3, sum=1.5, min=0.1, max=0.9, bucket_counts=[1, 2, 0], explicit_bounds=[0.5, 1.0], **times
    )
    exponential = Metric(name="d.duration", unit="s")
    exponential.exponential_histogram.aggregation_temporality = 2
    point = exponential.exponential_histogram.data_points.add(count=4, sum=-2.0, scale=-1, zero_count=1, **times)
    point.positive.offset, point.negative.offset = 3, -2
    point.positive.bucket_counts.extend([1, 1])
    point.negative.bucket_counts.append(1)
    summary = Metric(name="e.duration", unit="s")
    found = summary.summary.data_points.add(count=9, sum=4.5, **times)
    found.quantile_values.add(quantile=0.5, value=0.25)
    gone = Metric(name="f.gone")
    gone.gauge.data_points.add(flags=1, **times)
    return [gauge("a.size"), total, histogram, exponential, summary, gone]


def send(client: httpx.Client, made: ExportMetricsServiceRequest, encoding: str = "protobuf") -> httpx.Response:
    if encoding == "json":
        return client.post("/v1/metrics", json=MessageToDict(made, use_integers_for_enums=True))
    if encoding == "gzip":
        headers = PROTOBUF | {"content-encoding": "gzip"}
        return client.post("/v1/metrics", content=gzip.compress(made.SerializeToString()), headers=headers)
    return client.post("/v1/metrics", content=made.SerializeToString(), headers=PROTOBUF)


def rejected(answer: httpx.Response) -> tuple[int, str]:
    found = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    return found.rejected_data_points, found.error_message


def rows(reader: Reader) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in reader.query(ROWS)]


@pytest.mark.parametrize("encoding", ["protobuf", "json", "gzip"])
def test_kinds_of_metrics(client: httpx.Client, reader: Reader, encoding: str) -> None:
    """Each kind has its value, its sense and its times; integers stay exact."""
    answer = send(client, request(*all_kinds()), encoding)
    assert (answer.status_code, answer.content) == (200, b"{}" if encoding == "json" else b"")
    start = NOW_NS - 5
    delta, cumulative = ("delta", 0), ("cumulative", 0)
    assert rows(reader) == [
        ("shop", "a.size", "{item}", "gauge", "", 0, "[]", "{}", NOW_NS, 0, 2.5),
        ("shop", "b.requests", "1", "sum", "cumulative", 1, "[]", '{"route":"/a"}', NOW_NS, start, 2**62),
        ("shop", "c.duration", "s", "histogram", *delta, "[0.5,1.0]", "{}", NOW_NS, start, "[3,1.5,0.1,0.9,[1,2,0]]"),
        ("shop", "d.duration", "s", "exponential histogram", *cumulative, "[]", "{}", NOW_NS, start,
         "[4,-2.0,null,null,-1,1,0.0,[3,[1,1]],[-2,[1]]]"),
        ("shop", "e.duration", "s", "summary", "", 0, "[]", "{}", NOW_NS, start, "[9,4.5,[[0.5,0.25]]]"),
        ("shop", "f.gone", "", "gauge", "", 0, "[]", "{}", NOW_NS, start, None),
    ]  # fmt: skip


def test_sent_twice_is_stored_once(client: httpx.Client, reader: Reader) -> None:
    """A sender that heard no answer tries again, in whatever encoding, and another order of attributes is the same."""
    made = request(*all_kinds(), gauge(a="1", b="2"))
    for encoding in ("protobuf", "json", "gzip"):
        send(client, made, encoding)
    points = made.resource_metrics[0].scope_metrics[0].metrics[-1].gauge.data_points
    turned = list(reversed(points[0].attributes))
    del points[0].attributes[:]
    points[0].attributes.extend(turned)
    send(client, made)
    assert len(rows(reader)) == 7


def test_secrets_in_attributes_are_masked(client: httpx.Client, reader: Reader) -> None:
    """As in spans and log records."""
    send(client, request(gauge(password="hunter2", note="token=abcdef123456")))
    (row,) = rows(reader)
    assert "hunter2" not in row[7]
    assert json.loads(row[7])["password"] == "***"


def test_a_point_without_a_time_has_that_of_its_arrival(client: httpx.Client, reader: Reader) -> None:
    """And so has one of a clock that is days ahead."""
    before = time.time_ns()
    send(client, request(gauge("a", 0), gauge("b", before + 2 * 86_400 * 10**9)))
    assert all(before <= row[8] <= time.time_ns() for row in rows(reader))


def test_what_is_damaged_costs_itself_alone(client: httpx.Client, reader: Reader) -> None:
    """And is counted in the partial success, by reason."""
    wrong = Metric(name="wrong")
    wrong.histogram.data_points.add(bucket_counts=[1], explicit_bounds=[1.0, 2.0], time_unix_nano=NOW_NS)
    wrong.histogram.data_points.add(bucket_counts=[1, 0, 0], explicit_bounds=[2.0, 1.0], time_unix_nano=NOW_NS)
    many = Metric(name="many")
    many.histogram.data_points.add(bucket_counts=[1] * 1_002, explicit_bounds=range(1_001))
    crowded = gauge("crowded", **{f"key{number}": "x" for number in range(200)})
    count, message = rejected(send(client, request(wrong, many, crowded, gauge(""), gauge("good"))))
    assert count == 5
    assert all(part in message for part in ("3 rejected", "buckets", "attributes", "without a name"))
    assert [row[1] for row in rows(reader)] == ["good"]


@pytest.mark.parametrize(
    "point",
    [7, {"asInt": "many"}, {"asDouble": {}}, {"asInt": 10**40}, {"attributes": 3, "timeUnixNano": "x", "asInt": True}],
)
def test_odd_points_in_json(client: httpx.Client, reader: Reader, point: Any) -> None:
    """A value that is no number costs its point; others are stored."""
    points = [point, {"asDouble": "0.5", "timeUnixNano": str(NOW_NS)}]
    metrics = [{"name": "a", "gauge": {"dataPoints": points}}, {"name": "b", "sum": 7}, 9]
    answer = client.post("/v1/metrics", json={"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]})
    assert answer.status_code == 200
    assert 0.5 in [row[-1] for row in rows(reader)]
    assert int(answer.json()["partialSuccess"]["rejectedDataPoints"]) >= 1


@pytest.mark.parametrize("count", [-1, 2**64, "9" * 400])
def test_counts_in_json_are_those_of_protobuf(client: httpx.Client, count: Any) -> None:
    """A number beyond 64 bits, which no mean can be made of, costs its point."""
    point = {"count": count, "sum": 1.0, "explicitBounds": [1.0], "bucketCounts": [count, 0]}
    metrics = [{"name": "h", "histogram": {"dataPoints": [point]}}]
    answer = client.post("/v1/metrics", json={"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]})
    assert int(answer.json()["partialSuccess"]["rejectedDataPoints"]) == 1


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05\x12\x7f", b"\x0a\x04\x12\x02\x12\x09"])
def test_broken_framing(client: httpx.Client, body: bytes) -> None:
    """A body that is no protobuf message is refused for good."""
    assert client.post("/v1/metrics", content=body, headers=PROTOBUF).status_code == 400


def test_series_beyond_the_limit_are_counted(start: Callable[..., Receiver], reader: Reader) -> None:
    """A label with an ID in it fills neither the file nor others' room; series that are known go on."""
    receiver = start(most_series=10)
    with httpx.Client(base_url=f"http://127.0.0.1:{receiver.http_port}", timeout=120) as client:
        send(client, request(*(gauge(user=str(number)) for number in range(25))))
        send(client, request(gauge(service_of="other"), service="other"))
        send(client, request(gauge(time_ns=NOW_NS + 1, user="0"), gauge(time_ns=NOW_NS + 1, user="24")))
    counted = "select service, count(*) from metric_series group by service"
    assert dict(map(tuple, reader.query(counted))) == {"shop": 10, "other": 1}
    assert [tuple(row)[:2] for row in reader.query("select * from metric_left_out")] == [("shop", 16)]
    assert len(rows(reader)) == 12


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_opentelemetrys_own_meter_provider(receiver: Receiver, reader: Reader, protocol: str) -> None:
    """Instruments of the SDK arrive by either protocol."""
    exporter: Any
    if protocol == "http":
        exporter = HttpExporter(endpoint=f"http://127.0.0.1:{receiver.http_port}/v1/metrics")
    else:
        exporter = GrpcExporter(endpoint=f"http://127.0.0.1:{receiver.grpc_port}", insecure=True)
    view = View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())
    reading = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reading], Resource({"service.name": "shop"}), views=[view])
    meter = provider.get_meter("desk")
    meter.create_counter("orders").add(3, {"side": "buy"})
    meter.create_up_down_counter("open").add(-2)
    meter.create_histogram("latency").record(12.5)
    meter.create_histogram("exponential").record(12.5)
    meter.create_observable_gauge("load", [lambda _: [_observed(0.75)]])
    assert provider.force_flush()
    provider.shutdown()
    found = {row[1]: row for row in reader.query("select ts, metric, kind, value from metric")}
    assert {name: (row[2], row[3]) for name, row in found.items() if name not in ("latency", "exponential")} == {
        "orders": ("sum", 3), "open": ("sum", -2), "load": ("gauge", 0.75),
    }  # fmt: skip
    assert json.loads(found["latency"][3])[:4] == [1, 12.5, 12.5, 12.5]
    assert found["exponential"][2] == "exponential histogram"


def _observed(value: float) -> Any:
    from opentelemetry.metrics import Observation

    return Observation(value)
