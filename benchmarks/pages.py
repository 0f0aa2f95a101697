"""How long the pages trace, flow, code and compare take to answer.

    python -m benchmarks.pages PATH

PATH is a store of `benchmarks.store_generate`; a trace of 50,000 spans is made beside it. A time is from a request to
the last byte of its answer, over HTTP on this machine, the median of several.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from benchmarks.store_generate import BATCH, World
from benchmarks.views import Server
from obsv.store import SpanRow, Writer

SPANS = 50_000
LENGTH_NS = 60_000_000_000


def long_trace(path: Path, spans: int = SPANS) -> str:
    """Makes a store with one trace of so many spans, two to twelve calls each; returns the trace's id."""
    rng = random.Random(3)
    world = World(rng)
    begin = time.time_ns() - LENGTH_NS
    trace = begin.to_bytes(16, "big")
    nodes: list[tuple[int | None, int, int, int]] = [(None, 0, LENGTH_NS, 0)]
    for at, (_, start, length, depth) in enumerate(nodes):
        below = min(spans - len(nodes), rng.randint(2, 12))
        for number in range(below):
            share = length // below
            nodes.append((at, start + share * number, int(share * rng.uniform(0.4, 0.98)), depth + 1))
        if len(nodes) >= spans:
            break
    signatures = [rng.choice(world.functions) for _ in nodes]
    rows = [
        SpanRow(
            signatures[at], world.sources[signatures[at].service], trace, at.to_bytes(8, "big"),
            None if parent is None else parent.to_bytes(8, "big"), None if parent is None else signatures[parent],
            begin + start, length, world.threads[at & 7], 0, depth, '["1","\'AAPL\'","2","{}","3"]',
        )
        for at, (parent, start, length, depth) in enumerate(nodes)
    ]  # fmt: skip
    writer = Writer(path)
    for at in range(0, len(rows), BATCH):
        writer.write(rows[at : at + BATCH])
    writer.close()
    return trace.hex()


def measure(path: Path) -> dict[str, float]:
    """The median times, ms, by what was asked."""
    times: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        trace = long_trace(Path(folder) / "long.db")
        server = Server(Path(folder) / "long.db")
        times[f"trace of {SPANS:,} spans"] = server.median_ms(f"/api/v1/traces/{trace}", {})
        times["search in it"] = server.median_ms(f"/api/v1/traces/{trace}/search", {"q": "AAPL"})
        server.stop()
    server = Server(path)
    for window in ("1h", "24h"):
        times[f"flow, {window}"] = server.median_ms("/api/v1/flow", {"range": window})
    times["lineage, 24h"] = server.median_ms("/api/v1/lineage", {"range": "24h"})
    busiest = json.loads(server.get("/api/v1/functions", {"range": "24h", "limit": "1"}))[0]["name"]
    times["functions, 24h"] = server.median_ms("/api/v1/functions", {"range": "24h"})
    function = f"/api/v1/functions/{quote(busiest, safe='')}"
    times["one function, 24h"] = server.median_ms(function, {"range": "24h"})
    failed = json.loads(server.get(function, {"range": "24h"}))["failures"][0]
    pair = {"trace_id": failed["trace_id"], "span_id": failed["span_id"]}
    times["failed and good call"] = server.median_ms("/api/v1/compare/calls", pair)
    times["two times of 24h"] = server.median_ms("/api/v1/compare/times", {"process": busiest, "range": "24h"})
    server.stop()
    return times


if __name__ == "__main__":
    for name, took in measure(Path(sys.argv[1])).items():
        print(f"{name:<28} {took:8.1f} ms")
