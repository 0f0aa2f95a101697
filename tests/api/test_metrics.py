"""/metrics as Prometheus and Grafana's Tempo pages want it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from otlp_requests import request, span
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from query_world import SLASHED, make, row

from obsv.api.exposition import OPENMETRICS, TEXT
from obsv.store import RecorderRow, Signature, Writer
from obsv.store.ground import sampled

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
NAMES = {
    "traces_spanmetrics_calls",
    "traces_spanmetrics_latency",
    "traces_service_graph_request",
    "traces_service_graph_request_failed",
    "traces_service_graph_request_server_seconds",
    "traces_service_graph_request_client_seconds",
}
STATS = '{"recorded": 7, "errors": 1, "depth": 2, "dropped": 0, "writer_lag_ms": 2.5, "state": "OK"}'


@pytest.fixture
def db(tmp_path: Path) -> Path:
    writer = Writer(make(tmp_path / "obsv.db"))
    writer.report(RecorderRow("host:1:2", "shop", 1, "host", 2, 2**62, "DELAYED", STATS))
    writer.close()
    return tmp_path / "obsv.db"


async def scrape(client: AsyncClient, accept: str = "") -> str:
    answer = await client.get("/metrics", headers={"accept": accept})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.usefixtures("db")
async def test_it_says_how_far_each_part_of_obsv_is_behind(client: MakeClient) -> None:
    """Those in use: here the alerts alone, and a writer."""
    families = {family.name: family for family in parse_text(await scrape(client()))}
    found = {sample.labels["part"]: sample.value for sample in families["obsv_part_lag_seconds"].samples}
    assert found == {"writer": 0.0025, "alerts": 0.0}


@pytest.mark.usefixtures("db")
async def test_span_metrics_have_the_names_that_grafana_asks_for(client: MakeClient) -> None:
    """Names, labels and values of span metrics and service graph, in seconds."""
    families = {family.name: family for family in parse_text(await scrape(client()))}
    assert families.keys() >= NAMES
    calls = {tuple(sample.labels.values()): sample.value for sample in families["traces_spanmetrics_calls"].samples}
    assert calls["shop", "shop.cart.main", "SPAN_KIND_INTERNAL", "STATUS_CODE_UNSET"] == 1
    assert calls[SLASHED, "GET /cart", "SPAN_KIND_SERVER", "STATUS_CODE_ERROR"] == 1
    sums = {
        (sample.name, *sample.labels.values()): sample.value
        for sample in families["traces_service_graph_request_server_seconds"].samples
    }
    assert sums["traces_service_graph_request_server_seconds_sum", "user", SLASHED, "virtual_node"] == 1.505
    assert sums["traces_service_graph_request_server_seconds_bucket", "user", SLASHED, "virtual_node", "0.1"] == 1


async def test_what_is_estimated_is_told(client: MakeClient, db: Path) -> None:
    """Spans and requests that sampled ones stand for are counted by themselves; without sampling there are none."""
    names = ("obsv_estimated_spans", "obsv_estimated_requests")
    families = {family.name: family for family in parse_text(await scrape(client()))}
    assert [families[name].samples for name in names] == [[], []]
    writer = Writer(db)
    asks, answers = (Signature(service, "get", "lib", kind, ()) for service, kind in (("web", 3), ("stock", 2)))
    spans = [row(90, 1, None, asks, []), row(90, 2, 1, answers, [])]
    writer.write([each._replace(weight=sampled(50, each.duration_ns)) for each in spans])
    writer.close()
    families = {family.name: family for family in parse_text(await scrape(client()))}
    found = {tuple(sample.labels.values()): sample.value for name in names for sample in families[name].samples}
    assert found == {
        ("stock", "get", "SPAN_KIND_SERVER"): 49,
        ("web", "get", "SPAN_KIND_CLIENT"): 49,
        ("web", "stock", ""): 49,
    }
    calls = {tuple(sample.labels.values()): sample.value for sample in families["traces_spanmetrics_calls"].samples}
    assert calls["web", "get", "SPAN_KIND_CLIENT", "STATUS_CODE_UNSET"] == 50


@pytest.mark.usefixtures("db")
async def test_pipeline_health(client: MakeClient) -> None:
    """Counters of recording processes are exposed by service and recorder."""
    samples = [sample for family in parse_text(await scrape(client())) for sample in family.samples]
    found = {(sample.name, sample.labels.get("state")): sample.value for sample in samples}
    assert found["obsv_recorded_calls_total", None] == 7
    assert found["obsv_writer_lag_seconds", None] == 0.0025
    assert (found["obsv_recorder_state", "DELAYED"], found["obsv_recorder_state", "OK"]) == (1, 0)


async def test_what_came_in_over_otlp(client: MakeClient) -> None:
    """Received, refused and duplicate spans are counted."""
    made = client()
    headers = {"content-type": "application/x-protobuf"}
    body = request(span(), span(trace_id=bytes(16))).SerializeToString()
    for _ in range(2):
        assert (await made.post("/v1/traces", content=body, headers=headers)).status_code == 200
    await made.post("/v1/traces", content=b"no", headers=headers)
    found = {s.name: s.value for family in parse_text(await scrape(made)) for s in family.samples}
    assert {name: value for name, value in found.items() if name.startswith("obsv_received")} == {
        "obsv_received_requests_total": 2,
        "obsv_received_spans_total": 1,
        "obsv_received_data_points_total": 0,
        "obsv_received_duplicate_spans_total": 1,
        "obsv_received_rejected_spans_total": 2,
        "obsv_received_odd_parts_total": 0,
        "obsv_received_empty_requests_total": 0,
        "obsv_received_failed_requests_total": 1,
        "obsv_received_overloaded_requests_total": 0,
    }


@pytest.mark.usefixtures("db")
async def test_both_formats_are_valid(client: MakeClient) -> None:
    """OpenMetrics where it is asked for, read by the official parser; plain text otherwise."""
    answer = await client().get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"] == OPENMETRICS
    assert {family.name for family in parse_openmetrics(answer.text)} >= NAMES
    assert (await client().get("/metrics")).headers["content-type"] == TEXT


async def test_there_may_be_no_store_yet(client: MakeClient) -> None:
    """A scraper that comes before the first recording gets metrics without samples."""
    assert {family.name for family in parse_text(await scrape(client()))} >= NAMES


async def test_counters_only_grow(client: MakeClient, db: Path) -> None:
    """After more calls no counter and no bucket is lower."""
    before = _counters(await scrape(client()))
    other = Signature("shop", "shop.cart.main", "shop.cart", 1, (("sku", "INPUT"),))
    Writer(db).write([row(9, number, None, other, ["x"], 50, status=number % 3) for number in range(1, 30)])
    after = _counters(await scrape(client()))
    assert before
    assert all(after[key] >= value for key, value in before.items())
    assert sum(after.values()) > sum(before.values())


def _counters(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parse_text(text)
        if family.type in ("counter", "histogram")
        for sample in family.samples
    }


@pytest.mark.usefixtures("db")
async def test_promtool_finds_nothing(client: MakeClient) -> None:
    """Prometheus's own linter has nothing to say."""
    promtool = shutil.which("promtool")
    if promtool is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("promtool is not installed: apt-get install prometheus")
    text = await scrape(client())
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=240)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
