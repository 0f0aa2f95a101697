"""`obsv metrics`, run as a user runs it."""

import json
from pathlib import Path

import pytest
import warm
from journals import random_journal, write_journals


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("metrics") / "store.db"
    write_journals(path, [random_journal("scalp", 1, 40)])
    return path


def metrics(db: Path, *arguments: str, expect: int = 0) -> str:
    """Run a command."""
    done = warm.obsv("metrics", *arguments, "--db", str(db))
    assert done.returncode == expect, done.stderr
    return done.stdout if expect in (0, 1) else done.stderr


def test_show(db: Path) -> None:
    """Values with targets and the statements that they come from."""
    shown = metrics(db, "show", "win_rate", "--since", "2026-01-01", "--mode", "scalp", "--sql")
    assert "Win rate" in shown
    assert "55.0 %" in shown
    assert "win_rate: select pnl from trade_outcome where" in shown
    (found,) = map(json.loads, metrics(db, "show", "trades", "--since", "2026-01-01", "--json").splitlines())
    assert (found["value"], found["unit"]) == (40, "count")
    assert "Nothing was decided" in metrics(db, "show", "--since", "2090-01-01")
    metrics(db, "show", "nothing", expect=1)


def test_check(db: Path, tmp_path: Path) -> None:
    """Errors by line and token."""
    assert "no errors" in metrics(db, "check")
    file = tmp_path / "metrics.yaml"
    file.write_text("metrics:\n  a: {formula: summ(trade.price)}\n")
    assert f"{file}:2:16: a: unknown function; did you mean sum? (at 'summ')" in metrics(
        db, "check", str(file), expect=1
    )
    (found,) = map(json.loads, metrics(db, "check", str(file), "--json", expect=1).splitlines())
    assert (found["line"], found["token"]) == (2, "summ")


def test_list(db: Path) -> None:
    """With formulas."""
    assert "win_rate(trade_outcome.pnl)" in metrics(db, "list")
    assert len(metrics(db, "list", "--json").splitlines()) > 50
