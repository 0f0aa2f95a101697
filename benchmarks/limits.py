"""Measure whether stores stay within `max_bytes`, one a kind of writer: `python -m benchmarks limits`, five minutes.

All of a limit write at once and as fast as they can for a minute and a half. The sizes are those of the last half
minute, with the log: a limit holds within a minute, whoever writes.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmarks.hostile import ordinary, serving
from benchmarks.result import Result

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from otlp_requests import json_request, json_span

LIMITS = (4_000_000, 20_000_000)
WRITE_S, ALLOWED_S = 90.0, 60.0
_SPANS = 20_000


def size(db: Path) -> int:
    """The bytes of a store and its log."""
    found = 0
    for path in (db, Path(f"{db}-wal")):
        with suppress(OSError):
            found += path.stat().st_size
    return found


def _program(kind: str, seconds: float = WRITE_S, **settings: str) -> Callable[[Path, int, float], None]:
    def write(db: Path, limit: int, ends: float) -> None:
        names = {"OBSV_DB": str(db), "OBSV_MAX_BYTES": str(limit), **settings}
        names = {name: value.replace("DB", str(db)) for name, value in names.items()}
        while (left := ends - time.monotonic()) > 0:
            command = [sys.executable, "-m", "benchmarks.limits_program", kind, str(min(left, seconds))]
            subprocess.run(command, env={**os.environ, **names}, check=False, stderr=subprocess.DEVNULL)

    return write


def _receive(db: Path, limit: int, ends: float) -> None:
    with serving("--db", str(db), OBSV_MAX_BYTES=str(limit)) as server:
        while time.monotonic() < ends:
            server.send(ordinary())


def _import(db: Path, limit: int, ends: float) -> None:
    file = db.parent / "spans.json.gz"
    while time.monotonic() < ends:
        spans = [{**json_span(), "spanId": os.urandom(8).hex()} for _ in range(500)]
        lines = b"\n".join(json_request(*spans[at : at + 500]) for at in range(0, len(spans), 500))
        file.write_bytes(gzip.compress(lines))
        _obsv(db, limit, "import", str(file))


def _keep(db: Path, limit: int, ends: float) -> None:
    while time.monotonic() < ends:
        _program("calls", 2.0)(db, limit, time.monotonic() + 2.0)
        found = _obsv(db, limit, "sql", "select trace_id from process_trace order by ts desc limit 1", "--json")
        _obsv(db, limit, "keep", found.split('"')[3] if '"' in found else "0")


def _obsv(db: Path, limit: int, *command: str) -> str:
    names = {**os.environ, "OBSV_DB": str(db), "OBSV_MAX_BYTES": str(limit)}
    told = [sys.executable, "-m", "obsv", *command]
    return subprocess.run(told, env=names, capture_output=True, text=True, check=False).stdout


WRITERS: dict[str, Callable[[Path, int, float], None]] = {
    "calls": _program("calls"),
    "random values": _program("random"),
    "errors": _program("errors"),
    "a thread of the program": _program("calls", OBSV_WRITER="thread"),
    "programs of three seconds": _program("calls", 3.0),
    "decisions": _program("decisions"),
    "events": _program("logs"),
    "names": _program("names"),
    "the receiver": _receive,
    "obsv import": _import,
    "kept traces": _keep,
    "an archive": _program("calls", OBSV_ARCHIVE="file://DB.archive"),
}


def largest(limit: int, write_s: float = WRITE_S, allowed_s: float = ALLOWED_S) -> dict[str, int]:
    """The most that each kind of store took after the time that a limit is allowed to take."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory, ThreadPoolExecutor(len(WRITERS)) as pool:
        began = time.monotonic()
        found = dict.fromkeys(WRITERS, 0)
        stores = {}
        running = []
        for number, (name, write) in enumerate(WRITERS.items()):
            stores[name] = Path(directory, str(number), "store.db")
            stores[name].parent.mkdir()
            running.append(pool.submit(write, stores[name], limit, began + write_s))
        while time.monotonic() < began + write_s:
            time.sleep(0.2)
            if time.monotonic() > began + allowed_s:
                for name, db in stores.items():
                    found[name] = max(found[name], size(db))
        for each in running:
            each.result()
    return found


def measure() -> list[Result]:
    """Both limits."""
    results = []
    for limit in LIMITS:
        found = largest(limit)
        over = sum(each > limit for each in found.values())
        name = f"{len(found)} stores under {limit / 1e6:.0f} MB"
        results.append(Result(f"{name}: above it after a minute", over, 0, 0))
        results.append(Result(f"{name}: the largest in shares of it", max(found.values()) / limit, 1.0))
    return results
