"""Measure the query APIs over a large store, with the requests of Grafana, Jaeger's UI and Prometheus.

    python -m benchmarks query_apis [--write]
    python -m benchmarks.query_apis [--db PATH] [--spans 1000000] [--runs 15] [--writing]

The server is a process of its own on loopback, as in use. Each request is made once and then `runs` times; the median
and the longest of these are shown, and the first. `--writing` asks a server on a copy of the file, and then the same
server while another process stores 5,000 spans a second into it. Without `--db` a store is made first, by
store_generate.py.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from benchmarks.result import Result
from benchmarks.store_generate import generate, rows
from obsv.store import Reader, Signature, Source, SpanRow, Writer

SERVER = """
import sys
from pathlib import Path
import uvicorn
from obsv.server import Settings, create_app
app = create_app(Settings(Path(sys.argv[1]), port=int(sys.argv[2])))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""
PROTOBUF = {"accept": "application/protobuf"}
RATE = 5_000
MUST_MS, REACH_MS = 200, 50
MUST_TIMES, REACH_TIMES = 3.0, 1.5


METRICS = "/metrics at 500 functions"
# Shown for what they are; no limit was set for them.
UNBOUNDED = ("Jaeger dependencies", "Jaeger v3", "Series", "/metrics of")
# What the requests that have a limit are about, by the beginnings of their names.
KINDS = {
    "services and operations": ("Jaeger services", "Jaeger operations"),
    "search": ("Jaeger search",),
    "trace by id": ("Jaeger trace", "Tempo trace"),
    "tags and their values": ("Tempo tag",),
    "TraceQL search": ("TraceQL",),
}


class Question(NamedTuple):
    """A request and what it stands for."""

    name: str
    path: str
    headers: Mapping[str, str] = MappingProxyType({})


def questions(db: Path) -> list[Question]:
    """Return the measured requests: all kinds that have a limit, some of them in easy and hard forms."""
    reader = Reader(db)
    low, high = reader.query("select min(start_ns), max(start_ns) from span")[0]
    trace = reader.query("select trace from span order by ts desc limit 1 offset 1000")[0][0]
    newest = "select trace from span order by ts desc limit 5000"
    large = reader.query(f"select trace, count(*) as n from ({newest}) group by 1 order by n desc")[0][0]
    reader.close()
    seconds = f"start={low // 10**9}&end={high // 10**9 + 1}"
    micros = f"start={low // 1000}&end={high // 1000 + 1}"
    last_hour = f"start={high // 10**9 - 3600}&end={high // 10**9 + 1}"

    def tempo(q: str, times: str = seconds) -> str:
        return f"/tempo/api/search?q={quote(q)}&limit=20&spss=3&{times}"

    def series(q: str, times: str = seconds) -> str:
        return f"/tempo/api/metrics/query_range?q={quote(q)}&step=60s&{times}"

    return [
        Question("Jaeger services", "/api/services"),
        Question("Jaeger operations", "/api/services/market/operations"),
        Question("Jaeger search: service", f"/api/traces?service=gateway&limit=20&{micros}"),
        Question(
            "Jaeger search: service, operation, error, duration",
            f"/api/traces?service=web&operation=web.api.views.login&minDuration=500us&limit=20&{micros}&tags="
            + quote('{"error":"true"}'),
        ),
        Question("Jaeger trace by id", f"/api/traces/{trace}"),
        Question("Jaeger dependencies, 1 hour", f"/api/dependencies?endTs={high // 10**6}&lookback=3600000"),
        Question("Jaeger v3 summaries", "/api/v3/trace-summaries?query.serviceName=orders&query.searchDepth=20&"
                 "query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2100-01-01T00:00:00Z"),
        Question("Tempo trace by id, protobuf", f"/tempo/api/v2/traces/{trace}", PROTOBUF),
        Question("Tempo trace by id, 40 spans", f"/tempo/api/v2/traces/{large}", PROTOBUF),
        Question("Tempo tags", "/tempo/api/v2/search/tags?limit=5000"),
        Question("Tempo tag values: service", "/tempo/api/v2/search/tag/resource.service.name/values?limit=5000"),
        Question("Tempo tag values: name", "/tempo/api/v2/search/tag/name/values?limit=5000"),
        Question("Tempo tag values: argument", "/tempo/api/v2/search/tag/span.obsv.input.symbol/values?limit=5000"),
        Question("TraceQL {}", tempo("{}")),
        Question("TraceQL service and status", tempo('{resource.service.name="market" && status=error}')),
        Question("TraceQL name and duration", tempo('{name="storage.tables.rows.insert" && duration>20ms}')),
        Question("TraceQL long calls, rare", tempo("{duration>1s}")),
        Question("TraceQL regex on name", tempo('{name=~"trading.*match.*" && kind!=server}')),
        Question("TraceQL argument, common", tempo('{span.obsv.input.quantity="7"}')),
        Question("TraceQL argument, one in ten million", tempo('{span.obsv.input.order_id="1234567"}')),
        Question("TraceQL argument, the same in the last hour", tempo('{.order_id="1234567"}', last_hour)),
        Question("TraceQL status code of one service", tempo("{span.http.response.status_code>=500}")),
        Question("TraceQL root name", tempo('{rootServiceName="gateway" && status=error}')),
        Question("TraceQL trace duration", tempo("{traceDuration>50ms}")),
        Question("TraceQL trace duration, rare", tempo("{traceDuration>10s}")),
        Question("TraceQL nothing like it", tempo('{.nothing="x"}')),
        Question("Series from rollups: rate by service, 5 h", series("{} | rate() by(resource.service.name)")),
        Question("Series from rollups: quantiles, 5 h", series("{} | quantile_over_time(duration, .5, .95)")),
        Question("Series from spans: rate by argument, 1 h", series("{} | rate() by(.symbol)", last_hour)),
        Question("/metrics of this store", "/metrics"),
    ]  # fmt: skip


@contextmanager
def server(db: Path, port: int) -> Iterator[http.client.HTTPConnection]:
    """A server on a store, and a connection to it."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(db), str(port)])
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        deadline = time.monotonic() + 60
        while True:
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield connection
        connection.close()
    finally:
        process.terminate()
        process.wait()


def ask(connection: http.client.HTTPConnection, question: Question) -> tuple[float, int]:
    """Milliseconds until the last byte, and how many bytes there were."""
    began = time.perf_counter()
    connection.request("GET", question.path, headers=dict(question.headers))
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1e3
    if answer.status not in (200, 504):  # 504: given up after 5 s, which the figure then shows
        raise SystemExit(f"{question.name}: {answer.status} {body[:500]!r}")
    return took, len(body)


def times(connection: http.client.HTTPConnection, asked: list[Question], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each request: the first, then `runs` more."""
    return {question.name: [ask(connection, question)[0] for _ in range(runs + 1)] for question in asked}


@contextmanager
def writing(db: Path) -> Iterator[None]:
    """Another process that stores 5,000 spans a second."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.query_apis", "--write", str(db)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def write_forever(db: Path) -> None:
    """Stores a batch of 500 spans every tenth of a second: ten seconds of calls again and again, each time later."""
    made = [row for batch in rows(10 * RATE, hours=10 / 3600, seed=7) for row in batch]
    writer, at, due, shift_ms = Writer(db, busy_timeout_s=30), 0, time.monotonic(), 0
    while True:
        if at == 0:
            shift_ms = (time.time_ns() - made[0].start_ns) // 1_000_000
        writer.write([_later(row, shift_ms) for row in made[at : at + RATE // 10]])
        if at == 0:
            print("writing", flush=True)
        at = (at + RATE // 10) % len(made)
        due += 0.1
        time.sleep(max(0.0, due - time.monotonic()))


def _later(row: SpanRow, shift_ms: int) -> SpanRow:
    moment = int.from_bytes(row.trace_id[:6], "big") + shift_ms
    return row._replace(
        start_ns=row.start_ns + shift_ms * 1_000_000, trace_id=moment.to_bytes(6, "big") + row.trace_id[6:]
    )


def functions_store(path: Path, functions: int = 500) -> Path:
    """A store of many functions, some failing, for /metrics."""
    source = Source("shop")
    signatures = [
        Signature("shop", f"shop.module_{number % 25}.function_{number}", "shop", 1, (("x", "INPUT"),))
        for number in range(functions)
    ]
    writer = Writer(path)
    now_ns = time.time_ns() - 3_600 * 10**9
    for minute in range(20):
        at_ns = now_ns + minute * 60 * 10**9
        batch = []
        for place, signature in enumerate(signatures):
            for call in range(20):
                ids = (minute * 10**6 + place * 100 + call).to_bytes(16, "big"), b"12345678", None
                took_ns, status = 10_000 * 3 ** (call % 12) + place, 2 if call == 9 else 0
                batch.append(SpanRow(signature, source, *ids, None, at_ns, took_ns, (1, "main"), status, 0, "[1]"))
        writer.write(batch)
    writer.close()
    return path


class Times(NamedTuple):
    """Milliseconds of each request, the first one first: idle, on a copy, and on that while another process writes."""

    idle: dict[str, list[float]]
    quiet: dict[str, list[float]]
    busy: dict[str, list[float]]

    def slower(self, names: Iterable[str]) -> float:
        """Return the factor by which requests slow down while another process writes."""
        together = list(names)
        busy, quiet = (sum(statistics.median(of[name][1:]) for name in together) for of in (self.busy, self.quiet))
        return busy / quiet


def run(db: Path | None, spans: int, runs: int, port: int, with_writer: bool) -> Times:
    """Measures everything."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        if db is None:
            db = work / "made.db"
            generate(db, spans)
        asked = questions(db)
        with server(db, port) as connection:
            idle = times(connection, asked, runs)
        with server(functions_store(work / "functions.db"), port + 1) as connection:
            idle |= times(connection, [Question(METRICS, "/metrics")], runs)
        quiet: dict[str, list[float]] = {}
        busy: dict[str, list[float]] = {}
        if with_writer:
            copy = Path(shutil.copy(db, work / "copy.db"))
            with server(copy, port + 2) as connection:
                quiet = times(connection, asked, runs)
                with writing(copy):
                    busy = times(connection, asked, runs)
    return Times(idle, quiet, busy)


def measure() -> list[Result]:
    """The figures for docs/benchmarks.md."""
    found = run(None, 1_000_000, 15, 18_050, True)
    bounded = [name for name in found.idle if not name.startswith(UNBOUNDED)]
    results = [
        Result(name, statistics.median(taken[1:]), *((MUST_MS, REACH_MS) if name in bounded else (None, None)), " ms")
        for name, taken in found.idle.items()
    ]
    for kind, beginnings in KINDS.items():
        slower = found.slower(name for name in bounded if name.startswith(beginnings))
        results.append(Result(f"{kind} while 5,000 spans/s come in: slower by", slower, MUST_TIMES, REACH_TIMES, "×"))
    return results


def show(found: Times) -> None:
    """A table in Markdown."""
    print("| request | median, ms | longest | first |" + (" while writing |" if found.busy else ""))
    print("|---|---:|---:|---:|" + ("---:|" if found.busy else ""))
    for name, (first, *taken) in found.idle.items():
        line = f"| {name} | {statistics.median(taken):.1f} | {max(taken):.1f} | {first:.1f} |"
        if name in found.busy:
            during = statistics.median(found.busy[name][1:])
            line += f" {during:.1f} ({found.slower([name]):.1f}×) |"
        print(line)


def main() -> None:
    """Measures as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--port", type=int, default=18_050)
    parser.add_argument("--writing", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write_forever(given.write)
    show(run(given.db, given.spans, given.runs, given.port, given.writing))


if __name__ == "__main__":
    main()
