"""Reading: limits, threads, and a file that changes meanwhile."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from store_rows import call

from obsv.errors import QueryTimeout, StoreUnavailable
from obsv.store import Reader, Writer

ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c) select {} from c"


@pytest.fixture(autouse=True)
def store(writer: Writer) -> None:
    writer.write([call(number) for number in range(1, 11)])


def test_rows_are_read_by_name_and_position(reader: Reader) -> None:
    """A row is both a sequence and a mapping."""
    (row,) = reader.query("select process, status from process_trace where span_id = ?", (f"{3:016x}",))
    assert (row["process"], row[1], dict(row)) == ("shop.price", "OK", {"process": "shop.price", "status": "OK"})


def test_one_row_or_none(reader: Reader) -> None:
    """`one` gives the first row, and None where there is none."""
    row = reader.one("select depth from span where start_ns > :after", {"after": 0})
    assert row is not None
    assert row["depth"] == 0
    assert reader.one("select 1 from span where id < 0") is None


def test_query_ends_after_its_time(path: Path) -> None:
    """A query that never ends is stopped, and the connection works on."""
    reader = Reader(path, time_limit_s=0.05)
    with pytest.raises(QueryTimeout, match=r"longer than 0\.05 s; narrow"):
        reader.query(ENDLESS.format("max(x)"))
    assert reader.query("select count(*) from span")[0][0] == 10
    reader.close()


def test_query_returns_so_many_rows(path: Path) -> None:
    """No more rows leave than the limit, however many there are."""
    reader = Reader(path, row_limit=7)
    assert len(reader.query(ENDLESS.format("x"))) == 7
    reader.close()


def test_nothing_can_be_written(reader: Reader) -> None:
    """Connections are read-only twice: by how the file is opened, and by a setting."""
    for sql in ("delete from span", "create temp table x(y)", "pragma user_version = 9"):
        with pytest.raises(StoreUnavailable, match="read-only"):
            reader.query(sql)


def test_snapshot_does_not_move(reader: Reader, writer: Writer) -> None:
    """Queries of one snapshot see the same state while others write."""
    with reader.snapshot() as store:
        assert store.query("select count(*) from span")[0][0] == 10
        writer.write([call(11)])
        assert store.query("select count(*) from span")[0][0] == 10
    assert reader.query("select count(*) from span")[0][0] == 11


def test_many_threads_share_a_reader(reader: Reader, writer: Writer) -> None:
    """Threads never share a connection at the same time, and read while another writes."""
    stop = threading.Event()

    def record() -> None:
        number = 100
        while not stop.is_set():
            writer.write([call(number)])
            number += 1

    recording = threading.Thread(target=record)
    recording.start()
    try:
        with ThreadPoolExecutor(16) as pool:
            sums = list(pool.map(lambda _: reader.query("select count(*) from data_trace")[0][0], range(400)))
    finally:
        stop.set()
        recording.join()
    assert min(sums) >= 20
    assert all(total % 2 == 0 for total in sums)
    assert len(reader._idle) <= 8


def test_replaced_file_is_read_anew(reader: Reader, writer: Writer) -> None:
    """When another file stands at the path, no connection to the old one is used."""
    assert reader.query("select count(*) from span")[0][0] == 10
    writer.close()
    for file in writer.path.parent.iterdir():
        file.unlink()
    with pytest.raises(StoreUnavailable, match="does not exist"):
        reader.query("select 1")
    writer.write([call(1)])
    assert reader.query("select count(*) from span")[0][0] == 1


def test_path_with_odd_characters(tmp_path: Path) -> None:
    """Characters that mean something in a URI are part of the name."""
    path = tmp_path / "a ?b#c%20é.db"
    writer = Writer(path)
    writer.write([call(1)])
    reader = Reader(path)
    assert reader.query("select count(*) from span")[0][0] == 1
    reader.close()
    writer.close()
    assert path.exists()


def test_store_that_nobody_writes_is_read(reader: Reader, writer: Writer) -> None:
    """After the last writer has gone, its log with it, the file can still be read."""
    writer.close()
    assert not writer.path.with_name(writer.path.name + "-wal").exists()
    assert reader.query("select count(*) from span")[0][0] == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_connection_does_not_cross_a_fork(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child opens a connection of its own: what SQLite knows of the parent's locks is not the child's."""
    before = reader._take(False)
    reader._give_back(before, False)
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    after = reader._take(False)
    assert after is not before
    after.close()
