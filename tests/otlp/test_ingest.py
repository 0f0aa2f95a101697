"""The ingest thread: group commit, bounded memory, acknowledgement after the commit."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from otlp_requests import request, span

from obsv.errors import StoreUnavailable
from obsv.otlp.failures import Overloaded
from obsv.otlp.ingest import Ingest
from obsv.otlp.work import Work
from obsv.store import SpanRow, WriteResult
from obsv.store.ground import LogRow, PointRow
from obsv.wire.errors import BadRequest
from obsv.wire.protobuf import protobuf_slices
from obsv.wire.rowmaker import Decoded, RowMaker


class Shelf:
    """A store that keeps batches, and holds the writer while the test wants."""

    def __init__(self) -> None:
        self.batches: list[list[SpanRow]] = []
        self.fail: Callable[[list[SpanRow]], None] = lambda rows: None
        self.open = threading.Event()
        self.entered = threading.Event()
        self.open.set()
        self.closed = False

    def write(
        self, rows: list[SpanRow], *, logs: Sequence[LogRow] = (), points: Sequence[PointRow] = ()
    ) -> WriteResult:
        self.entered.set()
        assert self.open.wait(60)
        self.fail(rows)
        self.batches.append(rows)
        return WriteResult(len(rows), 0)

    def close(self) -> None:
        self.closed = True


def decoding(name: str = "x", spans: int = 1) -> Work:
    body = request(*(span(span_id=(i + 1).to_bytes(8, "big"), name=name) for i in range(spans))).SerializeToString()
    return Work(lambda maker: protobuf_slices(body, maker), spans)


@contextmanager
def ingesting(shelf: Shelf, **settings: int) -> Iterator[Ingest]:
    ingest = Ingest(shelf, RowMaker(), **settings)
    ingest.start()
    yield ingest
    shelf.open.set()
    ingest.stop()


def test_acknowledged_after_the_commit() -> None:
    """A request is not done before the store has returned."""
    shelf = Shelf()
    shelf.open.clear()
    with ingesting(shelf) as ingest:
        future = ingest.submit(decoding())
        assert shelf.entered.wait(60)
        assert not future.done()
        shelf.open.set()
        assert future.result(10).spans == 1
        assert len(shelf.batches) == 1


def test_requests_gather_into_one_transaction() -> None:
    """Requests that arrive during a transaction share the next."""
    shelf = Shelf()
    shelf.open.clear()
    with ingesting(shelf) as ingest:
        futures = [ingest.submit(decoding())]
        assert shelf.entered.wait(60)
        futures += [ingest.submit(decoding()) for _ in range(5)]
        shelf.open.set()
        for future in futures:
            future.result(10)
    assert [len(batch) for batch in shelf.batches] == [1, 5]


def test_a_transaction_is_bounded() -> None:
    """After so many rows the transaction is closed and the next begun."""
    shelf = Shelf()
    shelf.open.clear()
    with ingesting(shelf, batch_rows=4) as ingest:
        futures = [ingest.submit(decoding())]
        assert shelf.entered.wait(60)
        futures += [ingest.submit(decoding(spans=3)) for _ in range(3)]
        shelf.open.set()
        for future in futures:
            future.result(10)
    assert [len(batch) for batch in shelf.batches] == [1, 6, 3]


def test_bad_request_costs_itself() -> None:
    """A request that cannot be decoded fails alone."""
    shelf = Shelf()

    def bad(maker: RowMaker) -> Iterator[Decoded]:
        raise BadRequest("no")

    with ingesting(shelf) as ingest:
        failing, good = ingest.submit(Work(bad, 1)), ingest.submit(decoding())
        with pytest.raises(BadRequest):
            failing.result(10)
        assert good.result(10).spans


def test_store_that_cannot_take_more(caplog: pytest.LogCaptureFixture) -> None:
    """All requests of a transaction that fails hear why, and the next may succeed; the log says both once."""
    shelf = Shelf()

    def locked(rows: list[SpanRow]) -> None:
        raise StoreUnavailable("locked")

    shelf.fail = locked
    with ingesting(shelf) as ingest:
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                ingest.submit(decoding()).result(10)
        shelf.fail = lambda rows: None
        for _ in range(3):
            assert ingest.submit(decoding()).result(10).spans
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "locked" in caplog.text


def test_poisonous_request_costs_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A request that the store cannot take is told so; those that shared its transaction are stored."""
    shelf = Shelf()
    shelf.open.clear()

    def poisoned(rows: list[SpanRow]) -> None:
        if any(row.signature.name == "poison" for row in rows):
            raise TypeError("poison")

    shelf.fail = poisoned
    with ingesting(shelf) as ingest:
        ingest.submit(decoding())
        assert shelf.entered.wait(60)
        bad, good = ingest.submit(decoding("poison")), ingest.submit(decoding())
        shelf.open.set()
        with pytest.raises(TypeError):
            bad.result(10)
        assert good.result(10).spans
    assert "could not be stored" in caplog.text


def test_memory_is_bounded() -> None:
    """Bytes that wait are counted; beyond the limit requests are turned away until others are done."""
    shelf = Shelf()
    shelf.open.clear()
    with ingesting(shelf, max_bytes=100) as ingest:
        future = ingest.submit(decoding(), ingest.reserve(80))
        with pytest.raises(Overloaded):
            ingest.reserve(30)
        shelf.open.set()
        future.result(10)
        ingest.release(ingest.reserve(100))
    assert ingest.counts["overloaded"] == 1


def test_stop_stores_what_waits() -> None:
    """Stopping stores what was taken, takes no more, and closes the store."""
    shelf = Shelf()
    shelf.open.clear()
    ingest = Ingest(shelf, RowMaker())
    ingest.start()
    first = ingest.submit(decoding())
    assert shelf.entered.wait(60)
    second = ingest.submit(decoding())
    shelf.open.set()
    ingest.stop()
    assert first.result(0).spans
    assert second.result(0).spans
    assert shelf.closed
    with pytest.raises(Overloaded):
        ingest.reserve(1)
    with pytest.raises(Overloaded):
        ingest.submit(decoding()).result(0)


def test_sender_that_has_gone() -> None:
    """A request whose sender gave up before its turn is not stored: it was not acknowledged and will come again."""
    shelf = Shelf()
    shelf.open.clear()
    with ingesting(shelf) as ingest:
        ingest.submit(decoding())
        assert shelf.entered.wait(60)
        gone = ingest.submit(decoding("gone"), ingest.reserve(10))
        assert gone.cancel()
        last = ingest.submit(decoding("last"))
        shelf.open.set()
        last.result(10)
    assert [[row.signature.name for row in batch] for batch in shelf.batches] == [["x"], ["last"]]


def test_counts() -> None:
    """Requests, spans and rejected spans are counted."""
    shelf = Shelf()
    body = request(span(), span(span_id=bytes(8))).SerializeToString()
    with ingesting(shelf) as ingest:
        ingest.submit(Work(lambda maker: protobuf_slices(body, maker), 1)).result(10)
    assert ingest.counts == Counter(requests=1, spans=1, rejected=1, duplicates=0, empty=0)


def shapes(spans: int, keys: int) -> Work:
    """A request whose spans have all their attributes for themselves."""
    made = [span({f"{i}.{key}": "v" for key in range(keys)}, span_id=(i + 1).to_bytes(8, "big")) for i in range(spans)]
    body = b"".join(request(each).SerializeToString() for each in made)
    return Work(lambda maker: protobuf_slices(body, maker), 1)


def test_new_shapes_are_stored_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is new to the file and to its rollups; another sender's request goes in between."""
    monkeypatch.setattr("obsv.otlp.ingest.BATCH_FIELDS", 100)
    shelf = Shelf()
    with ingesting(shelf) as ingest:
        shelf.open.clear()
        first = ingest.submit(decoding("first"))
        assert shelf.entered.wait(60)
        wide, other = (
            ingest.submit(shapes(50, 10), connection="wide"),
            ingest.submit(decoding("other"), connection="other"),
        )
        shelf.open.set()
        assert (first.result(60).spans, wide.result(60).spans, other.result(60).spans) == (1, 50, 1)
    sizes = [sum(len(row.signature.fields) for row in batch) for batch in shelf.batches]
    assert max(sizes) <= 110
    assert max(len({row.signature for row in batch}) for batch in shelf.batches) <= 8
    assert "other" in {row.signature.name for batch in shelf.batches[1:4] for row in batch}
    assert sum(map(len, shelf.batches)) == 52


def test_the_rest_of_a_request_that_failed_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sender sends all of it again."""
    monkeypatch.setattr("obsv.otlp.ingest.BATCH_FIELDS", 100)
    shelf = Shelf()

    def fail(rows: list[SpanRow]) -> None:
        if len(shelf.batches) == 2:
            raise StoreUnavailable("disk full")

    shelf.fail = fail
    with ingesting(shelf) as ingest:
        wide = ingest.submit(shapes(50, 10))
        with pytest.raises(StoreUnavailable):
            wide.result(60)
        shelf.fail = lambda rows: None
        assert ingest.submit(decoding("next")).result(60).spans == 1
    assert [row.signature.name for row in shelf.batches[-1]] == ["next"]
    assert len(shelf.batches) == 3
