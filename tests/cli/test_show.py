"""`obsv show`: the tree, as it is drawn."""

from pathlib import Path

import pytest
from calls import TRACE, call, chain

from obsv.cli.show import show
from obsv.store import Writer


def drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[object], limit: int = 10_000
) -> tuple[list[str], str]:
    writer = Writer(tmp_path / "obsv.db")
    writer.write(rows)  # type: ignore[arg-type]
    writer.close()
    show(tmp_path / "obsv.db", TRACE, limit, as_json=False)
    out, err = capsys.readouterr()
    return out.splitlines(), err


def test_lines_lead_to_the_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A call that others follow, the last one, and what is said of each below it."""
    rows = [
        call(1, name="a", ms=10, inputs={"x": "1\n2"}),
        call(2, 1, name="b", start=1, ms=2),
        call(3, 2, name="c", start=2, ms=1, outputs={"return": "7"}),
        call(4, 1, name="d", start=4, ms=2, error="Traceback\nValueError: x\n"),
    ]
    lines, _ = drawn(tmp_path, capsys, rows)
    assert lines[1:] == [
        "└─ OK   10.0 ms +0 ns  a  shop",
        "   · x = 1",
        "   2",
        "   ├─ OK   2.00 ms +1.00 ms  b",
        "   │  └─ OK   1.00 ms +2.00 ms  c",
        "   │     → return = 7",
        "   └─ ERR  2.00 ms +4.00 ms  d",
        "      Traceback",
        "      ValueError: x",
    ]


def test_a_limit_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hidden calls are counted, and the last displayed call ends its branch."""
    rows = [call(1), call(2, 1, start=1, ms=1), call(3, 1, start=2, ms=1)]
    lines, said = drawn(tmp_path, capsys, rows, limit=2)
    assert lines[-1].startswith("   └─ ")
    assert "1 of 3 spans" in said


def test_narrow_screens(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Long lines continue below themselves, after the lines of the tree."""
    monkeypatch.setenv("COLUMNS", "40")
    lines, _ = drawn(tmp_path, capsys, [call(1, inputs={"x": "word " * 20}), call(2, 1, start=1, ms=1)])
    assert max(map(len, lines)) <= 60
    assert sum(line.startswith("   word") for line in lines) >= 2


def test_a_trace_5000_deep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each call is there; below the levels that are indented its depth is said instead."""
    lines, _ = drawn(tmp_path, capsys, list(chain(5_000)))
    assert len(lines) == 5_001
    assert "[4,999] OK" in lines[-1]
    assert max(map(len, lines)) < 200
