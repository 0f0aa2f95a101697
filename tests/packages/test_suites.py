"""Real packages, recorded whole, while their own tests run: every test has the outcome that it has without obsv."""

import os
from pathlib import Path
from typing import NamedTuple

import pytest
from programs import Outcome, Programs
from sdists import unpacked


class Package(NamedTuple):
    """A package and some of its tests.

    Args:
        include: what to record.
        tests: its test files.
        fewest: how many tests these are at least, and how many of its functions get recorded.
    """

    name: str
    version: str
    include: tuple[str, ...]
    tests: tuple[str, ...]
    fewest: tuple[int, int]


PACKAGES = [
    Package(
        "click",
        "8.1.8",
        ("click.*",),
        ("basic", "arguments", "options", "commands", "context", "defaults", "formatting", "parser", "termui", "utils"),
        (400, 150),
    ),
    Package(
        "attrs",
        "25.3.0",
        ("attr.*", "attrs"),
        ("dunders", "functional", "make", "next_gen", "slots", "validators", "converters", "filters", "setattr"),
        (500, 40),
    ),
    Package(
        "jinja2",
        "3.1.6",
        ("jinja2.*",),
        ("api", "core_tags", "inheritance", "imports", "ext", "security"),
        (200, 150),
    ),
]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_own_tests(package: Package, tmp_path: Path) -> None:
    """The same tests pass, fail and are skipped, and the package's functions are in the store."""
    folder = unpacked(package.name, package.version)
    programs = Programs(folder, tmp_path / "observability.db")
    arguments = ["-m", "pytest", "-rA", "--tb=no", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}"]
    # Theirs make errors of what later versions of pytest deprecate.
    arguments += ["-o", "filterwarnings=default"]
    arguments += [f"tests/test_{name}.py" for name in package.tests]
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder / "src"), os.environ.get("PYTHONPATH")))),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis"),
        "PYTHONHASHSEED": "0",
        # attrs then lets hypothesis take its time.
        "CI": "true",
    }
    plain = programs.plain(*arguments, **environment)
    options = [f"--include={glob}" for glob in package.include]
    recorded = programs.recorded(*arguments, options=options, **environment)
    assert outcomes(recorded) == outcomes(plain)
    assert recorded.code == plain.code
    tests, functions = package.fewest
    assert len(outcomes(plain)) >= tests
    assert len(programs.processes()) >= functions


def outcomes(run: Outcome) -> list[str]:
    """Return the outcome of each test, by name."""
    kinds = ("PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS")
    return sorted(line.partition(" - ")[0] for line in run.output.splitlines() if line.startswith(kinds))
