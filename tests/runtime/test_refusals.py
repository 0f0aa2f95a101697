"""When the system refuses what every program needs, the program runs on, and a line says what is not recorded."""

import sys

import pytest

from tests.runtime.conftest import Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="directories in use cannot be removed on Windows")

RECORDED = """
import os, tempfile
import obsv

def use_all_descriptors():
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return held

def give_back(held):
    for each in held:
        os.close(each)

def remove_working_directory():
    directory = tempfile.mkdtemp()
    os.chdir(directory)
    os.rmdir(directory)

def calls(count):
    for number in range(count):
        try:
            work(number)
        except ValueError:
            pass

def decorated():
    global work
    @obsv.monitor
    def work(number):
        if number % 10 == 1:
            raise ValueError(number)
        return number
"""


def test_working_directory_is_gone(program: Program) -> None:
    """Calls are recorded where the path of the database is absolute."""
    result = program.run(
        f"{RECORDED}\nremove_working_directory()\ndecorated()\ncalls(10)\nassert obsv.force_flush(100)"
    )
    assert result.stderr == ""
    assert program.count() == 10


def test_nobody_knows_where_the_database_is(program: Program) -> None:
    """A relative path leads nowhere then: one line."""
    source = f"{RECORDED}\nremove_working_directory()\ndecorated()\ncalls(10)\nassert obsv.force_flush(1)"
    result = program.run(source, OBSV_DB="store.db")
    (line,) = result.stderr.splitlines()
    assert "the working directory was removed" in line


def test_no_descriptors_at_the_first_call(program: Program) -> None:
    """One line says that nothing is recorded."""
    result = program.run(f"{RECORDED}\ndecorated()\nheld = use_all_descriptors()\ncalls(10)\nprint('ran')")
    assert result.stdout == "ran\n"
    (line,) = result.stderr.splitlines()
    assert "Too many open files" in line


@pytest.mark.parametrize("writer", ["auto", "thread"])
def test_no_descriptors_later(program: Program, writer: str) -> None:
    """Calls without space are counted; with descriptors again, calls are recorded and stored as before."""
    result = program.run(
        f"""{RECORDED}
decorated()
calls(1)
assert obsv.force_flush(100)
held = use_all_descriptors()
calls(20_000)
give_back(held)
calls(100)
assert obsv.force_flush(100)
print(obsv.stats()["dropped"])
""",
        OBSV_WRITER=writer,
    )
    assert "Traceback" not in result.stderr
    assert program.count() == 20_101 - int(result.stdout)
    assert program.count("status = 'ERR'") == 2_010


def test_thread_of_the_keeper_ends_before_the_interpreter(program: Program) -> None:
    """A program that ends without descriptors ends well: tearing a thread down takes some."""
    source = (
        f"{RECORDED}\ndecorated()\ncalls(1)\nassert obsv.force_flush(100)\nheld = use_all_descriptors()\ncalls(5_000)"
    )
    result = program.run(source, OBSV_WRITER="thread")
    assert "Traceback" not in result.stderr
