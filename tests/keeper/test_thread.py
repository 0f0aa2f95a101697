"""The keeper as a thread of the program."""

import importlib.util
import os
import subprocess
import sys

import pytest
from keepers import PATIENCE_S, eventually
from recorded import Program

from obsv.keeper import Kept, Options, ensure, keep_in_memory, leave, presence
from obsv.keeper.files import KeeperFiles
from obsv.keeper.launch import CannotStart
from obsv.keeper.lock import Lock, LockUnsupported
from obsv.store import Reader


def _no_process(*_: object) -> None:
    raise CannotStart("a test forbids it")


def test_thread_keeps_until_it_is_told_to_leave(files: KeeperFiles) -> None:
    """As one keeper among all: it has the lock."""
    assert ensure(files.db, Options("thread")) == Kept("thread")
    assert ensure(files.db, Options("thread")) == Kept("thread")
    holder = Lock(files).holder()
    assert holder is not None
    assert holder.role == "thread"
    assert not Lock(files).is_free()
    assert leave(PATIENCE_S)
    assert Lock(files).is_free()


def test_thread_comes_where_no_process_can(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And one line says why."""
    monkeypatch.setattr(presence, "launch", _no_process)
    assert ensure(files.db, Options("auto")) == Kept("thread", "a test forbids it")
    assert leave(PATIENCE_S)
    assert [record.message for record in caplog.records] == [
        "A thread of this program stores its calls, because no keeper process can: a test forbids it."
    ]


def test_program_that_wants_a_process_gets_no_thread(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It records; the line says what to do."""
    monkeypatch.setattr(presence, "launch", _no_process)
    assert ensure(files.db, Options("process")) == Kept("nobody", "a test forbids it")
    assert ensure(files.db, Options("process")) == Kept("nobody", "a test forbids it")
    assert len(caplog.records) == 1
    assert "obsv keeper" in caplog.text


def test_processes_that_end_at_once_are_not_started_for_ever(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the third, a thread takes over."""
    started: list[object] = []
    monkeypatch.setattr(presence, "launch", lambda *_: started.append(1))
    monkeypatch.setattr(presence, "_STARTING_S", 0.0)
    found = [ensure(files.db, Options("auto")).by for _ in range(5)]
    assert found == ["process", "process", "process", "thread", "thread"]
    assert len(started) == 3


def test_where_there_are_no_locks_each_program_keeps_its_own(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system: a line says so, and calls are stored all the same."""

    def no_locks(*_: object, **__: object) -> bool:
        raise LockUnsupported("the file system has no file locks")

    monkeypatch.setattr("obsv.keeper.lock._lock", no_locks)
    kept = ensure(files.db, Options("auto"))
    assert kept.by == "thread"
    assert leave(PATIENCE_S)


def test_child_of_a_fork_neither_has_the_thread_nor_the_lock(files: KeeperFiles) -> None:
    """It asks for itself, and finds the parent's thread at work."""
    code = """
import os, sys
from obsv.keeper import *
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock
ensure(sys.argv[1], Options("thread"))
child = os.fork()
if child == 0:
    kept, holder = ensure(sys.argv[1], Options("thread")), Lock(KeeperFiles.of(sys.argv[1])).holder()
    os._exit(0 if kept.by == "thread" and holder.identity.pid == os.getppid() else 1)
assert os.waitpid(child, 0)[1] == 0
leave(60)
assert Lock(KeeperFiles.of(sys.argv[1])).is_free()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, files.db], check=True, timeout=PATIENCE_S)


GREEN = """
import sys
{patch}
import threading, time
from obsv.keeper import *
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock
{late}
kept = ensure(sys.argv[1], Options(sys.argv[2], 60))
ticks = []
def tick():
    for _ in range(20):
        ticks.append(time.monotonic()); time.sleep(0.001)
green = threading.Thread(target=tick); green.start(); green.join()
assert len(ticks) == 20
print(kept.by, leave(60), flush=True)
"""
PATCHES = {
    "gevent": "import gevent.monkey; gevent.monkey.patch_all()",
    "eventlet": "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()",
}


@pytest.mark.parametrize("mode", ["thread", "process"])
@pytest.mark.parametrize("when", ["patch", "late"])
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_green_threads_neither_wait_nor_are_waited_for(files: KeeperFiles, library: str, when: str, mode: str) -> None:
    """Patched before or after obsv is imported: a thread is one of the system, and the hub goes on."""
    if importlib.util.find_spec(library) is None:  # not imported: its hooks would act at the forks of later tests
        pytest.skip(f"{library} is not installed")
    code = GREEN.format(**{"patch": "", "late": "", when: PATCHES[library]})
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, files.db, mode],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stdout == f"{mode} True\n", done.stderr
    if mode == "process":
        eventually(lambda: not Lock(files).is_free())
    else:
        assert Lock(files).is_free()


IMPORTS = """
import sys
from obsv.own_threads import get_ident
main, elsewhere = get_ident(), []
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if get_ident() != main:
            elsewhere.append(name)
sys.meta_path.insert(0, Finder)
import obsv

@obsv.monitor
def share(part, whole):
    return part / whole

share(1, 2)
try:
    share(1, 0)
except ZeroDivisionError:
    pass
assert obsv.force_flush(60)
print(elsewhere)
"""


def test_thread_imports_nothing(files: KeeperFiles) -> None:
    """An import must not go on while gevent replaces what its lock is held by, or at a fork."""
    own = {"OBSV_DB": files.db, "OBSV_WRITER": "thread"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_thread_that_cannot_be_prepared(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The program goes on, a line says why, and another keeper can have the lock."""

    def broken(*_: object) -> object:
        raise ImportError("no module named sqlite3")

    monkeypatch.setattr(presence, "_work", broken)
    assert ensure(files.db, Options("thread")).by == "nobody"
    assert "no module named sqlite3" in caplog.text
    assert Lock(files).is_free()


def test_memory_is_stored_by_a_thread(files: KeeperFiles) -> None:
    """Without files, a thread stores the ring in memory completely by the end of the program."""
    program = Program(None)
    function = program.function("shop.price")
    for _ in range(3_000):
        program.call(function, ("x" * 300,))
    program.fail(function, ValueError("x"))
    assert keep_in_memory(files.db, Options("thread"), program.ring).by == "thread"
    eventually(lambda: program.ring.about.calls_position == program.ring.calls.position)
    assert program.ring.about.keeper_pid == os.getpid()
    program.begin(function)
    program.call(function)
    program.ring.close()
    assert leave(PATIENCE_S)
    reader = Reader(files.db)
    found = reader.query("select status, count(*) from process_trace group by 1 order by 1")
    assert [tuple(row) for row in found] == [("ERR", 2), ("OK", 3_001)]
    assert reader.query("select count(*) from ring")[0][0] == 0
    reader.close()
