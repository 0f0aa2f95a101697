"""`obsv ps`, `obsv keeper`, and what readers say of calls that are still to come."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from keepers import PATIENCE_S, eventually, keeper_pid
from recorded import Program

from obsv.cli.app import main
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock


@pytest.fixture
def files(tmp_path: Path) -> KeeperFiles:
    """The files of a database that nobody keeps."""
    files = KeeperFiles.of(tmp_path / "calls.db")
    files.make()
    return files


@pytest.fixture
def program(files: KeeperFiles) -> Program:
    """A program with two calls that run, and three that have ended."""
    program = Program(files.rings)
    outer, inner = program.function("shop.order", ("item", "count")), program.function("shop.pay", ("amount",))
    parent = program.begin(outer, ("tea", 2))
    program.begin(inner, (5.5,), parent=parent, caller=outer, depth=1)
    for _ in range(3):
        program.call(inner)
    return program


def test_ps_shows_what_runs(files: KeeperFiles, program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    """With arguments, before anything is stored."""
    assert main(["ps", "--db", files.db]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"shop (pid {os.getpid()})"
    assert "shop.order(item='tea', count=2)" in lines[1]
    assert "  shop.pay(amount=5.5)" in lines[2]
    assert lines[3] == "2 calls running in 1 process."


def test_ps_as_json(files: KeeperFiles, program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    """A document a process."""
    assert main(["ps", "--json", "--db", files.db]) == 0
    (document,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (document["pid"], document["service"], document["is_alive"]) == (os.getpid(), "shop", True)
    assert [call["process"] for call in document["calls"]] == ["shop.order", "shop.pay"]
    assert document["calls"][0]["inputs"] == [{"name": "item", "text": "'tea'"}, {"name": "count", "text": "2"}]
    assert document["calls"][0]["age_ms"] > 0


def test_ps_where_nobody_records(files: KeeperFiles, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not an error if nobody records."""
    assert main(["ps", "--db", files.db]) == 0
    assert capsys.readouterr().out == "0 calls running in 0 processes.\n"


def test_hostile_names_do_not_reach_the_terminal(files: KeeperFiles, capsys: pytest.CaptureFixture[str]) -> None:
    """Of services, functions, arguments, values and threads."""
    bad = "\x1b]52;c;x\x07\u202e\x9b"
    program = Program(files.rings, f"service{bad}")
    program.thread = program.ring.names.number(2, (1, f"thread{bad}"))
    program.begin(program.function(f"function{bad}", (f"name{bad}",)), (f"value{bad}",))
    assert main(["ps", "--db", files.db]) == 0
    out = capsys.readouterr().out
    assert not set(bad) & set(out) - set("]52;cx")


def test_drain_stores_what_is_left_and_readers_say_what_is_to_come(
    files: KeeperFiles, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command; the program may go on."""
    assert main(["keeper", "--drain", "--db", files.db]) == 0
    assert main(["stats", "--db", files.db]) == 0
    captured = capsys.readouterr()
    assert "3 calls, 0 errors" in captured.out
    assert "to be stored" not in captured.err
    program.call(program.function("shop.pay", ("amount",)))
    for command in (["stats"], ["errors"], ["sql", "select 1"], ["tail", "--no-follow"]):
        assert main([*command, "--db", files.db]) == 0
        assert (
            "obsv: 1 call is still to be stored; if no keeper is running, run `obsv keeper --drain`"
            in capsys.readouterr().err
        )
    assert main(["ps", "--db", files.db]) == 0
    assert "2 calls running" in capsys.readouterr().out


def test_keeper_in_the_foreground_takes_over_and_says_who_has_it(files: KeeperFiles, program: Program) -> None:
    """From one that a program started; a second in the foreground is refused."""
    from obsv.keeper import Options, ensure

    ensure(files.db, Options(idle_s=PATIENCE_S))
    started = keeper_pid(files)
    command = [sys.executable, "-m", "obsv", "keeper", "--db", files.db]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first:
        eventually(lambda: keeper_pid(files) not in (started, None))
        assert keeper_pid(files) == first.pid
        second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert second.returncode == 1
        assert f"Another keeper (pid {first.pid}) keeps" in second.stderr
        eventually(lambda: program.ring.about.stored == 3)
        os.kill(first.pid, signal.SIGTERM)
        assert "Ended: a signal was received." in first.communicate(timeout=PATIENCE_S)[1]
    assert first.returncode == 0
    assert Lock(files).is_free()
