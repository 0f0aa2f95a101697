"""`obsv run -m pytest`: test functions are recorded, and pytest says what it says without."""

import pytest
from programs import Outcome, Programs

ARGUMENTS = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
TESTS = """
import pytest

class TestThing:
    def test_passes(self):
        assert twice(1) == 2

    def test_fails(self):
        wanted = {"a": 1}
        assert twice(2) == wanted["a"]

def twice(number):
    return 2 * number

@pytest.fixture
def three():
    yield 3

def test_fixture(three):
    assert three == 3

def test_words():
    warnings = pytest.importorskip("warnings")
    with pytest.warns(UserWarning):
        warnings.warn("x")
    assert three, "said"
"""


def both(programs: Programs, *arguments: str) -> Outcome:
    """Return pytest's output in both cases."""
    # From a directory of compiled files of its own, filled by the first and read by the second.
    environment = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(programs.directory / "compiled"),
    }
    plain = programs.plain(*ARGUMENTS, *arguments, **environment)
    for _ in range(2):
        assert programs.recorded(*ARGUMENTS, *arguments, **environment) == plain
    return plain


def test_test_functions_are_recorded(programs: Programs) -> None:
    """A failing `assert` is an error with its values; fixtures and conftest.py are recorded like tests."""
    programs.write("test_thing.py", TESTS)
    programs.write("conftest.py", "def early():\n    return 1\nearly()\n")
    assert both(programs).code == 1
    rows = programs.rows("process, status, count(*)", "group by process, status order by process")
    assert rows == [
        ("conftest.early", "OK", 2),
        ("test_thing.TestThing.test_fails", "ERR", 2),
        ("test_thing.TestThing.test_passes", "OK", 2),
        ("test_thing.test_fixture", "OK", 2),
        ("test_thing.test_words", "OK", 2),
        ("test_thing.three", "OK", 2),
        ("test_thing.twice", "OK", 4),
    ]
    ((exception,),) = programs.rows("distinct exception", "where exception is not null")
    assert "assert 4 == 1\n +  where 4 = twice(2)" in str(exception)


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_test_modules_that_cannot_be_imported(programs: Programs, mode: str) -> None:
    """The tracebacks that pytest shows have no frame of ours."""
    programs.write("test_raises.py", "def fail():\n    return 1 / 0\nfail()\n")
    programs.write("test_syntax.py", "def f(:\n")
    programs.write("test_missing.py", "import nothing_of_that_name\n")
    shown = both(programs, f"--import-mode={mode}")
    assert shown.code == 2
    assert "ZeroDivisionError" in shown.output
    assert "obsv" not in shown.output


def test_what_is_not_included_is_left_alone(programs: Programs) -> None:
    """Test modules are recorded where they are wanted."""
    programs.write("test_thing.py", "import helper\ndef test_one():\n    assert helper.one() == 1\n")
    programs.write("helper.py", "def one():\n    return 1\n")
    assert programs.recorded(*ARGUMENTS, options=["--include", "helper"]).code == 0
    assert programs.processes() == {"helper.one"}
