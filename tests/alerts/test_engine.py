"""The whole engine under a moved clock: what receivers have heard in the end is what is true in the end.

Random worlds of values, errors, changed rules, restarts and receivers that are down, against what must hold of any:
each message once by its ID, each alert's beginning before its end, and nothing open at a receiver that is over here.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsv.alerts import parse
from obsv.alerts.evaluator import Evaluator
from obsv.alerts.known import is_open
from obsv.alerts.messages import Message
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig
from obsv.alerts.samples import Sample, labelled
from obsv.alerts.sender import Sender
from obsv.errors import InvalidQuery, StoreError, StoreUnavailable
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import Book

NS, HOUR = 1_000_000_000, 3_600
HEAD = '[[alerts.notify]]\nname = "a"\ntype = "log"\n[[alerts.notify]]\nname = "b"\ntype = "log"\n'
LABELS = ("x", "y\n\x00 ü😀", "")

STEP = st.one_of(
    st.tuples(st.just("values"), st.dictionaries(st.sampled_from(LABELS), st.sampled_from([0.0, 5.0]), max_size=3)),
    st.tuples(st.just("wrong"), st.booleans()),
    st.tuples(st.just("time"), st.sampled_from([15, 15, 15, 60, HOUR, 30 * HOUR, -HOUR, -5 * HOUR, -60])),
    st.tuples(st.just("down"), st.sampled_from(["", "a", "b", "ab"])),
    st.tuples(
        st.just("rule"),
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["it", "it", "it", "other"]),
                "for": st.sampled_from(["0s", "20s"]),
                "keep_firing_for": st.sampled_from(["0s", "20s"]),
                "no_data": st.sampled_from(["ok", "keep", "alert"]),
                "on_error": st.sampled_from(["ok", "keep", "alert"]),
                "severity": st.sampled_from(["page", "info"]),
                "notify": st.sampled_from([["a"], ["b"], ["a", "b"]]),
                "repeat_interval": st.sampled_from(["0s", "1h"]),
            }
        ),
    ),
    st.tuples(st.just("none"), st.none()),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("locked"), st.none()),
    st.tuples(st.just("stolen"), st.none()),
)


class World:
    """A book, an evaluator and a sender whose values, clock and receivers a test sets."""

    def __init__(self, path: Path) -> None:
        self.path, self.now_ns, self.down = path, 1_000_000 * NS, ""
        self.values: dict[str, float] = {}
        self.is_wrong = False
        self.heard: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)
        self.rules = HEAD
        self.book = Book(path, busy_timeout_s=0.01)
        self.begin()

    def begin(self) -> None:
        """Begin as another process would."""
        self.now_ns += NS
        self.owner = f"owner {self.now_ns}"
        assert self.book.hold(self.owner, self.now_ns + 10**6 * NS, NS)
        self.book.hold(self.owner, self.now_ns, NS)
        config = parse(self.rules)
        self.sender = Sender(self.book, config.notifiers, lambda: self.now_ns, self.send, self.owner)
        self.evaluator = Evaluator(open_store(self.path), self.book, self.owner, config)
        self.evaluator.load(self.now_ns)

    def send(self, config: NotifierConfig, message: Message) -> Answer:
        """Take a message, or not."""
        if config.name in self.down:
            return Answer(False, 503, "down")
        self.heard[config.name, message.fingerprint].append(message)
        return Answer(True, 200)

    def measured(self, *_: Any) -> list[Sample]:
        """The samples of the rule."""
        if self.is_wrong:
            raise InvalidQuery("planted")
        return [Sample(labelled({"l": each} if each else {}), value, value > 1) for each, value in self.values.items()]

    def turn(self, after_s: int = 15) -> None:
        """Let time pass, look, and send what is due."""
        self.now_ns += after_s * NS
        if after_s < 0:
            self.book.hurry(self.now_ns)
        self.evaluator.look(self.now_ns)
        self.sender.step()
        for lane in self.sender._lanes.values():
            lane.join(60)
            lane._rests_until = 0.0

    def do(self, what: str, how: Any) -> None:
        """Take a step."""
        if what == "values":
            self.values = how
        elif what == "wrong":
            self.is_wrong = how
        elif what == "down":
            self.down = how
        elif what in ("rule", "none"):
            text = "".join(f"{key} = {str(value) if isinstance(value, list) else repr(value)}\n".replace("'", '"')
                           for key, value in (how or {}).items())  # fmt: skip
            self.rules = HEAD + (f'[[alerts.rule]]\nquery = "q"\nthreshold = 1\n{text}' if how else "")
            self.evaluator.change(parse(self.rules), self.now_ns)
        elif what == "restart":
            self.begin()
        elif what == "locked":
            with self.locked(), suppress(StoreError):
                self.turn()
        elif what == "stolen":
            assert self.book.hold("thief", self.now_ns + 10**6 * NS, NS)
            with suppress(StoreError):
                self.turn(1)
            self.begin()
        self.turn(how if what == "time" else 15)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file's lock as another process may."""
        blocker = Book(self.path)
        with blocker._transaction():
            yield
        blocker.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "o.db"
    writer = Writer(path)
    writer.open()
    writer.close()
    return path


@given(steps=st.lists(STEP, min_size=3, max_size=25))
@settings(max_examples=40)
def test_receivers_have_heard_what_is_true(empty: Path, steps: list[tuple[str, Any]]) -> None:
    path = empty.with_name("world.db")
    for file in empty.parent.glob("world.db*"):
        file.unlink()
    shutil.copy(empty, path)
    with pytest.MonkeyPatch.context() as patch:
        world = World(path)
        patch.setattr("obsv.alerts.measure._MEASURES", {"sql": world.measured})
        try:
            for what, how in steps:
                world.do(what, how)
            world.down = ""
            for _ in range(12):
                world.turn(2 * HOUR)
            check(world)
        finally:
            world.sender.close()
            world.book.close()


def check(world: World) -> None:
    """Compare what was heard with what is so."""
    alerts = {each.fingerprint: each for each in world.book.alerts()}
    remembered = {each.fingerprint: each.state for each in world.evaluator.alerts if is_open(each)}
    assert remembered == {mark: each.state for mark, each in alerts.items() if is_open(each)}
    for (receiver, mark), messages in world.heard.items():
        ids = [each.id for each in messages]
        assert len(set(ids)) == len(ids), "a message came twice"
        is_heard = False
        for each in messages:
            assert is_heard is (each.event != "firing"), (receiver, [each.event for each in messages])
            is_heard = each.event != "resolved"
            assert not each.ends_ns or each.starts_ns <= each.ends_ns
        is_firing = mark in alerts and alerts[mark].state in ("firing", "recovering")
        assert is_heard <= is_firing, (receiver, "is left open", [each.event for each in messages])
    for rule in world.evaluator._rules.values():
        for alert in alerts.values():
            if alert.rule == rule.name and alert.state in ("firing", "recovering"):
                assert any(world.heard[name, alert.fingerprint] for name in ("a", "b")), "nobody was told"


def test_a_receiver_that_is_down_for_an_hour_hears_everything_once(empty: Path, tmp_path: Path) -> None:
    """Meanwhile the evaluator is restarted, and the clock goes ahead by a day and back."""
    shutil.copy(empty, tmp_path / "o.db")
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path / "o.db")
        patch.setattr("obsv.alerts.measure._MEASURES", {"sql": world.measured})
        world.do("rule", {"name": "it", "notify": ["a", "b"], "repeat_interval": "0s"})
        world.down = "a"
        for minute in range(60):
            world.values[f"n{minute}"] = 5.0
            if minute % 10 == 5:
                world.begin()
            world.turn({20: 30 * HOUR, 30: -30 * HOUR}.get(minute, 60))
        assert not any(receiver == "a" for receiver, _ in world.heard)
        world.down = ""
        for _ in range(8):
            world.turn(1_000)
        check(world)
        world.sender.close()
        world.book.close()
    heard = [[each.event for each in messages] for (name, _), messages in world.heard.items() if name == "a"]
    assert heard == [["firing"]] * 60


class Mortal(World):
    """A world whose process dies at a given step: nothing that it does afterwards takes effect."""

    steps_left = 0

    def begin(self) -> None:
        """Begin, with a book that may die before and after each transaction."""
        super().begin()
        for name in ("commit", "tried"):
            plain = getattr(Book, name)
            setattr(
                self.book, name, lambda *given, _plain=plain, **named: self._alive(_plain, self.book, *given, **named)
            )

    def send(self, config: NotifierConfig, message: Message) -> Answer:
        """Take a message before or after the death."""
        return self._alive(super().send, config, message)  # type: ignore[no-any-return]

    def _alive(self, do: Any, *given: Any, **named: Any) -> Any:
        self._step()
        done = do(*given, **named)
        self._step()
        return done

    def _step(self) -> None:
        self.steps_left -= 1
        if self.steps_left < 0:
            raise StoreUnavailable("killed")


@pytest.mark.parametrize("at", range(12))
def test_whoever_is_killed_at_any_step_loses_nothing(empty: Path, tmp_path: Path, at: int) -> None:
    """Between the change of a state, the sending of its message and the note that it was sent."""
    shutil.copy(empty, tmp_path / "o.db")
    with pytest.MonkeyPatch.context() as patch:
        Mortal.steps_left = 1_000
        world = Mortal(tmp_path / "o.db")
        patch.setattr("obsv.alerts.measure._MEASURES", {"sql": world.measured})
        world.do("rule", {"name": "it", "notify": ["a"], "repeat_interval": "0s"})
        world.steps_left = at
        for values in ({"x": 5.0}, {"x": 0.0}):
            world.values = values
            with suppress(StoreError):
                world.turn()
            if world.steps_left < 0:
                world.steps_left = 1_000
                world.begin()
                world.turn()
        world.steps_left = 1_000
        world.turn(2_000)
        world.sender.close()
        world.book.close()
    ((_, messages),) = world.heard.items()
    assert list(dict.fromkeys((each.event, each.id) for each in messages)) == [
        ("firing", messages[0].id), ("resolved", messages[-1].id)
    ]  # fmt: skip
    assert len(messages) <= 3
