"""The keeper's loop, with work defined by the test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import ask_to_leave, is_asked_to_leave
from obsv.keeper.lock import Lock
from obsv.keeper.loop import Leaving, Loop
from obsv.process_identity import own_identity


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Does what it is told, a step after the other."""

    def __init__(self, clock: Clock, steps: "list[Callable[[], bool]]", needed_until: float = 0.0) -> None:
        self.clock, self.steps, self.needed_until = clock, steps, needed_until
        self.waits: list[float | None] = []
        self.is_closed = False

    def step(self) -> bool:
        return self.steps.pop(0)() if self.steps else False

    def wait(self, timeout_s: float | None = None) -> None:
        self.waits.append(timeout_s)
        self.clock.now += 0.05 if timeout_s is None else timeout_s

    def wake(self) -> None:
        self.waits.append(0.0)

    def is_needed(self) -> bool:
        return self.clock.now < self.needed_until

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def lock(files: KeeperFiles) -> Lock:
    lock = Lock(files)
    assert lock.take("process", "1.0")
    return lock


def test_work_comes_before_waiting(files: KeeperFiles, lock: Lock) -> None:
    """As long as there is more, nobody waits."""
    clock, leaving = Clock(), Leaving()
    waits: list[int] = []
    work = Work(clock, [])
    work.steps = [lambda: waits.append(len(work.waits)) is None] * 3 + [lambda: bool(leaving.tell("enough"))]
    Loop(files, lock, leaving, None, clock).run(work)
    assert waits == [0, 0, 0]
    assert work.is_closed


def test_idle_keeper_leaves(files: KeeperFiles, lock: Lock) -> None:
    """So long after the last program that recorded."""
    clock, leaving = Clock(), Leaving()
    work = Work(clock, [], needed_until=100.0)
    Loop(files, lock, leaving, 5.0, clock).run(work)
    assert leaving.reason == "no program is recording"
    assert 104.0 < clock.now < 106.0


def test_keeper_of_a_busy_database_stays(files: KeeperFiles, lock: Lock) -> None:
    """Also when nothing new comes, while something waits."""
    clock, leaving = Clock(), Leaving()
    work = Work(clock, [], needed_until=1e9)
    work.steps = [lambda: False] * 500 + [lambda: bool(leaving.tell("enough"))]
    Loop(files, lock, leaving, 5.0, clock).run(work)
    assert clock.now > 20.0
    assert leaving.reason == "enough"


def test_step_that_fails_is_said_once_and_tried_again(
    files: KeeperFiles, lock: Lock, caplog: pytest.LogCaptureFixture
) -> None:
    """With a pause, so that it keeps no processor busy."""

    def fail() -> bool:
        raise ValueError("no")

    clock, leaving = Clock(), Leaving()
    work = Work(clock, [fail, fail, fail, lambda: bool(leaving.tell("enough"))])
    Loop(files, lock, leaving, None, clock).run(work)
    assert work.waits[:3] == [1.0, 1.0, 1.0]
    assert [record.message for record in caplog.records] == ["The keeper stumbled, and goes on: no"]


def test_keeper_whose_lock_is_gone_stores_nothing_more(files: KeeperFiles, lock: Lock) -> None:
    """Another may be at work: it must not even finish."""
    clock, leaving = Clock(), Leaving()
    work = Work(clock, [lambda: bool(lock.release())])
    Loop(files, lock, leaving, None, clock).run(work)
    assert leaving.reason is not None
    assert "lock" in leaving.reason
    assert not work.is_closed


def test_keeper_that_is_asked_to_leave_does(files: KeeperFiles, lock: Lock) -> None:
    """The request is taken away, so that it does not hit the next."""
    clock, leaving = Clock(), Leaving()
    work = Work(clock, [lambda: bool(ask_to_leave(files, own_identity()))])
    Loop(files, lock, leaving, None, clock).run(work)
    assert leaving.reason is not None
    assert "newer version" in leaving.reason
    assert not is_asked_to_leave(files, own_identity())


def test_keeper_that_is_asked_before_its_loop_leaves(files: KeeperFiles, lock: Lock) -> None:
    """Everybody can ask it from the moment it has the lock."""
    clock, leaving = Clock(), Leaving()
    ask_to_leave(files, own_identity())
    Loop(files, lock, leaving, None, clock).run(Work(clock, [lambda: True]))
    assert leaving.reason is not None
    assert "newer version" in leaving.reason


@pytest.mark.parametrize("text", [None, b"", b"\xff" * 10_000])
def test_request_to_another_keeper_is_not_ours(files: KeeperFiles, lock: Lock, text: "bytes | None") -> None:
    """One before it that ended without reading it, or a damaged one."""
    ask_to_leave(files, own_identity()._replace(start=1))
    if text is not None:
        Path(files.leave).write_bytes(text)
    clock, leaving = Clock(), Leaving()
    Loop(files, lock, leaving, 5.0, clock).run(Work(clock, []))
    assert leaving.reason == "no program is recording"


def test_telling_ends_the_wait() -> None:
    """The first reason counts."""
    woken: list[str] = []
    leaving = Leaving()
    leaving.then(lambda: woken.append("woken"))
    leaving.tell("first")
    leaving.tell("second")
    assert leaving.reason == "first"
    assert woken == ["woken", "woken"]
