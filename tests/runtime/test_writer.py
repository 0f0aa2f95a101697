"""`OBSV_WRITER`: who stores what a program records, tried with whole programs."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from keepers import PATIENCE_S, eventually

from obsv.config import Settings
from obsv.errors import ConfigurationError
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock

PROGRAM = """
import os, sys, threading
import obsv

@obsv.monitor
def price(item, count, **more):
    return {"total": count * 2}

@obsv.monitor
def fail(number):
    raise ValueError(f"no {number}")

@obsv.monitor
def outer(name):
    for number in range(200):
        price("tea", number, color="green")
        if number % 20 == 0:
            try:
                fail(number)
            except ValueError:
                pass
    if name == "killed":
        price("last", 1)
        os.kill(os.getpid(), 9)

"""


def run(db: Path, code: str, mode: str, *, succeeds: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run a program that records into a database."""
    environment = {**os.environ, "OBSV_DB": str(db), "OBSV_WRITER": mode, "OTEL_SERVICE_NAME": "shop"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM + code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode == 0) == succeeds, done.stderr
    return done


def counted(db: Path) -> dict[tuple[str, str], int]:
    """Calls by process and status."""
    connection = sqlite3.connect(db)
    found = connection.execute("select process, status, count(*) from process_trace group by 1, 2").fetchall()
    connection.close()
    return {(process.rpartition(".")[2], status): count for process, status, count in found}


def end_keeper(db: Path) -> None:
    """End the keeper that a program started."""
    holder = Lock(KeeperFiles.of(db)).holder()
    if holder is not None and holder.identity.is_alive():
        os.kill(holder.identity.pid, signal.SIGTERM)
        eventually(lambda: not holder.identity.is_alive())


def rings_of(db: Path) -> list[str]:
    """Rings that are not stored to their end."""
    return [path.name for path in Path(f"{db}.rings").iterdir() if not path.name.startswith("keeper.")]


WHOLE = {("outer", "OK"): 1, ("price", "OK"): 200, ("fail", "ERR"): 10}


@pytest.mark.parametrize("mode", ["process", "thread", "auto"])
def test_all_is_stored_at_the_end(tmp_path: Path, mode: str) -> None:
    """Whoever does it: with values, and nothing is left behind."""
    db = tmp_path / "calls.db"
    done = run(db, "outer('whole')", mode)
    eventually(lambda: rings_of(db) == [])
    end_keeper(db)
    assert counted(db) == WHOLE
    # On a busy machine a keeper process is not there within the second that a program waits for it at its end.
    assert done.stderr == "" or "the keeper of the database will store them" in done.stderr
    connection = sqlite3.connect(db)
    values = connection.execute(
        "select data, data_type, data_value from data_trace where process like '%price' order by ts, data limit 4"
    ).fetchall()
    connection.close()
    assert values == [
        ("color", "INPUT", "'green'"),
        ("count", "INPUT", "0"),
        ("item", "INPUT", "'tea'"),
        ("return", "OUTPUT", "{'total': 0}"),
    ]


def test_killed_program_loses_nothing_and_shows_what_ran(tmp_path: Path) -> None:
    """kill -9 in a call: what had ended is there, what ran failed of the end."""
    db = tmp_path / "calls.db"
    run(db, "outer('killed')", "process", succeeds=False)
    eventually(lambda: rings_of(db) == [])
    end_keeper(db)
    assert counted(db) == {("outer", "ERR"): 1, ("price", "OK"): 201, ("fail", "ERR"): 10}
    connection = sqlite3.connect(db)
    (exception,) = connection.execute("select exception from process_trace where process like '%outer'").fetchone()
    connection.close()
    assert exception.startswith("obsv.ProcessEnded: process ")


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_flush_waits_until_all_is_committed(tmp_path: Path, mode: str) -> None:
    """And `stats` says what became of it."""
    db = tmp_path / "calls.db"
    code = """
outer("whole")
assert obsv.force_flush(60)
import sqlite3
print(sqlite3.connect(os.environ["OBSV_DB"]).execute("select count(*) from span").fetchone()[0])
stats = obsv.stats()
print(stats["recorded"], stats["exported"], stats["errors"], stats["dropped"], stats["depth"])
"""
    done = run(db, code, mode)
    end_keeper(db)
    assert done.stdout == "211\n211 211 10 0 0\n"


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_child_of_a_fork_has_a_ring_of_its_own(tmp_path: Path, mode: str) -> None:
    """Each process's calls are stored once."""
    db = tmp_path / "calls.db"
    code = """
outer("parent")
child = os.fork()
outer("both")
if child == 0:
    obsv.force_flush(60)
    os._exit(0)
os.waitpid(child, 0)
"""
    run(db, code, mode)
    eventually(lambda: rings_of(db) == [])
    end_keeper(db)
    assert counted(db) == {key: 3 * count for key, count in WHOLE.items()}


def test_spans_of_the_sdk_are_stored_too(tmp_path: Path) -> None:
    """Beside monitored calls, and as their children."""
    db = tmp_path / "calls.db"
    code = """
from opentelemetry import trace
outer("first")
with trace.get_tracer("other").start_as_current_span("GET /", attributes={"n": 1}):
    price("tea", 1)
"""
    run(db, code, "process")
    eventually(lambda: rings_of(db) == [])
    end_keeper(db)
    assert counted(db) == {**WHOLE, ("price", "OK"): 201, ("GET /", "OK"): 1}


def test_writer_is_one_of_three() -> None:
    """The message names them."""
    with pytest.raises(ConfigurationError, match='"auto", "process" or "thread"'):
        Settings(writer="keeper")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_a_secret_result_is_in_no_file(tmp_path: Path, mode: str) -> None:
    """The result of a function with a secret name is masked before it is in a record."""
    db = tmp_path / "obsv.db"
    code = """
@obsv.monitor
def get_password():
    return "hunter2"

get_password()
rings = os.environ["OBSV_DB"] + ".rings"
assert not any(
    b"hunter2" in open(os.path.join(at, name), "rb").read()
    for at, _, names in os.walk(rings) for name in names if name.startswith("calls.") and at != rings
)
assert obsv.force_flush(60)
"""
    run(db, code, mode)
    (row,) = sqlite3.connect(db).execute("select data_value from data_trace where process like '%get_password'")
    assert row == ("***",)


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_a_store_that_cannot_be_written_is_named_by_the_program(tmp_path: Path, mode: str) -> None:
    """The program repeats the keeper's messages once, because nobody reads its log."""
    db = tmp_path / "calls.db"
    db.write_bytes(b"not a database at all, but a text" * 100)
    code = """
outer("whole")
while obsv.stats()["reason"] is None:
    assert not obsv.force_flush(0.1)
stats = obsv.stats()
print(stats["state"], str(os.environ["OBSV_DB"]) in stats["reason"])
"""
    done = run(db, code, mode)
    end_keeper(db)
    assert done.stdout == "CIRCUIT OPEN True\n"
    (line,) = [line for line in done.stderr.splitlines() if "stored later" in line]
    assert str(db) in line
    assert "Traceback" not in done.stderr
    assert "calls are not stored yet" in done.stderr


def test_a_store_that_can_be_written_again_is_said(tmp_path: Path) -> None:
    """The episode has an end, and everything is there."""
    db = tmp_path / "calls.db"
    run(db, "outer('first')", "process")
    eventually(lambda: rings_of(db) == [])
    code = """
import sqlite3
locker = sqlite3.connect(os.environ["OBSV_DB"], isolation_level=None)
locker.execute("begin immediate")
outer("second")
while obsv.force_flush(0.1) or obsv.stats()["reason"] is None:
    pass
locker.execute("rollback")
assert obsv.force_flush(60)
while obsv.stats()["reason"]:
    pass
outer("third")
assert obsv.force_flush(60)
"""
    done = run(db, code, "process")
    eventually(lambda: rings_of(db) == [])
    end_keeper(db)
    assert done.stderr.count("is locked by another program") == 1
    assert done.stderr.count("can be written again") <= 1
    assert counted(db) == {key: 3 * count for key, count in WHOLE.items()}
