"""Measure the response times of the app, and the memory of its server.

    python -m benchmarks.views [PATH] [--calls 1000000] [--idle]

The server is a process of its own, as in use; a time is from a request to the last byte of its answer, over HTTP on
this machine, the median of several. PATH is a store to measure on; without it one is made under benchmarks/.work. Then,
but for `--idle`, the same once more while a program makes 10,000 monitored calls a second, into a copy of the file.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.result import Result
from benchmarks.store_generate import generate

WORK = Path(__file__).parent / ".work"
REPEATS = 7
PAGES = 3
DAY = {"range": "24h"}
FUNCTION = "web.api.views.login"
FILTERS: dict[str, dict[str, str]] = {
    "none": {},
    "ERR": {"status": "ERR"},
    "group": {"group": "web.api"},
    "process": {"process": "web.api.views.login"},
    "variable": {"variable": "symbol"},
    "group and ERR": {"group": "web.api", "status": "ERR"},
    "process and ERR": {"process": "web.api.views.login", "status": "ERR"},
    "variable and ERR": {"variable": "user.id", "status": "ERR"},
    "duration ≥ 1 s": {"min_ms": "1000"},
    "duration ≥ 5 ms": {"min_ms": "5"},
    "duration ≤ 2 µs": {"max_ms": "0.002"},
    "duration and process": {"min_ms": "20", "process": "web.api.views.login"},
    "duration and ERR": {"min_ms": "10", "status": "ERR"},
}
SEARCHES = {"none found": "nowhere-to-be-found", "a rare text": "999999", "a common text": "AAPL"}
SERVER = """
import sys
from pathlib import Path
from obsv.cli.serve import serve
serve(Path(sys.argv[1]), port=int(sys.argv[2]), otlp_grpc=None, otlp_http=None, say=lambda *_, **__: None)
"""
RECORDER = """
import sys, time
import obsv
obsv.configure(db=sys.argv[1], retention=None)
def made(name):
    def work(order, symbol, quantity, options):
        return {"id": order, "price": 101.25 * quantity}
    work.__name__ = work.__qualname__ = name
    return obsv.monitor(work)
functions = [made(f"work_{number}") for number in range(20)]
began, calls, rate = time.monotonic(), 0, 10_000
while True:
    for number in range(calls, calls + 100):
        functions[number % 20](number, "AAPL", 1.5, {"limit": True})
    calls += 100
    if calls == rate:
        obsv.force_flush()
        print("recording", flush=True)
    time.sleep(max(0.0, began + calls / rate - time.monotonic()))
"""


class Server:
    """A server on a store, and one connection to it.

    Args:
        path: of the store.
    """

    def __init__(self, path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [sys.executable, "-c", SERVER, str(path), str(self.port)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        for _ in range(200):
            try:
                self.get("/healthz")
                return
            except OSError:
                self.connection.close()
                time.sleep(0.1)

    def get(self, path: str, query: dict[str, str] | None = None) -> bytes:
        """The body of an answer; of a query that was given up after 5 s too, which its time then shows."""
        self.connection.request("GET", path + ("?" + urlencode(query) if query else ""))
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 504):
            raise RuntimeError(f"{path} {query}: {answer.status} {body[:300]!r}")
        return body

    def median_ms(self, path: str, query: dict[str, str]) -> float:
        """The median time of an answer, ms."""
        return statistics.median(self._timed(path, query) for _ in range(REPEATS))

    def processor_ms(self, path: str, query: dict[str, str]) -> float:
        """The processor time of an answer, ms, to 2 ms; 0 where the system does not tell."""
        before = self._processor_s()
        for _ in range(REPEATS):
            self.get(path, query)
        return (self._processor_s() - before) / REPEATS * 1e3

    def _processor_s(self) -> float:
        status = Path(f"/proc/{self.process.pid}/stat")
        if not status.exists():
            return 0.0
        user, system = status.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Memory that the process holds, MB; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS")), 0.0)

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()  # not SIGINT: what a shell runs in the background ignores it
        self.process.wait(20)

    def _timed(self, path: str, query: dict[str, str]) -> float:
        began = time.perf_counter()
        self.get(path, query)
        return (time.perf_counter() - began) * 1e3


def explorer(server: Server, query: dict[str, str]) -> float:
    """The slowest of the first pages of a filter: medians, ms."""
    worst, cursor = 0.0, ""
    for _ in range(PAGES):
        asked = {**DAY, **query, **({"cursor": cursor} if cursor else {})}
        worst = max(worst, server.median_ms("/api/v1/calls", asked))
        cursor = json.loads(server.get("/api/v1/calls", asked)).get("cursor")
        if not cursor:
            break
    return worst


def measured(path: Path, note: str) -> list[Result]:
    """The figures of a store."""
    server = Server(path)
    try:
        found = [
            Result(f"overview, {name}{note}", server.median_ms("/api/v1/overview", {"range": name}), 200, 50, " ms")
            for name in ("1h", "24h")
        ]
        for name in ("1h", "24h"):
            took = server.median_ms("/api/v1/flow", {"range": name})
            found.append(Result(f"graph, {name}{note}", took, 200, 50, " ms"))
            took = server.median_ms(f"/api/v1/functions/{FUNCTION}", {"range": name})
            found.append(Result(f"code inspector, {name}{note}", took, 200, 50, " ms"))
        found += [
            Result(f"explorer, filter {name}{note}", explorer(server, query), 100, 20, " ms")
            for name, query in FILTERS.items()
        ]
        found.append(Result(f"explorer, longest first{note}", explorer(server, {"order": "-duration"}), 100, 20, " ms"))
        found += [
            Result(f"value search, {name}{note}", explorer(server, {"q": text, "limit": "50"}), 500, 150, " ms")
            for name, text in SEARCHES.items()
        ]
        newest = json.loads(server.get("/api/v1/calls", {**DAY, "limit": "1", "status": "ERR"}))["calls"][0]
        detail = f"/api/v1/calls/{newest['trace_id']}/{newest['span_id']}"
        found.append(Result(f"drill-down{note}", server.median_ms(detail, {}), 100, 20, " ms"))
        found.append(Result(f"server memory{note}", server.resident_mb(), 250, 150, " MB"))
        return found
    finally:
        server.stop()


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """10,000 calls a second into a store."""
    process = subprocess.Popen([sys.executable, "-c", RECORDER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def store(calls: int) -> Path:
    """A generated store of so many calls; made once."""
    path = WORK / f"views-{calls}.db"
    if not path.exists():
        WORK.mkdir(exist_ok=True)
        generate(path, calls)
    return path


def measure(path: Path | None = None, calls: int = 1_000_000, *, idle: bool = False) -> list[Result]:
    """The figures, and unless only `idle` ones are wanted those while a program records."""
    path = path or store(calls)
    found = measured(path, "")
    if idle:
        return found
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(shutil.copy(path, directory))
        with recording(copy):
            return [*found, *measured(copy, ", recording")]


if __name__ == "__main__":
    from benchmarks.__main__ import show

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--idle", action="store_true")
    given = parser.parse_args()
    show("views", measure(given.path, given.calls, idle=given.idle))
