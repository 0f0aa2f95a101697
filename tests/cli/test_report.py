"""`obsv report`, run as a user runs it."""

import json
from pathlib import Path

import pytest
import warm
from ledger import write_ledger

UNTIL = ("--until", "2026-09-22 02:13:20")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "store.db"
    write_ledger(path)
    return path


def test_formats(db: Path, tmp_path: Path) -> None:
    """Markdown, HTML into a file, and JSON."""
    done = warm.obsv("report", "daily", *UNTIL, "--db", str(db))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# Daily report, 2026-09-21 02:13 to 2026-09-22 02:13 UTC")
    path = tmp_path / "report.html"
    assert warm.obsv("report", "weekly", *UNTIL, "--format", "html", "-o", str(path), "--db", str(db)).returncode == 0
    assert path.read_text().startswith("<!doctype html>")
    assert path.stat().st_mode & 0o777 == 0o600
    (document,) = map(
        json.loads, warm.obsv("report", "daily", *UNTIL, "--format", "json", "--db", str(db)).stdout.splitlines()
    )
    assert document["facts"]["decisions"]["value"] == 150


def test_send(db: Path) -> None:
    """To receivers by name or type; one that refuses is said; an unknown one is refused at once."""
    rules = db.with_name("alerts.toml")
    desk = '[[alerts.notify]]\nname = "desk"\ntype = "log"\n'
    rules.write_text(desk + '[[alerts.notify]]\nname = "gone"\ntype = "slack"\nurl = "http://127.0.0.1:1/x"\n')
    done = warm.obsv("report", "daily", *UNTIL, "--send", "desk", "--db", str(db))
    assert done.returncode == 0, done.stderr
    done = warm.obsv("report", "daily", *UNTIL, "--send", "slack", "--db", str(db))
    assert done.returncode == 1
    assert "gone did not accept the report" in done.stderr
    done = warm.obsv("report", "daily", *UNTIL, "--send", "telegram", "--db", str(db))
    assert "no receiver 'telegram'" in done.stderr
