"""`obsv clickhouse init`: the narrow copy for sums."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alike import alike, unordered
from clickhouse_engine import MINUTES, Both, Engine

from obsv.cli.app import main
from obsv.clickhouse import ClickHouseStore
from obsv.clickhouse.client import Client
from obsv.clickhouse.views import first_ns
from obsv.store.ground import Window


@pytest.fixture(scope="module")
def address(both: Both, engine: Engine) -> str:
    """The address of a database with the copy: half of its spans are there before, the others arrive later, twice."""
    engine.run("create database narrow")
    engine.run("create table otel_traces as both.otel_traces", "narrow")
    engine.run("create table otel_traces_trace_id_ts as both.otel_traces_trace_id_ts", "narrow")
    engine.run("insert into otel_traces_trace_id_ts select * from both.otel_traces_trace_id_ts", "narrow")
    engine.run("insert into otel_traces select * from both.otel_traces where cityHash64(SpanId) % 2 = 0", "narrow")
    found = f"clickhouse://127.0.0.1:{engine.port}/narrow"
    for _ in range(2):  # the second time it is there already
        assert main(["clickhouse", "init", "--store", found]) == 0
    engine.run("insert into otel_traces select * from both.otel_traces where cityHash64(SpanId) % 2 = 1", "narrow")
    return found


@pytest.fixture
def narrow(address: str, engine: Engine) -> Iterator[ClickHouseStore]:
    store = engine.store("narrow")
    yield store
    store.close()


def test_sums_are_the_same_and_come_from_the_copy(both: Both, narrow: ClickHouseStore, engine: Engine) -> None:
    """Functions and edges of whole minutes after its first span; the table itself says something else by then."""
    window = Window(both.now_ns + 1 - (MINUTES - 1) * 60_000_000_000, both.now_ns + 1)
    engine.run("alter table otel_traces update Duration = 1 where 1 settings mutations_sync = 2", "narrow")
    for question, args in (("read_busiest", (window,)), ("read_dependencies", window[:2])):
        one, other = (alike(getattr(store, question)(*args)) for store in (both.sqlite, narrow))
        assert unordered(one) == unordered(other)


def test_statements_are_printed(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is run, not even a connection made."""
    assert (
        main(["clickhouse", "init", "--store", "clickhouse://127.0.0.1:1/otel?table=spans", "--days", "3", "--dry-run"])
        == 0
    )
    text = capsys.readouterr().out
    assert "CREATE TABLE IF NOT EXISTS spans_obsv" in text
    assert "INTERVAL 3 DAY" in text


def test_no_copy_is_needed(both: Both) -> None:
    """Its absence is no error."""
    client = Client(both.clickhouse.address)
    assert first_ns(client) is None
    client.close()
