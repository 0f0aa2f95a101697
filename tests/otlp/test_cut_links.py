"""A hub behind a link that is cut, killed, started again and stopped for a while: each call arrives once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"


def _isolated() -> list[str]:
    """Return the command that gives a program a network of its own, as no other user."""
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None:
        pytest.skip("unshare and ip are not there")
    if subprocess.run([unshare, "-rn", ip, "link", "set", "lo", "up"], capture_output=True).returncode:
        pytest.skip("this system allows no network namespaces to a user")
    return [unshare, "-rn"]


def test_each_call_arrives_once(tmp_path: Path) -> None:
    """Whatever happens to the link and the hub; the sender knows how many it has sent."""
    command = [*_isolated(), sys.executable, str(SUPPORT / "cut_links.py"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    run = subprocess.run(command, capture_output=True, text=True, timeout=500, env=environment)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    written = found["written"]
    assert (found["rows"], found["different"], found["sent"]) == (written, written, written)
    assert (found["rejected"], found["missed"]) == (0, 0)
    assert found["reached_while_cut"] == written // 5
    assert found["troubles"] >= 2
