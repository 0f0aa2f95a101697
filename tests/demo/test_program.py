"""The demo: a program worth looking at."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from keepers import settle


def test_a_short_run_has_everything_worth_seeing(tmp_path: Path) -> None:
    """Feeds, groups, nesting over threads and tasks, failures, masked secrets, exact inputs."""
    source = "import sys, obsv; obsv.configure(db=sys.argv[1]); from obsv.demo.program import run; run(3.0)"
    subprocess.run([sys.executable, "-c", source, str(tmp_path / "demo.db")], check=True, timeout=240)
    settle(tmp_path / "demo.db")
    store = sqlite3.connect(tmp_path / "demo.db")

    def one(sql: str) -> int:
        return int(store.execute(sql).fetchone()[0])

    assert one("select count(*) from process_trace where status = 'ERR'") > 0
    assert one("select count(distinct process_group) from process_trace") >= 6
    assert one("select count(*) from feed") == 3
    assert one("select max(depth) from process_trace") >= 2
    assert one("select count(distinct thread_id) from process_trace") > 1
    assert one("select count(*) from data_trace where data = 'api_key' and data_value <> '***'") == 0
    assert one("select count(*) from data_trace where data = 'api_key'") > 0
    assert "k-3f9a77" not in "\n".join(store.iterdump())
