"""The keeper of a server."""

import threading

import pytest
from keepers import PATIENCE_S, eventually, keeper_pid
from recorded import Program

from obsv.keeper import Options, ensure
from obsv.keeper.files import KeeperFiles
from obsv.keeper.hosted import HostedKeeper
from obsv.keeper.lock import Lock
from obsv.store import Writer


@pytest.fixture
def hosted(files: KeeperFiles) -> HostedKeeper:
    return HostedKeeper(files.db, Options(), Writer(files.db))


def test_server_stores_what_programs_record(files: KeeperFiles, hosted: HostedKeeper) -> None:
    """From the moment there is something, until it stops."""
    program = Program(files.rings)
    function = program.function("shop.price")
    program.call(function)
    hosted.start()
    eventually(lambda: program.ring.about.stored == 1)
    holder = Lock(files).holder()
    assert holder is not None
    assert holder.role == "serve"
    program.call(function)
    hosted.stop()
    assert program.ring.about.stored == 2
    assert Lock(files).is_free()


def test_server_takes_over_from_a_started_keeper(files: KeeperFiles, hosted: HostedKeeper) -> None:
    """And a program that asks afterwards finds the server's."""
    import os

    ensure(files.db, Options(idle_s=PATIENCE_S))
    assert keeper_pid(files) != os.getpid()
    hosted.start()
    eventually(lambda: keeper_pid(files) == os.getpid())
    assert ensure(files.db, Options()).by == "process"
    hosted.stop()


def test_second_server_waits(files: KeeperFiles, hosted: HostedKeeper) -> None:
    """It takes over when the first has gone."""
    second = HostedKeeper(files.db, Options(), Writer(files.db))
    hosted.start()
    eventually(lambda: not Lock(files).is_free())
    second.start()
    program = Program(files.rings)
    program.call(program.function("shop.price"))
    eventually(lambda: program.ring.about.stored == 1)
    hosted.stop()
    eventually(lambda: not Lock(files).is_free())
    second.stop()
    assert Lock(files).is_free()


def test_server_without_a_database_leaves_no_trace(tmp_path) -> None:
    """Nor does one that was never started."""
    hosted = HostedKeeper(tmp_path / "none.db", Options(), Writer(tmp_path / "none.db"))
    hosted.stop()
    hosted = HostedKeeper(tmp_path / "none.db", Options(), Writer(tmp_path / "none.db"))
    hosted.start()
    hosted.stop()
    assert list(tmp_path.iterdir()) == []
    assert not any(thread.name == "obsv-keeper" for thread in threading.enumerate())
