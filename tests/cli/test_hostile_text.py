"""Whatever was recorded, no command moves a terminal's cursor, hides a character or turns text around."""

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import warm
from calls import TRACE, call, span_id
from recorded import Program

from obsv.analysis.markdown import visible, visible_json
from obsv.store import Code, Writer

SEEDS = [
    "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x9b31m", "\x9d0;title\x9c", "\u202egnp.exe", "\u2066a\u2069", "a\u200bb",
    "\ufeff", "\xad", "\u061c", "\u115f", "\u3164", "\U000e0041", "\x7f", "\x00", "\r", "\x08", "[bold]b[/bold]",
    "\u2028", "\x85", "\U0001d173", "\ufff9",
]  # fmt: skip
HOSTILE = "".join(SEEDS)
COMMANDS = [
    ["tail", "--no-follow", "--since", "2020-01-01"], ["errors", "--since", "2020-01-01"], ["show", TRACE], ["stats"],
    ["check"], ["sql", f'select process as "a{HOSTILE[1:40]}", * from process_trace'.replace("\x00", "")],
    ["sql", "select * from data_trace"], ["sql", f"select {HOSTILE}".replace("\x00", "")], ["export"],
    ["repro", span_id(2)], ["export", "ab\x1b[2J"], ["errors", "--process", "x\x1b[2J\u202e"], ["ps"],
    ["explain", span_id(2)], ["explain", "x\x1b[2J\u3164"], ["forward", "--to", "ftp://x\x1b[2J\u202e"],
    ["alerts", "list", "--alerts", "x\x1b[2J\u202e.toml"], ["show", "x\x9b\u2066"],
]  # fmt: skip


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
    writer.close()
    rings = Path(f"{path}.rings")
    rings.mkdir(mode=0o700)
    # A program that runs, in the midst of a call: what `obsv ps` shows.
    program = Program(rings, hostile)
    program.begin(program.function(f"m.{hostile}", (hostile,)), (HOSTILE,))
    yield path
    program.close()


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_nothing_hostile_comes_out(command: list[str], as_json: bool, db: Path) -> None:
    """Of any field, in either form, on stdout and on stderr; JSON is still JSON."""
    options = ["--json"] if as_json else []
    done = warm.obsv(*command, *options, environment={**os.environ, "OBSV_DB": str(db)})
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
