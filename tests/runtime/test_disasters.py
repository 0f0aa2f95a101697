"""When the database or the process fails: the program runs on, and errors are kept."""

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from obsv.keeper.looking import pending
from tests.runtime.conftest import TIMEOUT_S, Program

resource = pytest.importorskip("resource", reason="signals and limits of POSIX")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

LOAD = """
    import sys, time, obsv

    @obsv.monitor
    def work(number, stamp_ns):
        if number % 100 == 0:
            raise ValueError(number)
        return number

    number = 0
    while True:
        for _ in range(50):
            number += 1
            try:
                work(number, time.time_ns())
            except ValueError:
                pass
        # What had been called, and when, as seen by somebody who survives.
        sys.stdout.write(f"{number} {time.time_ns()}\\n")
        sys.stdout.flush()
        time.sleep(0.002)
"""


def test_killed_program_loses_nothing(program: Program) -> None:
    """kill -9 under load: the file is whole, and every call that had ended is in it."""
    process = program.start(LOAD)
    assert process.stdout is not None
    for _ in range(400):
        last = process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=TIMEOUT_S)
    complete = [line for line in (last + rest).splitlines() if line.count(" ") == 1]
    called = int(complete[-1].split()[0])

    stored = program.query(
        "select json_extract(data, '$[0]') from span s join process p on p.id = s.process_id where p.name like '%work'"
    )
    assert called > 10_000
    assert {str(number) for number in range(1, called + 1)} <= {number for (number,) in stored}
    assert len(stored) == len(set(stored))
    assert program.query("pragma integrity_check") == [("ok",)]


def test_locked_database(program: Program) -> None:
    """While another process holds the write lock the program runs on; afterwards every call is there."""
    program.run("import obsv\nobsv.monitor(lambda: 0)()")
    program.end_keeper()
    locker = sqlite3.connect(program.db, isolation_level=None)
    locker.execute("begin immediate")
    process = program.start(
        """
        import obsv
        obsv.configure(busy_timeout_s=0.05)
        def work(n):
            if n % 10 == 0: raise ValueError(n)
        work = obsv.monitor(work)
        for n in range(5_000):
            try: work(n)
            except ValueError: pass
        while obsv.stats()["state"] != "CIRCUIT OPEN":
            assert not obsv.force_flush(0.1)
        print("locked", flush=True)
        input()
        assert obsv.force_flush(100), obsv.stats()
        assert obsv.stats()["dropped"] == 0
        """
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    locker.execute("rollback")
    _, err = process.communicate("\n", timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    assert err.count("is locked by another program") == 1
    assert "Traceback" not in err
    assert program.count("process like '%work'") == 5_000
    assert program.count("status = 'ERR'") == 500


def test_program_that_ends_while_the_database_is_locked(program: Program) -> None:
    """Unwritten calls wait beside the database and are stored once; the program prints one line."""
    program.run("import obsv\nobsv.monitor(lambda: 0)()")
    program.end_keeper()
    locker = sqlite3.connect(program.db, isolation_level=None)
    locker.execute("begin immediate")
    err = program.run(
        """
        import obsv
        obsv.configure(busy_timeout_s=0.05)
        def work(n):
            if n % 2: raise ValueError(n)
        work = obsv.monitor(work)
        for n in range(100):
            try: work(n)
            except ValueError: pass
        while obsv.stats()["state"] != "CIRCUIT OPEN":
            obsv.force_flush(0.1)
        """
    ).stderr
    assert err.count("About 100 calls are not stored yet") == 1
    assert len(err.splitlines()) == 2
    locker.execute("rollback")
    assert program.count("process like '%work'") == 100
    assert program.count("status = 'ERR'") == 50
    assert program.query("select sum(errors) from process_minute where minute > 0") == [(50,)]


def test_program_that_ends_far_ahead_of_its_store(program: Program) -> None:
    """The end waits for a moment, not for all that is to be stored: the keeper stores the rest, each call once."""
    process = program.start(
        """
        import os, signal, time, obsv
        def work(n):
            if n % 100 == 0: raise ValueError(n)
        work = obsv.monitor(work)
        work(1)
        assert obsv.force_flush(100)
        os.kill(obsv.stats()["keeper"], signal.SIGSTOP)
        for n in range(1, 10_000):
            try: work(n)
            except ValueError: pass
        print(obsv.stats()["keeper"], flush=True)
        """
    )
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    assert err.count("calls are not stored yet") == 1
    assert program.query_now("select count(*) from span") == [(1,)]
    os.kill(int(out), signal.SIGCONT)
    assert program.count("process like '%work'") == 10_000
    assert program.query("select count(distinct span_id) from process_trace where process like '%work'") == [(10_000,)]
    rolled_up = "select sum(count), sum(errors) from process_minute m join process p on p.id = m.process_id"
    assert program.query(f"{rolled_up} where minute > 0 and name like '%work'") == [(10_000, 99)]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"not a database at all, but a text" * 100, "not"), (b"SQLite format 3\0" + bytes(4080), "")],
    ids=["text", "corrupt"],
)
def test_foreign_file_at_the_path(program: Program, content: bytes, words: str) -> None:
    """A file that is no store is left as it is; one line says what to do, errors are kept beside it."""
    program.db.write_bytes(content)
    result = program.run(
        """
        import logging, obsv
        logging.basicConfig(format="%(levelname)s %(message)s")
        def work(n):
            if n % 2: raise ValueError(n)
            return n
        work = obsv.monitor(work)
        for n in range(100):
            try: assert work(n) == n
            except ValueError: pass
        while obsv.stats()["reason"] is None:
            obsv.force_flush(0.1)
        """
    )
    assert program.db.read_bytes() == content
    assert str(program.db) in result.stderr
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 2, result.stderr
    assert pending(program.db).calls == 100


def test_store_of_a_newer_version(program: Program) -> None:
    """A store that a newer obsv wrote is not touched, and the message says so."""
    program.run("import obsv\nobsv.monitor(lambda: 0)()")
    program.end_keeper()
    connection = sqlite3.connect(program.db)
    connection.execute("pragma user_version = 999")
    connection.close()
    result = program.run(
        "import obsv\nobsv.monitor(lambda: 0)()\nwhile obsv.stats()['reason'] is None: obsv.force_flush(0.1)"
    )
    assert "newer" in result.stderr
    assert program.query_now("select count(*) from span") == [(1,)]


def test_read_only_directory(program: Program) -> None:
    """If nothing can be written, the program continues and logs why nothing is recorded."""
    if os.geteuid() == 0:
        target = "/proc/obsv-cannot/store.db"
    else:
        program.directory.chmod(0o500)
        target = str(program.directory / "sub" / "store.db")
    source = "import obsv\nf = obsv.monitor(lambda: 1)\nassert f() == 1\nobsv.force_flush(1)"
    result = program.run(source, OBSV_DB=target)
    assert target.rsplit("/", 1)[0] in result.stderr


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of other processes are Linux's")
def test_full_disk(program: Program) -> None:
    """When the store may not grow any more, the program runs on; with room again, every call is there."""
    process = program.start(
        """
        import obsv
        def work(n):
            if n % 10 == 0: raise ValueError(n)
        work = obsv.monitor(work)
        work(1)
        assert obsv.force_flush(100)
        print(obsv.stats()["keeper"], flush=True)
        input()
        for n in range(1, 20_000):
            try: work(n)
            except ValueError: pass
        while obsv.stats()["state"] != "CIRCUIT OPEN":
            assert not obsv.force_flush(0.1)
        print("full", flush=True)
        input()
        assert obsv.force_flush(100), obsv.stats()
        print(obsv.stats()["dropped"])
        """
    )
    assert process.stdin is not None
    assert process.stdout is not None
    keeper = int(process.stdout.readline())
    soft, hard = resource.prlimit(keeper, resource.RLIMIT_FSIZE)
    # Every file that the keeper writes ends at 400 kB, as on a disk that is full.
    resource.prlimit(keeper, resource.RLIMIT_FSIZE, (400_000, hard))
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "full\n"
    resource.prlimit(keeper, resource.RLIMIT_FSIZE, (soft, hard))
    out, err = process.communicate("\n", timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    assert err.count("stored later") == 1
    assert out.strip() == "0"
    assert program.count("process like '%work'") == 20_000
    assert program.count("status = 'ERR'") == 1_999


def test_program_is_told_of_a_lost_database(program: Program) -> None:
    """Somebody empties the database while it is written: the program's own log says so, once."""
    process = program.start(
        """
        import obsv
        @obsv.monitor
        def work(n): return n
        for n in range(100): work(n)
        assert obsv.force_flush(100)
        print("stored", flush=True)
        input()
        while not obsv.stats()["lost"]:
            work(0)
            obsv.force_flush(1)
        for n in range(100): work(n)
        assert obsv.force_flush(100)
        """
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "stored\n"
    program.db.write_bytes(b"")
    _, err = process.communicate("\n", timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    assert err.count("100 calls stored before are lost") == 1


def test_error_is_on_disk_at_once(program: Program) -> None:
    """An error does not wait for a batch: it is in the store while the program sleeps."""
    process = program.start(
        """
        import obsv
        def work(): raise ValueError("now")
        work = obsv.monitor(work)
        try: work()
        except ValueError: pass
        print("failed", flush=True)
        input()
        """
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not _has_error(program.db) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert _has_error(program.db)
    finally:
        process.kill()
        process.communicate()


def _has_error(db: Path) -> bool:
    try:
        connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
        return bool(connection.execute("select count(*) from process_trace where status = 'ERR'").fetchone()[0])
    except sqlite3.OperationalError:
        return False


def test_interrupted_program_keeps_its_calls(program: Program) -> None:
    """Ctrl-C ends the program as always, and its calls are written."""
    process = program.start(LOAD)
    assert process.stdout is not None
    for _ in range(20):
        last = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode in (-signal.SIGINT, 130)
    assert "KeyboardInterrupt" in err
    called = max(int(line.split()[0]) for line in (last + rest).splitlines())
    assert program.count() >= called
