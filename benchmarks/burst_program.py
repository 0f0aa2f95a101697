"""A burst: a million calls from one thread at full speed, then the flush. Prints JSON."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time

import obsv


@obsv.monitor
def work(order_id: int, symbol: str, qty: float, side: str) -> int:
    return order_id


def main(calls: int) -> dict[str, float]:
    """Seconds of the calls, seconds until all are in the database, and what was dropped."""
    work(0, "AAPL", 1.0, "buy")
    obsv.force_flush(60)
    started = time.perf_counter()
    for number in range(calls):
        work(number, "AAPL", 12.5, "buy")
    called = time.perf_counter()
    obsv.force_flush(600)
    stored = time.perf_counter()
    rows = sqlite3.connect(os.environ["OBSV_DB"]).execute("select count(*) from span").fetchone()[0]
    return {
        "calling_s": called - started,
        "stored_s": stored - started,
        "missing": calls + 1 - rows,
        "dropped": obsv.stats()["dropped"],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.environ["OBSV_DB"] = os.path.join(directory, "bench.db")
        print(json.dumps(main(int(sys.argv[1]))))
