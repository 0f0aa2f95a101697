"""Command lines of real packages, recorded whole: same output, same errors, same exit code."""

import importlib.machinery
import sys
from pathlib import Path

import pytest
from programs import Programs

TEXT = (
    "# Title\n\nA [link](https://example.org), `code` and a list:\n\n- one\n- two **bold**\n\n```python\nx = 1\n```\n"
)
SOURCE = "class Book:\n    '''Text.'''\n    def best(self, side: str) -> float:\n        return 1.0  # a comment\n"

COMMANDS = {
    "pygments": (["-m", "pygments", "-f", "html", "source.py"], ["pygments"], 25),
    "pygments to a terminal": (["-m", "pygments", "-f", "terminal256", "-l", "python", "source.py"], ["pygments"], 25),
    "pygments without its file": (["-m", "pygments", "nothing.py"], ["pygments"], 2),
    "rich.markdown": (["-m", "rich.markdown", "-w", "60", "text.md"], ["rich.*", "markdown_it.*"], 100),
    "rich.json": (["-m", "rich.json", "data.json"], ["rich"], 20),
    "rich.syntax": (["-m", "rich.syntax", "-l", "source.py"], ["rich", "pygments"], 50),
    "markdown_it": (["-m", "markdown_it.cli.parse", "text.md"], ["markdown_it"], 40),
    "pip list": (["-m", "pip", "list", "--format=json", "--disable-pip-version-check"], ["pip.*"], 80),
    "pip without a command": (["-m", "pip", "no-such-command"], ["pip.*"], 20),
    "json.tool": (["-m", "json.tool", "data.json"], ["json"], 0),
    "unittest": (["-m", "unittest", "-q", "no_such_module"], ["unittest"], 1),
    "timeit": (["-m", "timeit", "-n", "1", "-r", "1", "-h"], ["timeit", "getopt"], 1),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_same_result(programs: Programs, command: tuple[list[str], list[str], int]) -> None:
    """Output and exit code of a command stay the same while its package is recorded."""
    arguments, include, fewest = command
    _need(arguments[1])
    programs.write("text.md", TEXT)
    programs.write("source.py", SOURCE)
    programs.write("data.json", '{"b": [1, 2, {"c": null}], "a": "é"}')
    environment = {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    plain = programs.plain(*arguments, **environment)
    recorded = programs.recorded(*arguments, options=[f"--include={glob}" for glob in include], **environment)
    assert recorded == plain
    assert len(programs.processes()) >= fewest


def _need(module: str) -> None:
    top = module.partition(".")[0]
    # By the path alone: the finder that setuptools installs warns where other tests have loaded distutils.
    if importlib.machinery.PathFinder.find_spec(top) is None:
        pytest.skip(f"{top} is not installed")


def test_console_script(programs: Programs) -> None:
    """A console script, which lies elsewhere than its package, is recorded by naming the package."""
    script = Path(sys.executable).with_name("pygmentize")
    if not script.exists():
        pytest.skip("pygmentize is not installed")
    source = programs.write("source.py", SOURCE)
    arguments = [str(script), "-f", "latex", str(source)]
    assert programs.recorded(*arguments, options=["--include", "pygments"]) == programs.plain(*arguments)
    assert "pygments.cmdline.main" in programs.processes()
