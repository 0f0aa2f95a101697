"""The lock between a writer and whoever forks."""

from __future__ import annotations

import threading
import time

from obsv.store.file.forks import ForkLock


def test_a_fork_comes_next() -> None:
    """However soon a busy writer wants the lock again, a fork that waits has it first."""
    lock = ForkLock()
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def write() -> None:
        with lock:
            inside.set()
            leave.wait()
            order.append("write")
        with lock:
            order.append("write")

    def fork() -> None:
        assert lock.hold(60)
        order.append("fork")
        lock.let_go()

    writer, forker = threading.Thread(target=write), threading.Thread(target=fork)
    writer.start()
    inside.wait()
    forker.start()
    while not lock._gate.locked():
        time.sleep(0.001)
    leave.set()
    writer.join()
    forker.join()
    assert order == ["write", "fork", "write"]


def test_a_writer_that_hangs_does_not_keep_a_program_from_forking() -> None:
    """The fork goes on without the lock, and later ones get it."""
    lock = ForkLock()
    with lock:
        assert not lock.hold(0.01)
    with lock:
        pass
    assert lock.hold(0)
    lock.let_go()
