"""`obsv keep` and `obsv kept`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import TRACE, call

from obsv.cli.app import main
from obsv.store import Writer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a store with one failed trace: exit code, stdout and stderr."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, name="shop.buy", error="ValueError: no\n")])
    writer.close()

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--db", str(tmp_path / "obsv.db")])
        return code, *capsys.readouterr()

    return run


def test_a_trace_is_kept_listed_and_removed(run: Run) -> None:
    """Each says what it did."""
    assert "No trace is kept" in run("kept")[1]
    code, out, _ = run("keep", TRACE, "--note", "for Monday")
    assert code == 0
    assert f"Trace {TRACE} is kept, 1 call" in out
    assert f"`obsv show {TRACE}`" in out
    assert "for Monday" in run("kept")[1]
    assert json.loads(run("kept", "--json")[1])["trace_id"] == TRACE
    assert "kept traces     1," in run("check")[1]
    assert "kept no longer" in run("kept", "remove", TRACE)[1]
    assert run("kept", "remove", TRACE)[0] == 1


def test_the_call_of_a_group(run: Run) -> None:
    """The latest, or the first."""
    for more in ((), ("--first",)):
        assert json.loads(run("keep", "--group", "1", *more, "--json")[1])["trace_id"] == TRACE


def test_a_limit(run: Run) -> None:
    """Over it, keeping is refused with what to do."""
    assert "may take 1,000 bytes" in run("kept", "limit", "1KB")[1]
    code, _, err = run("keep", TRACE)
    assert code == 2
    assert "obsv kept limit" in err


@pytest.mark.parametrize(
    "arguments", [("keep",), ("keep", TRACE, "--group", "1"), ("keep", "f" * 32), ("kept", "limit", "x")]
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    """A line that says what is expected."""
    code, out, err = run(*arguments)
    assert (code in (1, 2), out) == (True, "")
    assert err.startswith("obsv: ")
