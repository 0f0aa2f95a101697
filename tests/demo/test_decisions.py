"""The demos of decisions: a trading engine, and gates of deployments."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from keepers import settle


def demo(db: Path, *arguments: str) -> dict[str, Any]:
    """Run a demo; return its report."""
    command = [sys.executable, "-m", "obsv", "demo", *arguments, "--json", "--db", str(db)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OBSV_")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240, env=environment)
    settle(db)
    (report,) = map(json.loads, done.stdout.splitlines())
    return dict(report)


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """The journal of a short run of the engine."""
    db = tmp_path_factory.mktemp("demo") / "store.db"
    source = (
        "import sys, obsv; obsv.configure(db=sys.argv[1]); from obsv.demo.engine import Engine\n"
        "engine = Engine()\n"
        "while engine.results < 90: engine.step()\n"
        "engine.run(0.0)\n"
    )
    subprocess.run([sys.executable, "-c", source, str(db)], check=True, timeout=240)
    settle(db)
    return sqlite3.connect(db)


def one(store: sqlite3.Connection, sql: str) -> Any:
    """Return the value of a statement."""
    return store.execute(sql).fetchone()[0]


def test_engine_decides_trades_and_blocks(trading: sqlite3.Connection) -> None:
    """Each gate is kept; what passed has an outcome, what was refused a counterfactual."""
    assert one(trading, "select count(*) from decision where verdict = 'pass' and not shadow") >= 90
    assert one(trading, "select count(*) from decision where verdict = 'block'") > 0
    assert one(trading, "select count(distinct gate) from gate_result") == 4
    assert one(trading, "select count(*) from gate_result where state = 'shadow'") > 0
    assert one(trading, "select count(*) from trade_outcome") >= 90
    assert one(trading, "select count(*) from counterfactual where method = 'simulated'") > 0


def test_engine_learns_and_registers(trading: sqlite3.Connection) -> None:
    """Models descend from data, limits and the model before; one that is new shadows before it decides."""
    assert one(trading, "select count(*) from artifact where kind = 'model'") == 3
    assert one(trading, "select count(*) from artifact where kind = 'config'") == 3
    assert one(trading, "select max(json_array_length(parents)) from artifact where kind = 'model'") == 3
    assert one(trading, "select count(distinct actor) from decision where not shadow") == 2
    assert one(trading, "select count(*) from decision where shadow") > 0
    assert one(trading, "select count(*) from log where event_name = 'model.promoted'") == 1


def test_decisions_stand_beside_their_calls(trading: sqlite3.Connection) -> None:
    """In the trace of the call that decided, which computed their values."""
    found = one(
        trading,
        "select count(*) from decision d join process_trace p using (trace_id) where p.process like '%probability'",
    )
    assert found > 0


def test_command_ends_with_a_report(tmp_path: Path) -> None:
    """Of what was decided meanwhile."""
    report = demo(tmp_path / "store.db", "--decisions", "--seconds", "1.5")
    assert report["facts"]["decisions"]["value"] > 0
    assert any("registered" in line for each in report["sections"] for line in each["lines"])


def test_deployments_are_gated(tmp_path: Path) -> None:
    """Some are rolled out, some are not; each build is an artifact."""
    report = demo(tmp_path / "store.db", "--deployments", "--seconds", "1.5")
    store = sqlite3.connect(tmp_path / "store.db")
    assert report["facts"]["decisions"]["value"] == one(store, "select count(*) from decision where kind = 'deploy'")
    assert one(store, "select count(*) from artifact where kind = 'build'") > 0
    assert one(store, "select count(distinct gate) from gate_result") == 3
