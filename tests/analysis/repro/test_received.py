"""A call that this machine's own recorder did not make: its test holds data, and nothing of it becomes code."""

from __future__ import annotations

import ast
import json
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from calls import call
from older_schema import without_tables_since

from obsv.analysis.repro import Repro, repro
from obsv.capture import Redactor
from obsv.errors import InvalidQuery
from obsv.store import Reader, Writer
from obsv.store.spans import find_call, read_exact
from obsv.wire.jsonform import decode_json
from obsv.wire.rowmaker import RowMaker

SOURCE_OF_GETOUTPUT = "def getoutput(cmd, *, encoding=None, errors=None):\n    return getstatusoutput(cmd)[1]\n"


def request(name: str, attributes: dict[str, Any], scope: str = "obsv", **more: Any) -> bytes:
    """An OTLP request with one span."""
    pairs = [{"key": key, "value": {"stringValue": str(value)}} for key, value in attributes.items()]
    span = {
        "traceId": "1" * 32, "spanId": "2" * 16, "name": name, "kind": 1, "startTimeUnixNano": "1790000000000000000",
        "endTimeUnixNano": "1790000000000001000", "attributes": pairs, **more,
    }  # fmt: skip
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": [span]}]}]}).encode()


def received(path: Path, body: bytes, forged: str | None = None) -> Repro:
    """The test of a span that came in over OTLP; `forged` is what somebody then does to the file."""
    writer = Writer(path)
    writer.write(decode_json(body, RowMaker(Redactor())).rows)
    writer.close()
    if forged:
        change(path, forged)
    return repro_of(path, 0x2222222222222222)


def imported(source: str) -> set[str]:
    """Modules that a source imports, and whatever it puts on the path."""
    found = set()
    for node in ast.walk(ast.parse(source.encode())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
        elif isinstance(node, ast.Attribute) and node.attr in ("path", "modules", "loads"):
            found.add(node.attr)
    return found


ATTACKS = {
    "a command": ("subprocess.getoutput", {"obsv.input.cmd": "'touch {marker}'"}),
    "with the source of the real function": (
        "subprocess.getoutput",
        {
            "obsv.input.cmd": "'touch {marker}'",
            "code.function.name": "subprocess.getoutput",
            "code.file.path": subprocess.__file__,
            "code.line.number": 1,
            "obsv.code.source_text": SOURCE_OF_GETOUTPUT,
        },
    ),
    "a directory on the path": ("__main__.run", {"code.file.path": "{home}/evil.py", "obsv.code.source_text": "x"}),
    "a member of an enumeration": ("subprocess.getoutput", {"obsv.input.cmd": "subprocess.PIPE"}),
    "a name that ends a line": ("subprocess.getoutput\nimport evil\n#", {"obsv.input.x": "1"}),
    "a name that names an encoding": ("coding: utf-7 +AAo-import evil+AAo-", {"obsv.input.x": "1"}),
    "an argument that is code": ("m.f", {"obsv.input.x": "__import__('evil')", "obsv.input.a=evil(),b": "1"}),
    "a value that ends a text": ("m.f", {"obsv.input.x": "'\"\"\"'''\n", "obsv.input.y": "\\"}),
}


def test_what_was_sent_is_data(tmp_path: Path) -> None:
    """Nothing but obsv's own helpers is imported, and running the tests does nothing but ask for the function."""
    marker = tmp_path / "done"
    (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w')")
    for number, (attack, (name, attributes)) in enumerate(ATTACKS.items()):
        filled = {key: str(text).format(marker=marker, home=tmp_path) for key, text in attributes.items()}
        found = received(tmp_path / f"{number}.db", request(name, filled))
        assert found.received, attack
        assert found.source.startswith("# WARNING: obsv did not record this call on this machine"), attack
        assert "the function" in found.placeholders, attack
        assert imported(found.source) <= {"typing", "pytest", "re", "obsv.capture"}, attack
        (tmp_path / f"test_{number}.py").write_text(found.source, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:dash", "-p", "no:cacheprovider", "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ran.stdout.count("\nReplace fill_in('the function', ...) with the value") == len(ATTACKS), ran.stdout
    assert f"{len(ATTACKS)} failed" in ran.stdout
    assert not marker.exists()


@pytest.mark.parametrize("scope", ['x", "obsv', '"obsv"', "obsv.other", ""])
def test_a_scope_that_only_looks_like_ours(scope: str, tmp_path: Path) -> None:
    """The call is one of another instrumentation: there is no function to call."""
    with pytest.raises(InvalidQuery, match="other instrumentation"):
        received(tmp_path / "store.db", request("subprocess.getoutput", {"obsv.input.cmd": "'x'"}, scope))


def test_a_pickle_in_a_file_from_elsewhere_is_left_out(tmp_path: Path) -> None:
    """No OTLP request can bring one; a file can."""
    bomb = pickle.dumps(({}, {})).hex()
    forged = f"insert into exact_input select trace_id, span_id, start_ns, x'{bomb}' from span"
    found = received(tmp_path / "store.db", request("m.f", {"obsv.input.x": "1"}), forged)
    assert not found.exact
    assert "pickle" not in found.source.replace("unpickled", "")


@pytest.mark.parametrize("mark", ["''", "'0123456789abcdef'", "'obsv'"])
def test_a_file_of_another_machine(mark: str, tmp_path: Path) -> None:
    """Calls recorded on another machine are data here, whatever mark the file has."""
    path = tmp_path / "store.db"
    writer = Writer(path)
    writer.write([call(1, name="subprocess.getoutput", inputs={"cmd": "'id'"})])
    writer.close()
    assert not repro_of(path, 1).received
    change(path, f"update source set origin = {mark}")
    assert repro_of(path, 1).received


def test_a_file_of_the_first_schema_version(tmp_path: Path) -> None:
    """It does not say who recorded its calls; read as it is, and brought to the present version, they are data."""
    path = tmp_path / "store.db"
    writer = Writer(path)
    writer.write([call(1)])
    writer.close()
    old = (
        without_tables_since(2)
        + "create table old(id integer primary key autoincrement, service text not null, resource text not null, "
        "scope text not null, used_ns integer not null, unique(service, resource, scope));"
        "insert into old select id, service, resource, scope, used_ns from source;"
        "drop table source; alter table old rename to source; pragma user_version = 1"
    )
    for statement in old.split(";"):
        change(path, statement)
    assert repro_of(path, 1).received
    writer = Writer(path)
    writer.write([call(2)])
    writer.close()
    assert (repro_of(path, 1).received, repro_of(path, 2).received) == (True, False)


def repro_of(path: Path, number: int) -> Repro:
    reader = Reader(path)
    try:
        found = find_call(reader, f"{number:x}")
        return repro(found, read_exact(reader, found))
    finally:
        reader.close()


def change(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(sql)
    connection.close()
