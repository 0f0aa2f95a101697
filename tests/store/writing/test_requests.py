"""Requests between services are counted as Tempo's service graph counts them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from older_schema import without_tables_since

from obsv.store import Reader, Signature, Source, SpanRow, Writer
from obsv.store.figures.totals import RequestTotal, read_totals
from obsv.store.ground import sampled
from obsv.store.writing.sql.requests import PATIENCE_NS

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
MS = 1_000_000


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ns = 1_790_000_000_000_000_000

    def __call__(self) -> int:
        return self.now_ns


def row(service: str, kind: int, span: int, parent: int | None = None, ms: int = 5, **changes: Any) -> SpanRow:
    attributes = changes.pop("attributes", {})
    signature = Signature(service, f"{service}.{kind}", service, kind, tuple((key, "INPUT") for key in attributes))
    above = None if parent is None else parent.to_bytes(8, "big")
    ids = (1).to_bytes(16, "big"), span.to_bytes(8, "big"), above
    made = SpanRow(
        signature, Source(service), *ids, None, 1_790_000_000_000_000_000, ms * MS, None, 0, 0,
        json.dumps(list(attributes.values())),
    )  # fmt: skip
    return made._replace(**changes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(tmp_path: Path, clock: Clock) -> Writer:
    return Writer(tmp_path / "obsv.db", clock=clock)


def counted(writer: Writer) -> list[tuple[str, str, str, int, int]]:
    return [(each.client, each.server, each.connection, each.answered.calls, each.failed) for each in requests(writer)]


def requests(writer: Writer) -> list[RequestTotal]:
    reader = Reader(writer.path)
    try:
        return read_totals(reader, 0).requests
    finally:
        reader.close()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_client_and_server_make_a_request(writer: Writer, order: tuple[int, int], together: bool) -> None:
    """Two halves are one request, in whichever order and batch they arrive, each with its own duration."""
    halves = [row("web", CLIENT, 1, ms=300), row("shop", SERVER, 2, 1, ms=90)]
    arriving = [halves[at] for at in order]
    for batch in [arriving] if together else [[half] for half in arriving]:
        writer.write(batch)
    (found,) = requests(writer)
    assert (found.client, found.server, found.connection, found.failed) == ("web", "shop", "", 0)
    assert (found.asked.total_ns, found.answered.total_ns) == (300 * MS, 90 * MS)
    assert (found.asked.buckets, found.answered.buckets) == ((0, 0, 1, 1, 1, 1, 1, 1), (1,) * 8)


@pytest.mark.parametrize("together", [True, False])
def test_a_sampled_request_is_several(writer: Writer, together: bool) -> None:
    """It counts as often as the side that is sampled less, which has to be there too; and it is told from others."""
    halves = [
        row("web", CLIENT, 1, ms=300, weight=sampled(100, 300 * MS)),
        row("shop", SERVER, 2, 1, ms=90, status=2, weight=sampled(10, 90 * MS)),
    ]
    for batch in [halves] if together else [[half] for half in halves]:
        writer.write(batch)
    (found,) = requests(writer)
    assert (found.answered.calls, found.asked.calls, found.failed, found.unrecorded) == (100, 100, 100, 99)
    assert (found.asked.total_ns, found.answered.total_ns) == (30_000 * MS, 9_000 * MS)


def test_requests_of_a_file_of_an_older_version(writer: Writer) -> None:
    """They are read before any writer has brought it to the present version."""
    writer.write([row("web", CLIENT, 1), row("shop", SERVER, 2, 1)])
    writer.close()
    connection = sqlite3.connect(writer.path, isolation_level=None)
    connection.executescript(without_tables_since(8) + "pragma user_version = 8")
    connection.close()
    (found,) = requests(writer)
    assert (found.answered.calls, found.unrecorded) == (1, 0)


def test_a_batch_sent_twice_counts_once(writer: Writer) -> None:
    """A repeated span is not a second request."""
    batch = [row("web", CLIENT, 1), row("shop", SERVER, 2, 1)]
    writer.write(batch)
    writer.write(batch)
    assert counted(writer) == [("web", "shop", "", 1, 0)]


def test_either_side_can_fail(writer: Writer) -> None:
    """A request failed when one of its spans did."""
    writer.write([row("web", CLIENT, 1, status=2), row("shop", SERVER, 2, 1)])
    assert counted(writer) == [("web", "shop", "", 1, 1)]


def test_messages_are_marked(writer: Writer) -> None:
    """A producer's span and the consumer's below it are a request over a messaging system."""
    writer.write([row("web", PRODUCER, 1), row("mail", CONSUMER, 2, 1)])
    assert counted(writer) == [("web", "mail", "messaging_system", 1, 0)]


def test_database_is_a_server(writer: Writer) -> None:
    """A client's span with a database's name is answered by that database at once."""
    writer.write([row("shop", CLIENT, 1, attributes={"db.system": "sqlite", "db.name": "stock"}, ms=20)])
    assert counted(writer) == [("shop", "stock", "database", 1, 0)]


def test_root_of_a_server_is_asked_by_the_user(writer: Writer) -> None:
    """A server's span without a parent comes from outside."""
    writer.write([row("web", SERVER, 1)])
    assert counted(writer) == [("user", "web", "virtual_node", 1, 0)]


def test_unanswered_client_names_its_peer_in_the_end(writer: Writer, clock: Clock) -> None:
    """A client's span whose server is not instrumented counts, when nothing has come for a minute, for its peer."""
    writer.write([row("shop", CLIENT, 1, attributes={"peer.service": "bank"}), row("shop", CLIENT, 2)])
    clock.now_ns += PATIENCE_NS - 1
    writer.write([row("web", SERVER, 3)])
    assert counted(writer) == [("user", "web", "virtual_node", 1, 0)]
    clock.now_ns += PATIENCE_NS
    writer.write([row("web", SERVER, 4)])
    assert counted(writer) == [("shop", "bank", "virtual_node", 1, 0), ("user", "web", "virtual_node", 2, 0)]
    assert Reader(writer.path).query("select id from request_half") == []


def test_server_below_a_server_waits_for_nobody(writer: Writer) -> None:
    """Within a batch it is known that the span above is no client's."""
    writer.write([row("web", SERVER, 1), row("web", SERVER, 2, 1)])
    assert Reader(writer.path).query("select id from request_half") == []
