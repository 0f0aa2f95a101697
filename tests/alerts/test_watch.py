"""The watching thread as a whole: from what a program records to what a receiver gets, through restarts and kills."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from alertmanagers import running_alertmanager
from calls import call, traceback
from receivers import Receiver, Reply, receiving

from obsv.alerts.watch import Watch
from obsv.errors import StoreUnavailable
from obsv.store import Writer
from obsv.store.watching import Book

_PROGRAM = """
import sys, time, pathlib
from obsv.alerts.watch import Watch
watch = Watch(pathlib.Path(sys.argv[1]))
watch.start()
print("ready", flush=True)
time.sleep(600)
"""
RULE = '[[alerts.rule]]\nname = "it"\nkind = "error"\nnotify = ["hook"]\nwindow = "1h"\n'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def db(tmp_path: Path, receiver: Receiver) -> Path:
    hook = f'[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl = "{receiver.url}"\n'
    (tmp_path / "alerts.toml").write_text(hook + RULE)
    path = tmp_path / "o.db"
    Writer(path).open()
    return path


@pytest.fixture
def watch(db: Path) -> Iterator[Watch]:
    watch = Watch(db)
    watch.start()
    until(lambda: watch.is_owner)
    yield watch
    watch.stop()


def until(true: Callable[[], Any], patience_s: float = 120) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def fail(db: Path, number: int = 1) -> None:
    """Record a failed call."""
    writer = Writer(db, busy_timeout_s=10)
    row = call(1, name=f"shop.f{number}", trace=f"{number:032x}", at=time.time_ns(), error=traceback("E", "x"))
    writer.write([row])
    writer.close()


def states(db: Path) -> set[str]:
    book = Book(db)
    try:
        return {alert.state for alert in book.alerts()}
    finally:
        book.close()


def test_an_exception_reaches_a_webhook(watch: Watch, db: Path, receiver: Receiver) -> None:
    fail(db)
    (request,) = receiver.wait(1)
    assert request.json["alerts"][0]["labels"]["process"] == "shop.f1"


def test_the_file_is_read_again_when_it_changes_and_a_wrong_one_changes_nothing(
    watch: Watch, db: Path, receiver: Receiver, caplog: Any
) -> None:
    file = db.parent / "alerts.toml"
    text = file.read_text()
    file.write_text(text + "\nbroken = = 1")
    until(lambda: watch.file.error)
    assert "line" in watch.file.error
    fail(db)
    receiver.wait(1)
    file.write_text(text.replace('"error"', '"feed_lag"').replace("window", "lag"))
    until(lambda: watch.config.rules[0].kind == "feed_lag")
    assert not watch.file.error
    assert receiver.wait(2)[1].json["status"] == "resolved"
    assert "the previous rules stay in force" in caplog.text


def test_a_file_that_appears_later_is_found(tmp_path: Path, receiver: Receiver) -> None:
    watch = Watch(tmp_path / "o.db")
    watch.start()
    until(lambda: watch.file._seen is not None)
    assert not (tmp_path / "o.db").exists()
    hook = f'[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl = "{receiver.url}"\n'
    (tmp_path / "alerts.toml").write_text(hook + RULE)
    until(lambda: watch.is_owner)
    fail(tmp_path / "o.db")
    receiver.wait(1)
    watch.stop()


def test_without_rules_nothing_is_written(tmp_path: Path) -> None:
    Writer(tmp_path / "o.db").open()
    watch = Watch(tmp_path / "o.db")
    for _ in range(3):
        watch._due.clear()
        watch.step()
    assert not watch.is_owner
    watch._end()


def test_of_several_one_evaluates_and_another_takes_over(watch: Watch, db: Path, receiver: Receiver) -> None:
    other = Watch(db)
    other.start()
    until(lambda: other._due.get("lease"))
    assert not other.is_owner
    fail(db, 1)
    receiver.wait(1)
    watch.stop()
    until(lambda: other.is_owner)
    fail(db, 2)
    receiver.wait(2)
    other.stop()
    assert len(receiver.requests) == 2


def test_a_receiver_that_is_down_gets_everything_once_it_is_back(db: Path, receiver: Receiver) -> None:
    receiver.answer = lambda request: Reply(503) if len(receiver.requests) < 2 else Reply(200)
    watch = Watch(db)
    watch.start()
    until(lambda: watch.is_owner)
    for number in range(3):
        fail(db, number)
    requests = receiver.wait(5)
    watch.stop()
    taken = [request.headers["webhook-id"] for request in requests[2:]]
    assert len(taken) == len(set(taken)) == 3


def test_a_killed_evaluator_loses_nothing_and_doubles_nothing(db: Path, receiver: Receiver) -> None:
    """Killed again and again while failures are recorded and the receiver answers half of the time: each alert's
    message is there, and what came twice has the same id."""
    receiver.answer = lambda request: Reply(200 if len(receiver.requests) % 2 else 503)
    count = 0
    for _ in range(4):
        program = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(db)], stdout=subprocess.PIPE, text=True)
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        # What fails before anybody has ever watched is history.
        until(lambda: _is_watched(db))
        for _ in range(5):
            count += 1
            fail(db, count)
        receiver.wait(len(receiver.requests) + 1)
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
        program.stdout.close()
        # The lease of the killed one would run for ten seconds.
        with sqlite3.connect(db) as connection:
            connection.execute("delete from lease")
        connection.close()
    receiver.answer = lambda request: Reply(200)
    watch = Watch(db)
    watch.start()
    until(lambda: len(_delivered(db)) == count, 60)
    watch.stop()
    ids = {request.headers["webhook-id"] for request in receiver.requests}
    assert len(ids) == count
    assert {name for name, _ in _delivered(db).items()} == ids


def _is_watched(db: Path) -> bool:
    book = Book(db)
    try:
        return book.cursor("failed calls") is not None
    finally:
        book.close()


def _delivered(db: Path) -> dict[str, str]:
    connection = sqlite3.connect(db)
    try:
        return dict(connection.execute("select id, state from notification where state = 'sent'").fetchall())
    finally:
        connection.close()


def test_no_secret_is_in_the_store_or_the_log(db: Path, receiver: Receiver, caplog: Any, monkeypatch: Any) -> None:
    secret = "s3cr3t-path-of-a-hook"
    monkeypatch.setenv("HOOK", f"{receiver.url}/{secret}")
    receiver.answer = lambda request: Reply(500, f"cannot post to {request.path}".encode())
    text = (db.parent / "alerts.toml").read_text().replace(f'url = "{receiver.url}"', 'url_env = "HOOK"')
    (db.parent / "alerts.toml").write_text(text)
    watch = Watch(db)
    watch.start()
    until(lambda: watch.is_owner)
    fail(db)
    receiver.wait(1)
    until(lambda: "could not be sent" in caplog.text)
    watch.stop()
    assert secret not in caplog.text
    for file in db.parent.glob("o.db*"):
        assert secret.encode() not in file.read_bytes()


def test_a_heartbeat_is_heard_for_as_long_as_somebody_watches(tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "alerts.toml").write_text(f'[alerts]\nheartbeat_url = "{receiver.url}/beat"\nheartbeat_interval = 1\n')
    Writer(tmp_path / "o.db").open()
    watch = Watch(tmp_path / "o.db")
    watch.start()
    assert {request.path for request in receiver.wait(2)} == {"/beat"}
    watch.stop()


def test_a_heartbeat_is_silent_once_obsv_was_killed(tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "alerts.toml").write_text(f'[alerts]\nheartbeat_url = "{receiver.url}/beat"\nheartbeat_interval = 1\n')
    Writer(tmp_path / "o.db").open()
    program = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(tmp_path / "o.db")], stdout=subprocess.PIPE)
    receiver.wait(2)
    os.kill(program.pid, signal.SIGKILL)
    program.communicate()
    heard = len(receiver.requests)
    time.sleep(2.5)
    # One may have been on its way.
    assert len(receiver.requests) <= heard + 1


def test_a_heartbeat_is_silent_while_rules_cannot_be_evaluated(
    watch: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("planted")

    beats: list[object] = []
    watch.stop()
    monkeypatch.setattr(watch._evaluator, "look", fails)
    monkeypatch.setattr(watch._standing, "step", lambda *given: beats.append(given))
    for _ in range(3):
        watch._due.clear()
        with pytest.raises(StoreUnavailable):
            watch.step()
    assert not beats


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    with running_alertmanager(tmp_path) as address:
        yield address


def test_a_real_alertmanager_shows_what_fires_and_forgets_what_is_over(tmp_path: Path, alertmanager: str) -> None:
    push = f'[[alerts.notify]]\nname = "am"\ntype = "alertmanager"\nurl = "{alertmanager}"\n'
    (tmp_path / "alerts.toml").write_text(push + RULE.replace('"hook"', '"am"').replace('"1h"', '"3s"'))
    db = tmp_path / "o.db"
    Writer(db).open()
    watch = Watch(db)
    watch.start()

    def shown() -> list[Any]:
        found: list[Any] = httpx.get(f"{alertmanager}/api/v2/alerts", timeout=120).json()
        return found

    try:
        until(lambda: watch.is_owner)
        fail(db)
        until(shown, 60)
        assert shown()[0]["labels"]["alertname"] == "it"
        watch._standing._again_at = 0.0
        until(lambda: not shown(), 60)
    finally:
        watch.stop()
