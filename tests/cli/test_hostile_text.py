"""Whatever was recorded, no command moves a terminal's cursor, hides a character or turns text around."""

import json
import os
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import warm
from calls import TRACE, call, span_id
from recorded import Program

import obsv
from obsv.analysis.markdown import visible, visible_json
from obsv.own_time import unix_ns
from obsv.store import Code, Source, Writer
from obsv.store.ground import LogRow

SEEDS = [
    "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x9b31m", "\x9d0;title\x9c", "\u202egnp.exe", "\u2066a\u2069", "a\u200bb",
    "\ufeff", "\xad", "\u061c", "\u115f", "\u3164", "\U000e0041", "\x7f", "\x00", "\r", "\x08", "[bold]b[/bold]",
    "\u2028", "\x85", "\U0001d173", "\ufff9",
]  # fmt: skip
HOSTILE = "".join(SEEDS)
TYPED = HOSTILE.replace("\x00", "")
COMMANDS = [
    ["tail", "--no-follow", "--since", "2020-01-01"], ["errors", "--since", "2020-01-01"], ["show", TRACE], ["stats"],
    ["check"], ["sql", f'select process as "a{HOSTILE[1:40]}", * from process_trace'.replace("\x00", "")],
    ["sql", "select * from data_trace"], ["sql", f"select {HOSTILE}".replace("\x00", "")], ["export"],
    ["repro", span_id(2)], ["export", "ab\x1b[2J"], ["errors", "--process", "x\x1b[2J\u202e"], ["ps"],
    ["explain", span_id(2)], ["explain", "x\x1b[2J\u3164"], ["forward", "--to", "ftp://x\x1b[2J\u202e"],
    ["alerts", "list", "--alerts", "x\x1b[2J\u202e.toml"], ["show", "x\x9b\u2066"],
]  # fmt: skip
ONCE = [
    ["logs", "--since", "2020-01-01"], ["logs", "x\x1b[2J"], ["audit"], ["changes", "--since", "1h"],
    ["changes", "--since", "x\x1b[2J\u202e"], ["gates", "list"], ["gates", "explain", f"{1:032x}"],
    ["gates", "explain", "x\x1b[2J\u202e"], ["gates", "whatif", f"g{TYPED}=4"], ["gates", "whatif", "x\x1b[2J=a"],
    ["gates", "check", "gates\x1b[2J.yaml"], ["registry", "list"], ["registry", "show", "model"],
    ["registry", "show", "x\x9b"], ["registry", "diff", "model", "x\x9b"], ["registry", "lineage", "model"],
    ["registry", "verify"], ["registry", "compare", "model", "x\x1b[2J"], ["archive", "status"], ["archive", "verify"],
    ["archive", "now"], ["alerts", "show"], ["alerts", "check", "FILES/alerts.toml"],
    ["alerts", "list", "--alerts", "FILES/alerts.toml"], ["alerts", "test", "x\x1b[2J", "--alerts", "FILES/good.toml"],
    ["alerts", "silence", "a\x1b[2J=b", "--for", "x\u202e"], ["alerts", "unsilence", "x\x1b[2J"],
    ["metrics", "list", "--metrics", "FILES/metrics.yaml"], ["metrics", "check", "FILES/bad.yaml"],
    ["metrics", "show", "--metrics", "FILES/metrics.yaml"], ["report", "daily", "--no-model"],
    ["report", "daily", "--until", "x\x1b[2J"], ["forget", "--where", "a\x1b[2J="], ["forget", "--receipts"],
    ["clickhouse", "init", "clickhouse://x\x1b[2J\u202e"], ["deploy", "v\x1b[2J"],
    ["keep", TRACE, "--note", TYPED], ["kept"], ["show", TRACE], ["keep", "x\x9b\u2066"], ["kept", "limit", "x\x1b[2J"],
    ["kept", "remove", "x\x1b[2J\u202e"], ["kept", "remove", TRACE], ["token", "x\x1b[2J\u202e", "--role", "x\x9b"],
    ["token", "x\x1b[2J\u202e", "--sender"],
]  # fmt: skip
FORMS = [(each, as_json) for each in COMMANDS for as_json in (False, True)] + [(each, False) for each in ONCE]


def is_hostile(character: str) -> bool:
    """Return whether a terminal would interpret the text instead of showing it."""
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("hostile") / "store.db"
    writer = Writer(path)
    hostile = HOSTILE.replace("\x00", "")
    code = Code(f"/srv/{hostile}.py", 3, f"def f{hostile}(): ...")
    common = {"service": hostile, "group": hostile, "name": f"m.{hostile}", "code": code, "feed": hostile}
    detail = {"statusMessage": hostile, "events": [{"name": hostile}]}
    writer.write(
        [
            call(1, inputs={hostile: HOSTILE}, outputs={"return": HOSTILE}, **common),
            call(2, 1, inputs={f"x{hostile}": HOSTILE}, error=f"ValueError: {HOSTILE}\n", detail=detail, **common),
        ]
    )
    writer.write([], logs=list(_logs()))
    writer.close()
    _registered(path)
    _files(path.parent)
    rings = Path(f"{path}.rings")
    rings.mkdir(mode=0o700)
    # A program that runs, in the midst of a call: what `obsv ps` shows.
    program = Program(rings, hostile)
    program.begin(program.function(f"m.{hostile}", (hostile,)), (HOSTILE,))
    yield path
    program.close()


def _logs() -> Iterator[LogRow]:
    """Records, a decision, its outcome and its counterfactual, all of whose texts are hostile."""
    source = Source(TYPED, json.dumps({"attributes": [[TYPED, TYPED]]}))
    about = {"id": f"{1:032x}", "kind": TYPED, "mode": TYPED, "subject": TYPED, "verdict": "block", "error": TYPED}
    about |= {"meta": {TYPED: TYPED}, "reason": TYPED, "model": TYPED, "config": TYPED, "data": [TYPED]}
    told = {"id": f"{1:032x}", "label_cutoff": None, "metrics": {f"m{TYPED}": 1.0, "pnl": 2.0}}
    gates = [
        [f"g{TYPED}", TYPED, 3.0, "<=", 2.0, False, False, 4, TYPED],
        [TYPED, "", TYPED, "==", TYPED, False, True, 4, ""],
    ]
    for event, found in (
        ("obsv.decision", {**about, "gates": gates}),
        ("obsv.outcome", told),
        ("obsv.counterfactual", {**told, "method": TYPED, "judgement": "bad", "alternative": TYPED}),
        (f"event.{TYPED}", {TYPED: TYPED}),
        ("", {}),
    ):
        body = json.dumps(HOSTILE)
        row = LogRow(source, unix_ns() - 60_000_000_000, 17, TYPED, event, body, json.dumps(found))
        yield row._replace(trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(span_id(1)))


def _registered(path: Path) -> None:
    """A model with hostile names, and rows of the tables whose writers would not take such texts."""
    config = obsv.register("config", {TYPED: TYPED}, name=f"c{TYPED}", why=TYPED, db=path)
    obsv.register("model", b"weights", {TYPED: TYPED}, [config], name="model", why=TYPED, db=path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for column in ("who", "host", "service", "why", "git_commit", "location"):
            connection.execute(f"update registration set {column} = ?", (TYPED,))
        now = unix_ns()
        connection.execute(
            "insert into audit(at_ns, actor, role, via, action, subject, detail) values (?, ?, ?, ?, ?, ?, ?)",
            (now, *[TYPED] * 6),
        )
        connection.execute("insert into deploy(at_ns, service, name, note) values (?, ?, ?, ?)", (now, *[TYPED] * 3))


def _files(directory: Path) -> None:
    """Files that somebody wrote, with names that could be shown."""
    name = TYPED.encode("unicode_escape").decode().replace("\\x", "\\u00").replace('"', "")
    rule = f'[[rule]]\nname = "{name}"\nkind = "errors"\nprocess = "{name}"\nabove = 1\n'
    (directory / "alerts.toml").write_text(rule + f'oddity = "{name}"\n')
    (directory / "good.toml").write_text(f'[[notifier]]\nname = "{name}"\nkind = "desktop"\n')
    metric = f'metrics:\n  "m{name}":\n    formula: "count(calls)"\n    description: "{name}"\n'
    (directory / "metrics.yaml").write_text(metric)
    (directory / "bad.yaml").write_text(f'metrics:\n  "{name}":\n    "{name}": "{name}"\n')


@pytest.mark.parametrize(("command", "as_json"), FORMS)
def test_nothing_hostile_comes_out(command: list[str], as_json: bool, db: Path) -> None:
    """Of any field, in either form, on stdout and on stderr; JSON is still JSON."""
    options = ["--json"] if as_json else []
    told = [each.replace("FILES", str(db.parent)) for each in command]
    done = warm.obsv(*told, *options, environment={**os.environ, "OBSV_DB": str(db)})
    assert not {character for character in done.stdout + done.stderr if is_hostile(character)}
    assert "Traceback" not in done.stderr
    if as_json:
        for line in done.stdout.splitlines():
            json.loads(line)


@pytest.mark.parametrize("as_json", [False, True])
def test_imported_file(tmp_path: Path, as_json: bool) -> None:
    """Its name and what is wrong with its lines are shown as text."""
    file = tmp_path / f"x{HOSTILE[1:60]}.json".replace("\x00", "").replace("/", "")
    file.write_text(json.dumps({"resourceSpans": HOSTILE}) + f"\n{HOSTILE}\n" + '{"a": "' + HOSTILE + '"}\n')
    options = ["--json"] if as_json else []
    done = warm.obsv("import", str(file), *options, environment={**os.environ, "OBSV_DB": str(tmp_path / "s.db")})
    assert done.stdout or done.stderr
    assert not {character for character in done.stdout + done.stderr if is_hostile(character)}
    assert "Traceback" not in done.stderr


def test_program_that_is_not_there(tmp_path: Path) -> None:
    """`obsv run` says so in the interpreter's words, without its control characters."""
    name = HOSTILE.replace("\x00", "") + ".py"
    command = [sys.executable, "-m", "obsv", "run", name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert "can't open file" in done.stderr
    assert not {character for character in done.stderr if is_hostile(character)}


def test_json_means_the_same_text() -> None:
    """Whatever is escaped."""
    text = HOSTILE + "".join(map(chr, range(0x20, 0x3000))) + "\U0001f600\ud800"
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text


def test_every_hostile_character_is_written_out() -> None:
    """All that Unicode, as this Python knows it, has."""
    odd = {chr(code) for code in range(sys.maxunicode + 1) if is_hostile(chr(code))}
    assert not [character for character in odd if character in visible(f"a{character}b")]
    assert visible("naïve café, Ω, 日本語, \u0301, 😀, ❤\ufe0f\n\t") == "naïve café, Ω, 日本語, \u0301, 😀, ❤\ufe0f\n\t"
