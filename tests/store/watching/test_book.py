"""The alerts' book: what is committed is there, and one process at a time writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from obsv.errors import ForeignFile
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import (
    AlertRow,
    AttemptRow,
    Book,
    Changes,
    EventRow,
    LeaseLost,
    MessageRow,
    RuleRow,
    SilenceRow,
)

NS = 1_000_000_000
ALERT = AlertRow("f1", "slow", (("process", "shop.ü"),), "firing", 5, 5, 0, 1, 2.5, "page", "slow", "/code", 7)


def message(id: str, at: int, fingerprint: str = "f1", notifier: str = "chat") -> MessageRow:
    return MessageRow(id, notifier, "firing", fingerprint, "slow", "{}", at, next_ns=at)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = Book(tmp_path / "o.db")
    assert book.hold("me", 0, 5 * NS)
    return book


def test_a_change_is_there_after_a_restart(book: Book, tmp_path: Path) -> None:
    book.commit("me", alerts=[ALERT], events=[EventRow(5, "f1", "slow", ALERT.labels, "firing", 2.5, "slow")],
                messages=[message("m1", 5)], cursors={"errors": 17},
                rules=[RuleRow("slow", "duration", 5, 1)])  # fmt: skip
    book.close()
    again = Book(tmp_path / "o.db")
    assert again.alerts() == [ALERT]
    assert again.cursor("errors") == 17
    assert again.cursor("other") is None
    assert [each.id for each in again.due(10, 100)] == ["m1"]


def test_an_alert_that_is_no_more_is_gone(book: Book) -> None:
    book.commit("me", alerts=[ALERT])
    book.commit("me", gone=["f1"])
    assert book.alerts() == []


def test_one_holds_the_lease_until_it_ends(book: Book, tmp_path: Path) -> None:
    other = Book(tmp_path / "o.db")
    assert not other.hold("other", 4 * NS, 5 * NS)
    assert book.hold("me", 4 * NS, 5 * NS)
    assert not other.hold("other", 8 * NS, 5 * NS)
    assert other.hold("other", 10 * NS, 5 * NS)
    assert not book.hold("me", 10 * NS, 5 * NS)


def test_a_lease_from_the_future_of_a_clock_that_was_set_back_has_ended(tmp_path: Path) -> None:
    book = Book(tmp_path / "o.db")
    assert book.hold("old", 1_000 * NS, 5 * NS)
    assert book.hold("new", 100 * NS, 5 * NS)


def test_a_lease_that_was_given_back_is_free(book: Book) -> None:
    book.release("other")
    assert not book.hold("other", 0, 5 * NS)
    book.release("me")
    assert book.hold("other", 0, 5 * NS)


def test_who_has_lost_the_lease_changes_nothing(book: Book) -> None:
    assert book.hold("other", 100 * NS, 5 * NS)
    with pytest.raises(LeaseLost):
        book.commit("me", alerts=[ALERT], messages=[message("m1", 5)])
    assert book.alerts() == []
    assert book.due(10, 100) == []


def test_a_message_is_queued_once_by_its_id(book: Book) -> None:
    book.commit("me", messages=[message("m1", 5)])
    book.commit("me", messages=[message("m1", 6)])
    assert [(each.id, each.created_ns) for each in book.due(10, 100)] == [("m1", 5)]


def test_of_an_alert_only_the_first_message_is_due_to_a_receiver(book: Book) -> None:
    book.commit(
        "me", messages=[message("m1", 5), message("m2", 6), message("m3", 6, "f2"), message("m4", 6, "f1", "b")]
    )
    assert [each.id for each in book.due(10, 100)] == ["m1", "m3", "m4"]
    book.tried(AttemptRow("m1", 11, 1, 200, "ok"), "sent", 0)
    assert [each.id for each in book.due(20, 100)] == ["m2", "m3", "m4"]


def test_a_message_waits_for_its_time_and_attempts_are_counted(book: Book) -> None:
    book.commit("me", messages=[message("m1", 5)])
    book.tried(AttemptRow("m1", 11, 1, 503, "busy"), "waiting", 50)
    assert book.due(49, 100) == []
    (due,) = book.due(50, 100)
    assert due.attempts == 1
    book.tried(AttemptRow("m1", 51, 1, 404, "gone"), "failed", 0)
    assert book.due(10**18, 100) == []


def test_a_message_whose_time_is_absurdly_far_ahead_is_due(book: Book) -> None:
    book.commit("me", messages=[message("m1", 5)])
    book.tried(AttemptRow("m1", 11, 1, 503, "busy"), "waiting", 10**18)
    assert [each.id for each in book.due(12, 100)] == ["m1"]


def test_silences_hold_from_their_start_to_their_end(book: Book) -> None:
    book.put_silence(SilenceRow("s1", "[]", 10, 20, "me", "why", 1))
    assert [len(book.silences(at)) for at in (9, 10, 19, 20)] == [0, 1, 1, 0]
    assert book.end_silence("s1", 15)
    assert book.silences(16) == []
    assert not book.end_silence("s2", 15)


def test_what_is_old_is_deleted_and_what_waits_is_not(book: Book) -> None:
    month, day = 31 * 86_400 * NS, 86_400 * NS
    book.commit("me", alerts=[ALERT, ALERT._replace(fingerprint="f2", state="resolved", ends_ns=5)],
                events=[EventRow(5, "f1", "slow", (), "firing", None, "")],
                messages=[message("m1", 5), message("m2", 5, "f2")])  # fmt: skip
    book.tried(AttemptRow("m2", 6, 1, 200, "ok"), "sent", 0)
    book.clean(day)
    assert len(book.alerts()) == 2
    book.clean(month)
    assert [each.fingerprint for each in book.alerts()] == ["f1"]
    assert [each.id for each in book.due(month, month)] == ["m1"]


def test_a_file_that_is_no_store_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "o.db").write_text("this is no database, but a text that is long enough for a header of one" * 20)
    with pytest.raises(ForeignFile):
        Book(tmp_path / "o.db").alerts()


def test_changes_of_others_are_seen_once(tmp_path: Path) -> None:
    changes, book = Changes(tmp_path / "o.db"), Book(tmp_path / "o.db")
    changes.are_there()
    assert not changes.are_there()
    book.hold("me", 0, NS)
    assert changes.are_there()
    assert not changes.are_there()
    Writer(tmp_path / "o.db").limit(max_bytes=10**9)
    assert changes.are_there()
    (tmp_path / "o.db").rename(tmp_path / "away.db")
    assert changes.are_there()
    Book(tmp_path / "o.db").hold("me", 0, NS)
    assert changes.are_there()


def test_the_beat_has_the_alerts_that_fire(book: Book, tmp_path: Path) -> None:
    book.commit("me", alerts=[ALERT, ALERT._replace(fingerprint="f2", state="pending")])
    assert open_store(tmp_path / "o.db").read_beat(10).firing == (("slow", "slow"),)
