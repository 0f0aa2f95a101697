"""The outbox is sent: in order, again when it failed, to each receiver on its own, and nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from obsv.alerts.messages import Message
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig
from obsv.alerts.sender import Sender
from obsv.errors import StoreUnavailable
from obsv.own_time import monotonic
from obsv.store.seam import open_store
from obsv.store.watching import AttemptRow, Book, MessageRow

NS = 1_000_000_000
BODY = '{"labels": {}, "severity": "error", "summary": "s", "value": 1, "starts_ns": 1, "ends_ns": 0, "link": ""}'


class Post:
    """A sender whose receivers answer as told, under a clock that stands still."""

    def __init__(self, path: Path) -> None:
        self.path, self.book = path, Book(path)
        self.now_ns = 1_000 * NS
        self.sent: list[tuple[str, str]] = []
        self.answers: dict[str, Callable[[Message], Answer]] = {}
        configs = {name: NotifierConfig(name, "log") for name in ("a", "b")}
        self.sender = Sender(self.book, configs, lambda: self.now_ns, self._send)

    def _send(self, config: NotifierConfig, message: Message) -> Answer:
        answer = self.answers.get(config.name, lambda message: Answer(True, 200, "ok"))(message)
        self.sent.append((config.name, message.id))
        return answer

    def queue(self, *ids: str, to: str = "a") -> None:
        rows = [MessageRow(id, to, "firing", id[0], "it", BODY, self.now_ns + at) for at, id in enumerate(ids)]
        self.book.queue(rows)

    def step(self, after_s: float = 0) -> None:
        """Let time pass, send what is due, and wait for the receivers' threads."""
        self.now_ns += int(after_s * NS)
        self.sender.step()
        self.settle()

    def settle(self) -> None:
        for lane in self.sender._lanes.values():
            lane.join(60)
            lane._rests_until = 0.0


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    post = Post(tmp_path / "o.db")
    yield post
    post.sender.close()
    post.book.close()


def test_what_waits_is_sent_once(post: Post) -> None:
    post.queue("x1", "y1")
    post.step(1)
    post.step(1)
    assert post.sent == [("a", "x1"), ("a", "y1")]


def test_the_end_of_an_alert_is_never_sent_before_its_beginning(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, 503)
    post.queue("x1", "x2")
    post.step(1)
    post.step(1)
    assert {id for _, id in post.sent} == {"x1"}
    post.answers.clear()
    post.step(3_000)
    post.step()
    assert [id for _, id in post.sent][-2:] == ["x1", "x2"]


def test_a_receiver_is_asked_again_when_it_said_so(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, 429, "slow down", retry_after_s=100)
    post.queue("x1")
    post.step(1)
    post.step(99)
    assert len(post.sent) == 1
    post.step(20)
    assert len(post.sent) == 2


def test_a_final_answer_is_the_last_attempt(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, 404, "gone", is_final=True)
    post.queue("x1")
    post.step(1)
    post.step(10_000)
    assert len(post.sent) == 1


def test_it_is_given_up_after_a_day(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, None, "refused")
    post.queue("x1")
    for _ in range(40):
        post.step(3_700)
    assert 24 <= len(post.sent) <= 26


def test_a_receiver_that_hangs_holds_up_no_other(post: Post) -> None:
    go_on = threading.Event()

    def hang(message: Message) -> Answer:
        assert go_on.wait(120)
        return Answer(True)

    post.answers["a"] = hang
    post.queue("x1")
    post.queue("y1", to="b")
    post.now_ns += NS
    post.sender.step()
    post.sender._lanes["b"].join(60)
    assert post.sent == [("b", "y1")]
    post.sender.step()
    go_on.set()
    post.settle()
    assert post.sent == [("b", "y1"), ("a", "x1")]


def test_a_receiver_in_trouble_is_left_alone_for_a_while(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, None, "timed out")
    post.queue(*[f"{chr(97 + at)}1" for at in range(20)])
    post.now_ns += NS
    post.sender.step()
    post.sender._lanes["a"].join(60)
    assert len(post.sent) == 1
    assert post.sender._lanes["a"]._rests_until > monotonic()


def test_a_sent_message_that_could_not_be_noted_is_not_sent_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = post.book.tried

    def locked(*_: object) -> None:
        raise StoreUnavailable("locked")

    post.queue("x1")
    monkeypatch.setattr(post.book, "tried", locked)
    post.step(1)
    post.step(1)
    assert post.sent == [("a", "x1")]
    monkeypatch.setattr(post.book, "tried", tried)
    post.step(1)
    post.step(1)
    assert post.sent == [("a", "x1")]
    assert post.book.due(post.now_ns, 1 << 62) == []


def test_an_exception_of_a_receiver_is_an_attempt_that_failed(post: Post) -> None:
    def broken(message: Message) -> Answer:
        raise ValueError("broken")

    post.answers["a"] = broken
    post.queue("x1")
    post.step(1)
    post.answers.clear()
    post.step(10)
    assert post.sent == [("a", "x1")]


def test_a_message_to_a_receiver_that_is_no_more_fails_visibly(post: Post) -> None:
    post.queue("x1", to="gone")
    post.step(1)
    assert post.book.due(post.now_ns, 1 << 62) == []


def test_attempts_of_another_process_count_on(post: Post, tmp_path: Path) -> None:
    post.queue("x1")
    Book(tmp_path / "o.db").tried(AttemptRow("x1", post.now_ns, 1, 503, ""), "waiting", post.now_ns + 5 * NS)
    post.step(1)
    assert post.sent == []
    post.step(5)
    assert post.sent == [("a", "x1")]


def test_many_messages_to_one_that_is_down_do_not_stand_before_those_to_another(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, 503, "later")
    post.queue(*(f"{number:03}" for number in range(300)))
    post.step(1)
    post.queue("mine", to="b")
    post.step(1)
    assert ("b", "mine") in post.sent


def test_a_clock_a_day_ahead_gives_nothing_up(post: Post) -> None:
    post.answers["a"] = lambda message: Answer(False, 503, "later")
    post.queue("x1")
    post.step(1)
    post.now_ns += 30 * 3_600 * NS
    post.step()
    post.answers["a"] = lambda message: Answer(True, 200, "ok")
    post.now_ns -= 30 * 3_600 * NS
    post.book.hurry(post.now_ns)
    post.step()
    assert [state for _, state in states(post)] == ["sent"]


def states(post: Post) -> list[tuple[str, str]]:
    return [(each.message.id, each.message.state) for each in open_store(post.path).read_deliveries(100)]


def test_messages_keep_their_order_though_the_clock_is_set_back(post: Post) -> None:
    row = MessageRow("start", "a", "firing", "f", "it", BODY, post.now_ns)
    post.book.queue([row])
    post.book.queue([row._replace(id="end", event="resolved", created_ns=post.now_ns - 900 * NS)])
    for _ in range(2):
        post.step(1)
    assert [id for _, id in post.sent] == ["start", "end"]


def test_what_another_process_sends_by_now_is_not_sent(post: Post) -> None:
    """One that was suspended goes on where it stood, with messages that its successor has sent."""
    post.sender._owner = "me"
    assert post.book.hold("me", post.now_ns, 10 * NS)
    go_on, first = threading.Event(), threading.Event()

    def hang(message: Message) -> Answer:
        first.set()
        go_on.wait(60)
        return Answer(True, 200, "ok")

    post.answers["a"] = hang
    post.queue("x1", "y1")
    post.now_ns += NS
    post.sender.step()
    first.wait(60)
    assert post.book.hold("other", post.now_ns + 60 * NS, 10 * NS)
    go_on.set()
    post.settle()
    assert post.sent == [("a", "x1")]
    post.sender._owner = "other"
