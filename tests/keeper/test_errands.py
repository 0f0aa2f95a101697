"""A keeper archives in a child process, by what its programs wish."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from archive_rows import HOUR_NS, row
from keepers import eventually

from obsv.archive import archive_due, open_target
from obsv.config import settings_from
from obsv.keeper.adopting import adopt, adopt_limits
from obsv.keeper.errands import ARCHIVE, Errand, Errands
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import LockUnsupported
from obsv.keeper.wishes import leave_wishes, read_wishes
from obsv.store import Writer
from obsv.store.figures import ArchiveState
from obsv.store.seam import open_store
from obsv.store.writing import ArchiveBook

_PROGRAM = """
import sys, obsv
obsv.configure(db=sys.argv[1], archive=sys.argv[2], archive_retention="90d")
@obsv.monitor
def price(): ...
price()
obsv.force_flush(120)
print("recorded", flush=True)
sys.stdin.read()
"""
_DAY_NS = 24 * HOUR_NS


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Thirty calls of yesterday."""
    begin_ns = (time.time_ns() - _DAY_NS) // HOUR_NS * HOUR_NS
    with closing(Writer(tmp_path / "o.db")) as writer:
        writer.write([row(number, number, begin_ns) for number in range(1, 31)])
    return tmp_path / "o.db"


def state_of(db: Path) -> ArchiveState | None:
    with closing(open_store(db)) as store:
        return store.read_archive()


def archived(db: Path) -> int:
    state = state_of(db)
    return state.calls if state else 0


def test_a_programs_keeper_archives(db: Path, tmp_path: Path) -> None:
    """Without a command; retention then deletes what is archived, and what is younger stays."""
    arguments = [sys.executable, "-c", _PROGRAM, str(db), str(tmp_path / "archive")]
    program = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "recorded\n"
        eventually(lambda: archived(db) == 30)
        with closing(open_store(db)) as store:
            eventually(lambda: store.run_sql("select count(*) from process_trace").rows == [(1,)])
    finally:
        program.communicate()
    state = state_of(db)
    assert state is not None
    assert (state.url, state.keep_ns) == ((tmp_path / "archive").as_uri(), 90 * _DAY_NS)
    assert len(list(open_target(str(tmp_path / "archive")).names("calls/v1"))) == state.parts
    assert read_wishes(KeeperFiles.of(db)) == {}


def test_a_target_that_is_away_is_noted_and_tried_again(db: Path, tmp_path: Path) -> None:
    """Since when and why; everything stays in the database until it is back."""
    place = tmp_path / "archive"
    place.write_text("a file where the directory should be")
    with closing(ArchiveBook(db)) as book:
        book.open(place.as_uri(), 1)
    errands = Errands(db, [ARCHIVE._replace(again_s=0.1, pause_s=0.1)], look_s=0.05)
    errands.start()
    try:
        eventually(lambda: (state := state_of(db)) and state.failing_ns)
        state = state_of(db)
        assert state is not None
        assert "not available" in state.failure
        assert state.calls == 0
        place.unlink()
        eventually(lambda: archived(db) == 30 and (found := state_of(db)) and found.failing_ns is None)
    finally:
        errands.stop()


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    """Also if that is killed."""
    module = tmp_path / "endless_errand.py"
    module.write_text(
        "import os, time\ndef main(db):\n open(db + '.pid', 'w').write(str(os.getpid()))\n time.sleep(600)\n"
    )
    code = (
        "import sys, time; sys.path.append(sys.argv[2])\n"
        "from obsv.keeper.errands import Errand, Errands\n"
        "Errands(sys.argv[1], [Errand('it', 'endless_errand', lambda files: True, 1, 1)], 0.05).start()\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "o.db"), str(tmp_path)])
    noted = tmp_path / "o.db.pid"
    eventually(lambda: noted.exists() and noted.read_text())
    parent.kill()
    parent.wait()
    eventually(lambda: not _runs(int(noted.read_text())))


def test_of_two_processes_one_runs_an_errand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keeper beside a server, or two servers: the other one waits until it can run it."""
    (tmp_path / "noting_errand.py").write_text(
        "import time\ndef main(db):\n open(db + '.runs', 'a').write('run\\n')\n time.sleep(600)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    noted, asked = tmp_path / "o.db.runs", []

    def runs() -> int:
        return noted.read_text().count("run") if noted.exists() else 0

    it = Errand("it", "noting_errand", lambda files: True, 0.01, 0.01)
    first = Errands(tmp_path / "o.db", [it], look_s=0.01)
    second = Errands(tmp_path / "o.db", [it._replace(asks=lambda files: asked.append(1) or True)], look_s=0.01)
    first.start()
    try:
        eventually(lambda: runs() == 1)
        second.start()
        eventually(lambda: len(asked) > 3 or runs() > 1)
        assert runs() == 1
        first.stop()
        eventually(lambda: runs() == 2)
    finally:
        first.stop()
        second.stop()


def test_an_errand_that_cannot_be_locked_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says why, once, and is run where a file system has no locks at all."""
    (tmp_path / "noting_errand.py").write_text("def main(db):\n open(db + '.runs', 'a').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "o.db.rings").write_text("a file where the directory should be")
    asked: list[object] = []
    it = Errand("it", "noting_errand", lambda files: asked.append(1) or True, 0.01, 0.01)
    errands = Errands(tmp_path / "o.db", [it], look_s=0.01)
    errands.start()
    try:
        eventually(lambda: len(asked) > 3)
        (message,) = caplog.messages
        assert "cannot be locked, and waits" in message
        assert not (tmp_path / "o.db.runs").exists()
        monkeypatch.setattr(KeeperFiles, "make", _no_locks)
        eventually(lambda: (tmp_path / "o.db.runs").exists())
    finally:
        errands.stop()


def _no_locks(files: KeeperFiles) -> None:
    raise LockUnsupported("here")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Of a child nobody waits for, the entry stays.
    return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()


def test_nothing_is_started_without_an_archive(db: Path) -> None:
    """The check costs a keeper nothing but a look into its database."""
    looked: list[object] = []

    def asks(files: KeeperFiles) -> object:
        looked.append(ARCHIVE.asks(files))
        return looked[-1]

    errands = Errands(db, [Errand("it", "no_such_module", asks, 0.01, 0.01)], look_s=0.01)
    errands.start()
    eventually(lambda: len(looked) > 3)
    errands.stop()
    assert set(looked) == {None}


def test_wishes_wait_until_they_are_taken(tmp_path: Path) -> None:
    """A wish that has changed meanwhile stays; what is no file of ours is none."""
    files = KeeperFiles.of(tmp_path / "o.db")
    files.make()
    leave_wishes(files, {"archive": "file:///a", "archive_retention_ns": 1})
    leave_wishes(files, {"archive": "file:///b"})
    assert read_wishes(files) == {"archive": "file:///b", "archive_retention_ns": 1}
    adopt(files, {"archive": "file:///a", "archive_retention_ns": 1})
    assert read_wishes(files) == {"archive": "file:///b"}
    adopt(files, {"archive": "file:///b"})
    assert read_wishes(files) == {}
    state = state_of(tmp_path / "o.db")
    assert state is not None
    assert (state.url, state.keep_ns) == ("file:///b", 1)
    Path(files.wishes).write_text("[")
    assert read_wishes(files) == {}
    Path(files.wishes).unlink()
    Path(files.wishes).symlink_to(tmp_path / "elsewhere")
    assert read_wishes(files) == {}


def test_a_wish_that_is_refused_is_refused_once(db: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The address of parts is not known; the keeper's other work goes on."""
    files, place = KeeperFiles.of(db), (tmp_path / "archive").as_uri()
    with closing(ArchiveBook(db)) as book:
        archive_due(db, book, book.open(place, 1))
        with closing(sqlite3.connect(db)) as connection, connection:
            connection.execute("update archive_part set url = ''")
        files.make()
        wishes = {"archive": "file:///elsewhere", "archive_retention_ns": 1}
        leave_wishes(files, wishes)
        adopt(files, wishes)
        assert (facts := book.facts()) is not None
        assert (facts.url, facts.keep_ns) == (place, 1)
    assert "address is not known" in caplog.text
    assert read_wishes(files) == {}


@pytest.mark.parametrize(("wish", "kept"), [(7, 7), (None, None), ("7", 90 * 24 * HOUR_NS), (0, 90 * 24 * HOUR_NS)])
def test_the_age_of_decisions_is_taken_over(db: Path, wish: object, kept: int | None) -> None:
    """It is a limit of the store then, though no age of calls was chosen; what is no age is forgotten."""
    files = KeeperFiles.of(db)
    files.make()
    leave_wishes(files, {"decision_age_ns": wish})
    with closing(Writer(db)) as writer:
        adopt_limits(files, read_wishes(files), writer)
        assert writer.limits().decision_age_ns == kept
        assert writer.limits().without_default().decision_age_ns == (kept if wish in (7, None) else None)
    assert read_wishes(files) == {}


def test_a_program_wishes_the_age_of_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an argument, or by its environment."""
    assert settings_from({"decision_retention": "30d"}).wishes() == {"decision_age_ns": 30 * 24 * HOUR_NS}
    assert settings_from({"decision_retention": None}).wishes() == {"decision_age_ns": None}
    monkeypatch.setenv("OBSV_DECISION_RETENTION", "2h")
    assert settings_from({}).wishes() == {"decision_age_ns": 2 * HOUR_NS}
