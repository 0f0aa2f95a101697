"""The version of a service: stated, by commit, or by the sources of its functions."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from store_rows import FIELDS, START_NS, call

from obsv.store import Code, Reader, Signature, Source, Writer

A, B, OTHER = "def price(x):\n    return x\n", "def price(x):\n    return -x\n", "def tax(x):\n    return 2\n"


def program(*functions: tuple[str, str], path: str = "/shop.py", line: int = 1) -> list[Signature]:
    """Functions of one recording process, by name and source."""
    return [Signature("shop", f"shop.{name}", "shop", 1, FIELDS, Code(path, line, text)) for name, text in functions]


def run(writer: Writer, number: int, functions: list[Signature], resource: str = "") -> None:
    """Calls of a new process, one a batch."""
    source = Source("shop", resource or f'{{"attributes":[{number}]}}', '{"name":"obsv"}')
    for at, signature in enumerate(functions):
        writer.write([call(100 * number + at, signature, source=source, start_ns=START_NS + number)])


def versions(reader: Reader) -> list[tuple[str, str]]:
    """Name and kind, in the order in which they were seen."""
    return [tuple(row) for row in reader.query("select name, kind from version order by id")]


def test_program_with_another_source_is_another_version(writer: Writer, reader: Reader) -> None:
    """And one that goes back is the one that it was."""
    for number, text in enumerate((A, A, B, A)):
        run(writer, number, program(("price", text)))
    assert len(versions(reader)) == 2
    assert {kind for _, kind in versions(reader)} == {"code"}
    latest = reader.query("select id from version order by last_ns desc limit 1")
    assert latest[0][0] == 1


def test_function_that_is_called_later_makes_no_version(writer: Writer, reader: Reader) -> None:
    """Each process calls what it needs."""
    run(writer, 1, program(("price", A)))
    run(writer, 2, program(("tax", OTHER), ("price", A)))
    run(writer, 3, program(("tax", OTHER)))
    assert len(versions(reader)) == 1


def test_function_that_only_moved_is_the_same(writer: Writer, reader: Reader) -> None:
    """Lines above it were added."""
    run(writer, 1, program(("price", A)))
    run(writer, 2, program(("price", A), path="/elsewhere/shop.py", line=40))
    assert len(versions(reader)) == 1


def test_functions_that_share_a_name_make_no_version(writer: Writer, reader: Reader) -> None:
    """Getter and setter of a property, say: which is called first is an accident."""
    getter, setter = program(("price", A), line=1)[0], program(("price", B), line=10)[0]
    run(writer, 1, [getter, setter])
    run(writer, 2, [setter, getter])
    run(writer, 3, [setter])
    assert len(versions(reader)) == 1


def test_function_that_a_program_defines_anew_is_a_version(writer: Writer, reader: Reader) -> None:
    """A cell of a notebook that was changed and run again."""
    run(writer, 1, [*program(("price", A), path="<cell 1>"), *program(("price", B), path="<cell 2>")])
    assert len(versions(reader)) == 2


def test_what_a_service_says_goes_before_its_sources(writer: Writer, reader: Reader) -> None:
    """`service.version`."""
    said = '{"attributes":[{"key":"service.version","value":{"stringValue":"1.2"}}]}'
    run(writer, 1, program(("price", A)), said)
    run(writer, 2, program(("price", B)), said)
    assert versions(reader) == [("1.2", "version")]


def test_only_the_sources_of_the_latest_versions_are_kept(writer: Writer, reader: Reader) -> None:
    """Somebody who edits all day must not fill the file."""
    for number in range(30):
        run(writer, number, program(("price", f"{A}    # {number}\n")))
    assert len(versions(reader)) == 30
    assert reader.query("select count(distinct version_id) from version_code")[0][0] == 20


def git(directory: Path, *arguments: str) -> str:
    """Run git; returns what it says."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(("git", *identity, *arguments), cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A module in a work tree."""
    (tmp_path / "code").mkdir()
    module = tmp_path / "code" / "shop.py"
    write(module, A)
    git(module.parent, "init", "-q")
    git(module.parent, "add", "shop.py")
    git(module.parent, "commit", "-qm", "first")
    return module


def write(module: Path, text: str) -> None:
    """A source file that was there before the program began."""
    module.write_text(text)
    os.utime(module, ns=(START_NS - 1_000_000_000, START_NS - 1_000_000_000))


def test_commit_is_a_version(writer: Writer, reader: Reader, checkout: Path) -> None:
    """Also where references are packed."""
    run(writer, 1, program(("price", A), path=str(checkout)))
    commit = git(checkout.parent, "rev-parse", "HEAD")
    assert versions(reader) == [(commit[:12], "commit")]
    git(checkout.parent, "pack-refs", "--all")
    run(writer, 2, program(("price", A), path=str(checkout)))
    assert len(versions(reader)) == 1


def test_edits_since_a_commit_are_versions(writer: Writer, reader: Reader, checkout: Path) -> None:
    """Each of them, not one for all; and without them it is the commit again."""
    commit = git(checkout.parent, "rev-parse", "HEAD")[:12]
    for number, text in enumerate((B, f"{B}    # more\n", A)):
        write(checkout, text)
        run(writer, number, program(("price", text), path=str(checkout)))
    names = [name for name, _ in versions(reader)]
    assert len(names) == 3
    assert names[0].startswith(f"{commit}+")
    assert names[1].startswith(f"{commit}+")
    assert names[2] == commit


def test_file_that_was_changed_later_says_nothing(writer: Writer, reader: Reader, checkout: Path) -> None:
    """The program runs what was there when it began."""
    checkout.write_text(B)
    run(writer, 1, program(("price", A), path=str(checkout)))
    assert [name for name, _ in versions(reader)] == [git(checkout.parent, "rev-parse", "HEAD")[:12]]


def test_received_calls_name_no_files_of_this_machine(writer: Writer, reader: Reader, checkout: Path) -> None:
    """Their sources tell versions apart, no directory here is looked at."""
    source = Source("shop", "{}", "{}", received=True)
    writer.write([call(1, program(("price", A), path=str(checkout))[0], source=source)])
    assert [kind for _, kind in versions(reader)] == ["code"]
