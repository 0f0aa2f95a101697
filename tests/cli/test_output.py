"""Tables on screens of different widths, and JSON that any reader takes."""

import json
from typing import NoReturn

import pytest

from obsv.cli.output import json_line, table

COLUMNS = ("process", "group", "calls", "trace_id")
ROWS = [("shop.orders.place_an_order", "shop.orders", "1,024", "0123456789abcdef" * 2)]


def lines(capsys: pytest.CaptureFixture[str], width: int | None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    if width is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", str(width))
    table(COLUMNS, ROWS, right=("calls",), spare=("group",))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", [160, None])
def test_wide(capsys: pytest.CaptureFixture[str], width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With enough space, or without a screen, everything is on one line."""
    assert lines(capsys, width, monkeypatch)[1].split() == list(ROWS[0])


def test_narrow(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare columns are omitted first; IDs stay complete."""
    head, row = lines(capsys, 75, monkeypatch)
    assert head.split() == ["process", "calls", "trace_id"]
    assert row.split() == [ROWS[0][0], ROWS[0][2], ROWS[0][3]]


def test_too_narrow(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """If no table fits, each value has its own line, and none is left out."""
    shown = lines(capsys, 44, monkeypatch)
    assert [line.split()[0] for line in shown if line] == list(COLUMNS)
    assert shown[3].split() == ["trace_id", ROWS[0][3]]


def test_ids_do_not_wrap(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """If an ID is the widest column, another one wraps."""
    monkeypatch.setenv("COLUMNS", "60")
    table(("trace_id", "note"), [("0123456789abcdef" * 2, "a note of thirty characters  .")])
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[0] == ["trace_id", "note"]
    assert shown[1][0] == "0123456789abcdef" * 2
    assert len(shown) == 3


def test_json_has_no_numbers_that_json_does_not_have() -> None:
    """They are text as in OTLP; a strict reader takes the line."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    line = json_line({"high": float("inf"), "low": [(float("-inf"), 1.5)], "none": {"at": float("nan")}, "raw": b"x"})
    read = json.loads(line, parse_constant=refuse)
    assert read == {"high": "Infinity", "low": [["-Infinity", 1.5]], "none": {"at": "NaN"}, "raw": "78"}
