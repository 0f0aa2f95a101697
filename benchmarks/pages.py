"""Measure a trace of 50,000 spans, the pages compare and lineage, and a browser's first page.

    python -m benchmarks.pages [PATH]

PATH is a store of `benchmarks.store_generate`; without it one of 1 M calls is made under benchmarks/.work. A time is
from a request to the last byte of its answer, over HTTP on this machine, the median of several. The first page is
opened by a Chromium with nothing in its cache.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from benchmarks.result import Result
from benchmarks.store_generate import BATCH, World
from benchmarks.views import Server, store
from obsv.store import SpanRow, Writer

SPANS = 50_000
LENGTH_NS = 60_000_000_000
REPEATS = 5


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


def first_page_ms(server: Server) -> tuple[float, float] | None:
    """From opening the overview to its figures and errors, and to its charts: medians, ms; None without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    figures, charts = [], []
    with sync_playwright() as playwright:
        for _ in range(REPEATS):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{server.port}/")
            page.locator(".error-row").first.wait_for()
            figures.append((time.perf_counter() - began) * 1e3)
            page.locator("#overview-traffic .barlayer .point").first.wait_for(state="attached")
            charts.append((time.perf_counter() - began) * 1e3)
            browser.close()
    return statistics.median(figures), statistics.median(charts)


def measure(path: Path | None = None) -> list[Result]:
    """The figures."""
    with TemporaryDirectory() as folder:
        trace = long_trace(Path(folder) / "long.db")
        server = Server(Path(folder) / "long.db")
        took = server.median_ms(f"/api/v1/traces/{trace}", {})
        found = [Result(f"trace of {SPANS:,} spans, ready to draw", took, 2_000, 700, " ms")]
        took = server.median_ms(f"/api/v1/traces/{trace}/search", {"q": "AAPL"})
        found.append(Result("search in it", took, unit=" ms"))
        server.stop()
    server = Server(path or store(1_000_000))
    try:
        busiest = json.loads(server.get("/api/v1/functions", {"range": "24h", "limit": "1"}))[0]["name"]
        function = f"/api/v1/functions/{quote(busiest, safe='')}"
        failed = json.loads(server.get(function, {"range": "24h"}))["failures"][0]
        pair = {"trace_id": failed["trace_id"], "span_id": failed["span_id"]}
        for name, asked, query in (
            ("lineage, 24h", "/api/v1/lineage", {"range": "24h"}),
            ("functions, 24h", "/api/v1/functions", {"range": "24h"}),
            ("failed and good call", "/api/v1/compare/calls", pair),
            ("two times of 24h", "/api/v1/compare/times", {"process": busiest, "range": "24h"}),
        ):
            found.append(Result(name, server.median_ms(asked, query), unit=" ms"))
        opened = first_page_ms(server)
    finally:
        server.stop()
    if opened is not None:
        found.append(Result("first page in a browser, cold: figures and errors", opened[0], 3_000, 1_500, " ms"))
        found.append(Result("the same with all charts", opened[1], 3_000, 1_500, " ms"))
    return found


if __name__ == "__main__":
    for result in measure(Path(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(" | ".join(result.cells()))
