"""A keeper's own process evaluates alert rules; a recorded program never does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from receivers import receiving

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
