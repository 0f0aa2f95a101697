"""A store is sent on to a hub as it grows, each span once, whatever dies in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from calls import EPOCH_NS, call
from hypothesis import given
from hypothesis import strategies as st
from keepers import eventually

from obsv.otlp.follow import Follower, name_of
from obsv.otlp.receiver import Receiver
from obsv.otlp.senders import Reply, sender_to
from obsv.store import Reader, SpanRow, Writer
from obsv.store.seam import open_store
from obsv.store.writing import Sent, SentBook
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker

HUB = "http://hub:4318"
FAR_NS = EPOCH_NS + 10**15


class Hub:
    """Answers as the test wants, and knows the spans that it took."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.taken: list[bytes] = []
        self.refuses: Callable[[list[bytes]], Reply | None] = lambda spans: None

    def send(self, body: bytes, *, is_greeting: bool = False) -> Reply:
        spans = [row.span_id for row in decode_protobuf(body, RowMaker()).rows]
        reply = self.replies.pop(0) if self.replies else self.refuses(spans) or Reply(True)
        if reply.taken:
            self.taken += spans
        return reply

    def close(self) -> None:
        pass


class Turns:
    """A `wait` that stops after so many looks at an empty store or an unwilling hub."""

    def __init__(self, idle: int = 1) -> None:
        self._idle = idle
        self.waited: list[float] = []

    def __call__(self, seconds: float) -> bool:
        if seconds:
            self.waited.append(seconds)
            self._idle -= 1
        return self._idle < 0


def rows(first: int, last: int) -> list[SpanRow]:
    return [call(each, start=each) for each in range(first, last + 1)]


def ids(first: int, last: int) -> list[bytes]:
    return [each.to_bytes(8, "big") for each in range(first, last + 1)]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path / "spool.db")
    yield writer
    writer.close()


def follow(
    path: Path, hub: Hub, turns: Turns | None = None, told: list[str | None] | None = None
) -> tuple[int, int, int]:
    """One run of the command, in this process: how many spans were sent, rejected and missed."""
    with closing(open_store(path)) as store, closing(SentBook(path)) as book:
        follower = Follower(store, book, hub, HUB, turns or Turns(0), (told if told is not None else []).append)
        done = follower.run()
        return done.spans, done.rejected, follower.missed()


def test_each_run_goes_on_where_the_last_one_ended(writer: Writer) -> None:
    """New calls are sent, and none twice."""
    hub = Hub()
    writer.write(rows(1, 3))
    assert follow(writer.path, hub) == (3, 0, 0)
    writer.write(rows(4, 1_200))
    assert follow(writer.path, hub) == (1_200, 0, 0)
    assert hub.taken == ids(1, 1_200)


def test_spans_that_started_earlier_but_came_later_are_sent(writer: Writer) -> None:
    """The cursor follows arrival, not time."""
    hub = Hub()
    writer.write(rows(5, 5))
    follow(writer.path, hub)
    writer.write(rows(1, 1))
    follow(writer.path, hub)
    assert hub.taken == ids(5, 5) + ids(1, 1)


def test_a_hub_that_is_away_gets_everything_later(writer: Writer) -> None:
    """It is tried again, more and more seldom, and said once that it is away and once that it is back."""
    away = [Reply(False, message="no route", retry_after_s=0)] * 12
    hub, turns, told = Hub(*away), Turns(13), list[str | None]()
    writer.write(rows(1, 2))
    follow(writer.path, hub, turns, told)
    assert hub.taken == ids(1, 2)
    assert told == ["no route", None]
    assert turns.waited[0] <= 0.5 < 30 <= turns.waited[11] <= 60


def test_the_hub_says_when_to_come_again(writer: Writer) -> None:
    """Retry-After is kept to the second."""
    hub, turns = Hub(Reply(False, message="full", retry_after_s=17.0, code="503")), Turns(1)
    writer.write(rows(1, 1))
    follow(writer.path, hub, turns)
    assert turns.waited[0] == 17.0


def test_nothing_is_passed_over_for_a_wrong_token(writer: Writer) -> None:
    """A wrong token skips nothing: the next run, with the right token, sends everything."""
    hub, told = Hub(Reply(False, message="HTTP 401", code="401")), list[str | None]()
    writer.write(rows(1, 2))
    assert follow(writer.path, hub, Turns(0), told) == (0, 0, 0)
    assert told == ["HTTP 401"]
    follow(writer.path, hub)
    assert hub.taken == ids(1, 2)


def test_one_span_that_is_never_taken_keeps_none_waiting(writer: Writer) -> None:
    """It is found by halving, and counted as rejected."""
    hub = Hub()
    hub.refuses = lambda spans: Reply(False, message="HTTP 400", code="400") if ids(7, 7)[0] in spans else None
    writer.write(rows(1, 20))
    assert follow(writer.path, hub) == (20, 1, 0)
    assert sorted(hub.taken) == ids(1, 6) + ids(8, 20)


def test_what_retention_takes_first_is_counted(writer: Writer) -> None:
    """Calls that were gone before they could be sent; not those that the hub has, nor those before the cursor."""
    hub = Hub()
    writer.write(rows(1, 2))
    writer.retain(now_ns=FAR_NS, max_age_ns=1)
    writer.write(rows(3, 5))
    follow(writer.path, hub)
    writer.write(rows(6, 8))
    writer.retain(now_ns=FAR_NS, max_age_ns=1)
    writer.write(rows(9, 9))
    assert follow(writer.path, hub) == (4, 0, 3)


def test_calls_that_came_twice_count_as_no_gap(writer: Writer) -> None:
    """A repeat takes no id."""
    hub = Hub()
    writer.write(rows(1, 3))
    follow(writer.path, hub)
    writer.write(rows(1, 3))
    writer.write(rows(2, 6))
    assert follow(writer.path, hub) == (6, 0, 0)


def test_a_batch_that_dies_before_its_cursor_is_sent_again(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub knows spans by their ids, so that twice is once."""
    hub = Hub()
    writer.write(rows(1, 3))
    with monkeypatch.context() as patch:
        patch.setattr(SentBook, "keep", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            follow(writer.path, hub)
    follow(writer.path, hub)
    assert hub.taken == ids(1, 3) * 2


def test_another_file_at_the_place_is_sent_from_its_beginning(writer: Writer) -> None:
    """A damaged file was put aside, or somebody deleted it; its ids begin anew."""
    hub = Hub()
    writer.write(rows(1, 3))
    with closing(open_store(writer.path)) as store, closing(SentBook(writer.path)) as book:
        follower = Follower(store, book, hub, HUB, Turns(0))
        follower.run()
        writer.close()
        for name in ("", "-wal", "-shm"):
            writer.path.with_name(writer.path.name + name).unlink(missing_ok=True)
        with closing(Writer(writer.path)) as another:
            another.write(rows(4, 5))
            assert follower.step()
            assert book.read(HUB) == Sent(2, 2)
    assert hub.taken == ids(1, 5)


def test_each_hub_has_a_cursor_of_its_own(writer: Writer) -> None:
    """Named without what is secret in its address."""
    book = SentBook(writer.path)
    book.keep(name_of("https://user:word@Hub:4318/v1?key=1"), Sent(7, 7), 0)
    assert book.read("https://hub:4318/v1") == Sent(7, 7)
    assert book.read("https://other:4318") is None
    book.close()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.lists(st.booleans(), max_size=12))
def test_whatever_the_hub_does_it_has_all_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], moods: list[bool]
) -> None:
    """In order of arrival, each once."""
    path = tmp_path_factory.mktemp("spool") / "spool.db"
    hub = Hub(*(Reply(True) if mood else Reply(False, message="busy", retry_after_s=0) for mood in moods))
    last = 0
    with closing(Writer(path)) as writer:
        for count in batches:
            writer.write(rows(last + 1, last + count))
            last += count
            follow(path, hub, Turns(1))
        follow(path, hub, Turns(len(moods)))
    assert hub.taken == ids(1, last)


def test_a_hub_gets_what_a_killed_sender_left(writer: Writer, start: Callable[..., Receiver], db: Path) -> None:
    """The command, killed again and again while it sends; the hub has each call once."""
    receiver = start()
    endpoint = f"http://127.0.0.1:{receiver.http_port}"
    writer.write(rows(1, 6_000))
    for _ in range(3):
        sender = _command(writer.path, endpoint)
        before = _count(db)
        eventually(lambda before=before: _count(db) > before or before == 6_000)
        sender.kill()
        sender.communicate()
    sender = _command(writer.path, endpoint)
    eventually(lambda: _count(db) == 6_000)
    sender.send_signal(signal.SIGTERM)
    out, _ = sender.communicate(timeout=240)
    assert b"spans sent to" in out
    assert sender.returncode == 0
    columns = "ts, process, status, duration_ms, exception, trace_id, span_id, parent_span_id, service"
    sql = f"select {columns} from process_trace order by span_id"
    with closing(Reader(db)) as there, closing(Reader(writer.path)) as here:
        assert [tuple(row) for row in there.query(sql)] == [tuple(row) for row in here.query(sql)]


def test_real_senders_name_their_refusals(start: Callable[..., Receiver]) -> None:
    """By status or code, which decide what is done about them."""
    receiver = start(token="a-long-enough-token")
    for protocol, port, code in (
        ("http/protobuf", receiver.http_port, "401"),
        ("grpc", receiver.grpc_port, "UNAUTHENTICATED"),
    ):
        variables = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        with closing(sender_to(f"http://127.0.0.1:{port}", variables)) as sender:
            assert sender.send(b"").code == code


def _command(path: Path, endpoint: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "obsv", "forward", "--follow", "--to", endpoint, "--db", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
    )


def _count(db: Path) -> int:
    try:
        with closing(Reader(db)) as reader:
            return int(reader.query("select count(*) from span")[0][0])
    except Exception:
        return 0  # not there yet


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
