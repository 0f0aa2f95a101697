"""Commands that the documents show: each is tried, or at least understood, as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
import warm
from calls import call
from decision_rows import decision, gate

from obsv.cli.app import app
from obsv.cli.running.run import make_parser
from obsv.store import Writer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# These wait for more, for a receiver that is not there, or write outside their directory; they have tests of their own.
WAITING = ("obsv serve", "obsv forward", "obsv tail\n", "obsv logs --follow", "obsv run", "obsv archive now --to")


def blocks(page: Path) -> list[str]:
    """Shell examples, prompts and comments taken off."""
    found = re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text(), re.DOTALL)
    return [re.sub(r"(^|\s)#.*|^\$ ", "", block.replace("\\\n", ""), flags=re.MULTILINE) for block in found]


# The tutorial is run step by step in a directory of its own (tests/test_documents.py).
IN_ORDER = ROOT / "docs" / "tutorial.md"
LINES = [line.strip() for page in PAGES if page != IN_ORDER for block in blocks(page) for line in block.splitlines()]
COMMANDS = [line for line in LINES if re.match(r"(\w+=\S+ )*obsv ", line)]
RUN = [line for line in COMMANDS if not f"{line}\n".startswith(WAITING) and not line.startswith("OBSV_")]
PROSE = [re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL) for page in PAGES]
INLINE = sorted({found for text in PROSE for found in re.findall(r"`(obsv [^`…]*?)`", text)})


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in RUN])
def test_options_are_there(line: str) -> None:
    """Every example that is not run is one that the command understands."""
    name, *arguments = shlex.split(line[line.index("obsv ") :])[1:]
    if name == "run":
        assert make_parser().parse_args(arguments)
        return
    group = typer.main.get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]
    command.make_context(name, arguments)


@pytest.mark.parametrize("line", INLINE)
def test_commands_are_there(line: str) -> None:
    """Every command that a sentence or a table names exists."""
    names = [command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands]  # type: ignore[union-attr]
    groups = [group.typer_instance.info.name for group in app.registered_groups]
    assert line.split()[1] in [*names, *groups]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a store, in which `obsv` is a program."""
    place = tmp_path_factory.mktemp("docs")
    writer = Writer(place / "logs" / "observability.db")
    writer.write([call(1, trace=TRACE, inputs={"symbol": "AAPL"}), call(2, 1, trace=TRACE, error="ValueError: x\n")])
    writer.write([], logs=[decision(1, gate(), id="01a22ce4" + "0" * 24)])
    writer.close()
    (gates,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "decisions.md").read_text(), re.DOTALL)
    (place / "gates.yaml").write_text(gates)
    rules = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "alerts.md").read_text(), re.DOTALL)[0]
    (place / "logs" / "alerts.toml").write_text(rules)
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "registry.md").read_text(), re.DOTALL)
    subprocess.run([sys.executable, "-c", example], cwd=place, check=True)
    program = place / "bin" / "obsv"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom obsv.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    return place


@pytest.mark.parametrize("line", RUN)
def test_examples_run(line: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example that comes to an end does so well, in the order of the document."""
    path = os.pathsep.join([str(place / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OBSV_", "OTEL_"))}
    environment["PATH"] = path
    monkeypatch.chdir(place)
    if re.search(r"[|<>&$]", line):  # a shell's work
        command = ["bash", "-o", "pipefail", "-c", line]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    else:
        done = warm.obsv(*shlex.split(line)[1:], environment=environment)
    # The calls are older than some examples ask for.
    assert (done.returncode, done.stderr) in ((0, ""), (0, "obsv: no rows\n"))


def test_exit_codes_of_the_guide() -> None:
    """The guide's table has the codes that the command has."""
    from obsv.cli import common

    table = re.search(r"\| exit code \|.*?\n\n", (ROOT / "docs" / "guide.md").read_text(), re.DOTALL)
    assert table is not None
    codes = {0, common.FOUND_PROBLEMS, common.USAGE, common.NO_DATABASE, common.INTERRUPTED}
    assert set(map(int, re.findall(r"^\| (\d+)", table[0], re.MULTILINE))) == codes


def test_the_guide_lists_every_command() -> None:
    """Every command has its line in the guide."""
    text = (ROOT / "docs" / "guide.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"`obsv {command.name or command.callback.__name__}" in text


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_benchmarks_and_targets_are_there(document: Path) -> None:
    """Benchmarks and `make` targets that are named exist."""
    text, makefile = document.read_text(), (ROOT / "Makefile").read_text()
    for name in re.findall(r"python -m benchmarks[. ](\w+)", text):
        assert find_spec(f"benchmarks.{name}") is not None, name
    for target in re.findall(r"`make (\S+?)[` ]", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
