"""`obsv run` runs a program as the interpreter does: same output, same errors, same exit code."""

import os
import py_compile
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from programs import COMMAND, Programs, without_delay

FACTS = """
import sys
print(sys.argv, sys.path[0])
print({name: repr(value) for name, value in globals().items()})
print(sys.modules["__main__"].__dict__ is globals(), type(__loader__), __spec__)
def f(x):
    return x
f(1)
"""

ENDINGS = {
    "end": "pass",
    "exit code": "import sys; sys.exit(3)",
    "exit text": "import sys; sys.exit('enough')",
    "exit none": "import sys; sys.exit()",
    "exit in a function": "def f():\n    raise SystemExit(7)\nf()",
    "os._exit": "import os; os._exit(4)",
    "exception": "def f():\n    return g()\ndef g():\n    return 1 / 0\nf()",
    "exception at the top": "1 / 0",
    "exception in a generator": "def f():\n    yield 1\n    raise ValueError('no')\nlist(f())",
    "exception in a coroutine": "import asyncio\nasync def f():\n    raise ValueError('no')\nasyncio.run(f())",
    "cause": "def f():\n    try:\n        g()\n    except KeyError as e:\n        raise ValueError('no') from e\n"
    "def g():\n    return {}['k']\nf()",
    "context": "def f():\n    try:\n        g()\n    except KeyError:\n        g(1)\ndef g():\n    return {}['k']\nf()",
    "own hook": "import sys\nsys.excepthook = lambda t, v, tb: print('hook', t, v, tb.tb_lineno)\n1 / 0",
    "interrupt": "def f():\n    raise KeyboardInterrupt\nf()",
    "signal": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "atexit": "import atexit\natexit.register(print, 'bye')\nprint('end')",
    "atexit after an exception": "import atexit\natexit.register(print, 'bye')\n1 / 0",
    "thread outlives main": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()\nprint('end')",
    "exception in a thread": "import threading\ndef f():\n    1 / 0\nthread = threading.Thread(target=f)\n"
    "thread.start(); thread.join()",
    "syntax error": "def f(:\n    pass",
    "syntax error of the compiler": "def f():\n    pass\nreturn 1",
    "import error": "import nothing_of_that_name",
    "broken import": "import broken",
    "recursion": "def f(n):\n    return n and f(n - 1)\nprint(f(700))",
    "endless recursion": "def f():\n    return f()\ntry:\n    f()\nexcept RecursionError:\n    print('deep')",
    "warning": "import warnings\ndef f():\n    warnings.warn('old', DeprecationWarning, stacklevel=2)\nf()",
    "unraisable": "class C:\n    def __del__(self):\n        1 / 0\nC()",
    "traceback printed": "import traceback\ndef f():\n    1 / 0\ntry:\n    f()\nexcept ZeroDivisionError:\n"
    "    traceback.print_exc()",
}


@pytest.mark.parametrize("source", ENDINGS.values(), ids=ENDINGS)
def test_endings(unread: Programs, source: str) -> None:
    """However a program ends, it ends so under `obsv run`, with the same words."""
    unread.write("broken.py", "def f():\n    return 1\nf() / 0\n")
    unread.write("main.py", source)
    if sys.version_info < (3, 11) and ("thread" in source or "traceback" in source):
        pytest.skip("Before 3.11 a wrapper cannot leave the tracebacks that a program prints itself")
    assert unread.recorded("main.py") == unread.plain("main.py")


@pytest.mark.parametrize(
    "arguments",
    [
        ["main.py"],
        ["main.py", "-x", "--include", "y", "--", "z"],
        ["./main.py"],
        ["folder/../main.py", "a b", ""],
        ["folder/link.py"],
        ["-m", "main", "-x", "--db", "y"],
        ["-m", "package", "a"],
        ["-m", "package.sub", "a"],
        ["folder"],
        ["archive.zip", "a"],
        ["compiled.pyc", "a"],
        ["-c", FACTS, "a", "-b"],
        ["-", "a"],
    ],
    ids=lambda arguments: " ".join(arguments[:2])[:20].strip(),
)
def test_surroundings(programs: Programs, arguments: list[str]) -> None:
    """Arguments, path and `__main__` are what a program would find under the interpreter."""
    main = programs.write("main.py", FACTS)
    for path in ("folder/__main__.py", "package/__main__.py", "package/sub.py"):
        programs.write(path, FACTS)
    programs.write("package/__init__.py", "")
    (programs.directory / "folder" / "link.py").symlink_to(main)
    py_compile.compile(str(main), str(programs.directory / "compiled.pyc"))
    with zipfile.ZipFile(programs.directory / "archive.zip", "w") as archive:
        archive.writestr("__main__.py", FACTS)
    recorded = programs.recorded(*arguments, input=FACTS)
    assert recorded == programs.plain(*arguments, input=FACTS)
    assert recorded.code == 0
    assert programs.processes() == (set() if arguments[0] == "compiled.pyc" else {"__main__.f"})


def test_missing_module(unread: Programs) -> None:
    """A module that does not exist, or that cannot be run, is reported in the interpreter's words."""
    unread.write("package/__init__.py", "")
    for name in ("nothing_of_that_name", "package"):
        assert unread.recorded("-m", name) == unread.plain("-m", name)


def test_missing_script(programs: Programs) -> None:
    """A script that does not exist ends with 2 and the interpreter's message."""
    outcome = programs.recorded("nothing.py")
    path = str(programs.directory / "nothing.py")
    assert outcome == (2, "", f"obsv run: can't open file {path!r}: [Errno 2] No such file or directory\n")


def test_nothing_to_run(programs: Programs) -> None:
    """Without a program the usage is shown."""
    outcome = programs.recorded()
    assert (outcome.code, outcome.output) == (2, "")
    assert "name a script, or a module with -m" in outcome.errors


def test_help(programs: Programs) -> None:
    """`--help` explains the options."""
    outcome = programs.recorded("--help")
    assert outcome.code == 0
    assert "--include GLOB" in outcome.output


PICKLING = """
import multiprocessing, pickle, sys
class Thing:
    def __init__(self, n): self.n = n
    def twice(self): return self.n * 2
def work(thing):
    return thing.twice()
if __name__ == "__main__":
    assert pickle.loads(pickle.dumps(work)) is work
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map(work, [Thing(1), Thing(2)]), pool.apply(Thing(3).twice))
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_other_processes(programs: Programs, method: str) -> None:
    """Functions of the script can be sent to other processes, however those are started."""
    programs.write("main.py", PICKLING)
    recorded = programs.recorded("main.py", method, PYTHONWARNINGS="ignore")
    assert recorded == (0, "[2, 4] 6\n", "")


def test_spawned_module(unread: Programs) -> None:
    """Processes spawned by a module that was run with `-m` find its functions."""
    unread.write("package/__init__.py", "")
    unread.write("package/work.py", PICKLING)
    assert unread.recorded("-m", "package.work", "spawn") == (0, "[2, 4] 6\n", "")


SPAWNING = """
import multiprocessing, sys
import helper
def work(n):
    return inner(n)
def inner(n):
    return helper.twice(n)
if __name__ == "__main__":
    pool = multiprocessing.get_context(sys.argv[1]).Pool(2)
    print(pool.map(work, [1, 2]))
    pool.close()
    pool.join()
"""


@pytest.mark.parametrize("program", [["main.py"], ["-m", "main"], ["folder/../main.py"]], ids=" ".join)
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_spawned_processes_record(programs: Programs, program: list[str], method: str) -> None:
    """So do interpreters that the program spawns, what it defines itself and what it imports."""
    programs.write("main.py", SPAWNING)
    programs.write("helper.py", "def twice(n): return 2 * n\n")
    (programs.directory / "folder").mkdir()
    assert programs.recorded(*program, method) == programs.plain(*program, method) == (0, "[2, 4]\n", "")
    rows = programs.rows("process, count(*)", "group by process order by process")
    assert rows == [("__main__.inner", 2), ("__main__.work", 2), ("helper.twice", 2)]


def test_spawned_processes_leave_out_what_the_program_does(programs: Programs) -> None:
    """Excluded names are not recorded in spawned processes either."""
    programs.write("main.py", SPAWNING)
    programs.write("helper.py", "def twice(n): return 2 * n\n")
    assert programs.recorded("main.py", "spawn", options=["--exclude", "__main__"]).code == 0
    assert programs.processes() == {"helper.twice"}


def test_spawned_processes_find_their_own_modules(programs: Programs) -> None:
    """A file named like a module that obsv uses is what a spawned process imports, as without obsv."""
    programs.write("main.py", SPAWNING)
    programs.write("helper.py", "import sqlite3\ndef twice(n): return sqlite3.mine(n)\n")
    programs.write("sqlite3.py", "def mine(n): return 2 * n\n")
    assert programs.recorded("main.py", "spawn") == programs.plain("main.py", "spawn") == (0, "[2, 4]\n", "")
    assert "helper.twice" in programs.processes()


LOOKING = """
import dataclasses, doctest, enum, functools, inspect, typing

def add(a: "int", b: int = 2) -> int:
    '''Adds.

    >>> add(1)
    3
    '''
    return a + b

@functools.lru_cache(maxsize=None)
def cached(x):
    '''
    >>> cached(1)
    1
    '''
    return x

@dataclasses.dataclass(slots=True)
class Point:
    '''
    >>> Point(1).twice()
    2
    '''
    x: int
    def twice(self):
        return self.x * 2

print(inspect.getsource(add), inspect.getsource(Point), inspect.getsource(Point.twice))
print(inspect.signature(add), typing.get_type_hints(add), add.__name__, add.__qualname__, add.__module__)
print(cached(1), cached(1), cached.cache_info(), Point(3), dir(), help(add))
print(doctest.testmod())
"""


def test_looking_at_itself(unread: Programs) -> None:
    """A program that inspects, documents and tests itself finds itself unchanged."""
    unread.write("main.py", LOOKING)
    recorded = unread.recorded("main.py")
    assert recorded == unread.plain("main.py")
    assert "TestResults(failed=0" in recorded.output


def test_unittest(programs: Programs) -> None:
    """A script of tests runs them, with its own exit code."""
    programs.write(
        "main.py",
        """
        import unittest
        class Test(unittest.TestCase):
            def test_good(self): self.assertEqual(1, 1)
            def test_bad(self): self.assertEqual(1, 2)
        unittest.main()
        """,
    )
    plain, recorded = programs.plain("main.py"), programs.recorded("main.py")
    assert recorded.code == plain.code == 1
    if sys.version_info >= (3, 11):
        assert recorded.errors.split("Ran ")[0] == plain.errors.split("Ran ")[0]
    assert {"__main__.Test.test_good", "__main__.Test.test_bad"} <= programs.processes()


def test_own_module_of_a_standard_name(unread: Programs) -> None:
    """A file named like a module that obsv uses is what the program imports."""
    unread.write("queue.py", "def mine(): return 'mine'\n")
    unread.write("platform/__init__.py", "NAME = 'mine'\n")
    unread.write("main.py", "import queue, platform\nprint(queue.mine(), platform.NAME)\n")
    assert unread.recorded("main.py") == unread.plain("main.py") == (0, "mine mine\n", "")


def test_interrupt_from_outside(programs: Programs) -> None:
    """Ctrl-C ends the program as it would, and what it did is recorded."""
    # One line prints and waits: the signal can arrive before print() has returned.
    script = programs.write(
        "main.py", "import time\ndef f(): return 1\nf()\nprint('ready', flush=True); time.sleep(600)\n"
    )
    run = subprocess.Popen(
        [sys.executable, str(COMMAND), "run", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OBSV_DB": str(programs.db)},
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=240)
    assert run.returncode == -signal.SIGINT
    assert errors.startswith(f'Traceback (most recent call last):\n  File "{script}", line 4, in <module>')
    assert without_delay(errors).endswith("KeyboardInterrupt\n")
    assert programs.processes() == {"__main__.f"}


PROJECT = {
    "main.py": "import shop, shop.orders, other, colorsys\ndef start():\n    shop.orders.total()\n    other.f()\n"
    "    colorsys.rgb_to_hsv(1, 1, 1)\nstart()\n",
    "shop/__init__.py": "def f(): return 1\nf()\n",
    "shop/orders.py": "def total(): return 1\n",
    "lib/site-packages/other.py": "def f(): return 1\n",
}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"__main__.start", "shop.f", "shop.orders.total"}),
        (["--exclude", "shop.orders"], {"__main__.start", "shop.f"}),
        (["--exclude", "__main__", "--exclude=shop.*"], set()),
        (["--include", "shop"], {"shop.f", "shop.orders.total"}),
        (["--include", "*.orders", "--include", "__main__"], {"__main__.start", "shop.orders.total"}),
        (["--include=main", "--include=other"], {"__main__.start", "other.f"}),
        (["--include", "colorsys"], {"colorsys.rgb_to_hsv"}),
    ],
)
def test_what_is_recorded(programs: Programs, options: list[str], expected: set[str]) -> None:
    """By default the script and the modules beside it; else what the globs say."""
    for path, source in PROJECT.items():
        programs.write(path, source)
    path = str(programs.directory / "lib" / "site-packages")
    assert programs.recorded("main.py", options=options, PYTHONPATH=_path(path)) == (0, "", "")
    assert programs.processes() == expected


def _path(first: str) -> str:
    return os.pathsep.join(filter(None, (first, os.environ.get("PYTHONPATH"))))


def test_groups_by_program(programs: Programs) -> None:
    """Calls of the script are grouped by its name, others by their modules."""
    for path, source in PROJECT.items():
        programs.write(path, source)
    programs.recorded("main.py", PYTHONPATH=_path(str(programs.directory / "lib" / "site-packages")))
    assert set(programs.rows("process, process_group")) == {
        ("__main__.start", "main"),
        ("shop.f", "shop"),
        ("shop.orders.total", "shop.orders"),
    }


def test_nesting(programs: Programs) -> None:
    """A call made by a recorded call is its child."""
    programs.write("main.py", "def a(): return b()\ndef b(): return 1\na()\n")
    programs.recorded("main.py")
    (outer, root, _), (_, child, parent) = programs.rows("process, span_id, parent_span_id")
    assert (outer, parent) == ("__main__.a", root)
    assert child != root


def test_error_is_recorded(programs: Programs) -> None:
    """The exception that ends a program is in the database, with its traceback."""
    programs.write("main.py", "def f(x):\n    return 1 / x\nf(0)\n")
    assert programs.recorded("main.py").code == 1
    [(status, exception)] = programs.rows("status, exception")
    assert status == "ERR"
    assert "ZeroDivisionError: division by zero" in str(exception)


def test_db_and_service(programs: Programs) -> None:
    """`--db` and `--service` say where and under which name calls are kept."""
    programs.write("main.py", "import os\nos.chdir('/')\ndef f(): return 1\nf()\n")
    environment = {"OBSV_DB": "", "OTEL_SERVICE_NAME": ""}
    options = ["--db", "recorded/observability.db", "--service", "shop"]
    assert programs.recorded("main.py", options=options, **environment).code == 0
    assert programs.rows("process, service") == [("__main__.f", "shop")]


def test_directory_of_the_database_is_there_from_the_start(programs: Programs) -> None:
    """The first calls can be put aside beside the database before its writer has begun."""
    programs.write(
        "main.py",
        "import obsv, os, sys\nobsv.configure(db=sys.argv[1])\nprint(os.path.isdir(os.path.dirname(sys.argv[1])))\n",
    )
    assert programs.recorded("main.py", str(programs.directory / "a" / "b" / "x.db")) == (0, "True\n", "")


def test_database_that_cannot_be_written(programs: Programs) -> None:
    """A program runs to its own end though nothing can be recorded."""
    (programs.directory / "recorded").write_text("a file where a directory should be")
    programs.write("main.py", "import sys\ndef f(): return 5\nsys.exit(f())\n")
    outcome = programs.recorded("main.py")
    assert (outcome.code, outcome.output) == (5, "")


def test_decorated_function_keeps_its_settings(programs: Programs) -> None:
    """A function that the program monitors itself is recorded once, its way."""
    programs.write(
        "main.py",
        """
        from obsv import monitor as watch

        @watch(process_group="mine", feed="prices")
        def price(x):
            return x

        @watch
        class Book:
            def add(self, x):
                return x

        price(1)
        Book().add(2)
        """,
    )
    assert programs.recorded("main.py").code == 0
    assert programs.rows("process, process_group") == [("__main__.price", "mine"), ("__main__.Book.add", "__main__")]


def test_removed_working_directory(programs: Programs, tmp_path: Path) -> None:
    """The program runs and is recorded, also where the system knows no working directory."""
    script = programs.write("app.py", "def f(): pass\nf()\nprint('ran')")
    gone = tmp_path / "gone"
    enter = f"import os, sys; os.mkdir({str(gone)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); "
    command = [sys.executable, str(COMMAND), "run", str(script)]
    run = programs.plain("-c", f"{enter}os.execv(sys.executable, {command!r})", OBSV_DB=str(programs.db))
    assert (run.code, run.output, run.errors) == (0, "ran\n", "")
    assert programs.processes() == {"__main__.f"}
