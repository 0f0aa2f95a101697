"""Measure what triage asks of a large store: groups of errors, what differs, what changed, where values come from.

    python -m benchmarks.triage [PATH] [--calls 2000000]

PATH is a store of `benchmarks.store_generate`; without it one is made under benchmarks/.work. A time is from a request
to the last byte of its answer, over HTTP on this machine, the median of several; beside it the server's processor time
of an answer, which a busy machine does not change.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from urllib.parse import quote

from benchmarks.result import Result
from benchmarks.views import DAY, Server, store

HOUR_S = 3600


def measure(path: Path | None = None, calls: int = 2_000_000) -> list[Result]:
    """The figures of a store."""
    server = Server(path or store(calls))
    try:
        latest = json.loads(server.get("/api/v1/calls", {**DAY, "limit": "1"}))["calls"][0]
        busiest = json.loads(server.get("/api/v1/functions", {**DAY, "limit": "1"}))[0]["name"]
        function = json.loads(server.get(f"/api/v1/functions/{quote(busiest, safe='')}", DAY))
        group = json.loads(server.get("/api/v1/errors", DAY))["groups"][0]["id"]
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_latest_s(latest["ts"]) - HOUR_S))
        asked: tuple[tuple[str, str, dict[str, str], float, float], ...] = (
            ("overview with groups, 1h", "/api/v1/overview", {"range": "1h"}, 200, 50),
            ("overview with groups, 24h", "/api/v1/overview", DAY, 200, 50),
            ("errors, grouped, 24h", "/api/v1/errors", DAY, 200, 50),
            ("what differs: a group of errors", "/api/v1/differences", {**DAY, "error": str(group)}, 500, 200),
            ("what differs: a function", "/api/v1/differences", {**DAY, "process": busiest}, 500, 200),
            ("what differs: slow calls", "/api/v1/differences", {**DAY, "by": "slow", "min_ms": "20"}, 500, 200),
            ("what changed in the last hour", "/api/v1/changes", {"since": since}, 500, 200),
            ("where from, a trace", "/api/v1/lineage", {"trace_id": latest["trace_id"]}, 500, 200),
            ("where from, 24h", "/api/v1/lineage", DAY, 500, 200),
        )
        found = [Result("calls of the function", function["figures"]["calls"])]
        for name, path_of, query, must, reach in asked:
            found.append(Result(name, server.median_ms(path_of, query), must, reach, " ms"))
            found.append(Result(f"{name}: processor time", server.processor_ms(path_of, query), must, reach, " ms"))
        return found
    finally:
        server.stop()


def _latest_s(text: str) -> int:
    return int(time.mktime(time.strptime(text[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S")) - time.timezone)


if __name__ == "__main__":
    from benchmarks.__main__ import show

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--calls", type=int, default=2_000_000)
    given = parser.parse_args()
    show("triage", measure(given.path, given.calls))
