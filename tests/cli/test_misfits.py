"""A database whose columns hold values of other kinds: each command says so in a line, or shows its rows."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from calls import TRACE, call, span_id

from obsv.cli.app import main
from obsv.store import Code, Source, Writer
from obsv.store.file import find_misfit
from obsv.store.ground import LogRow

DECISION = f"{1:032x}"
COMMANDS = [
    ["tail", "--no-follow", "--since", "2020-01-01"], ["errors", "--since", "2020-01-01"], ["errors", "1"],
    ["show", TRACE], ["explain", span_id(2)], ["stats"], ["check"], ["export"], ["repro", span_id(2)], ["ps"],
    ["logs", "--since", "2020-01-01"], ["series"], ["audit"], ["changes", "--since", "1h"], ["kept"],
    ["gates", "list"], ["gates", "explain", DECISION], ["gates", "whatif", "g=4"], ["registry", "list"],
    ["report", "daily", "--no-model"], ["alerts", "show"], ["archive", "status"],
    ["sql", "select * from process_trace"],
]  # fmt: skip
VALUES = {
    "text": "'x'", "a blob": "x'ff00'", "infinity": "9e999", "a fraction": "0.5",
    "a huge number": "9223372036854775807", "a negative number": "-9223372036854775808",
}  # fmt: skip


def stored(path: Path) -> None:
    writer = Writer(path)
    code = Code("/srv/m.py", 3, "def f(): ...")
    writer.write(
        [
            call(1, inputs={"a": 1}, outputs={"return": 2}, name="m.f", code=code),
            call(2, 1, inputs={"a": 1}, error="ValueError: x\n", name="m.g", code=code),
        ]
    )
    gates = '[["g","",3.0,"<=",2.0,false,false,4,""]]'
    about = f'{{"id":"{DECISION}","kind":"k","mode":"live","verdict":"block","gates":{gates}}}'
    logged = LogRow(Source("shop", "{}"), time.time_ns() - 60_000_000_000, 17, "", "obsv.decision", '"b"', about)
    writer.write([], logs=[logged._replace(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(span_id(1)))])
    writer.close()


def spoil(path: Path, value: str) -> None:
    """Put a value into all number columns, where keys and constraints let it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")]
        for table in tables:
            columns = connection.execute("select name, type, pk from pragma_table_info(?)", (table,)).fetchall()
            for column, kind, key in columns:
                if kind.lower() in ("integer", "real") and not key and not column.endswith("_id"):
                    try:
                        connection.execute(f'update or ignore "{table}" set "{column}" = {value}')
                    except sqlite3.Error:  # a generated column, or a table of SQLite's own
                        continue


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, value in VALUES.items():
        found[name] = tmp_path_factory.mktemp("misfits") / "obsv.db"
        stored(found[name])
        spoil(found[name], value)
    return found


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_fails_with_a_traceback(
    command: list[str],
    value: str,
    spoilt: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It answers, or says in a line what is wrong with the file."""
    monkeypatch.setenv("OBSV_DB", str(spoilt[value]))
    code = main(command)
    assert code in (0, 1, 2, 3)
    if code == 3:
        assert str(spoilt[value]) in capsys.readouterr().err


def test_the_column_is_named(tmp_path: Path) -> None:
    """With the kind of its value, but without the value."""
    stored(tmp_path / "obsv.db")
    with closing(sqlite3.connect(tmp_path / "obsv.db")) as connection, connection:
        connection.execute("update span set depth = 'secret' where id = 2")
    said = str(find_misfit(tmp_path / "obsv.db"))
    assert "span.depth is text in a row, expected integer" in said
    assert "secret" not in said


def test_what_obsv_writes_fits(tmp_path: Path) -> None:
    """An error of obsv's own is not blamed on the file."""
    stored(tmp_path / "obsv.db")
    assert find_misfit(tmp_path / "obsv.db") is None
