"""The documents say what is so."""

import dataclasses
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from keepers import settle

from obsv.config import Settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def without_database() -> dict[str, str]:
    """The environment, with nothing set that says where the store is."""
    return {name: value for name, value in os.environ.items() if name != "OBSV_DB"}


def blocks(document: Path, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def test_first_example_of_the_readme_records(tmp_path: Path) -> None:
    """The example, run as it stands, makes the store that the README names."""
    (tmp_path / "example.py").write_text(blocks(ROOT / "README.md", "python")[0])
    subprocess.run([sys.executable, "example.py"], cwd=tmp_path, check=True, env=without_database())
    settle(tmp_path / "logs" / "observability.db")
    store = sqlite3.connect(tmp_path / "logs" / "observability.db")
    values = store.execute("select data, data_value from data_trace").fetchall()
    assert values == [("order_id", "7"), ("symbol", "'AAPL'"), ("return", "708.75")]


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file."""
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if "://" not in link:
            assert (document.parent / link).exists(), link


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_python_examples_compile(document: Path) -> None:
    """Every Python example is Python."""
    for block in blocks(document, "python"):
        compile(block, str(document), "exec")


def test_guide_lists_every_setting() -> None:
    """The table of settings in the guide has the fields of `Settings`, no more and no less."""
    table = re.search(r"\| setting \|.*?\n\n", (ROOT / "docs" / "guide.md").read_text(), re.DOTALL)
    assert table is not None
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\|([^|]*)\|", table[0], re.MULTILINE))))
    assert named == {field.name for field in dataclasses.fields(Settings)}


def test_architecture_has_the_layers_that_hold() -> None:
    """Its table lists the layers that import-linter holds, in their order, and the files it names are there."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    contract = re.search(r"^layers = \[(.*?)\n\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE)
    assert contract is not None
    rows = re.findall(r"^\| (`obsv\..*?) \|", text, re.MULTILINE)
    assert [re.findall(r"obsv\.\w+", row) for row in rows] == [
        re.findall(r"obsv\.\w+", line) for line in contract[1].strip().splitlines()
    ]
    for path in re.findall(r"`([\w/]+\.py)`", text):
        assert (ROOT / "src" / "obsv" / path).exists(), path


def test_readme_names_targets_that_exist() -> None:
    """Every `make` target of the README is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\S+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_examples_of_sql_run(tmp_path: Path) -> None:
    """The SQL of the guide runs on a store."""
    source = "import sys, obsv; obsv.configure(db=sys.argv[1]); obsv.monitor(len)([]); obsv.force_flush(120)"
    subprocess.run([sys.executable, "-c", source, str(tmp_path / "store.db")], check=True)
    settle(tmp_path / "store.db")
    store = sqlite3.connect(tmp_path / "store.db")
    statements = [sql for block in blocks(ROOT / "docs" / "guide.md", "sql") for sql in block.split(";") if sql.strip()]
    assert statements
    for statement in statements:
        store.execute(statement).fetchall()
