"""A keeper process: how it is started, what it leaves behind, when it ends."""

import contextlib
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from keepers import PATIENCE_S, eventually, keeper_pid, log_of

from obsv.keeper import Kept, Options, ensure
from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import ask_to_leave
from obsv.keeper.launch import CannotStart, launch
from obsv.keeper.lock import Lock

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
OPTIONS = Options(idle_s=PATIENCE_S)


def test_first_program_starts_a_keeper_and_the_next_finds_it(files: KeeperFiles) -> None:
    """However often it is asked, there is one."""
    assert ensure(files.db, OPTIONS) == Kept("process")
    pid = keeper_pid(files)
    assert [ensure(files.db, OPTIONS) for _ in range(3)] == [Kept("process")] * 3
    assert keeper_pid(files) == pid != os.getpid()


def test_many_at_once_get_one_keeper(files: KeeperFiles) -> None:
    """Each may start one; those that come too late end by themselves."""
    code = "import sys; from obsv.keeper import *; ensure(sys.argv[1], Options(idle_s=60)); print('done', flush=True)"
    programs = [
        subprocess.Popen([sys.executable, "-c", code, files.db], stdout=subprocess.PIPE, text=True) for _ in range(5)
    ]
    for program in programs:
        assert program.communicate()[0] == "done\n"
    pid = keeper_pid(files)
    eventually(lambda: _keepers_of(files) == {pid})


def has_ended_child() -> bool:
    """Tell of a zombie; other children of the tests' process may run."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def test_keeper_is_nobodys_child(files: KeeperFiles) -> None:
    """A program that waits for all its children does not wait for the keeper, and finds no zombie."""
    launch(files, OPTIONS)
    keeper = keeper_pid(files)
    assert not has_ended_child()
    with pytest.raises(ChildProcessError):
        os.waitpid(keeper, os.WNOHANG)
    os.kill(keeper, signal.SIGKILL)
    eventually(lambda: Lock(files).is_free())
    assert not has_ended_child()


@linux
def test_keeper_inherits_nothing(files: KeeperFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor, no directory, no terminal, no group, no secret of the environment, no ignored signal."""
    monkeypatch.setenv("DATABASE_PASSWORD", "geheim")
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        launch(files, OPTIONS)
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    os.close(writing)
    pid = keeper_pid(files)
    assert os.read(reading, 1) == b""  # nobody else holds its other end
    os.close(reading)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpgid(pid) not in (os.getpgid(0), os.getpid())
    assert b"geheim" not in Path(f"/proc/{pid}/environ").read_bytes()
    eventually(lambda: _status(pid, "Umask") == 0o077)
    assert _status(pid, "SigBlk", 16) == 0
    assert not _status(pid, "SigIgn", 16) & 1 << (signal.SIGUSR1 - 1)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert fields[4] == "0", "it has a terminal"


@linux
def test_keeper_knows_the_variables_that_the_alert_rules_name(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the file beside the database, and no others."""
    monkeypatch.setenv("HOOK_URL", "https://hook.example/secret")
    monkeypatch.setenv("DATABASE_PASSWORD", "geheim")
    rules = '[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl_env = "HOOK_URL"\n'
    Path(files.db).with_name("alerts.toml").write_text(rules)
    launch(files, OPTIONS)
    environment = Path(f"/proc/{keeper_pid(files)}/environ").read_bytes()
    assert b"HOOK_URL=https://hook.example/secret" in environment
    assert b"geheim" not in environment


@linux
def test_keeper_says_who_it_is(files: KeeperFiles) -> None:
    """`ps` and `pgrep -f` show the command and the database."""
    launch(files, OPTIONS)
    pid = keeper_pid(files)
    shown = Path(f"/proc/{pid}/cmdline").read_bytes().strip(b"\0").split(b"\0")
    assert shown[-3:] == [b"obsv", b"keeper", os.fsencode(files.db)]
    eventually(lambda: Path(f"/proc/{pid}/comm").read_text() == "obsv keeper\n")


def test_keeper_ends_when_nobody_records(files: KeeperFiles) -> None:
    """And its log says so."""
    launch(files, Options(idle_s=0.1))
    eventually(lambda: "Ended: no program is recording." in log_of(files))
    assert Lock(files).is_free()
    assert os.stat(files.log).st_mode & 0o777 == 0o600


def test_keeper_that_was_killed_is_replaced(files: KeeperFiles) -> None:
    """By the next program that asks."""
    assert ensure(files.db, OPTIONS) == Kept("process")
    first = keeper_pid(files)
    ensure(files.db, OPTIONS)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: Lock(files).is_free())
    code = "import sys; from obsv.keeper import *; ensure(sys.argv[1], Options(idle_s=60))"
    subprocess.run([sys.executable, "-c", code, files.db], check=True)
    assert keeper_pid(files) != first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_keeper_leaves_when_told(files: KeeperFiles, number: signal.Signals) -> None:
    """By a signal."""
    launch(files, OPTIONS)
    pid = keeper_pid(files)
    eventually(lambda: "keeps" in log_of(files))
    os.kill(pid, number)
    eventually(lambda: "Ended: a signal was received." in log_of(files))


def test_keeper_leaves_when_asked(files: KeeperFiles) -> None:
    """By a newer version, which takes over; the request does not hit the next one."""
    launch(files, OPTIONS)
    first = keeper_pid(files)
    eventually(lambda: "keeps" in log_of(files))
    holder = Lock(files).holder()
    assert holder is not None
    ask_to_leave(files, holder.identity)
    eventually(lambda: Lock(files).is_free())
    launch(files, OPTIONS)
    assert keeper_pid(files) != first
    assert not os.path.exists(files.leave)


OLD_KEEPER = """
import sys
import obsv.keeper.process as process
from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
process.VERSION = sys.argv[2]
print("kept", process.keep(KeeperFiles.of(sys.argv[1]), Options(), "service"))
"""


@pytest.mark.parametrize(("version", "leaves"), [("0.0.9", True), ("99.0", False)])
def test_old_keeper_hands_over(files: KeeperFiles, version: str, leaves: bool) -> None:
    """A program of a newer version asks an older keeper to leave; an older program does not ask a newer one."""
    command = [sys.executable, "-c", OLD_KEEPER, files.db, version]
    # Popen waits for the process that it has started, also for one that a failing test has not ended.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other, contextlib.ExitStack() as ending:
        ending.callback(other.kill)
        eventually(lambda: not Lock(files).is_free() and _version(files) == version)
        assert ensure(files.db, OPTIONS) == Kept("process")
        if leaves:
            assert other.communicate(timeout=PATIENCE_S)[0] == "kept True\n"
        else:
            assert not os.path.exists(files.leave)


def test_keeper_leaves_a_directory_that_is_gone(files: KeeperFiles) -> None:
    """Nobody can record there any more."""
    launch(files, OPTIONS)
    pid = keeper_pid(files)
    holder = Lock(files).holder()
    assert holder is not None
    shutil.rmtree(files.rings)
    eventually(lambda: not holder.identity.is_alive())
    assert pid == holder.identity.pid


@pytest.mark.parametrize(
    ("executable", "frozen", "reason"),
    [
        ("", False, "embedded"),
        (sys.executable, True, "frozen"),
        ("/usr/bin/uwsgi", False, "not a Python"),
        ("/no/python3", False, "cannot be run"),
    ],
)
def test_what_is_no_python_starts_no_process(
    files: KeeperFiles, monkeypatch: pytest.MonkeyPatch, executable: str, frozen: bool, reason: str
) -> None:
    """Another program of the user must not be started with our arguments."""
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    with pytest.raises(CannotStart, match=reason):
        launch(files, OPTIONS)


def test_interpreter_that_fails_is_noticed(files: KeeperFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status is the reason."""
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(CannotStart, match="status 768"):
        launch(files, OPTIONS)


def test_program_with_threads_starts_one_without_a_warning(files: KeeperFiles) -> None:
    """`os.fork` would warn from 3.12 on, and run the program's handlers."""
    forks: list[str] = []
    os.register_at_fork(before=lambda: forks.append("fork"))
    gate = threading.Event()
    threads = [threading.Thread(target=gate.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert ensure(files.db, OPTIONS) == Kept("process")
    finally:
        gate.set()
        for thread in threads:
            thread.join()
    assert not forks
    gc.collect()


def test_program_that_ignores_its_children_starts_one(files: KeeperFiles) -> None:
    """The system then waits for them itself."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert ensure(files.db, OPTIONS) == Kept("process")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert keeper_pid(files)


def test_signal_handler_that_raises_leaves_no_zombie(files: KeeperFiles) -> None:
    """Its exception is the program's, and reaches it once the child is gone."""

    class Alarm(Exception):
        pass

    def ring(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGCHLD, ring)
    try:
        with pytest.raises(Alarm):
            launch(files, OPTIONS)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert not has_ended_child()
    assert keeper_pid(files)


def test_modules_beside_the_program_are_not_the_keepers(files: KeeperFiles, tmp_path: Path) -> None:
    """A file `json.py` in the program's directory, or in the working directory, shadows nothing."""
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "program.py").write_text(
        "import sys; own = sys.path.pop(0); from obsv.keeper import *; sys.path.insert(0, own)\n"
        "ensure(sys.argv[1], Options(idle_s=60))"
    )
    subprocess.run([sys.executable, "program.py", files.db], check=True, cwd=tmp_path)
    assert keeper_pid(files)


def test_options_reach_the_process() -> None:
    """As text, and those of another version do not hurt."""
    options = Options("process", 3.5, 2.0, own_only=True)
    assert Options.of_text(options.text()) == options
    assert Options.of_text(json.dumps({"idle_s": 2, "unknown": 1})) == Options(idle_s=2)
    assert Options.of_text("[") == Options.of_text("[]") == Options()


def _version(files: KeeperFiles) -> str | None:
    holder = Lock(files).holder()
    return None if holder is None else holder.version


def _status(pid: int, name: str, base: int = 8) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1], base)
    raise AssertionError(name)


def _keepers_of(files: KeeperFiles) -> set[int]:
    found = subprocess.run(["pgrep", "-f", f"obsv.keeper.{files.db}"], capture_output=True, text=True, check=False)
    return {int(line) for line in found.stdout.split()}
