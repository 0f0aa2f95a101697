"""Recording with `obsv run`, and its messages."""

import os
import sys
from pathlib import Path

import pytest
from programs import Programs

from obsv.cli.running.inherit.sitecustomize import command_of
from obsv.cli.running.installed import find_command, package_of_module
from obsv.cli.running.options import hand_over, make_parser, names_of_environment

SHOP = """
import secrets_of_shop

def total(n):
    return _round(n) + helper(n)

def helper(n):
    return n

def _round(n):
    return n

class Order:
    def to_text(self):
        return str(self)
    def to_json(self):
        return "{}"
    def price(self):
        raise KeyError("no price")

total(1)
Order().to_text(), Order().to_json()
try:
    Order().price()
except KeyError:
    pass
"""


@pytest.fixture
def shop(programs: Programs) -> Programs:
    programs.write("main.py", SHOP)
    programs.write("secrets_of_shop.py", "")
    return programs


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--private"], {"total", "helper", "_round", "Order.to_text", "Order.to_json", "Order.price"}),
        (["--exclude", "__main__.Order.to_*", "--exclude=main.helper"], {"total", "Order.price"}),
        (["--include", "main.Order.to_*"], {"Order.to_text", "Order.to_json"}),
        (["--errors-only"], {"Order.price"}),
        (["--depth", "1"], {"total", "Order.to_text", "Order.to_json", "Order.price"}),
        (["--min-duration=1h"], {"Order.price"}),
    ],
)
def test_functions_and_calls(shop: Programs, options: list[str], expected: set[str]) -> None:
    """By glob, by name, by what becomes of a call; the program says the same."""
    assert shop.recorded("main.py", options=options) == (0, "", "")
    found = {name for name, weight in shop.rows("process, 0") if weight == 0}
    query = "select distinct n.name from span s join process_name n on n.id = s.name_id where s.weight is null"
    import sqlite3

    connection = sqlite3.connect(shop.db)
    stored = {name.removeprefix("__main__.") for (name,) in connection.execute(query)}
    connection.close()
    assert stored == expected
    assert found


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--depth", "0", "--depth must be a whole number"),
        ("--sample", "often", "--sample must be a share"),
        ("--values", "most", "--values must be off, args, all"),
        ("--min-duration", "soon", "--min-duration must be a duration"),
    ],
)
def test_values_that_cannot_be_used(capsys: pytest.CaptureFixture[str], option: str, value: str, words: str) -> None:
    """The message says what can be."""
    with pytest.raises(SystemExit):
        make_parser().parse_args([option, value, "x.py"])
    assert words in " ".join(capsys.readouterr().err.split())


def test_options_are_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children have them, and a variable does what its option does."""
    for name in ("OBSV_INCLUDE", "OBSV_EXCLUDE", "OBSV_PRIVATE", "OBSV_CAPTURE", "OBSV_DEPTH", "OBSV_SAMPLE_RATE"):
        monkeypatch.setenv(name, "")
    names = ["--include=a", "--include=b.*", "--exclude=c", "--private"]
    hand_over(make_parser().parse_args([*names, "--exact", "--depth=3", "--sample", "5%", "x.py"]))
    assert names_of_environment().include == ("a", "b.*")
    assert (names_of_environment().exclude, names_of_environment().private) == (("c",), True)
    assert [os.environ[name] for name in ("OBSV_CAPTURE", "OBSV_DEPTH", "OBSV_SAMPLE_RATE")] == ["exact", "3", "5%"]


def test_an_installed_command(programs: Programs) -> None:
    """Its package is recorded, unless it runs the user's code; one of another Python is none."""
    command, launcher = find_command("httpx"), find_command("uvicorn")
    assert command is not None
    assert launcher is not None
    assert (command.package, launcher.package) == ("httpx", None)
    assert Path(command.path).name == "httpx"
    assert find_command("ls") is None
    assert find_command("no-such-command") is None
    found = programs.recorded("no-such-command")
    assert "can't open file" in found[2]


def test_a_command_by_the_path_of_its_script(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the children of a program are started: it is the same command, but a script of the user's is none."""
    script = programs.write("bin/rich-demo", f"#!{programs.directory}/bin/python\n")
    monkeypatch.setattr(sys, "executable", f"{programs.directory}/bin/python")
    programs.write("rich_demo-1.dist-info/METADATA", "Name: rich-demo\nVersion: 1\n")
    programs.write("rich_demo-1.dist-info/entry_points.txt", "[console_scripts]\nrich-demo = rich_demo.main:run\n")
    monkeypatch.syspath_prepend(str(programs.directory))
    assert find_command(str(script)) == (str(script), "rich_demo")
    assert find_command(str(programs.write("bin/own.py", "#!/usr/bin/env python\n"))) is None
    assert find_command(str(programs.write("elsewhere/rich-demo", script.read_text()))) is None


def test_a_commands_package_and_the_modules_here(programs: Programs) -> None:
    """`obsv run pytest` records the tests, and what is installed under the command's name."""
    programs.write("test_here.py", "def test_here():\n    pass\n")
    outcome = programs.recorded("pytest", "-q", "-p", "no:cacheprovider", "test_here.py")
    assert outcome.code == 0, outcome.errors
    assert "test_here.test_here" in programs.processes()


def test_an_installed_module(programs: Programs) -> None:
    """`obsv run -m` records the package that was named, wherever it is installed, and says so if nothing of it ran."""
    programs.write("site-packages/pricing/__init__.py", "")
    programs.write("site-packages/pricing/table.py", "def price():\n    return 7\n")
    programs.write("site-packages/pricing/__main__.py", "from pricing.table import price\nprint(price())\n")
    programs.write("site-packages/quiet.py", "print(8)\n")
    path = {"PYTHONPATH": str(programs.directory / "site-packages")}
    assert programs.recorded("-m", "pricing", **path)[:2] == (0, "7\n")
    assert programs.processes() == {"pricing.table.price"}
    outcome = programs.recorded("-m", "quiet", OBSV_DB=str(programs.directory / "none.db"), **path)
    assert outcome.output == "8\n"
    assert outcome.errors.startswith("obsv run: no call was recorded; name the modules to record with --include.")


@pytest.mark.parametrize(
    ("name", "package"),
    [
        *(("kit", "kit"), ("kit.inner", "kit"), ("single", "single"), ("space.kit.inner", "space.kit")),
        *(("space", None), ("json.tool", None), ("missing", None), ("space.missing", None), ("mine", None), ("", None)),
        *(("uvicorn", None), ("celery.bin", None)),
    ],
)
def test_the_package_of_a_module(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, name: str, package: str | None
) -> None:
    """It is the first part that is no namespace, unless it is the user's own or the library's; nothing is imported."""
    for path in ("kit/__init__.py", "kit/inner.py", "single.py", "space/kit/__init__.py", "space/kit/inner.py"):
        programs.write(f"installed/{path}", "raise SystemExit\n")
    programs.write("installed/celery/__init__.py", "raise SystemExit\n")
    programs.write("mine.py", "raise SystemExit\n")
    monkeypatch.syspath_prepend(str(programs.directory / "installed"))
    monkeypatch.chdir(programs.directory)
    assert package_of_module(name) == package


def test_nothing_matched(shop: Programs) -> None:
    """One line says so, and what the program imported."""
    code, _, errors = shop.recorded("main.py", options=["--include", "shopp"])
    assert code == 0
    assert errors.splitlines() == [
        "obsv run: no call was recorded; name the modules to record with --include. It imported secrets_of_shop."
    ]


@pytest.mark.parametrize("matches", [True, False])
def test_nothing_matched_in_the_parent(programs: Programs, matches: bool) -> None:
    """A server that loads its application in a worker: what a child recorded is not called nothing."""
    programs.write("application.py", "def work(): return 1\n")
    programs.write(
        "server.py",
        "import os, sys\n"
        "worker = os.fork()\n"
        "if not worker:\n"
        "    import application\n"
        "    sys.exit(application.work())\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) - 1)\n",
    )
    code, _, errors = programs.recorded("server.py", options=["--include", "application" if matches else "nothing"])
    assert code == 0
    assert programs.processes() == ({"application.work"} if matches else set())
    # Nor does the worker say it beside its parent.
    assert errors.count("no call was recorded") == (0 if matches else 1)


def test_a_summary(shop: Programs) -> None:
    """At the end, when all is stored: how much, how many errors, and where the time went."""
    code, _, errors = shop.recorded("main.py", options=["--summary"])
    lines = errors.splitlines()
    assert code == 0
    assert "5 calls of 5 functions stored in" in lines[0]
    assert "1 error, 1 of them left the outermost recorded call." in lines[0]
    assert len(lines) == 6
    assert all(line.startswith("obsv: ") for line in lines)


CHILD = "def work():\n    return 1\n\nwork()\n"


def test_programs_that_it_starts(programs: Programs) -> None:
    """Scripts, modules and code, with options of the interpreter; they behave as they would."""
    programs.write("child.py", CHILD + "import sys\nprint(sys.argv[1:], sys.flags.optimize)\nsys.exit(len(sys.argv))\n")
    programs.write("module.py", CHILD.replace("work", "of_module"))
    programs.write(
        "main.py",
        "import subprocess, sys\n"
        "def start():\n"
        "    print(subprocess.call([sys.executable, '-O', '-X', 'utf8', 'child.py', 'a', '-b']), flush=True)\n"
        "    subprocess.check_call([sys.executable, '-m', 'module'])\n"
        "    subprocess.check_call([sys.executable, '-c', 'def of_code(): ...\\nof_code()'])\n"
        "    print(subprocess.check_output([sys.executable], input=b'print(7)').decode(), end='')\n"
        "start()\n",
    )
    expected = "['a', '-b'] 1\n3\n7\n"
    assert programs.recorded("main.py", options=["--children"]) == (0, expected, "")
    assert programs.processes() == {"__main__.start", "__main__.work", "__main__.of_module", "__main__.of_code"}
    assert {service for (service,) in programs.rows("service")} >= {"main", "child", "module"}


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["python", "x.py", "-m"], ["python", "-m", "obsv", "run", "x.py", "-m"]),
        (["python", "-u", "-W", "error", "-m", "a"], ["python", "-u", "-W", "error", "-m", "obsv", "run", "-m", "a"]),
        (["python", "-Werror", "-c", "pass"], ["python", "-Werror", "-m", "obsv", "run", "-c", "pass"]),
        (["python"], None),
        (["python", "-"], None),
        (["python", "-i", "x.py"], None),
        (["python", "-V"], None),
        (["python", "-m", "obsv", "run", "x.py"], None),
        (["python", "/bin/obsv", "tail"], None),
        (["python", "-c", "from multiprocessing.spawn import spawn_main", "--multiprocessing-fork"], None),
    ],
)  # fmt: skip
def test_command_lines_of_children(words: list[str], rest: list[str] | None) -> None:
    """Commands other than the user's programs are left unchanged."""
    assert command_of(words) == rest


def test_the_module_that_stands_behind_is_imported(programs: Programs) -> None:
    """A `sitecustomize` of the user's goes on doing what it does."""
    own = programs.directory / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys\nsys.mark = 'mine'\n")
    programs.write("child.py", "import sys, sitecustomize\nprint(sys.mark, sitecustomize.__file__)\n")
    programs.write("main.py", "import subprocess, sys\nsubprocess.check_call([sys.executable, 'child.py'])\n")
    path = os.pathsep.join(filter(None, (str(own), os.environ.get("PYTHONPATH"))))
    _, output, _ = programs.recorded("main.py", options=["--children"], PYTHONPATH=path)
    assert output == f"mine {own / 'sitecustomize.py'}\n"
    assert sys.executable
