"""A keeper's own process evaluates alert rules; a recorded program never does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from keepers import end_keeper
from receivers import receiving

from obsv.keeper.files import KeeperFiles

_PROGRAM = """
import sys, threading
import obsv
obsv.configure(db=sys.argv[1], writer=sys.argv[2])

@obsv.monitor
def price():
    raise ValueError("no price")

sys.stdin.readline()
try:
    price()
except ValueError:
    pass
obsv.force_flush(120)
print(*(each.name for each in threading.enumerate()), "obsv.alerts" in sys.modules, flush=True)
sys.stdin.read()
"""
_KEEPER = "import sys; from obsv.cli import main; sys.argv[1:1] = ['keeper']; sys.exit(main())"


@pytest.mark.parametrize("writer", ["process", "thread"])
def test_an_exception_reaches_a_webhook_without_a_server(tmp_path: Path, writer: str) -> None:
    db = tmp_path / "o.db"
    with receiving() as receiver:
        (tmp_path / "alerts.toml").write_text(
            f'[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl = "{receiver.url}"\n'
            '[[alerts.rule]]\nname = "it"\nkind = "error"\nnotify = ["hook"]\n'
            '[[alerts.rule]]\nname = "watched"\nquery = "select 1"\nthreshold = 1\nnotify = ["hook"]\n'
        )
        keeper = subprocess.Popen([sys.executable, "-c", _KEEPER, "--db", str(db)], stderr=subprocess.DEVNULL)
        program = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(db), writer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            receiver.wait(1)  # what fails before anybody watches is history
            program.stdin.write("\n")
            program.stdin.flush()
            said = program.stdout.readline()
            requests = receiver.wait(2)
        finally:
            program.communicate()
            keeper.terminate()
            keeper.wait()
    assert requests[1].json["alerts"][0]["labels"]["exception"] == "ValueError"
    assert "obsv-alerts" not in said
    assert said.endswith("False\n")


_SHORT = """
import sys
import obsv

@obsv.monitor
def price():
    raise ValueError("no price")

price()
"""


@pytest.mark.parametrize("place", ["config", "beside", "OBSV_ALERTS"])
def test_a_script_that_fails_at_once_is_told_of(tmp_path: Path, place: str) -> None:
    """With nothing but a file of rules, in any place, and the secret in the script's environment."""
    db = tmp_path / "logs" / "o.db"
    rules = {"config": tmp_path / "config", "beside": db.parent, "OBSV_ALERTS": tmp_path}[place] / "alerts.toml"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text(
        '[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl_env = "HOOK_URL"\n'
        '[[alerts.rule]]\nname = "it"\nkind = "error"\nnotify = ["hook"]\n'
    )
    with receiving() as receiver:
        environment = {**os.environ, "HOOK_URL": receiver.url, "OBSV_DB": "logs/o.db", "OBSV_WRITER": "process"}
        environment |= {"OBSV_ALERTS": "alerts.toml"} if place == "OBSV_ALERTS" else {}
        try:
            done = subprocess.run(
                [sys.executable, "-c", _SHORT], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert "no price" in done.stderr
            (request,) = receiver.wait(1)
        finally:
            end_keeper(KeeperFiles.of(db))
    assert request.json["alerts"][0]["labels"]["exception"] == "ValueError"
