"""A real Prometheus scrapes /metrics and answers what Grafana's Tempo pages ask of it. Needs `prometheus` (apt)."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from query_world import ROWS, make

from obsv.store import Writer

SERVER = """
import sys
from pathlib import Path
import uvicorn
from obsv.server import Settings, create_app
uvicorn.run(create_app(Settings(Path(sys.argv[1]), port=int(sys.argv[2]))), port=int(sys.argv[2]), log_level="error")
"""
CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: obsv
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
PATIENCE_S = 120
GRAPH = "traces_service_graph_request"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/v1/"

    def get(self, path: str, **params: str) -> Any:
        """The data of an answer; None while the server is not there."""
        try:
            with urlopen(f"{self._base}{path}?{urlencode(params)}", timeout=60) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def wait(self, query: str, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """The result of an instant query, once it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            data = self.get("query", query=query)
            if data is not None and wanted(data["result"]):
                return list(data["result"])
            assert time.monotonic() < deadline, f"{query}: {data}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("prometheus") / "obsv.db")


@pytest.fixture(scope="module")
def prometheus(db: Path) -> Iterator[Prometheus]:
    binary = shutil.which("prometheus")
    if binary is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("prometheus is not installed: apt-get install --no-install-recommends prometheus")
    ports = free_port(), free_port()
    config = db.with_name("prometheus.yml")
    config.write_text(CONFIG.format(port=ports[0]))
    options = [f"--config.file={config}", f"--storage.tsdb.path={db.parent / 'tsdb'}", "--log.level=error"]
    started = [
        subprocess.Popen([sys.executable, "-c", SERVER, str(db), str(ports[0])]),
        subprocess.Popen([str(binary), *options, f"--web.listen-address=127.0.0.1:{ports[1]}"]),
    ]
    try:
        yield Prometheus(ports[1])
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def test_it_is_scraped(prometheus: Prometheus) -> None:
    """The target is up, in the format that Prometheus prefers, and no sample was refused."""
    prometheus.wait("up", lambda result: bool(result) and result[0]["value"][1] == "1")
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    metadata = prometheus.get("metadata", metric="traces_spanmetrics_latency")
    assert metadata["traces_spanmetrics_latency"][0]["type"] == "histogram"


@pytest.mark.parametrize(
    "query",
    [
        *(f"group by (client, connection_type, server) ({GRAPH}{end})" for end in ("_total", "_server_seconds_sum")),
        "traces_spanmetrics_calls_total",
        "obsv_store_spans_total",
    ],
)
def test_what_is_there_is_answered(prometheus: Prometheus, query: str) -> None:
    """Queries without a rate have a result as soon as there was one scrape."""
    assert prometheus.wait(query, bool)


def test_rates_of_the_tempo_pages(prometheus: Prometheus, db: Path) -> None:
    """Service graph and APM table: rates become positive when calls come in between two scrapes."""
    prometheus.wait("count_over_time(up[1m])", lambda result: bool(result) and int(result[0]["value"][1]) >= 2)
    later = [row._replace(trace_id=row.trace_id[:15] + bytes([row.trace_id[15] + 100])) for row in ROWS]
    Writer(db).write(later)
    spans = "traces_spanmetrics_calls_total"
    for query in (
        f"sum by (client, server) (rate({GRAPH}_server_seconds_sum[1m]))",
        f"sum by (client, server) (rate({GRAPH}_total[1m]))",
        f"sum by (client, server) (rate({GRAPH}_failed_total[1m]))",
        f"sum by (client, server) (rate({GRAPH}_server_seconds_bucket[1m]))",
        f'topk(5, sum(rate({spans}{{span_kind="SPAN_KIND_SERVER"}}[1m])) by (span_name))',
        f'topk(5, sum(rate({spans}{{status_code="STATUS_CODE_ERROR",span_name=~"GET.*"}}[1m])) by (span_name))',
        'histogram_quantile(.9, sum(rate(traces_spanmetrics_latency_bucket{span_name=~"GET.*"}[1m])) by (le))',
    ):
        prometheus.wait(query, lambda result: any(float(each["value"][1]) > 0 for each in result))
