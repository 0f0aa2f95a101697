"""`obsv gates`, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import tomllib
import warm
from decision_rows import counterfactual, decision, gate

from obsv.own_time import unix_ns
from obsv.store import Writer

FILE = Path(__file__).parents[1] / "decisions" / "gates.yaml"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four decisions of today, of which one gate refused three."""
    path = tmp_path_factory.mktemp("gates") / "store.db"
    rows = [decision(n, gate(observed=n * 2.0), gate("volume \x1b[31m", 1.0, shadow=n > 2)) for n in range(1, 5)]
    rows += [counterfactual(3, "bad", pnl=2.0)]
    writer = Writer(path)
    writer.write([], logs=[row._replace(time_ns=unix_ns() - 60_000_000_000 + at) for at, row in enumerate(rows)])
    writer.close()
    return path


def gates(place: Path, *arguments: str, expect: int = 0) -> str:
    """Run a command; nothing that it prints controls a terminal."""
    done: subprocess.CompletedProcess[str] = warm.obsv("gates", *arguments, "--db", str(place))
    assert done.returncode == expect, done.stderr
    assert "\x1b" not in done.stdout
    return done.stdout


def test_list(place: Path) -> None:
    """A line for each gate, with what is known of its refusals."""
    spread, volume = (json.loads(line) for line in gates(place, "list", "--json").splitlines())
    assert (spread["seen"], spread["passed"], spread["blocked"], spread["bad"]) == (4, 2, 2, 1)
    assert volume["evaluated"] == 2
    assert "50.0%" in gates(place, "list", "--mode", "scalp")
    assert gates(place, "list", "--mode", "none").startswith("No gates.")


def test_explain(place: Path) -> None:
    """Each gate with its margin, after the refusal or before; and how it would have gone."""
    shown = gates(place, "explain", f"{3:032x}")
    assert "block: refused by spread" in shown
    assert "- spread: 6 <= 5, margin -1 (-20.0%)" in shown
    assert "(after the refusal)" in shown
    assert "shadow" in shown
    assert json.loads(gates(place, "explain", f"{3:032x}", "--json"))["gates"][0]["margin"] == -1.0
    gates(place, "explain", "nothing", expect=1)


def test_what_if(place: Path) -> None:
    """Decisions that another threshold would have let in, and how little that says."""
    shown = gates(place, "whatif", "--gate", "spread", "--threshold", "7")
    assert "2 of 4 passed; with 7, 3 would." in shown
    assert "Let in: 1 decision, judged: 1 bad blocks" in shown
    assert "no random ones" in shown
    assert json.loads(gates(place, "whatif", "--gate", "spread", "--threshold", "7", "--json"))["after"] == 3
    gates(place, "whatif", "--gate", "none", "--threshold", "7", expect=1)


def test_check(place: Path, tmp_path: Path) -> None:
    """Rules with their targets; a missed one, or a file that says nothing sensible, is a problem."""
    shown = gates(place, "check", str(FILE))
    assert "kept" in shown
    assert "health_checks" in shown
    strict = tmp_path / "strict.yaml"
    strict.write_text("gates: {spread: {thresholds: {scalp: {max_x: 5}}, pass_rate_target: 0.9}}")
    assert "missed" in gates(place, "check", str(strict), expect=1)
    strict.write_text("gates: 3")
    gates(place, "check", str(strict), expect=2)


def test_rules(place: Path) -> None:
    """Alert rules for the bounds of targets, as TOML."""
    done = warm.obsv("gates", "rules", str(FILE), "--window", "2h")
    rules = tomllib.loads(done.stdout)["alerts"]["rule"]
    assert [(rule["op"], rule["threshold"]) for rule in rules[:2]] == [("<", 0.5), (">", 0.9)]
    assert "'-7200 seconds'" in rules[0]["query"]
