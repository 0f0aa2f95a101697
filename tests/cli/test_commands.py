"""The commands, run as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from keepers import settle

from obsv.semconv import VERSION

SOURCE = """
import sys, obsv
obsv.configure(db=sys.argv[1], service_name="shop")

@obsv.monitor
def price(order_id, note):
    if order_id == 3:
        raise ValueError("no price [bold]for[/bold] order 3")
    return 1.5 * order_id

@obsv.monitor
def quote(order_id, note="\\x1b[31mred"):
    return price(order_id, note)

for n in range(1, 5):
    try:
        quote(n)
    except ValueError:
        pass
"""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "store.db"
    subprocess.run([sys.executable, "-c", SOURCE, str(path)], check=True)
    settle(path)
    return path


def obsv(*arguments: str, db: Path | None = None, expect: int = 0) -> "subprocess.CompletedProcess[str]":
    """Run a command."""
    environment = {name: value for name, value in os.environ.items() if name not in ("OBSV_DB", "COLUMNS")}
    done = warm.obsv(*arguments, environment=environment | ({"OBSV_DB": str(db)} if db else {}))
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done


def documents(done: "subprocess.CompletedProcess[str]") -> list[dict[str, object]]:
    """JSON lines."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_stats(db: Path) -> None:
    """Calls, errors and percentiles of each process, as a table and as JSON."""
    shown = obsv("stats", db=db).stdout
    assert "__main__.price" in shown
    assert "8 calls, 2 errors" in shown
    by_name = {each["process"]: each for each in documents(obsv("stats", "--json", db=db))}
    assert by_name["__main__.price"]["calls"] == 4
    assert by_name["__main__.price"]["error_rate"] == 0.25
    assert len(documents(obsv("stats", "--json", "--process", "__main__.quote", db=db))) == 1


def test_tail(db: Path) -> None:
    """The latest calls with their values, errors only where asked; JSON is nothing but JSON."""
    lines = obsv("tail", "--no-follow", db=db).stdout.splitlines()
    assert len(lines) == 8
    # The last two may have begun in the same microsecond.
    (last,) = (line for line in lines[-2:] if "__main__.quote(order_id=4" in line)
    assert "→ 6.0" in last
    failed = documents(obsv("tail", "--no-follow", "--errors", "--json", db=db))
    assert {each["status"] for each in failed} == {"ERR"}
    assert len(documents(obsv("tail", "--no-follow", "--process", "__main__.price", "--json", db=db))) == 4


def test_errors_show_tracebacks(db: Path) -> None:
    """Those that no recorded caller caught come first, with their traceback; markup in a message stays text."""
    shown = obsv("errors", "--calls", db=db).stdout
    assert "ValueError: no price [bold]for[/bold] order 3" in shown
    assert "1 of 2 errors left the program's outermost recorded call: these are listed first" in shown
    assert shown.index("__main__.quote") < shown.index("__main__.price")
    found = documents(obsv("errors", "--calls", "--json", db=db))
    assert [(each["process"], each["handled"]) for each in found] == [
        ("__main__.quote", False),
        ("__main__.price", False),
    ]


def test_errors_are_groups(db: Path) -> None:
    """One cause, however many calls it passed; by its number it is explained, and can be done with."""
    shown = obsv("errors", db=db).stdout
    assert "ValueError: no price [bold]for[/bold] order 3" in shown
    assert "1 error of 1 cause." in shown
    (group,) = documents(obsv("errors", "--json", db=db))
    assert (group["process"], group["total"], group["handled"]) == ("__main__.price", 1, False)
    explained = obsv("errors", str(group["id"]), db=db).stdout
    assert "Traceback" in explained
    assert "the program's frames" in explained
    assert "is resolved" in obsv("errors", str(group["id"]), "--resolve", db=db).stdout
    assert "resolved ValueError" in obsv("errors", db=db).stdout
    for option, said in (("--split", "told apart"), ("--unite", "one group again"), ("--separate", "by itself")):
        assert said in obsv("errors", str(group["id"]), option, db=db).stdout
    obsv("errors", "--resolve", db=db, expect=2)
    obsv("errors", "99", db=db, expect=1)
    obsv("errors", str(group["id"]), "--merge", "99", db=db, expect=1)


def test_two_decisions_about_a_group(db: Path) -> None:
    """Neither is taken, for one of them would be lost."""
    before = documents(obsv("errors", "--json", db=db))[0]
    told = obsv("errors", str(before["id"]), "--ignore", "ever", "--split", db=db, expect=2).stderr
    assert "--split and --ignore are two decisions" in told
    assert documents(obsv("errors", "--json", db=db))[0]["status"] == before["status"]


def test_options_that_a_group_does_not_take(db: Path) -> None:
    """A group is explained as a whole: filters are refused, not ignored; --exit-code counts its errors since then."""
    number = str(documents(obsv("errors", "--json", db=db))[0]["id"])
    for asked in (
        ["--process", "x"],
        ["--service", "x"],
        ["--host", "x"],
        ["--instance", "x"],
        ["--calls"],
        ["-n", "1"],
    ):
        assert "would have no effect" in obsv("errors", number, *asked, db=db, expect=2).stderr
    assert "--service" in obsv("errors", number, "--resolve", "--service", "x", db=db, expect=2).stderr
    obsv("errors", number, "--exit-code", db=db, expect=1)
    obsv("errors", number, "--exit-code", "--since", "2090-01-01", db=db)


def test_errors_for_scripts(db: Path) -> None:
    """Errors are no failure of the command, unless asked; a limit says that there are more."""
    assert "No errors." in obsv("errors", "--since", "2090-01-01", "--exit-code", db=db).stdout
    assert "Use --limit to show more" in obsv("errors", "--calls", "-n", "1", "--exit-code", db=db, expect=1).stdout
    obsv("errors", "--exit-code", db=db, expect=1)


@pytest.mark.parametrize("command", [["errors"], ["stats"], ["tail", "--no-follow"]])
def test_a_process_that_nobody_has(db: Path, command: list[str]) -> None:
    """A name that was never recorded is not taken for one without calls or errors."""
    assert "`obsv stats`" in obsv(*command, "--process", "shop.plaice", db=db, expect=1).stderr


def test_version() -> None:
    """The version of the package."""
    assert obsv("--version").stdout == f"obsv {VERSION}\n"


def test_moving_a_store(db: Path, tmp_path: Path) -> None:
    """Export into a file and import from it say in JSON what they did; a file that is not there is wrong usage."""
    file = tmp_path / "all.jsonl"
    assert documents(obsv("export", "-o", str(file), "--json", db=db)) == [{"file": str(file), "requests": 1}]
    assert file.read_text() == obsv("export", "--json", db=db).stdout
    (said,) = documents(obsv("import", str(file), "--json", db=tmp_path / "other.db"))
    assert said == {"stored": 8, "duplicates": 0, "rejected": 0, "unreadable": []}
    obsv("import", str(tmp_path / "none.jsonl"), db=tmp_path / "other.db", expect=2)
    obsv("export", "ab" * 16, "--since", "1h", db=db, expect=2)


def test_nothing_is_imported_into_another_program_s_file(tmp_path: Path) -> None:
    """Not even nothing."""
    foreign, empty = tmp_path / "foreign.db", tmp_path / "empty.jsonl"
    foreign.write_text("something else entirely" * 100)
    empty.touch()
    assert "not an obsv database" in obsv("import", str(empty), db=foreign, expect=3).stderr


def test_repro_as_json(db: Path, tmp_path: Path) -> None:
    """The source or the file, and what is to be filled in."""
    span_id = str(documents(obsv("errors", "--calls", "--json", db=db))[0]["span_id"])
    (said,) = documents(obsv("repro", span_id, "--json", db=db))
    assert (said["span_id"], "def test_" in str(said["source"])) == (span_id, True)
    (said,) = documents(obsv("repro", span_id, "--json", "-o", str(tmp_path), db=db))
    assert Path(str(said["file"])).is_file()


def test_show_draws_a_trace(db: Path) -> None:
    """A trace is a tree with values; control characters of a value are written out."""
    (failed,) = documents(obsv("errors", "--json", db=db))
    shown = obsv("show", str(failed["trace_id"]), db=db).stdout
    assert shown.index("__main__.quote") < shown.index("__main__.price")
    assert "order_id = 3" in shown
    assert "\x1b" not in shown
    spans = documents(obsv("show", str(failed["trace_id"]), "--json", db=db))
    assert [each["depth"] for each in spans] == [0, 1]


def test_sql_reads_and_cannot_write(db: Path) -> None:
    """A SELECT prints a table or JSON; anything that writes is refused."""
    rows = documents(obsv("sql", "select count(*) as n from process_trace", "--json", db=db))
    assert rows == [{"n": 8}]
    for statement in ("delete from span", "attach 'x.db' as x", "pragma journal_mode = delete"):
        obsv("sql", statement, db=db, expect=2)
    obsv("sql", "select nonsense", db=db, expect=2)
    assert "process_trace" in obsv("sql", "select * from traces", db=db, expect=2).stderr


def test_check(db: Path, tmp_path: Path) -> None:
    """A good file is well; one that is no store is not, and the exit code says so."""
    assert "No problems found." in obsv("check", db=db).stdout
    assert documents(obsv("check", "--json", db=db))[0]["calls_ever"] == 8
    other = tmp_path / "other.db"
    other.write_text("something else entirely" * 100)
    assert "not an obsv database" in obsv("check", db=other, expect=1).stdout


def test_missing_database_says_how_to_record(tmp_path: Path) -> None:
    """Exit code 3, and what to do."""
    for command in (["tail", "--no-follow"], ["errors"], ["stats"], ["sql", "select 1"], ["check"], ["show", "ab"]):
        done = obsv(*command, db=tmp_path / "none.db", expect=3)
        assert "@monitor" in done.stderr
    assert "is a directory" in obsv("stats", db=tmp_path, expect=3).stderr
    assert "cannot be opened (File name too long)" in obsv("stats", db=tmp_path / ("x" * 300), expect=3).stderr


def test_wrong_usage(db: Path) -> None:
    """Unknown options, times that are none and traces that are not there have their exit codes."""
    obsv("tail", "--nonsense", db=db, expect=2)
    obsv("errors", "--since", "yesterday-ish", db=db, expect=2)
    obsv("show", "ab" * 16, db=db, expect=1)
    obsv("show", "xyz", db=db, expect=1)


def test_help_is_quick_and_lists_every_command() -> None:
    """`obsv --help` loads no web code."""
    code = (
        "import sys; from obsv.cli import main; sys.argv[1:] = ['--help']; main(); "
        "print(sorted({'dash', 'fastapi', 'grpc', 'sqlite3'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for command in [
        "run",
        "demo",
        "tail",
        "show",
        "errors",
        "stats",
        "sql",
        "check",
        "serve",
        "forward",
        "export",
        "import",
        "repro",
    ]:
        assert f"\n  {command}" in shown
    assert shown.rstrip().endswith("[]")


def test_closed_pipe_is_no_error(db: Path) -> None:
    """`obsv … | head` ends quietly."""
    command = f"{sys.executable} -c 'import sys; from obsv.cli import main; sys.exit(main())' sql '{_MANY}' | head -n 1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, env={**os.environ, "OBSV_DB": str(db)}, timeout=240
    )
    assert done.stderr == ""


_MANY = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9000) select i from n"


def test_demo_runs_and_shows_what_was_recorded(tmp_path: Path) -> None:
    """The demo records for a moment, then prints statistics, errors and a trace."""
    shown = obsv("demo", "--seconds", "3", db=tmp_path / "demo.db").stdout
    for part in ("obsv stats", "obsv.demo.trading.trade", "obsv errors", "obsv show"):
        assert part in shown


def test_demo_as_json(tmp_path: Path) -> None:
    """The demo says where to look, and that is there."""
    db = tmp_path / "demo.db"
    (said,) = documents(obsv("demo", "--seconds", "1", "--json", db=db))
    assert [{"n": said["calls"]}] == documents(obsv("sql", "select count(*) as n from process_trace", "--json", db=db))


def test_demo_leaves_other_programs_files_alone(tmp_path: Path) -> None:
    """It says so before it runs."""
    foreign = tmp_path / "foreign.db"
    foreign.write_text("something else entirely" * 100)
    done = obsv("demo", "--seconds", "60", db=foreign, expect=3)
    assert "not an obsv database" in done.stderr
    assert done.stdout == ""


def test_a_removed_working_directory_is_a_line(db: Path, tmp_path: Path) -> None:
    """Not a traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone}; rmdir {gone}; {sys.executable} -c 'import sys; from obsv.cli import main; sys.exit(main())'"
    done = subprocess.run(
        ["bash", "-c", f"{command} stats --db {db}; {command} stats"],
        capture_output=True, text=True, timeout=240, check=False, env={**os.environ, "OBSV_DB": "store.db"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "8 calls" in done.stdout


@pytest.mark.parametrize("command", ["show", "export"])
@pytest.mark.parametrize("text", ["xyz", "0" * 33, "ab" * 16])
def test_a_trace_that_is_none(db: Path, command: str, text: str) -> None:
    """A malformed id is explained, and so is one that nobody has."""
    expected = "hex digits" if text != "ab" * 16 else "There is no trace"
    assert expected in obsv(command, text, db=db, expect=1).stderr
