"""One OTLP file in SQLite, and in ClickHouse's engine (chDB) with the collector's tables."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import story
from clickhouse_engine import MINUTES, SUPPORT, Both, Engine

from obsv.cli.transfer import export, import_
from obsv.store.seam import open_store as open_sqlite


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Start a chDB for all tests: it takes a second."""
    pytest.importorskip("chdb", reason="chDB has no wheel for this platform: the engine of ClickHouse is not tested")
    directory = tmp_path_factory.mktemp("chdb")
    command = [sys.executable, str(SUPPORT / "chdb_server.py"), str(directory)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield Engine(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


@pytest.fixture(scope="session")
def both(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The story of a shop, sent over OTLP to both; to ClickHouse twice, as a collector that retries does."""
    directory = tmp_path_factory.mktemp("both")
    now_ns = time.time_ns() // 60_000_000_000 * 60_000_000_000 - 1
    story.write(directory / "made.db", MINUTES, now_ns=now_ns)
    text = io.StringIO()
    export(directory / "made.db", text)
    (directory / "spans.jsonl").write_text(text.getvalue(), encoding="utf-8")
    import_(directory / "here.db", directory / "spans.jsonl", say=lambda line: None)
    engine.make("both", [json.loads(line) for line in text.getvalue().splitlines()], repeats=2)
    sqlite, clickhouse = open_sqlite(directory / "here.db"), engine.store("both")
    yield Both(sqlite, clickhouse, now_ns)
    sqlite.close()
    clickhouse.close()
