"""`obsv registry`, run as a user runs it."""

import json
import subprocess
from pathlib import Path

import pytest
import warm

import obsv


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model that was made of two data sets, and two configurations."""
    path = tmp_path_factory.mktemp("registry")
    db, model = path / "store.db", path / "model.bin"
    model.write_bytes(b"weights")
    data = [obsv.register("data", rows, name="rows \x1b[31m", db=db) for rows in (b"1", b"2")]
    obsv.register("model", model, {"auc": 0.7}, data, why="weekly", db=db)
    for rate in (1, 2):
        obsv.register("config", {"rate": rate}, name="rates", db=db)
    return path


def registry(place: Path, *arguments: str, expect: int = 0) -> str:
    """Run a command; nothing that it prints controls a terminal."""
    done: subprocess.CompletedProcess[str] = warm.obsv("registry", *arguments, "--db", str(place / "store.db"))
    assert done.returncode == expect, done.stderr
    assert "\x1b" not in done.stdout
    return done.stdout


def test_list(place: Path) -> None:
    """By kind and name, the latest first."""
    assert len(registry(place, "list").splitlines()) == 6
    (newest, oldest) = (json.loads(line) for line in registry(place, "list", "--name", "rates", "--json").splitlines())
    assert (newest["content"], oldest["content"]) == ({"rate": 2}, {"rate": 1})


def test_show(place: Path) -> None:
    """With who registered it and why."""
    shown = registry(place, "show", "model.bin")
    assert "model model.bin" in shown
    assert "weekly" in shown
    registry(place, "show", "nothing", expect=1)


def test_diff(place: Path) -> None:
    """The values of configurations."""
    _, oldest = (
        json.loads(line)["artifact_id"] for line in registry(place, "list", "--name", "rates", "--json").splitlines()
    )
    assert "~  config  rate" in registry(place, "diff", oldest, "rates")
    assert "same artifact" in registry(place, "diff", "rates", "rates")


def test_lineage(place: Path) -> None:
    """Both ways."""
    shown = registry(place, "lineage", "model.bin")
    assert shown.count("data rows") == 2
    graph = json.loads(registry(place, "lineage", "model.bin", "--json"))
    assert len(graph["edges"]) == 2


def test_verify(place: Path) -> None:
    """A file that changed is a problem."""
    assert "unkept" in registry(place, "verify")
    (place / "model.bin").write_bytes(b"other")
    assert "changed" in registry(place, "verify", "model.bin", expect=1)
