"""Statistics of processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from older_schema import without_tables_since
from store_rows import PRICE, START_NS, TAX, call

from obsv.store import Reader, Writer
from obsv.store.figures.stats import process_stats
from obsv.store.ground.rollups import MINUTE_NS


def test_statistics_since_the_file_began(writer: Writer, reader: Reader) -> None:
    """Counts, mean and maximum are exact, percentiles within 5 %; the most called comes first."""
    rows = [call(number, PRICE, duration_ns=number * 1_000, status=2 * (number > 98)) for number in range(1, 101)]
    writer.write([*rows, call(200, TAX, duration_ns=7)])
    price, tax = process_stats(reader)
    assert (price.process, price.process_group, price.service, price.kind) == ("shop.price", "shop", "shop", 1)
    assert (price.calls, price.errors, price.error_rate, price.mean_ns, price.max_ns) == (100, 2, 0.02, 50_500, 100_000)
    assert (price.p50_ns, price.p95_ns, price.p99_ns) == pytest.approx((50_000, 95_000, 99_000), rel=0.05)
    assert (tax.process, tax.calls, tax.p50_ns) == ("shop.tax", 1, pytest.approx(7, rel=0.05))


def test_statistics_of_a_window(writer: Writer, reader: Reader) -> None:
    """A window counts whole minutes, both ends included."""
    writer.write([call(minute + 1, start_ns=START_NS + minute * MINUTE_NS) for minute in range(10)])

    def calls(first: int | None, last: int | None) -> int:
        since = None if first is None else START_NS + first * MINUTE_NS
        until = None if last is None else START_NS + last * MINUTE_NS
        return sum(stats.calls for stats in process_stats(reader, since, until))

    assert (calls(2, 4), calls(8, None), calls(None, 0), calls(20, None), calls(None, None)) == (3, 2, 1, 0, 10)


def test_percentiles_of_a_window_in_parts(writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long window is counted in parts, and none is left out."""
    monkeypatch.setattr("obsv.store.figures.stats.LEAST_MINUTES", 1)
    monkeypatch.setattr("obsv.store.file.parts.at_once", lambda: 4)
    minutes = range(11)
    writer.write(
        [call(99, start_ns=START_NS - MINUTE_NS, duration_ns=10**9)]
        + [call(at + 1, start_ns=START_NS + at * MINUTE_NS, duration_ns=1_000 * (at + 1)) for at in minutes]
        + [call(at + 21, start_ns=START_NS + at * MINUTE_NS, duration_ns=6_000) for at in minutes]
    )
    (stats,) = process_stats(reader, START_NS)
    assert process_stats(reader, START_NS - MINUTE_NS) == process_stats(reader)
    assert stats.calls == 22
    assert (stats.p50_ns, stats.p95_ns, stats.p99_ns) == pytest.approx((6_000, 10_000, 11_000), rel=0.05)


def test_store_without_calls(writer: Writer, reader: Reader) -> None:
    """Without calls there are no statistics."""
    writer.open()
    assert process_stats(reader) == []


def test_a_file_of_an_older_version(tmp_path: Path) -> None:
    """Its figures are read before any writer has brought it to the present version."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1)])
    writer.close()
    connection = sqlite3.connect(tmp_path / "obsv.db", isolation_level=None)
    connection.executescript(without_tables_since(8) + "pragma user_version = 8")
    connection.close()
    reader = Reader(tmp_path / "obsv.db")
    (found,) = process_stats(reader)
    reader.close()
    assert (found.calls, found.unrecorded) == (1, 0)
