"""`obsv logs`, run as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from keepers import settle

SOURCE = """
import sys, obsv
obsv.configure(db=sys.argv[1], service_name="shop")

@obsv.monitor
def sell(order):
    obsv.event("order.rejected", "WARN", order=order, note="\\x1b[31mred \\u202e")

sell(7)
obsv.event("order.placed", order=8)
obsv.event("crash", "FATAL", body="no \\x9b31m disk")
"""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "store.db"
    subprocess.run([sys.executable, "-c", SOURCE, str(path)], check=True)
    settle(path)
    return path


def logs(db: Path, *arguments: str, expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "obsv", "logs", "--db", str(db), *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == expect, done.stderr
    return done.stdout if expect == 0 else done.stderr


def test_the_latest_last(db: Path) -> None:
    """A line each, nothing of it fit to control a terminal."""
    rejected, placed, crash = logs(db).splitlines()
    assert "WARN  order.rejected  order=7  note=" in rejected
    assert rejected.endswith("in __main__.sell")
    assert "INFO  order.placed  order=8" in placed
    assert "FATAL crash  no " in crash
    assert not {"\x1b", "\u202e", "\x9b"} & set(rejected + crash)


def test_json(db: Path) -> None:
    """A document a line, values as what they are."""
    first, *_ = map(json.loads, logs(db, "--json").splitlines())
    assert (first["event_name"], first["severity"], first["attributes"]["order"]) == ("order.rejected", "WARN", 7)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--severity", "warn"], ["order.rejected", "crash"]),
        (["-s", "21"], ["crash"]),
        (["--event", "order.placed"], ["order.placed"]),
        (["--process", "__main__.sell"], ["order.rejected"]),
        (["DISK"], ["crash"]),
        (["--limit", "1"], ["crash"]),
        (["nowhere"], []),
    ],
)
def test_filters(db: Path, arguments: list[str], found: list[str]) -> None:
    """Joined by and."""
    assert [json.loads(line)["event_name"] for line in logs(db, "--json", *arguments).splitlines()] == found


def test_of_a_trace(db: Path) -> None:
    """The records of a trace are printed."""
    trace = json.loads(logs(db, "--json").splitlines()[0])["trace_id"]
    assert len(logs(db, "--trace", trace).splitlines()) == 1


def test_nothing_found_is_said(db: Path) -> None:
    """And a severity that is none is refused."""
    assert logs(db, "nowhere") == "No log records.\n"
    assert "severity is one of TRACE" in logs(db, "--severity", "loud", expect=2)


def test_following_shows_each_new_one(db: Path, tmp_path: Path) -> None:
    """Once, in order of arrival."""
    path = tmp_path / "store.db"
    say = [sys.executable, "-c", "import sys, obsv; obsv.configure(db=sys.argv[1]); obsv.event(sys.argv[2])", str(path)]
    subprocess.run([*say, "first"], check=True)
    settle(path)
    follow = [sys.executable, "-u", "-m", "obsv", "logs", "--db", str(path), "--follow", "--json"]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["event_name"] == "first"
        subprocess.run([*say, "second"], check=True)
        assert json.loads(following.stdout.readline())["event_name"] == "second"
        following.terminate()
